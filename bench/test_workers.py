"""What a hold costs the store as workers are added: the same 256 askers, in one process, in two and in four.

More engines mean smaller batches each, and more connections. The figure is the server's own CPU for a hold,
so that the workers' share of the same cores does not blur it.
"""

from __future__ import annotations

import uvloop
from pytest_benchmark.fixture import BenchmarkFixture

import plate_core
from bench.conftest import Judge, open_pools
from bench.crowd import POOL
from bench.figures import ROUNDS, dearest, interleaved
from bench.worker import ready_workers
from tests.servers import StoreServer

AT_ONCE = 256


def test_workers(
    benchmark: BenchmarkFixture, judge: Judge, server: StoreServer, book: plate_core.RuleBook
) -> None:
    """Server CPU of a hold with one, two and four workers; the figure is the dearer of two and four."""
    sides, holds, rounds = ((1, 2), 512, 1) if benchmark.disabled else ((1, 2, 4), 15_360, ROUNDS)

    def cost(count: int) -> float:
        uvloop.run(on_sale(server, book))
        with ready_workers(server.url, count, holds=holds, at_once=AT_ONCE) as workers:
            before = cpu_us(server)
            workers.work()
            return (cpu_us(server) - before) / holds

    costs = benchmark.pedantic(
        interleaved,
        args=({f"{count} workers": lambda count=count: cost(count) for count in sides}, rounds),
        rounds=1,
    )
    judge("workers_cost", dearest(costs, than="1 workers"), at_once=AT_ONCE, cpu_us=costs)


async def on_sale(server: StoreServer, book: plate_core.RuleBook) -> None:
    """An empty store with one pool on sale."""
    server.empty()
    inventory = plate_core.Inventory.open(server.url, book)
    await open_pools(inventory, book, [POOL])
    inventory.close()


def cpu_us(server: StoreServer) -> float:
    """What the server's process has spent, µs."""
    with server.client() as client:
        spent = client.info("cpu")
    return float((spent["used_cpu_sys"] + spent["used_cpu_user"]) * 1e6)
