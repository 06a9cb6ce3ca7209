"""Expiry: asks the store, pool by pool, to end what is due.

Sweeping tidies; it decides nothing. A hold past its deadline is expired in every verb whether it was swept or
not, so a sweep that is late frees a mark in the search a little later and changes no answer.
"""

from collections.abc import Awaitable, Sequence
from typing import Protocol

MARKS_A_SWEEP = 128


class Swept(Protocol):
    """What the store answers of one mark, or of the pool where nothing may expire now."""

    @property
    def outcome(self) -> str:
        """A slug of docs/reference/outcomes.md."""
        ...


class Sweeper(Protocol):
    """What expiry needs of the inventory."""

    def sweep(self, pool: str, limit: int = MARKS_A_SWEEP) -> Awaitable[Sequence[Swept]]:
        """End what is due; one answer a hold that ended."""
        ...


async def sweep_pools(sweeper: Sweeper, pools: Sequence[str]) -> int:
    """Ends what is due in every pool and says how many holds that were.

    A pool in which anything ended is swept again at once, until nothing ends there: after an outage its
    backlog must not wait for a turn of all the others. How many ended says nothing of what is left, because
    whatever was given back or bought before its deadline is still in the queue. A pool that is frozen, or
    whose clock nobody vouches for, says so and is left alone.
    """
    expired = 0
    for pool in pools:
        while ended := await _sweep_once(sweeper, pool):
            expired += ended
    return expired


async def _sweep_once(sweeper: Sweeper, pool: str) -> int:
    answers = await sweeper.sweep(pool, MARKS_A_SWEEP)
    return sum(answer.outcome == "expired" for answer in answers)
