"""What it costs to search the country's shared bitmaps: the first page, the count, the likest."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

import plate_core
from bench.conftest import COUNTRY_DAY, open_pools
from tests.servers import StoreServer

READY_SECONDS = 60.0


@pytest.fixture(scope="module")
def replica(
    server: StoreServer,
    book: plate_core.RuleBook,
    loop: asyncio.AbstractEventLoop,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[plate_core.Replica]:
    """The shared bitmaps of an empty country, kept by a writer as beside a real service."""
    server.empty()
    inventory = plate_core.Inventory.open(server.url, book)
    loop.run_until_complete(open_pools(inventory, book, book.pools()))
    inventory.close()
    path: Path = tmp_path_factory.mktemp("replica") / "replica.planes"
    writer = plate_core.ReplicaWriter.start(server.url, path, book)
    until = time.monotonic() + READY_SECONDS
    while not writer.health()["ready"]:
        assert time.monotonic() < until, writer.health()
    yield plate_core.Replica.open(path, book)
    writer.stop()


def first_page(
    replica: plate_core.Replica, pattern: str, order: Literal["number", "price"] = "number"
) -> tuple[list[plate_core.Mark], int]:
    """The marks as Python's values, which are made only for who asks for them, and the count."""
    found = replica.search(pattern=pattern, order=order, on=COUNTRY_DAY)
    return found.marks, found.count


@pytest.mark.parametrize("pattern", ["7*7", "777 AAA", "aba", "*77 A?A"])
def test_search_first_page(benchmark: BenchmarkFixture, replica: plate_core.Replica, pattern: str) -> None:
    """Twenty marks of a pattern over 20 regions, with the exact count."""
    marks, count = benchmark(first_page, replica, pattern)
    assert count >= len(marks) > 0


def test_search_cheapest_first(benchmark: BenchmarkFixture, replica: plate_core.Replica) -> None:
    """The same in the order of prices."""
    marks, _ = benchmark(first_page, replica, "7*7", "price")
    assert marks[0].digits[0] == "7"


def test_nearest(benchmark: BenchmarkFixture, replica: plate_core.Replica, book: plate_core.RuleBook) -> None:
    """Five free marks like the one that is gone."""
    near = benchmark(replica.nearest, book.parse("777AAA02"), limit=5)
    assert len(near) == 5
