"""`plates journal`: what is on disk, read without the server and without disturbing the keeper."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import orjson

from plate_core import JournalReader, RuleBook
from plateapi.cli.exits import Exit
from plateapi.cli.law import open_book
from plateapi.cli.moments import moment_text
from plateapi.cli.telling import say, write_json
from plateapi.settings import Settings

# A line a transition, the longest field last: a history is read whole, so nothing is cut to a window.
COLUMNS: Final = "{:>9}  {:25}  {:13}  {:14}  {:10}  {:12}  {:41}  {}"


def export(file: Path, *, as_json: bool) -> Exit:
    """Write every transition as one JSON object a line, in the order of the journal.

    Raises:
        JournalBroken: at the first frame that does not fit the chain; what came before is written.
    """
    book = open_book()
    pools = frozenset(book.pools())
    count = 0
    with file.open("wb") as lines:
        for step in JournalReader(Settings().journal_dir).transitions():
            lines.write(orjson.dumps(_facts(book, pools, step), option=orjson.OPT_APPEND_NEWLINE))
            count += 1
    if as_json:
        write_json({"transitions": count, "file": str(file)})
    else:
        say(f"{count} transitions written to {file}.")
    return Exit.DONE


def show(mark_text: str, *, as_json: bool) -> Exit:
    """Print everything that ever happened to one mark, oldest first."""
    book = open_book()
    mark = book.parse(mark_text)
    pools = frozenset(book.pools())
    steps = JournalReader(Settings().journal_dir).history(mark)
    if as_json:
        for step in steps:
            write_json(_facts(book, pools, step))
        return Exit.DONE
    say(mark.display)
    say(COLUMNS.format("revision", "when", "verb", "state", "payment", "channel", "actor", "on behalf of"))
    for step in steps:
        say(COLUMNS.format(*_cells(_facts(book, pools, step))))
    return Exit.DONE


def _facts(book: RuleBook, pools: frozenset[str], step: dict[str, Any]) -> dict[str, Any]:
    """A transition as plain JSON. A record that was not touched is not repeated: ``untouched`` says so."""
    live = step["live"]
    payment = step["payment"]
    named = step["ordinal"] is not None and step["pool"] in pools
    return {
        "pool": step["pool"],
        "revision": step["revision"],
        "server_ms": step["server_time_ms"],
        "verb": step["verb"],
        "mark": book.mark_at(step["pool"], step["ordinal"]).text if named else None,
        "planes": step["planes"],
        "untouched": live is None and step["planes"]["taken"],
        "state": live.state if live else None,
        "hold": live.hold_id if live else None,
        "applicant": live.applicant.hex() if live else None,
        "deadline_ms": live.deadline_ms if live else None,
        "amount_tiyn": live.amount_tiyn if live else None,
        "tariff": live.tariff if live else None,
        "request": step["request"],
        "actor": step["actor"],
        "on_behalf": step["on_behalf"],
        "representative": step["representative"],
        "office": step["office"],
        "channel": step["channel"],
        "note": step["note"],
        "payment": payment,
        "document": _document_facts(step["document"]),
    }


def _document_facts(document: dict[str, Any] | None) -> dict[str, Any] | None:
    """A document whole: as text where it is text, which all of ours are, and in base64 where it is not."""
    if document is None:
        return None
    content: bytes = document["content"]
    try:
        shown = {"content": content.decode()}
    except UnicodeDecodeError:
        shown = {"content_base64": base64.b64encode(content).decode()}
    return {"name": document["name"], "version": document["version"], **shown}


def _cells(facts: dict[str, Any]) -> Iterator[str]:
    yield str(facts["revision"])
    yield moment_text(facts["server_ms"])
    yield facts["verb"]
    yield facts["state"] or ("as before" if facts["untouched"] else "none")
    yield facts["payment"]["state"] if facts["payment"] else ""
    yield facts["channel"]
    yield facts["actor"]
    yield _behalf(facts)


def _behalf(facts: dict[str, Any]) -> str:
    """For whom, and who represented him in this step: an entity may send somebody else each time."""
    applicant, representative = facts["on_behalf"], facts["representative"]
    return f"{applicant} by {representative}" if representative else applicant or ""
