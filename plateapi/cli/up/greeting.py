"""What a newcomer reads first: where it runs, what to try, how to stop it."""

import secrets
import shlex
import sys
from pathlib import Path
from typing import Final

from plateapi.cli.places import DATA_VARIABLE, DEFAULT_DATA_DIR, find_free_mark
from plateapi.settings import Settings

# Shown when the search for a free one says nothing; the hold may then be refused, with the reason.
FALLBACK_MARK: Final = "747KZA02"
# A made-up person: born on 1 January 1990, with a check digit that fits.
DEMO_IIN: Final = "900101300017"


def greeting(address: str, settings: Settings) -> str:
    """Three requests that work as printed, and how to stop.

    The mark of the third is free at this moment, and its Idempotency-Key is new, so that trying it is safe to
    repeat: the same line gives the same answer.
    """
    plates = _command()
    lines = [
        "",
        f"Plates runs at {address} (the first page is for drivers; the API is at {address}/docs).",
        "",
        "Try this:",
        "",
        "# marks that begin and end with 7, with prices",
        f"curl -s '{address}/v1/marks?pattern=7*7&limit=5'",
        "",
        "# what a mark costs, and why",
        f"curl -s {address}/v1/marks/777AAA02",
        "",
    ]
    if settings.profile == "demo":
        mark = find_free_mark(address) or FALLBACK_MARK
        token = f"$({_place(settings)}{plates} token --role driver --iin {DEMO_IIN})"
        lines += [
            "# hold one of them, as a driver of the demonstration",
            f"curl -s -X POST {address}/v1/holds -H 'Content-Type: application/json' \\",
            f"  -H \"Authorization: Bearer {token}\" -H 'Idempotency-Key: try-{secrets.token_hex(6)}' \\",
            f'  -d \'{{"mark": "{mark}"}}\'',
            "",
        ]
    lines += [
        f"Stop it with Ctrl-C, or `make down`. Data and logs: {settings.data_dir}/",
        "`make demo` fills the registry as on opening day.",
        "",
    ]
    return "\n".join(lines)


def _place(settings: Settings) -> str:
    """The data directory, where another shell would look elsewhere: the token's key lies in it."""
    if settings.data_dir == DEFAULT_DATA_DIR:
        return ""
    return f"{DATA_VARIABLE}={shlex.quote(str(settings.data_dir.absolute()))} "


def _command() -> str:
    """The command that runs now, as it can be typed from where the reader stands."""
    path = Path(sys.argv[0]).absolute()
    if path.name != "plates":
        path = Path(sys.executable).parent / "plates"
    try:
        return shlex.quote(str(path.relative_to(Path.cwd())))
    except ValueError:
        return shlex.quote(str(path))
