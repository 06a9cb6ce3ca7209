"""What becomes of speed when everybody wants the same: ten marks for all, and one mark for five thousand."""

import asyncio
import itertools
import statistics
import time
from collections import Counter
from collections.abc import Iterable, Iterator

import pytest
import uvloop
from pytest_benchmark.fixture import BenchmarkFixture

import plate_core
from bench.conftest import Judge
from bench.crowd import Buyers, Row, seconds
from bench.figures import ROUNDS, interleaved, ratios
from loadtests.service import sabotage_store
from tests.servers import StoreServer

AT_ONCE = 256
WANTED = 10
CONTENDERS = 5_000
CROWDS = 50
# What a contender may hear; anything else is not definite.
WON, LOST = "held", "held_by_another"


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """The loop that the service runs on."""
    loop = uvloop.new_event_loop()
    yield loop
    loop.close()


def test_hot_to_uniform(
    benchmark: BenchmarkFixture,
    judge: Judge,
    inventory: plate_core.Inventory,
    book: plate_core.RuleBook,
    loop: asyncio.AbstractEventLoop,
) -> None:
    """Definite answers a second, 256 at once: all want the same ten marks, or each his own."""
    asked, rounds = (512, 1) if benchmark.disabled else (15_360, ROUNDS)
    buyers, heard = Buyers(book), Counter[str]()

    async def hold(row: Row) -> str:
        (answer,) = await inventory.hold([row])
        heard[answer.outcome] += 1
        return answer.outcome

    def cost(rows: Iterable[Row], expected: str | None) -> float:
        return loop.run_until_complete(seconds(hold, rows, AT_ONCE, expected)) / asked

    def hot() -> float:
        marks = [buyers.mark() for _ in range(WANTED)]
        heard.clear()
        spent = cost((buyers.wish(mark) for mark in itertools.islice(itertools.cycle(marks), asked)), None)
        assert heard == {WON: WANTED, LOST: asked - WANTED}, heard
        return spent

    def uniform() -> float:
        return cost((buyers.wish() for _ in range(asked)), WON)

    costs = benchmark.pedantic(interleaved, args=({"uniform": uniform, "hot": hot}, rounds), rounds=1)
    judge("hot_to_uniform", ratios(costs["uniform"], costs["hot"]), marks=WANTED, at_once=AT_ONCE)


def test_one_mark_for_five_thousand(
    benchmark: BenchmarkFixture,
    judge: Judge,
    server: StoreServer,
    inventory: plate_core.Inventory,
    book: plate_core.RuleBook,
    loop: asyncio.AbstractEventLoop,
) -> None:
    """5,000 at once want one mark, 50 times: one wins each time, the others hear so as soon as winners would.

    Between each two of them stands somebody who wants a mark of his own and wins it. Both are in the same
    crowd, the same batches and the same moment, so the ratio of their median answers is not one of two
    moments. Then the store is sabotaged, and the same count must find more than one winner.
    """
    contenders, crowds = (500, 1) if benchmark.disabled else (CONTENDERS, CROWDS)
    buyers = Buyers(book)
    hear = Crowd(inventory, loop)

    def crowd() -> float:
        mark = buyers.mark()
        contending = [buyers.wish(mark) for _ in range(contenders)]
        heard = hear(
            row for pair in zip(contending, (buyers.wish() for _ in contending), strict=True) for row in pair
        )
        hot, own = heard[::2], heard[1::2]
        assert winners(hot) == 1
        assert Counter(outcome for outcome, _ in hot) == {WON: 1, LOST: contenders - 1}
        assert {outcome for outcome, _ in own} == {WON}
        return median_seconds(hot, LOST) / median_seconds(own, WON)

    measured = benchmark.pedantic(lambda: [crowd() for _ in range(crowds)], rounds=1)
    sabotage_store(server.url)
    wanted = buyers.mark()
    assert winners(hear(buyers.wish(wanted) for _ in range(contenders))) > 1
    judge("loser_to_winner", measured, contenders=contenders, crowds=crowds)


def test_one_after_the_other(
    benchmark: BenchmarkFixture,
    judge: Judge,
    inventory: plate_core.Inventory,
    book: plate_core.RuleBook,
    loop: asyncio.AbstractEventLoop,
) -> None:
    """Alone with the store, where a crowd cannot hide it, a loser is answered as fast as a winner too."""
    asked, rounds = (16, 1) if benchmark.disabled else (400, ROUNDS)
    buyers = Buyers(book)
    hear = Crowd(inventory, loop)
    taken = buyers.mark()
    assert winners(hear([buyers.wish(taken)])) == 1

    def turns() -> float:
        heard = [
            one for _ in range(asked) for row in (buyers.wish(taken), buyers.wish()) for one in hear([row])
        ]
        assert Counter(outcome for outcome, _ in heard) == {WON: asked, LOST: asked}
        return median_seconds(heard, LOST) / median_seconds(heard, WON)

    measured = benchmark.pedantic(lambda: [turns() for _ in range(rounds)], rounds=1)
    judge("loser_to_winner_alone", measured, asked=asked)


Heard = tuple[str, float]  # the outcome, and after how many seconds


class Crowd:
    """People who all ask at once."""

    def __init__(self, inventory: plate_core.Inventory, loop: asyncio.AbstractEventLoop) -> None:
        self.inventory = inventory
        self.loop = loop

    def __call__(self, rows: Iterable[Row]) -> list[Heard]:
        """What each heard and when, counted from the moment in which he asked."""
        return self.loop.run_until_complete(self._ask_all(list(rows)))

    async def _ask_all(self, rows: list[Row]) -> list[Heard]:
        return await asyncio.gather(*(self._ask(row) for row in rows))

    async def _ask(self, row: Row) -> Heard:
        begun = time.perf_counter()
        (answer,) = await self.inventory.hold([row])
        return answer.outcome, time.perf_counter() - begun


def winners(heard: Iterable[Heard]) -> int:
    """How many were told that the mark is theirs."""
    return sum(outcome == WON for outcome, _ in heard)


def median_seconds(heard: Iterable[Heard], of: str) -> float:
    """The median answer of those who heard this."""
    return statistics.median(seconds for outcome, seconds in heard if outcome == of)
