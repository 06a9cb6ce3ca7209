"""Whether the feeds tell the history that the journal tells, asked anew in every round.

A store that is emptied behind an open journal counts again from one. While it is behind the journal its
revisions show that; once its pools have passed the journal's end they do not, and its entries would follow
the old ones without a gap. So the keeper remembers *which* pool of a name it journals, by the time of its
founding, and asks again after each reading, before it is written: two histories are never joined.

The memory is a file, because a keeper that takes over or starts anew must know it too. Whoever has looked at
both and knows that they are one history (a store rebuilt from this very journal) removes the file.

Deliberately not here: a founding of the documents' and the refused notifications' pools, which nobody founds.
They are lost with the store that has them, and then the pools of marks say so for them.
"""

import os
from collections.abc import Awaitable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

import orjson

from plate_core import Journal, JournalBroken, OutcomeUnknown, StoreUnavailable
from plateapi.keeper.journaling import Feed

_NO_HEAD: Final[Mapping[str, int | None]] = {"revision": 0, "founded_us": None}


class Pools(Feed, Protocol):
    """What telling a history needs of the inventory."""

    def heads(self, pools: Sequence[str]) -> Awaitable[list[dict[str, Any] | None]]:
        """How far each pool is, and when it was founded."""
        ...


class OwnHistory:
    """The inventory's feeds, refused where they are not of the pools that the journal tells of."""

    def __init__(self, store: Pools, journal: Journal, pools: Sequence[str], memory: Path) -> None:
        """Watches ``pools``, which are founded; what is known of them stands in the file ``memory``.

        Raises ``JournalBroken`` where the file cannot be read: that is no memory of nothing.
        """
        self._store = store
        self.journal = journal
        self._pools = pools
        self._memory = memory
        self._known = _read_foundings(memory)

    async def refuse_another(self, pools: Sequence[str] | None = None) -> None:
        """Ask for these pools, or for all that are watched.

        Raises ``JournalBroken``: ``journal_ahead`` where a pool is gone or has not come as far as its
        journal, ``journal_pool_refounded`` where it was founded at another time than the one so far.
        """
        pools = self._pools if pools is None else pools
        heads = await self._store.heads(pools)
        found = dict(self._known)
        for pool, head in zip(pools, heads, strict=True):
            founded_us = self._founding(pool, head or _NO_HEAD)
            if founded_us is not None:
                found[pool] = founded_us
        if found != self._known:
            _write_foundings(self._memory, found)
            self._known = found

    async def feeds(self, places: Sequence[tuple[str, str, int]]) -> list[list[tuple[str, bytes]]]:
        """Entries of many feeds; before they are given out their pools are known to be the journal's own."""
        entries = await self._store.feeds(places)
        try:
            await self.refuse_another()
        except (StoreUnavailable, OutcomeUnknown):
            # Some pool's primary is gone, and so are its entries; those that came were there a moment ago.
            told = {pool for (pool, *_), of_pool in zip(places, entries, strict=True) if of_pool}
            await self.refuse_another([pool for pool in self._pools if pool in told])
        return entries

    def _founding(self, pool: str, head: Mapping[str, int | None]) -> int | None:
        """When the pool was founded, or the refusal of a pool that is not the journal's."""
        written = int(self.journal.head(pool).partition("-")[0])
        revision, founded_us, known_us = head["revision"] or 0, head["founded_us"], self._known.get(pool)
        if revision < written:
            raise _ahead(pool, written, revision)
        if written and known_us is not None and founded_us != known_us:
            raise _refounded(pool, written, known_us, founded_us)
        return founded_us


def _ahead(pool: str, written: int, revision: int) -> JournalBroken:
    return JournalBroken(
        f"The journal of {pool} ends at revision {written}, and the store has come to {revision} only: it "
        "was emptied or is another one. Put back the data directory that belongs to this journal.",
        "journal_ahead",
        {"pool": pool, "journal_revision": written, "store_revision": revision},
    )


def _refounded(pool: str, written: int, known_us: int, founded_us: int | None) -> JournalBroken:
    return JournalBroken(
        f"The journal of {pool} tells of the pool that was founded at {known_us} µs, and the store has one "
        f"that was founded at {founded_us} µs: it was emptied or is another one. Put back the data directory "
        "that belongs to this journal.",
        "journal_pool_refounded",
        {
            "pool": pool,
            "journal_revision": written,
            "journal_founded_us": known_us,
            "store_founded_us": founded_us,
        },
    )


def _read_foundings(memory: Path) -> dict[str, int]:
    try:
        found = orjson.loads(memory.read_bytes())
        return {str(pool): int(founded_us) for pool, founded_us in found.items()}
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise JournalBroken(f"{memory}: {error}", "journal_io") from error
    except (ValueError, TypeError, AttributeError) as error:
        detail = f"{memory} does not say which pools the journal tells of; put it back from a copy."
        raise JournalBroken(detail, "journal_foundings_damaged") from error


def _write_foundings(memory: Path, foundings: Mapping[str, int]) -> None:
    """Replace the file, durable before any entry of a new pool is."""
    beside = memory.with_name(f"{memory.name}.{os.getpid()}")
    try:
        with beside.open("wb") as file:
            file.write(orjson.dumps(foundings, option=orjson.OPT_SORT_KEYS))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(memory)
    except OSError as error:
        raise JournalBroken(f"{memory}: {error}", "journal_io") from error
