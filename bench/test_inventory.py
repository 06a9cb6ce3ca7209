"""What it costs to reserve a mark on a real Valkey with AOF `always`: one alone, and many at once."""

import asyncio
import itertools
from collections.abc import Iterator

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

import plate_core
from bench.conftest import open_pools
from tests.servers import StoreServer

MANY = 64
POOL = "person_car.02"
DIGITS = 999


@pytest.fixture
def inventory(
    server: StoreServer, book: plate_core.RuleBook, loop: asyncio.AbstractEventLoop
) -> Iterator[plate_core.Inventory]:
    """An open inventory over an empty store, with one pool on sale."""
    server.empty()
    inventory = plate_core.Inventory.open(server.url, book)
    loop.run_until_complete(open_pools(inventory, book, [POOL]))
    yield inventory
    inventory.close()


class Buyers:
    """Applicants without end, each wanting a mark that nobody has."""

    def __init__(self, book: plate_core.RuleBook) -> None:
        self.book = book
        self.numbers = itertools.count()
        self.tariff = book.tariffs()[0]["revision"]

    def wish(self) -> tuple[plate_core.Act, plate_core.Mark, str, int]:
        """One hold to ask for."""
        number = next(self.numbers)
        row, digits = divmod(number, DIGITS)
        act = plate_core.Act(
            request_id=f"bench-{number:012}",
            caller="bench",
            channel="portal",
            applicant=number.to_bytes(16, "big"),
            applicant_key_id=1,
        )
        return act, self.book.mark_at(POOL, row * 1024 + digits + 1), self.tariff, 4_325_000


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

    async def hold(wishes: list[tuple[plate_core.Act, plate_core.Mark, str, int]]) -> set[str]:
        return {answer.outcome for answer in await inventory.hold(wishes)}

    def setup() -> tuple[tuple[list[tuple[plate_core.Act, plate_core.Mark, str, int]]], dict[str, str]]:
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
