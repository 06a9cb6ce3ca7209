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
    inventory: plate_core.Inventory,
    book: plate_core.RuleBook,
    loop: asyncio.AbstractEventLoop,
) -> None:
    """5,000 at once want one mark, 50 times: one wins each time, the others hear so as soon as winners would.

    Beside them stand crowds of the same size in which each wants a mark of his own and wins it: the ratio is
    that of the median answer of a loser to that of a winner, both in a crowd of 5,000.
    """
    contenders, crowds, rounds = (500, 1, 1) if benchmark.disabled else (CONTENDERS, CROWDS, CROWDS)
    buyers = Buyers(book)

    async def crowd(rows: list[Row]) -> tuple[list[str], list[float]]:
        start, outcomes, latencies = time.perf_counter(), [""] * len(rows), [0.0] * len(rows)

        async def ask(place: int, row: Row) -> None:
            (answer,) = await inventory.hold([row])
            outcomes[place], latencies[place] = answer.outcome, time.perf_counter() - start

        await asyncio.gather(*(ask(place, row) for place, row in enumerate(rows)))
        return outcomes, latencies

    def losers() -> float:
        mark = buyers.mark()
        outcomes, latencies = loop.run_until_complete(crowd([buyers.wish(mark) for _ in range(contenders)]))
        assert Counter(outcomes) == {WON: 1, LOST: contenders - 1}
        return statistics.median(latencies)

    def winners() -> float:
        outcomes, latencies = loop.run_until_complete(crowd([buyers.wish() for _ in range(contenders)]))
        assert set(outcomes) == {WON}
        return statistics.median(latencies)

    costs = benchmark.pedantic(interleaved, args=({"losers": losers, "winners": winners}, rounds), rounds=1)
    judge("loser_to_winner", ratios(costs["losers"], costs["winners"]), contenders=contenders, crowds=crowds)
