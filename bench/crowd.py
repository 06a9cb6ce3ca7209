"""Many who ask at once: buyers of this engine, and how long a crowd of them takes.

Buyers     wishes without end, each by another applicant for another mark
seconds    how long so many take, so many of them at once
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Final, TypeVar

import plate_core

POOL: Final = "person_car.02"
DIGITS: Final = 999
AMOUNT_TIYN: Final = 4_325_000

Wish = TypeVar("Wish")
# What `Inventory.hold` takes.
Row = tuple[plate_core.Act, plate_core.Mark, str, int]


class Buyers:
    """Applicants without end, each wanting a mark that nobody has, or one of a few that all want."""

    def __init__(self, book: plate_core.RuleBook, pools: Iterable[str] = (POOL,)) -> None:
        self.book = book
        self.pools = list(pools)
        self.numbers = itertools.count()
        self.tariff: str = book.tariffs()[0]["revision"]

    def mark(self) -> plate_core.Mark:
        """A mark that was not asked for yet; pools take turns."""
        number = next(self.numbers)
        place, pool = divmod(number, len(self.pools))
        row, digits = divmod(place, DIGITS)
        return self.book.mark_at(self.pools[pool], row * 1024 + digits + 1)

    def wish(self, mark: plate_core.Mark | None = None) -> Row:
        """One hold to ask for, of a mark of its own or of this one."""
        number = next(self.numbers)
        act = plate_core.Act(
            request_id=f"bench-{number:012}",
            caller="bench",
            channel="portal",
            applicant=number.to_bytes(16, "big"),
            applicant_key_id=1,
        )
        return act, mark or self.mark(), self.tariff, AMOUNT_TIYN


async def seconds(
    ask: Callable[[Wish], Awaitable[str]], wishes: Iterable[Wish], at_once: int, expected: str | None = "held"
) -> float:
    """How long a crowd takes, `at_once` of them asking at any time; each answer must be the expected one."""
    left = iter(wishes)

    async def asker() -> None:
        for wish in left:
            outcome = await ask(wish)
            assert expected in (None, outcome), outcome

    start = time.perf_counter()
    await asyncio.gather(*(asker() for _ in range(at_once)))
    return time.perf_counter() - start
