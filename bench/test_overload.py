"""Overload, open loop: what is too much is refused at once with a time to come again, the rest is served.

The inventory is capped to batches of one, one in flight, and asked for lists of eight, so that a generator
beside it can offer five times what it bears; its queue holds a tenth of a second. HTTP is offered twice
what one worker of production's server bears. Each round measures what can be borne before and after, by a
closed loop, and between offers half of it, too much, and half again.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
from collections import deque
from collections.abc import Awaitable, Iterator
from pathlib import Path

import pytest
import uvloop
from pytest_benchmark.fixture import BenchmarkFixture

import plate_core
from bench.app_server import AppServer
from bench.conftest import Judge, open_pools
from bench.crowd import POOL, Buyers, Row, seconds
from bench.drivers import binary
from bench.figures import ROUNDS
from bench.house import House
from bench.overload import Asked, Kind, Overload, Shape, moments
from bench.people import Crowd
from loadtests.generator import generate
from loadtests.plan import APPLICATIONS
from plateapi.settings import Settings
from tests.servers import StoreServer

ENGINE_TIMES, HTTP_TIMES = 5.0, 2.0
# Lists, so that refusing and asking stay cheap beside what is refused and asked.
LIST = 8
CAPPED = {"batch_items_max": 1, "batches_in_flight": 1, "backlog_items_max": 256}
SHORT = Shape(before=0.2, over=0.5, after=0.5)
# More than the service takes in at a time, so that it and not the generator says no.
CONNECTIONS = 1_024
CLOSED = 32
# As many as one worker takes in at a time: measured with fewer, what it bears comes out too low.
CLOSED_HTTP = int(Settings.model_fields["requests_at_work_max"].default)
SHORT_PEOPLE = 500
# Holds a second: the festival's record, and more until one worker just bears it.
CURVE = (134, 335, 670, 1_340, 2_000)
RETRY_MS = range(20, 5_001)


def judge_all(judge: Judge, side: str, runs: list[Overload]) -> None:
    """The three figures of a side; whatever they came to, everybody is either served or refused."""
    assert [run.failed for run in runs] == [0] * len(runs)
    facts = {"capacity_a_second": [round(run.capacity) for run in runs]}
    judge(f"overload_{side}_goodput", [run.goodput for run in runs], **facts)
    # A round whose capacity was measured in a slow moment of the machine offered too little to be refused.
    refusals = [run.refusal_p99_ms for run in runs if run.refusal_p99_ms is not None]
    assert len(refusals) > len(runs) / 2, "too few rounds were an overload"
    judge(f"overload_{side}_refusal", refusals, **facts)
    judge(f"overload_{side}_recovery", [run.recovery_seconds for run in runs], **facts)


# --- the engine -------------------------------------------------------------------------------------------


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """The loop that the service runs on."""
    loop = uvloop.new_event_loop()
    yield loop
    loop.close()


@pytest.fixture
def capped(
    server: StoreServer, book: plate_core.RuleBook, loop: asyncio.AbstractEventLoop
) -> Iterator[plate_core.Inventory]:
    """A capped inventory over an empty store, with one pool on sale."""
    server.empty()
    inventory = plate_core.Inventory.open(server.url, book, options=CAPPED)
    loop.run_until_complete(open_pools(inventory, book, [POOL]))
    yield inventory
    inventory.close()


class OpenLoop:
    """Asks the engine for lists when it is time, whatever it says."""

    def __init__(self, inventory: plate_core.Inventory, buyers: Buyers) -> None:
        self.inventory = inventory
        self.buyers = buyers
        self.asked: list[Asked] = []

    async def run(self, offered: list[tuple[float, float]]) -> list[Asked]:
        """Every phase, and then the last answers."""
        self.loop = asyncio.get_running_loop()
        self.begun = self.loop.time()
        waiting: list[asyncio.Task[None]] = []
        due = deque(moments(offered))
        while due:
            now = self._now()
            while due and due[0] <= now:
                self._ask(due.popleft(), waiting)
            # The loop gets its turn however late it is: answers must be heard.
            await asyncio.sleep(max(due[0] - self._now(), 0) if due else 0)
        await asyncio.gather(*waiting)
        return self.asked

    def _ask(self, due: float, waiting: list[asyncio.Task[None]]) -> None:
        try:
            answers = self.inventory.hold(a_list(self.buyers))
        except plate_core.StoreOverloaded as refusal:
            in_time = refusal.context["retry_after_ms"] in RETRY_MS
            self._note(due, "refused" if in_time else "failed")
        else:
            waiting.append(self.loop.create_task(self._hear(answers, due)))

    async def _hear(self, answers: Awaitable[list[plate_core.Answer]], due: float) -> None:
        outcomes = {answer.outcome for answer in await answers}
        self._note(due, "done" if outcomes == {"held"} else "failed")

    def _note(self, due: float, kind: Kind) -> None:
        self.asked.append(Asked(due, self._now() - due, kind))

    def _now(self) -> float:
        return self.loop.time() - self.begun


def a_list(buyers: Buyers) -> list[Row]:
    """What is asked for at a time."""
    return [buyers.wish() for _ in range(LIST)]


def test_engine(
    benchmark: BenchmarkFixture,
    judge: Judge,
    capped: plate_core.Inventory,
    book: plate_core.RuleBook,
    loop: asyncio.AbstractEventLoop,
) -> None:
    """Five times what the inventory bears: refused by the call itself, and as much is held as without it."""
    rounds, shape, count = (ROUNDS, Shape(), 600) if benchmark.enabled else (1, SHORT, 100)
    buyers = Buyers(book)

    async def hold(rows: list[Row]) -> str:
        (outcome,) = {answer.outcome for answer in await capped.hold(rows)}
        return outcome

    def capacity() -> float:
        lists = (a_list(buyers) for _ in range(count))
        return count / loop.run_until_complete(seconds(hold, lists, CLOSED))

    def run() -> Overload:
        before = capacity()
        asked = loop.run_until_complete(OpenLoop(capped, buyers).run(shape.offered(before, ENGINE_TIMES)))
        return Overload(asked, statistics.mean((before, capacity())), shape)

    judge_all(judge, "engine", benchmark.pedantic(lambda: [run() for _ in range(rounds)], rounds=1))


# --- HTTP -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def ours(house: House) -> Iterator[AppServer]:
    """The service's app with one worker."""
    with house.beside(name="overload") as server:
        yield server


