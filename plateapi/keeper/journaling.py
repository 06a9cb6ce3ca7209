"""From the change feed to the journal: read, append, make durable, and only then trim.

The order is the whole of it. An entry leaves the store's memory after it is on disk; a keeper that dies in
between reads it again and finds it there already. A gap is never bridged: the journal raises, the keeper
stops journalling, the feed's backlog grows to its bound, and the store refuses new holds by itself.

A journal that is ahead of its store is refused before anything is joined: the store was emptied and counts
again from one, so what it says next is another history.
"""

from collections.abc import Awaitable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from plate_core import Answer, JournalBroken, Mark, RuleBook, StoreUnavailable

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


class Marks(Protocol):
    """What telling a store's revisions needs of the inventory."""

    def read(self, marks: Sequence[Mark]) -> Awaitable[list[Answer]]:
        """Each mark as it is, with its pool's revision."""
        ...


@dataclass(frozen=True)
class Journalled:
    """What one round wrote."""

    entries: int
    more: bool  # a read came back full, so the next round should follow at once


def marks_of(book: RuleBook, pools: Iterable[str]) -> dict[str, Mark]:
    """One mark of each pool, to ask for the pool's revision by."""
    return {pool: book.mark_at(pool, 1) for pool in pools}


async def refuse_journal_ahead(store: Marks, journal: Segments, marks: Mapping[str, Mark]) -> None:
    """Asks once, when a journal was opened, whether every pool has come as far as the journal says.

    Raises ``JournalBroken`` (``journal_ahead``). Pools without marks have none to ask by, and no say here.
    """
    heads = {pool: int(journal.head(pool).partition("-")[0]) for pool in marks}
    written = [pool for pool, head in heads.items() if head]
    if not written:
        return
    answers = await store.read([marks[pool] for pool in written])
    for pool, answer in zip(written, answers, strict=True):
        if answer.outcome == "read" and answer.revision >= heads[pool]:
            continue
        if answer.outcome == "unknown":
            raise StoreUnavailable(f"The store did not tell the revision of {pool}.")
        raise JournalBroken(
            f"The journal of {pool} ends at revision {heads[pool]}, and the store has come to "
            f"{answer.revision} only: it was emptied or is another one. Put back the data directory that "
            "belongs to this journal.",
            "journal_ahead",
            {"pool": pool, "journal_revision": heads[pool], "store_revision": answer.revision},
        )


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
