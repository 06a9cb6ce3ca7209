"""Writes the pages of docs/reference that come from the API: its surface, problems, statuses and settings.

``python -m plateapi.reference`` writes them; a test holds the committed pages to what this would write. What
the user, the operator and support do next by status stands here: it is prose about the table, not part of it.
"""

import importlib
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any, Final

import orjson

from plate_core import build
from plateapi.edge import openapi
from plateapi.edge.room import Declared, Room
from plateapi.languages import LANGUAGES
from plateapi.problems import PROBLEMS, TEXTS, type_uri
from plateapi.settings import PREFIX, PRODUCTION_NEEDS, Settings

DIRECTORY: Final = Path(__file__).resolve().parent.parent / "docs" / "reference"

# Status -> (what it means, what the user's client does, the operator, support).
STATUSES: Final[dict[int, tuple[str, str, str, str]]] = {
    200: ("Done, or known.", "Shows it.", "Goes on.", "Nothing."),
    201: (
        "Made: a hold, an invoice, a draft.",
        "Keeps the ETag; every later act on it names it.",
        "Tells the citizen the deadline.",
        "Nothing.",
    ),
    400: (
        "The request itself is malformed. Nothing was done.",
        "Its programmer mends it; repeating it as it is does not help.",
        "Reports the program, with the request id.",
        "Looks the slug up and tells the program's makers.",
    ),
    401: (
        "Nobody, or nobody believed, is asking.",
        "Signs in again, then repeats the request with the same Idempotency-Key.",
        "Signs in again.",
        "Looks at clocks and at the issuer's keys when many complain at once.",
    ),
    403: (
        "Known, but this is not his to do.",
        "Does not repeat it.",
        "Asks for the role, or a colleague.",
        "Compares the token's roles with those in the answer.",
    ),
    404: (
        "There is no such thing, or it is not the asker's.",
        "Reads its own list anew.",
        "Reads the citizen's list anew.",
        "The mark's history says what became of it.",
    ),
    405: (
        "The address has other methods.",
        "Its programmer mends it.",
        "Reports the program.",
        "As for 400.",
    ),
    409: (
        "The state of things does not allow it. Nothing was done.",
        "Reads the reason; chooses another mark from `nearest`, or decides anew.",
        "Tells the citizen the reason in his language.",
        "The mark's history in the journal.",
    ),
    410: (
        "The hold has run out.",
        "Holds the mark again if it is still free.",
        "Holds it again for the citizen.",
        "The mark's history has deadline and hour.",
    ),
    412: (
        "It has changed since it was read.",
        "Reads it again and decides anew.",
        "Reads it again.",
        "Two clients act on one thing; not a fault.",
    ),
    408: (
        "The body did not arrive in time. Nothing was done.",
        "Sends it again, whole, with the same Idempotency-Key.",
        "Repeats it once.",
        "Many at once are a bad line, or somebody who holds connections open.",
    ),
    413: ("The body is too large.", "Sends less at a time.", "Reports the program.", "As for 400."),
    415: ("The body is of another kind.", "Its programmer mends it.", "Reports the program.", "As for 400."),
    422: (
        "Readable, but what it says cannot be meant.",
        "Shows the named fields, positions or faults.",
        "Corrects what was typed.",
        "Nothing, unless it is `request_id_reused`: then a client reuses its keys.",
    ),
    428: (
        "The act must name the version it was decided on.",
        "Sends the ETag as If-Match.",
        "Reports the program.",
        "As for 400.",
    ),
    429: (
        "A limit of the applicant or the operator is reached. Nothing was done.",
        "Waits for Retry-After, or releases a hold.",
        "Waits, or hands over to a colleague.",
        "Looks at the limits in the pool's settings before lifting them.",
    ),
    500: (
        "A fault of ours. Whether it was done is not said.",
        "Repeats it with the same Idempotency-Key; then the answer is what happened.",
        "Repeats it once; then reports the request id.",
        "Finds the request id in the log: `request_failed` has kind and place.",
    ),
    503: (
        "Not now. Nothing was done.",
        "Repeats it after Retry-After with the same Idempotency-Key.",
        "Tells the citizen that nothing is lost.",
        "/readyz names what is missing; docs/operating has a page for each event.",
    ),
    504: (
        "It was sent on and no answer came: it may have been done.",
        "Repeats exactly the same request with the same Idempotency-Key until the answer is definite.",
        "Does the same; never makes a new request for it.",
        "Looks at the store; the journal says what was done.",
    ),
}


