"""People who hold, pay and give back through the facade, all at once, and remember what they were told.

They want the same few marks, so that they meet. An answer `unknown` is asked for again under the same request
id until it is definite, as the contract tells a client to; a store that takes nothing is tried again as well.
What they were told stands in a ``Ledger``; whether it is true says ``audit``.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, Final

import plate_core
from plate_core import Act, Answer, Inventory, Mark, PlateError, RuleBook
from proof.told import Ledger, now_us

POOLS: Final = ("person_car.02", "person_car.01")
LIVE_HOLDS_PERSON: Final = 3
DAY_MS: Final = 86_400_000
# How long an answer is asked for again before a trial is given up; a store is back within seconds.
PATIENCE_SECONDS: Final = 60.0
PAUSE_SECONDS: Final = 0.02
AMOUNT_TIYN: Final = 4_325_000
# More than anybody makes before a blow is over; some 30,000 a second are made.
JOURNEYS_MAX: Final = 1_000_000
BLOW_FALLS_SECONDS: Final = (0.02, 0.2)

# An act becomes the row of a verb.
Row = Callable[[Act], tuple[Any, ...]]


class Unanswered(Exception):
    """Nothing definite was heard in all that time."""


async def open_sale(
    inventory: Inventory,
    book: RuleBook,
    pools: Sequence[str] = POOLS,
    *,
    core: ModuleType = plate_core,
    **terms: int,
) -> None:
    """Load the functions and put pools on sale, under rules that are a day long where none are given.

    ``core`` is the one that the inventory belongs to.
    """
    await inventory.load_functions()
    day_long = {"hold_ttl_ms": DAY_MS, "payment_window_ms": DAY_MS, "cooldown_ms": 0}
    tariffs = {"tariffs": [(tariff["revision"], 0) for tariff in book.tariffs()]}
    act = core.Act(request_id="founding-of-sale", caller="keeper", channel="keeper")
    await inventory.configure_pools(act, dict.fromkeys(pools, day_long | tariffs | terms))
    await inventory.configure_limits(
        {"live_holds_person": LIVE_HOLDS_PERSON, "live_holds_entity": 100, "operator_daily_cap": 10_000}
    )


@asynccontextmanager
async def opened_sale(
    url: str,
    book: RuleBook,
    *,
    pools: Sequence[str] = POOLS,
    response_timeout_ms: int = 2_000,
    **terms: int,
) -> AsyncIterator[Inventory]:
    """A sale on the store at ``url``, and its inventory, which is closed in the end."""
    inventory = Inventory.open(url, book, options={"response_timeout_ms": response_timeout_ms})
    try:
        await open_sale(inventory, book, pools, **terms)
        yield inventory
    finally:
        inventory.close()


async def until_ready(inventory: Inventory) -> None:
    """Until the store says again what it holds. Its time it tells while it still reads its files."""
    while True:
        try:
            await inventory.limits()
        except PlateError:
            await asyncio.sleep(0.01)
        else:
            return


@dataclass
class Crowd:
    """So many people, who want marks of a few, and what they were told.

    Attributes:
        marks: what they want; fewer marks, more quarrels.
        people: how many there are at a time; whoever has reached his own limit makes room for another.
        core: the one that the inventory belongs to; another than the installed one where faults are planted.
        same_id: whether an answer that is unknown is asked for under the same request id (a control says no).
    """

    inventory: Inventory
    book: RuleBook
    random: random.Random
    marks: Sequence[Mark]
    people: int = 64
    name: str = "crowd"
    core: ModuleType = plate_core
    same_id: bool = True
    patience_seconds: float = PATIENCE_SECONDS
    ledger: Ledger = field(default_factory=Ledger)
    stopping: bool = False
    _number: int = 0

    def __post_init__(self) -> None:
        """Everything costs the same by the first tariff: what a mark costs is proven elsewhere."""
        self.tariff: str = self.book.tariffs()[0]["revision"]
        self.amount_tiyn = AMOUNT_TIYN

    # --- who asks, under which id ---------------------------------------------------------------------------

    def act(self, person: int, channel: str = "portal") -> Act:
        """A new request of one person."""
        self._number += 1
        return self.act_again(person, f"{self.name}-{self._number:08}", channel)

    def act_again(self, person: int, request_id: str, channel: str = "portal") -> Act:
        """A request of one person under this id."""
        act: Act = self.core.Act(
            request_id=request_id,
            caller=f"{self.name}-driver-{person}" if channel == "portal" else "payments",
            channel=channel,
            applicant=person.to_bytes(16, "big"),
            applicant_key_id=1,
        )
        return act

    # --- asking until the answer is definite ----------------------------------------------------------------

    async def ask(self, verb: str, person: int, row: Row, *, hold: str = "", transaction: str = "") -> Answer:
        """One item of one verb, on this hold where it has one, by this payment where it is one.

        Raises ``Unanswered`` when the store says nothing definite for too long.
        """
        act_id = f"{self.name}-{self._number + 1:08}"
        channel = "payment" if transaction else "portal"
        act, invoked_us = self.act(person, channel), now_us()
        until = asyncio.get_running_loop().time() + self.patience_seconds
        while True:
            answer = await self._once(getattr(self.inventory, verb), row(act))
            if answer is not None and answer.outcome != "unknown":
                request = transaction or act_id
                self.ledger.note(str(person), request, verb, answer, hold, invoked_us=invoked_us)
                return answer
            if answer is not None:
                self.ledger.unknown += 1
                if not self.same_id:
                    act = self.act(person, channel)
            else:
                self.ledger.unavailable += 1
            if asyncio.get_running_loop().time() > until:
                raise Unanswered(f"{verb} of {act_id}")
            await asyncio.sleep(PAUSE_SECONDS)

    @staticmethod
    async def _once(
        call: Callable[[list[tuple[Any, ...]]], Awaitable[list[Answer]]], row: tuple[Any, ...]
    ) -> Answer | None:
        """The answer; None where the request was refused before anything could have happened."""
        try:
            [answer] = await call([row])
        except PlateError:
            return None
        return answer

    # --- what people do -------------------------------------------------------------------------------------

    async def run(self, journeys: int) -> None:
        """So many journeys, by all people at once; ends earlier where ``stopping`` is set."""
        left = iter(range(journeys))

        async def person(number: int) -> None:
            for _ in left:
                if self.stopping:
                    return
                if await self.journey(number) == "limit_reached":
                    # Another comes in his place: of a crowd that may have no more, nothing could be lost.
                    number += self.people

        await asyncio.gather(*(person(number) for number in range(1, self.people + 1)))

    async def run_through(self, blow: Callable[[], Awaitable[None]]) -> None:
        """At work when the blow falls; after it everybody ends what he is at, and nobody begins anew."""
        running = asyncio.create_task(self.run(JOURNEYS_MAX))
        try:
            await asyncio.sleep(self.random.uniform(*BLOW_FALLS_SECONDS))
            if running.done():
                raise RuntimeError("the crowd had gone home before the blow fell, which proves nothing")
            await blow()
        finally:
            self.stopping = True
            await running

    async def journey(self, person: int) -> str:
        """Hold a mark; then give it back, keep it longer, buy it, or leave. What the hold came to."""
        mark = self.random.choice(self.marks)
        answer = await self.hold(person, mark)
        if answer.outcome != "held" or answer.live is None:
            return answer.outcome
        hold, revision = answer.live.hold_id, answer.live.revision
        match self.random.randrange(4):
            case 0:
                await self.ask("release", person, lambda act: (act, mark, hold, revision), hold=hold)
            case 1:
                await self.ask("extend", person, lambda act: (act, mark, hold, revision), hold=hold)
            case 2:
                await self.buy(person, mark, hold, revision)
        return answer.outcome

    async def hold(self, person: int, mark: Mark) -> Answer:
        """Ask for one mark."""
        return await self.ask("hold", person, lambda act: (act, mark, self.tariff, self.amount_tiyn))

    async def buy(self, person: int, mark: Mark, hold: str, revision: int) -> None:
        """Begin a payment and have it confirmed."""
        begun = await self.ask("begin_payment", person, lambda act: (act, mark, hold, revision), hold=hold)
        if not begun.done:
            return
        transaction = f"{self.name}-{hold}"
        payment = {
            "provider": "bank",
            "transaction": transaction,
            "hold_id": hold,
            "amount_tiyn": self.amount_tiyn,
            "paid_at_ms": begun.server_time_ms,
            "current_tariff": self.tariff,
            "current_amount_tiyn": self.amount_tiyn,
        }
        await self.ask(
            "confirm", person, lambda act: (act, mark, payment), hold=hold, transaction=transaction
        )


def some_marks(book: RuleBook, count: int, pools: Sequence[str] = POOLS) -> list[Mark]:
    """So many marks that nothing withholds, of these pools in turn."""
    found = []
    for number in range(count):
        place, pool = divmod(number, len(pools))
        row, digits = divmod(place, 999)
        found.append(book.mark_at(pools[pool], row * 1024 + digits + 1))
    return found