@pytest.fixture(scope="module")
def crowd(house: House, request: pytest.FixtureRequest) -> Crowd:
    """Everybody, with his token; few in the short form."""
    people = SHORT_PEOPLE if request.config.getoption("benchmark_disable") else APPLICATIONS
    return Crowd(house.provider, house.directory, people=people)


def test_http(benchmark: BenchmarkFixture, judge: Judge, ours: AppServer, crowd: Crowd) -> None:
    """Twice what a worker bears: 503 with Retry-After for the rest, and as many holds as without it."""
    rounds, shape, count = (ROUNDS, Shape(), 3_000) if benchmark.enabled else (1, SHORT, SHORT_PEOPLE)
    # Everybody has been here before: tokens are verified once a minute, not at each request.
    closed(ours, crowd.holds(len(crowd.tokens)))

    def run() -> Overload:
        before = closed(ours, crowd.holds(count))
        offered = shape.offered(before, HTTP_TIMES)
        asked = offer(ours, crowd.holds(len(moments(offered))), offered)
        after = closed(ours, crowd.holds(count))
        return Overload(asked, statistics.mean((before, after)), shape)

    judge_all(judge, "http", benchmark.pedantic(lambda: [run() for _ in range(rounds)], rounds=1))


def closed(server: AppServer, plan: Path) -> float:
    """Holds a second of a closed loop."""
    summary = generate(server.address, plan, connections=CLOSED_HTTP)
    assert summary.failed == 0, summary.failures
    return summary.a_second


def offer(server: AppServer, plan: Path, offered: list[tuple[float, float]]) -> list[Asked]:
    """A plan's requests, each when it is due."""
    steps = [f"{rate}:{lasts}" for rate, lasts in offered]
    address = server.address.removeprefix("http://")
    done = subprocess.run(
        [binary("offer"), plan, address, str(CONNECTIONS), *steps], check=True, capture_output=True, text=True
    )
    return [
        Asked(due_us / 1e6, took_us / 1e6, kind_of(status, retry_after))
        for due_us, took_us, status, retry_after in json.loads(done.stdout)
    ]


def kind_of(status: int, retry_after_seconds: int) -> Kind:
    """Held, refused with a time to come again, or neither."""
    if status == 201:
        return "done"
    return "refused" if status == 503 and retry_after_seconds > 0 else "failed"


def test_latency_curve(benchmark: BenchmarkFixture, judge: Judge, ours: AppServer, crowd: Crowd) -> None:
    """How long a hold takes as more are offered to one worker: each rate in turn, everybody served."""
    rates, lasts, rounds = (CURVE, 2.0, 3) if benchmark.enabled else ((200, 400), 0.3, 1)
    closed(ours, crowd.holds(len(crowd.tokens)))

    def latencies_ms(rate: float) -> list[float]:
        asked = offer(ours, crowd.holds(len(moments([(rate, lasts)]))), [(rate, lasts)])
        assert {one.kind for one in asked} <= {"done", "refused"}
        return sorted(one.took * 1_000 for one in asked)

    def turn() -> list[dict[str, float]]:
        took = {rate: latencies_ms(rate) for rate in rates}
        return [
            {"rate": rate, "p50": all_ms[len(all_ms) // 2], "p99": all_ms[int(len(all_ms) * 0.99)]}
            for rate, all_ms in took.items()
        ]

    turns = benchmark.pedantic(lambda: [turn() for _ in range(rounds)], rounds=1)
    curve = [
        {name: statistics.median(point[name] for point in points) for name in ("rate", "p50", "p99")}
        for points in zip(*turns, strict=True)
    ]
    judge("http_latency_curve", [points[-1]["p99"] for points in turns], curve=curve)
