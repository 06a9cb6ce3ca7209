"""What a hold costs the store: its CPU, by batch, fill and regions; its memory; how fast a plain driver is.

The server counts (`INFO`), not the client, so a slow client blurs nothing. AOF is `everysec` where CPU is
asked for and `always` where durability is. A native driver sends (`bench/native`); it refuses a wrong answer.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from bench.conftest import Judge
from bench.drivers import run_driver
from bench.figures import ROUNDS, dearest, interleaved, ratios
from tests.servers import StoreServer, new_server, remove_server

BATCH = 64


@pytest.fixture(scope="module")
def everysec() -> Iterator[StoreServer]:
    """The embedded store's Valkey with AOF `everysec`, so that CPU is measured and not a disk."""
    server = new_server("valkey", appendfsync="everysec", maxmemory="2gb")
    yield server
    remove_server(server)


@pytest.fixture(scope="module")
def durable() -> Iterator[StoreServer]:
    """The same with AOF `always` on the disk of temporary files, not in memory."""
    with tempfile.TemporaryDirectory(prefix="plates-") as directory:
        server = StoreServer("valkey", Path(directory), {"maxmemory": "2gb"})
        server.start()
        yield server
        server.kill()


def cost(server: StoreServer, **asked: float) -> float:
    """CPU of the server for a hold, µs."""
    return float(run_driver("holds", "cost", server.url, **asked)["cpu_us"])


def test_server_cpu_of_a_hold(benchmark: BenchmarkFixture, judge: Judge, everysec: StoreServer) -> None:
    """One by one, in batches, and in batches with permits: the server's CPU for a hold."""
    few, holds, rounds = (64, 1_280, 1) if benchmark.disabled else (1_000, 12_800, ROUNDS)
    costs = benchmark.pedantic(
        interleaved,
        args=(
            {
                "one by one": lambda: cost(everysec, size=1, holds=few),
                "batches": lambda: cost(everysec, size=BATCH, holds=holds),
                "with permits": lambda: cost(everysec, size=BATCH, holds=holds, permits=1),
            },
            rounds,
        ),
        rounds=1,
    )
    judge("vectorising", ratios(costs["one by one"], costs["batches"]), batch=BATCH, cpu_us=costs)
    judge("holds_a_core", [1e6 / one for one in costs["batches"]], batch=BATCH)
    judge("holds_a_core_with_permits", [1e6 / one for one in costs["with permits"]], batch=BATCH)


def test_durable_holds(benchmark: BenchmarkFixture, judge: Judge, durable: StoreServer) -> None:
    """Holds a second, permits and journal entry included, each batch fsynced before it is answered."""
    holds, rounds = (1_280, 1) if benchmark.disabled else (25_600, ROUNDS)

    def speed() -> float:
        return float(
            run_driver("holds", "speed", durable.url, size=BATCH, holds=holds, in_flight=4)[
                "holds_per_second"
            ]
        )

    speeds = benchmark.pedantic(lambda: [speed() for _ in range(rounds)], rounds=1)
    judge("holds_a_core_durable", speeds, batch=BATCH, in_flight=4)


def test_fill(benchmark: BenchmarkFixture, judge: Judge, everysec: StoreServer) -> None:
    """The same 1,600 marks held in a pool of which nothing, half, 99 % and 99.99 % is taken."""
    # The last one leaves free just what is asked for, one mark of ten thousand.
    every = {"0%": 0.0, "50%": 0.5, "99%": 0.99, "99.99%": 1.0}
    sides, rounds = ({"0%": 0.0, "99.99%": 1.0}, 1) if benchmark.disabled else (every, ROUNDS)
    live = 1_280 if benchmark.disabled else 20_000

    def side(taken: float) -> float:
        return cost(everysec, size=BATCH, holds=1_600, permits=1, sparse=1, taken=taken, live=live)

    costs = benchmark.pedantic(
        interleaved,
        args=({step: lambda taken=taken: side(taken) for step, taken in sides.items()}, rounds),
        rounds=1,
    )
    judge("fill_cost", dearest(costs, than="0%"), live_holds=live, cpu_us=costs)


def test_regions(benchmark: BenchmarkFixture, judge: Judge, everysec: StoreServer) -> None:
    """Batches of one, five and twenty regions in turn."""
    sides, holds, rounds = ((1, 20), 1_280, 1) if benchmark.disabled else ((1, 5, 20), 12_800, ROUNDS)
    costs = benchmark.pedantic(
        interleaved,
        args=(
            {
                f"{pools} regions": lambda pools=pools: cost(
                    everysec, size=BATCH, holds=holds, permits=1, pools=pools
                )
                for pools in sides
            },
            rounds,
        ),
        rounds=1,
    )
    judge("regions_cost", dearest(costs, than="1 regions"), cpu_us=costs)


def test_memory_of_a_hold(benchmark: BenchmarkFixture, judge: Judge, everysec: StoreServer) -> None:
    """What a live hold adds to the store: record, permit, request id and answer, deadline."""
    counts = (1_280,) if benchmark.disabled else (32_000, 64_000, 100_000)

    def bytes_a_hold(holds: int) -> float:
        return float(run_driver("holds", "memory", everysec.url, holds=holds)["bytes"])

    found = benchmark.pedantic(lambda: [bytes_a_hold(holds) for holds in counts], rounds=1)
    judge("hold_memory", found, holds=counts)
