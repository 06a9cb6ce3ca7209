"""What it costs to reserve a mark on a real Valkey with AOF `always`: one alone, and many at once."""

import asyncio

from pytest_benchmark.fixture import BenchmarkFixture

import plate_core
from bench.crowd import Buyers, Row

MANY = 64


def test_hold_one(
    benchmark: BenchmarkFixture,
    inventory: plate_core.Inventory,
    book: plate_core.RuleBook,
    loop: asyncio.AbstractEventLoop,
) -> None:
    """One hold at a time: the latency of an idle engine, its fsync included."""
    buyers = Buyers(book)

    async def hold() -> str:
        (answer,) = await inventory.hold([buyers.wish()])
        return answer.outcome

    assert benchmark(lambda: loop.run_until_complete(hold())) == "held"


def test_hold_many(
    benchmark: BenchmarkFixture,
    inventory: plate_core.Inventory,
    book: plate_core.RuleBook,
    loop: asyncio.AbstractEventLoop,
) -> None:
    """Sixty-four holds in one call; divide by 64 for a hold."""
    buyers = Buyers(book)

    async def hold(wishes: list[Row]) -> set[str]:
        return {answer.outcome for answer in await inventory.hold(wishes)}

    def setup() -> tuple[tuple[list[Row]], dict[str, str]]:
        return ([buyers.wish() for _ in range(MANY)],), {}

    outcomes = benchmark.pedantic(
        lambda wishes: loop.run_until_complete(hold(wishes)), setup=setup, rounds=40, warmup_rounds=3
    )
    assert outcomes == {"held"}


def test_hold_refused(
    benchmark: BenchmarkFixture,
    inventory: plate_core.Inventory,
    book: plate_core.RuleBook,
    loop: asyncio.AbstractEventLoop,
) -> None:
    """The loser's answer for the mark that everybody wants."""
    buyers = Buyers(book)
    wanted = book.parse("777AAA02")

    async def ask() -> str:
        act, _, tariff, amount_tiyn = buyers.wish()
        (answer,) = await inventory.hold([(act, wanted, tariff, amount_tiyn)])
        return answer.outcome

    assert loop.run_until_complete(ask()) == "held"
    assert benchmark(lambda: loop.run_until_complete(ask())) == "held_by_another"
