"""What the way from a loop to the engine's thread and back costs: an awaited echo beside a bare future."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest
import uvloop
from pytest_benchmark.fixture import BenchmarkFixture

import plate_core
from bench.conftest import Judge
from bench.figures import ROUNDS, interleaved, ratios

AT_ONCE = 256
LOOPS = {"uvloop": uvloop.new_event_loop, "asyncio": asyncio.new_event_loop}


async def cost(ask: Callable[[], Awaitable[None]], turns: int) -> float:
    """µs an await, 256 of them in flight at any time."""

    async def asker() -> None:
        for _ in range(turns):
            assert await ask() is None

    start = time.perf_counter()
    await asyncio.gather(*(asker() for _ in range(AT_ONCE)))
    return (time.perf_counter() - start) / (turns * AT_ONCE) * 1e6


@pytest.mark.parametrize("name", LOOPS)
def test_bridge(benchmark: BenchmarkFixture, judge: Judge, book: plate_core.RuleBook, name: str) -> None:
    """An echo goes through queue, thread, ring and eventfd; a bare future is set by the loop's next turn."""
    turns, rounds = (4, 1) if benchmark.disabled else (200, ROUNDS)
    loop = LOOPS[name]()
    # Nobody need be there: an echo does not reach the store.
    inventory = plate_core.Inventory.open("unix:///nowhere", book)

    def bare() -> Awaitable[None]:
        future = loop.create_future()
        loop.call_soon(future.set_result, None)
        return future

    try:
        costs = benchmark.pedantic(
            interleaved,
            args=(
                {
                    "echo": lambda: loop.run_until_complete(cost(inventory.echo, turns)),
                    "bare future": lambda: loop.run_until_complete(cost(bare, turns)),
                },
                rounds,
            ),
            rounds=1,
        )
    finally:
        inventory.close()
        loop.close()
    judge(f"bridge_{name}", ratios(costs["echo"], costs["bare future"]), us=costs, at_once=AT_ONCE)
