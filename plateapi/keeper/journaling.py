"""From the change feed to the journal: read, append, make durable, and only then trim.

The order is the whole of it. An entry leaves the store's memory after it is on disk; a keeper that dies in
between reads it again and finds it there already. A gap is never bridged: the journal raises, the keeper
stops journalling, the feed's backlog grows to its bound, and the store refuses new holds by itself.
"""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Protocol

ENTRIES_A_READ = 512

# Money whose hold nobody can read is kept in a pool without marks; its feed is journalled like any other.
UNPLACED_POOL = "unplaced"


class Feed(Protocol):
    """What journalling needs of the inventory."""

    def feed(self, pool: str, after: str, count: int) -> Awaitable[list[tuple[str, bytes]]]:
        """Entries after an id, oldest first."""
        ...

    def trim_feed(self, pool: str, through: str) -> Awaitable[int]:
        """Drop entries up to an id and that one."""
        ...


class Segments(Protocol):
    """What journalling needs of the journal on disk."""

    def append(self, pool: str, entries: Sequence[tuple[str, bytes]]) -> int:
        """Append entries that follow the head."""
        ...

    def sync(self) -> None:
        """Make what was appended durable."""
        ...

    def head(self, pool: str) -> str:
        """The id of the last entry of a pool."""
        ...


@dataclass(frozen=True)
class Journalled:
    """What one round wrote."""

    entries: int
    more: bool  # a read came back full, so the next round should follow at once


async def journal_round(feed: Feed, journal: Segments, pools: Sequence[str]) -> Journalled:
    """Writes what the feeds hold beyond the journal's heads, with one fsync for all pools.

    Raises ``JournalBroken`` for a gap or a disk that refuses; nothing is trimmed then.
    """
    written: list[str] = []
    entries = 0
    more = False
    for pool in pools:
        batch = await feed.feed(pool, journal.head(pool), ENTRIES_A_READ)
        if batch:
            journal.append(pool, batch)
            written.append(pool)
            entries += len(batch)
            more = more or len(batch) == ENTRIES_A_READ
    if written:
        journal.sync()
    for pool in written:
        await feed.trim_feed(pool, journal.head(pool))
    return Journalled(entries=entries, more=more)