def rooms() -> list[Room]:
    """Every room, the demo's among them."""
    # Named and not imported: nothing imports the composition root, and this only reads it from outside.
    app = importlib.import_module("plateapi.app")
    furnished: list[Room] = app.all_rooms(demo=True)
    return furnished


def openapi_page() -> bytes:
    """docs/reference/openapi.json."""
    app: Any = importlib.import_module("plateapi.app")
    page = openapi.describe(app.create_app(), rooms(), build()["version"])
    return orjson.dumps(page, option=orjson.OPT_INDENT_2) + b"\n"


def problems_page() -> bytes:
    """docs/reference/problems.md."""
    lines = [
        "# Problems",
        "",
        "Written by `python -m plateapi.reference`; do not edit. RFC 9457: programs decide by `type`, people",
        "read the rest in Kazakh, Russian or English by `Accept-Language` (Kazakh where none is named).",
        "Facts stand beside the standard members: `nearest`, `retry_at_ms`, `faults`, `errors`, ...",
        "",
    ]
    for slug, kind in PROBLEMS.items():
        retry = f" · Retry-After {kind.retry_after_seconds} s" if kind.retry_after_seconds else ""
        lines += [f"## {slug}", "", f"`{type_uri(slug)}` · {kind.status}{retry}", ""]
        for language in LANGUAGES:
            text = TEXTS[language][slug]
            lines.append(f"- **{language}** {text.title}. {text.detail} *{text.action}*")
        lines.append("")
    return "\n".join(lines).encode()


def statuses_page() -> bytes:
    """docs/reference/http-status-codes.md."""
    by_status: dict[int, list[str]] = defaultdict(list)
    for slug, kind in PROBLEMS.items():
        by_status[kind.status].append(slug)
    lines = [
        "# HTTP status codes",
        "",
        "Written by `python -m plateapi.reference`; do not edit. What each status means here, and who does",
        "what next. The slugs are explained in [problems.md](problems.md).",
        "",
        "| status | means | the user's client | the operator | support | slugs |",
        "|---|---|---|---|---|---|",
    ]
    for status, cells in STATUSES.items():
        slugs = ", ".join(f"[{slug}](problems.md#{slug})" for slug in by_status.get(status, []))
        lines.append(f"| {status} | {' | '.join(cells)} | {slugs} |")
    lines += [
        "",
        "## Routes",
        "",
        "| route | roles | changes | version | problems of its own |",
        "|---|---|---|---|---|",
    ]
    lines += [_route_line(declared) for room in rooms() for declared in room.declared]
    return ("\n".join(lines) + "\n").encode()


def _route_line(declared: Declared) -> str:
    changes = "Idempotency-Key" if declared.changes else ""
    version = "If-Match" if declared.version is not None else ""
    cells = (
        f"{declared.method} {declared.path}",
        ", ".join(declared.role_names),
        changes,
        version,
        ", ".join(declared.problems),
    )
    return f"| {' | '.join(cells)} |"


def settings_page() -> bytes:
    """docs/reference/settings.md."""
    lines = [
        "# Settings",
        "",
        "Written by `python -m plateapi.reference`; do not edit. Each is an environment variable, read once",
        "at start; the unit is in its name. What changes while the service runs (tariffs, pauses, opening",
        "hours) lives in the store.",
        "",
        "| variable | default | meaning |",
        "|---|---|---|",
    ]
    for name, known in Settings.model_fields.items():
        default = "beside the package" if name == "patterns_dir" else _shown_default(known.default)
        lines.append(f"| `{PREFIX}{name.upper()}` | {default} | {known.description} |")
    lines += ["", "## What production must name", "", "| variable | needed | for example |", "|---|---|---|"]
    lines += [
        f"| `{PREFIX}{name.upper()}` | {needed} | `{example}` |" for name, needed, example in PRODUCTION_NEEDS
    ]
    return ("\n".join(lines) + "\n").encode()


def _shown_default(default: object) -> str:
    if default is None or default == "":
        return "not set"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


PAGES: Final = {
    "openapi.json": openapi_page,
    "problems.md": problems_page,
    "http-status-codes.md": statuses_page,
    "settings.md": settings_page,
}


def main() -> None:
    """Write every page."""
    DIRECTORY.mkdir(parents=True, exist_ok=True)
    for name, write in PAGES.items():
        (DIRECTORY / name).write_bytes(write())
        sys.stdout.write(f"docs/reference/{name}\n")


if __name__ == "__main__":
    main()
