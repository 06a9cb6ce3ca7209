"""What it costs to search the country's shared bitmaps: the first page, the count, the likest."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

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


@pytest.mark.parametrize("pattern", ["7*7", "777 AAA", "aba", "*77 A?A"])
def test_search_first_page(benchmark: BenchmarkFixture, replica: plate_core.Replica, pattern: str) -> None:
    """Twenty marks of a pattern over 20 regions, with the exact count."""
    found = benchmark(replica.search, pattern=pattern, on=COUNTRY_DAY)
    assert found["count"] >= len(found["marks"]) > 0


def test_search_cheapest_first(benchmark: BenchmarkFixture, replica: plate_core.Replica) -> None:
    """The same in the order of prices."""
    found = benchmark(replica.search, pattern="7*7", order="price", on=COUNTRY_DAY)
    assert found["marks"][0].digits[0] == "7"


def test_nearest(benchmark: BenchmarkFixture, replica: plate_core.Replica, book: plate_core.RuleBook) -> None:
    """Five free marks like the one that is gone."""
    near = benchmark(replica.nearest, book.parse("777AAA02"), limit=5)
    assert len(near) == 5
