"""From the change feed to the journal: read, append, make durable, and only then trim.

The order is the whole of it. An entry leaves the store's memory after it is on disk; a keeper that dies in
between reads it again and finds it there already. A gap is never bridged: the journal raises, the keeper
stops journalling, the feed's backlog grows to its bound, and the store refuses new holds by itself.

Deliberately not here: whether the feeds tell the journal's own history (``history.py``).
"""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Protocol

ENTRIES_A_READ = 512

# Pools without marks have feeds like any other: money whose hold nobody can read, documents, and
# notifications that were refused.
UNPLACED_POOL = "unplaced"
DOCUMENTS_POOL = "documents"
REFUSALS_POOL = "refused_notifications"
POOLS_WITHOUT_MARKS = (UNPLACED_POOL, DOCUMENTS_POOL, REFUSALS_POOL)

# A document has up to 1 MiB, where 512 entries of any other feed are some 20 MiB at the very most.
DOCUMENTS_A_READ = 16


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
        most = DOCUMENTS_A_READ if pool == DOCUMENTS_POOL else ENTRIES_A_READ
        batch = await feed.feed(pool, journal.head(pool), most)
        if batch:
            journal.append(pool, batch)
            written.append(pool)
            entries += len(batch)
            more = more or len(batch) == most
    if written:
        journal.sync()
    for pool in written:
        await feed.trim_feed(pool, journal.head(pool))
    return Journalled(entries=entries, more=more)
