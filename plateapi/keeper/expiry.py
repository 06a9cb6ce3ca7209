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

    A full batch is followed by another of the same pool at once: after an outage the backlog of one pool must
    not wait for a turn of all the others. A pool that is frozen, or whose clock nobody vouches for, says so
    and is left alone.
    """
    expired = 0
    for pool in pools:
        while True:
            answers = await sweeper.sweep(pool, MARKS_A_SWEEP)
            ended = sum(answer.outcome == "expired" for answer in answers)
            expired += ended
            if ended < MARKS_A_SWEEP:
                break
    return expired
