"""`plates tariff publish`, `approve` and `list`: a tariff on its way into force, on a running server."""

import os
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from plate_core import RuleBook
from plateapi.cli.exits import Exit
from plateapi.cli.law import open_book
from plateapi.cli.moments import moment_ms, moment_text
from plateapi.cli.places import data_dir, running_address
from plateapi.cli.service import SERVER_VARIABLE, Service, new_request_id
from plateapi.cli.tariffs import read_file
from plateapi.cli.telling import CommandFailed, fault_line, say, write_json


def publish(service: Service, path: Path, *, at: str | None, request_id: str | None, as_json: bool) -> Exit:
    """Upload a tariff and submit it for its hour; a second person approves exactly that revision.

    Both requests carry ids made of one: repeating the command with it repeats nothing that was done.

    Raises:
        CommandFailed: with every fault of the file, or with the service's refusal.
    """
    content = read_file(path)
    from_ms = None if at is None else moment_ms(at)
    request_id = request_id or new_request_id()
    uploaded = service.ask(
        "POST",
        f"/v1/tariff-drafts?{urlencode({'file_name': path.name})}",
        raw_body=content,
        headers={"Idempotency-Key": f"{request_id}-upload", "Content-Type": "application/toml"},
    )
    draft = uploaded.body
    if draft["faults"]:
        lines = [fault_line(fault) for fault in draft["faults"]]
        raise CommandFailed(
            Exit.INVALID, "tariff_invalid", "\n".join(lines), draft=draft["draft"], faults=draft["faults"]
        )
    submitted = service.ask(
        "POST",
        f"/v1/tariff-drafts/{draft['draft']}/submission",
        body={"from_ms": from_ms},
        headers={"Idempotency-Key": f"{request_id}-submit", "If-Match": uploaded.headers["etag"]},
    ).body
    if as_json:
        write_json(submitted)
    else:
        say(
            f"{submitted['tariff_id']} is submitted, to be in force from {moment_text(submitted['from_ms'])}."
        )
        say(f"Another person approves it: plates tariff approve {submitted['draft']} {submitted['revision']}")
    return Exit.DONE


def approve(service: Service, draft_id: str, revision: str, *, request_id: str | None, as_json: bool) -> Exit:
    """Approve exactly this revision of a submitted draft.

    Raises:
        CommandFailed: the service's refusal: `same_person`, `revision_differs`, ...
    """
    path = f"/v1/tariff-drafts/{quote(draft_id, safe='')}"
    version = service.ask("GET", path).headers["etag"]
    approved = service.ask(
        "POST",
        f"{path}/approval",
        body={"revision": revision},
        headers={"Idempotency-Key": request_id or new_request_id(), "If-Match": version},
    ).body
    if as_json:
        write_json(approved)
    else:
        say(f"{approved['tariff_id']} is approved and in force from {moment_text(approved['from_ms'])}.")
    return Exit.DONE


def list_all(server: str | None, *, as_json: bool) -> Exit:
    """The timeline: of the server that is named or runs here, else of the files on disk."""
    if server or os.environ.get(SERVER_VARIABLE) or running_address(data_dir()):
        tariffs = Service.of(server, None, needs_token=False).ask("GET", "/v1/tariffs").body["tariffs"]
    else:
        tariffs = _timeline_on_disk(open_book())
    if as_json:
        for tariff in tariffs:
            write_json(tariff)
    else:
        for tariff in tariffs:
            say(
                f"{tariff['standing']:9} {tariff['tariff_id']} from {moment_text(tariff['from_ms'])} "
                f"revision {tariff['revision']}"
            )
    return Exit.DONE


def _timeline_on_disk(book: RuleBook) -> list[dict[str, Any]]:
    """The tariffs of the files, the latest first, in the API's words."""
    now_ms = time.time_ns() // 1_000_000
    in_force = book.tariff_in_force(now_ms)
    listed = []
    for tariff in reversed(book.tariffs()):
        standing = "to_come" if tariff["in_force_from_ms"] > now_ms else "past"
        if in_force is not None and tariff["revision"] == in_force["revision"]:
            standing = "in_force"
        listed.append(
            {
                "revision": tariff["revision"],
                "tariff_id": tariff["id"],
                "in_force_from": tariff["in_force_from"],
                "from_ms": tariff["in_force_from_ms"],
                "standing": standing,
            }
        )
    return listed
