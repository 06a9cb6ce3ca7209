"""`plates hold` and `plates release`: a driver's acts on a running server, over everybody's API."""

from typing import Any
from urllib.parse import quote

from plateapi.cli.exits import Exit
from plateapi.cli.law import tenge
from plateapi.cli.moments import moment_text
from plateapi.cli.service import Service, new_request_id
from plateapi.cli.telling import CommandFailed, say, write_json


def hold(service: Service, mark: str, *, request_id: str | None, as_json: bool) -> Exit:
    """Hold a mark for the person of the token, at the price of this moment.

    Raises:
        CommandFailed: the service's refusal, with the nearest free marks among its facts.
    """
    headers = {"Idempotency-Key": request_id or new_request_id()}
    held = service.ask("POST", "/v1/holds", body={"mark": mark}, headers=headers).body
    if as_json:
        write_json(held)
    else:
        say(
            f"{held['display']} is held until {moment_text(held['deadline_ms'])} "
            f"for {tenge(held['amount_tiyn'])} {held['currency']} (hold {held['hold_id']})"
        )
    return Exit.DONE


def release(service: Service, mark: str, *, request_id: str | None, as_json: bool) -> Exit:
    """Give a hold back, as it stands now.

    The API wants to know which version of the hold is meant; a person at a command line means the one he has.

    Raises:
        CommandFailed: `not_held` when the person of the token has no hold on the mark; the service's refusal.
    """
    version = _own_hold(service, mark)
    headers = {
        "Idempotency-Key": request_id or new_request_id(),
        "If-Match": f'"{version["hold_id"]}-{version["revision"]}"',  # the API's ETag of a hold
    }
    gone = service.ask("DELETE", f"/v1/holds/{quote(mark, safe='')}", headers=headers).body
    if as_json:
        write_json(gone)
    else:
        say(f"{gone['mark']} is released.")
    return Exit.DONE


def _own_hold(service: Service, mark: str) -> dict[str, Any]:
    wanted = service.ask("GET", f"/v1/marks/{quote(mark, safe='')}").body["mark"]
    holds = service.ask("GET", "/v1/holdings").body["holds"]
    found = next((held for held in holds if held["mark"] == wanted), None)
    if found is None:
        raise CommandFailed(Exit.REFUSED, "not_held", f"You have no hold on {wanted}.", mark=wanted)
    return dict(found)
