"""Moments as people type and read them at a command line: the country's one time zone, UTC+5."""

from datetime import UTC, datetime

from plateapi.cli.exits import Exit
from plateapi.cli.telling import CommandFailed
from plateapi.law import ALMATY


def moment_ms(text: str) -> int:
    """A moment as typed; one without a zone is the country's own time.

    Raises:
        CommandFailed: for what is no moment.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise CommandFailed(
            Exit.INVALID, "input_invalid", f"{text!r} is no moment; write it as 2027-01-01T00:00:00+05:00."
        ) from None
    zoned = moment if moment.tzinfo else moment.replace(tzinfo=ALMATY)
    return int(zoned.timestamp()) * 1_000


def moment_text(at_ms: int) -> str:
    """A moment in the country's time.

    >>> moment_text(1_767_553_200_000)
    '2026-01-05 00:00:00 UTC+5'
    """
    return datetime.fromtimestamp(at_ms / 1_000, UTC).astimezone(ALMATY).strftime("%Y-%m-%d %H:%M:%S %Z")
