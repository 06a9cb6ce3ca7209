"""What a keeper says of itself: one small file, replaced whole, for `plates doctor`, `/readyz` and people.

Deliberately not in the store: the keeper's state matters most when the store cannot be reached.
"""

from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

FILE_NAME = "keeper.json"
# Three rounds of the watch.
FRESH_MS = 3_000


@dataclass
class KeeperStatus:
    """The last round of one keeper process."""

    pid: int = 0
    active: bool = False
    written_at_ms: int = 0  # the machine's wall clock; only for telling a stale file
    journalled_entries: int = 0
    expired_holds: int = 0
    clock_parted_by_ms: int = 0
    expiry_leased: bool = False
    expiry_rests_seconds: int = 0  # how much longer nothing expires after a clock that was behind
    journal_error: str = ""
    replica_error: str = ""
    replica_ready: bool = False
    tariff_error: str = ""


def write_status(directory: Path, status: KeeperStatus) -> None:
    """Replaces the file, so that a reader sees one round or the other and never half of each."""
    beside = directory / f"{FILE_NAME}.{status.pid}"
    beside.write_bytes(orjson.dumps(asdict(status)))
    beside.replace(directory / FILE_NAME)


def read_status(directory: Path) -> KeeperStatus | None:
    """The last status written, or ``None`` when there is none that can be read."""
    try:
        return KeeperStatus(**orjson.loads((directory / FILE_NAME).read_bytes()))
    except (OSError, ValueError, TypeError):
        return None


def is_fresh(directory: Path, now_ms: int) -> bool:
    """Whether an active keeper wrote within the last seconds, by this machine's wall clock."""
    found = read_status(directory)
    return found is not None and found.active and 0 <= now_ms - found.written_at_ms < FRESH_MS
