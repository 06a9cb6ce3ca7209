"""What Python costs whoever holds many at once: lists of 64 through the facade beside a plain loop in Rust.

The native driver (`bench/native`, `holds speed`) has everything packed before its clock starts, as Python has
its acts and marks. Both call the same functions, permits included, with two batches of 64 in flight.
"""

import asyncio
from collections.abc import Iterator

import pytest
import uvloop
from pytest_benchmark.fixture import BenchmarkFixture

import plate_core
from bench.conftest import Judge, open_pools
from bench.crowd import POOL, Buyers, Row, seconds
from bench.drivers import run_driver
from bench.figures import ROUNDS, interleaved, ratios
from tests.servers import StoreServer

BATCH = 64
IN_FLIGHT = 2
# While two lists are in flight the next two wait in the engine, so that it never waits for Python.
CALLERS = 4


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """The loop that the service runs on."""
    loop = uvloop.new_event_loop()
    yield loop
    loop.close()


def test_bulk_to_native(
    benchmark: BenchmarkFixture,
    judge: Judge,
    server: StoreServer,
    book: plate_core.RuleBook,
    loop: asyncio.AbstractEventLoop,
) -> None:
    """Holds a second through the facade / of the native driver, on one store in turns."""
    holds, rounds = (1_280, 1) if benchmark.disabled else (25_600, ROUNDS)
    options = {"batch_items_max": BATCH, "batches_in_flight": IN_FLIGHT}

    def facade() -> float:
        with server.client() as client:
            # At once, as the driver does: what is freed in the background takes time from the holds.
            client.execute_command("FLUSHALL", "SYNC")
        buyers = Buyers(book)
        lists = [[buyers.wish() for _ in range(BATCH)] for _ in range(holds // BATCH)]
        inventory = plate_core.Inventory.open(server.url, book, options=options)
        loop.run_until_complete(open_pools(inventory, book, [POOL]))

        async def hold(rows: list[Row]) -> str:
            (outcome,) = {answer.outcome for answer in await inventory.hold(rows)}
            return outcome

        spent = loop.run_until_complete(seconds(hold, lists, CALLERS))
        inventory.close()
        return holds / spent

    def native() -> float:
        asked = {"size": BATCH, "holds": holds, "in_flight": IN_FLIGHT}
        return float(run_driver("holds", "speed", server.url, **asked)["holds_per_second"])

    speeds = benchmark.pedantic(interleaved, args=({"facade": facade, "native": native}, rounds), rounds=1)
    judge("bulk_to_native", ratios(speeds["facade"], speeds["native"]), holds_per_second=speeds)
