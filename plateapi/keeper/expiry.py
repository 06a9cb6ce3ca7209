"""Expiry: asks the store, pool by pool, to end what is due.

Sweeping tidies; it decides nothing. A hold past its deadline is expired in every verb whether it was swept or
not, so a sweep that is late frees a mark in the search a little later and changes no answer.
"""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from plate_core import OutcomeUnknown, PlateError, StoreUnavailable

MARKS_A_SWEEP: Final = 128
# Beyond one of each pool: some 16,000 holds in half a second, for so long the journal may wait for its turn.
SWEEPS_A_ROUND: Final = 128


class Ended(Protocol):
    """What the store answers of one mark, or of the pool where nothing may expire now."""

    @property
    def outcome(self) -> str:
        """A slug of docs/reference/outcomes.md."""
        ...


class Sweeper(Protocol):
    """What expiry needs of the inventory."""

    def sweep(self, pool: str, limit: int = MARKS_A_SWEEP) -> Awaitable[tuple[Sequence[Ended], bool]]:
        """End what is due: one answer a hold that ended, and whether more may be due."""
        ...


@dataclass(frozen=True)
class Swept:
    """What one round of sweeping did."""

    expired: int
    more: bool  # it stopped before everything was looked at, so the next round should go on at once
    missed: Sequence[str] = ()  # pools whose server did not answer; they are due again


async def sweep_pools(sweeper: Sweeper, pools: Sequence[str], sweeps: int = SWEEPS_A_ROUND) -> Swept:
    """Ends what is due in every pool, with so many sweeps at most beyond one of each.

    A pool of which more may be due is swept again at once: after an outage its backlog must not wait for a
    turn of all the others. How many ended says nothing of what is left, because whatever was given back or
    bought before its deadline is still in the queue. A pool that is frozen, or whose clock nobody vouches
    for, says so and is left alone. Where a pool's server does not answer, the others are swept.

    Raises ``StoreUnavailable`` or ``OutcomeUnknown`` where no pool's server answers.
    """
    expired, unfinished = 0, False
    missed: dict[str, PlateError] = {}
    for pool in pools:
        more = True
        while more:
            try:
                answers, more = await sweeper.sweep(pool, MARKS_A_SWEEP)
            except (StoreUnavailable, OutcomeUnknown) as error:
                missed[pool] = error
                break
            expired += sum(answer.outcome == "expired" for answer in answers)
            if more and sweeps == 0:
                unfinished = True
                break
            sweeps -= more
    if missed and len(missed) == len(pools):
        raise next(iter(missed.values()))
    return Swept(expired, unfinished, tuple(missed))
