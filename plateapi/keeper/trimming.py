"""Out of the feed with what the journal has on disk: not at once, because replicas read there too.

A replica that finds the entries after its own gone needs a snapshot of the whole pool, 20 ms and 7 MB. So
what is durable stays for a whole turn more, and then goes for all pools together.

Deliberately not here: what is durable (``journaling.py``), and whether the feeds are the journal's own
(``history.py``). A keeper that has reason to doubt either of them drops this together with its journal.
"""

import asyncio
import math
from collections.abc import Awaitable, Mapping
from typing import Protocol

from plate_core import OutcomeUnknown, StoreUnavailable

NOTHING = "0-0"


class Trimmed(Protocol):
    """What trimming needs of the inventory."""

    def trim_feed(self, pool: str, through: str) -> Awaitable[int]:
        """Drop entries up to an id and that one."""
        ...


class Trimming:
    """Turn by turn: what was on disk at the turn before leaves the feeds."""

    def __init__(self, feed: Trimmed, heads: Mapping[str, str], turn_seconds: float) -> None:
        """``heads`` are on disk already: an earlier keeper may have ended before it trimmed."""
        self._feed = feed
        self._turn_seconds = turn_seconds
        self._turned_at = -math.inf
        self._due: dict[str, str] = {}
        self._waiting = {pool: head for pool, head in heads.items() if head != NOTHING}

    async def trim(self, durable: Mapping[str, str], now_seconds: float) -> None:
        """Note what is on disk by now, each pool's last id; and trim when the turn is over."""
        self._waiting.update(durable)
        if now_seconds - self._turned_at < self._turn_seconds:
            return
        self._turned_at = now_seconds
        due, self._due, self._waiting = self._due, self._waiting, {}
        await asyncio.gather(*(self._trim(pool, through) for pool, through in due.items()))

    async def _trim(self, pool: str, through: str) -> None:
        """What its primary does not take now is due again, and keeps no other pool's from going."""
        try:
            await self._feed.trim_feed(pool, through)
        except (StoreUnavailable, OutcomeUnknown):
            self._waiting.setdefault(pool, through)
