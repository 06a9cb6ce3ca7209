"""From the change feed to the journal: read, append, make durable, and say what may be trimmed.

The order is the whole of it. An entry leaves the store's memory after it is on disk; a keeper that dies in
between reads on behind it. A gap is never bridged: the journal raises, the keeper stops journalling, the
feed's backlog grows to its bound, and the store refuses new holds by itself.

Deliberately not here: whether the feeds tell the journal's own history (``history.py``), and when what is on
disk leaves them (``trimming.py``).
"""

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

# All 43 feeds are read at once; an entry of 128 transitions has 40 KiB at the very most: 110 MiB.
ENTRIES_A_READ = 64

# Pools without marks have feeds like any other: money whose hold nobody can read, documents, and
# notifications that were refused.
UNPLACED_POOL = "unplaced"
DOCUMENTS_POOL = "documents"
REFUSALS_POOL = "refused_notifications"
POOLS_WITHOUT_MARKS = (UNPLACED_POOL, DOCUMENTS_POOL, REFUSALS_POOL)

# A document has up to 1 MiB.
DOCUMENTS_A_READ = 16


class Feed(Protocol):
    """What journalling needs of the inventory."""

    def feeds(self, places: Sequence[tuple[str, str, int]]) -> Awaitable[list[list[tuple[str, bytes]]]]:
        """Entries of each (pool, after, count), oldest first."""
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
    heads: Mapping[str, str]  # the last id on disk of each pool that it wrote to
    more: bool  # a read came back full, so the next round should follow at once


async def journal_round(feed: Feed, journal: Segments, pools: Sequence[str]) -> Journalled:
    """Writes what the feeds hold beyond the journal's heads: one reading and one fsync for all pools.

    Raises ``JournalBroken`` for a gap or a disk that refuses.
    """
    places = [(pool, journal.head(pool), _most(pool)) for pool in pools]
    batches = dict(zip(pools, await feed.feeds(places), strict=True))
    written = {pool: batch for pool, batch in batches.items() if batch}
    for pool, batch in written.items():
        journal.append(pool, batch)
    if written:
        journal.sync()
    return Journalled(
        entries=sum(map(len, written.values())),
        heads={pool: journal.head(pool) for pool in written},
        more=any(len(batch) == _most(pool) for pool, batch in written.items()),
    )


def _most(pool: str) -> int:
    """How many entries of a pool are read at a time."""
    return DOCUMENTS_A_READ if pool == DOCUMENTS_POOL else ENTRIES_A_READ
