"""What HTTP costs, and what the engine adds to it; and what a worker and the replica take.

Sides take turns over the same people. Each has one worker of production's server, so that one processor is
full and a ratio says what a request costs that worker; the generator is native and small.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from bench.app_server import AppServer, served
from bench.conftest import Judge
from bench.figures import ROUNDS, interleaved, ratios
from bench.house import House
from bench.people import BATCH, REGIONS, Crowd
from loadtests.generator import Summary, generate
from loadtests.plan import APPLICATIONS

# As many as a worker takes at a time; with few a hold waits for its turn of the store with few others.
CONNECTIONS, FEW_CONNECTIONS = 128, 32
REQUESTS = 4_000
BATCHES = 40
SHORT = 40
# A second of 1,340 arrivals is too short for a p99; a round of the figure has this many.
RATE, RATE_SECONDS = 1_340, 4
STILL = "bench.peers.still_engine:create_app"
HELLO = "bench.peers.hello_world:create_app"


@pytest.fixture(scope="module")
def ours(house: House) -> Iterator[AppServer]:
    """The service's app with one worker."""
    with house.beside(name="ours") as server:
        yield server


@pytest.fixture(scope="module")
def still(house: House) -> Iterator[AppServer]:
    """The same app over an engine that stands still."""
    with house.beside(STILL, name="still") as server:
        yield server


@pytest.fixture(scope="module")
def crowd(house: House, request: pytest.FixtureRequest) -> Crowd:
    """Everybody, with his token; few in the short form."""
    disabled = request.config.getoption("benchmark_disable")
    people = SHORT if disabled else APPLICATIONS
    return Crowd(house.provider, house.directory, people=people)


def rate(server: AppServer, plan: Path, *, connections: int = CONNECTIONS) -> float:
    """Requests a second; everyone of them was answered as its plan says."""
    return asked(server, plan, connections=connections).a_second


def asked(
    server: AppServer, plan: Path, *, arrivals: float | None = None, connections: int = CONNECTIONS
) -> Summary:
    """A plan's summary."""
    summary = generate(server.address, plan, connections=connections, rate=arrivals)
    assert summary.failed == 0, summary.failures
    return summary


def measure(
    benchmark: BenchmarkFixture, sides: dict[str, Callable[[int], float]], requests: int = REQUESTS
) -> dict[str, list[float]]:
    """What each side came to a round; in the short form one small round."""
    count = requests if benchmark.enabled else SHORT
    rounds = ROUNDS if benchmark.enabled else 1
    turns = {name: (lambda side=side: side(count)) for name, side in sides.items()}
    return benchmark.pedantic(lambda: interleaved(turns, rounds), rounds=1)


def test_hold(
    benchmark: BenchmarkFixture,
    judge: Judge,
    house: House,
    ours: AppServer,
    still: AppServer,
    crowd: Crowd,
) -> None:
    """POST hold beside the same endpoint without the inventory, and beside hello-world."""
    with served(HELLO, house.directory / "hello.log", ready="/openapi.json") as hello:
        if benchmark.enabled:
            # Everybody has been here before: tokens are verified once a minute, not at each request.
            rate(ours, crowd.holds(len(crowd.tokens)))
            rate(still, crowd.holds(len(crowd.tokens)))
        measured = measure(
            benchmark,
            {
                "ours": lambda count: rate(ours, crowd.holds(count)),
                "spread": lambda count: rate(ours, crowd.holds(count, regions=REGIONS)),
                "still": lambda count: rate(still, crowd.holds(count)),
                "hello": lambda count: rate(hello, crowd.greetings(count)),
                "ours, few": lambda count: rate(ours, crowd.holds(count), connections=FEW_CONNECTIONS),
                "still, few": lambda count: rate(still, crowd.holds(count), connections=FEW_CONNECTIONS),
            },
        )
    facts = {
        "requests": REQUESTS,
        "connections": CONNECTIONS,
        "tokens": len(crowd.tokens),
        "a_second": measured,
    }
    judge("http_hold_to_no_inventory", ratios(measured["ours"], measured["still"]), **facts)
    judge("http_hold_to_hello_world", ratios(measured["ours"], measured["hello"]), **facts)
    judge("http_hold_over_regions", ratios(measured["spread"], measured["still"]), regions=REGIONS)
    few = ratios(measured["ours, few"], measured["still, few"])
    judge("http_hold_few_at_once", few, connections=FEW_CONNECTIONS)


def test_search(
    benchmark: BenchmarkFixture, judge: Judge, ours: AppServer, still: AppServer, crowd: Crowd
) -> None:
    """GET search beside the same endpoint without the replica."""
    measured = measure(
        benchmark,
        {
            "ours": lambda count: rate(ours, crowd.searches(count)),
            "still": lambda count: rate(still, crowd.searches(count)),
        },
    )
    facts = {"requests": REQUESTS, "connections": CONNECTIONS, "a_second": measured}
    judge("http_search_to_no_inventory", ratios(measured["ours"], measured["still"]), **facts)


def test_batch(benchmark: BenchmarkFixture, judge: Judge, ours: AppServer, crowd: Crowd) -> None:
    """Holds of the batch endpoint, a hundred a request, beside the single endpoint's."""
    batches = BATCHES if benchmark.enabled else 1

    def single(count: int) -> float:
        # A batch comes with one token. Whose token was forgotten since the last round would pay for its
        # verification here, and make the batch look quicker than it is.
        rate(ours, crowd.holds(len(crowd.tokens)))
        return rate(ours, crowd.holds(count))

    measured = measure(
        benchmark,
        {
            "single": single,
            "batch": lambda _: asked(ours, crowd.batches(batches), connections=4).a_second * BATCH,
            "spread": lambda _: (
                asked(ours, crowd.batches(batches, regions=REGIONS), connections=4).a_second * BATCH
            ),
        },
    )
    judge("http_batch_to_single", ratios(measured["batch"], measured["single"]), holds_a_second=measured)
    judge("http_batch_over_regions", ratios(measured["spread"], measured["single"]), regions=REGIONS)


def test_open_loop(benchmark: BenchmarkFixture, judge: Judge, house: House, crowd: Crowd) -> None:
    """Ten times the festival's record, offered whatever the answers do; two workers, as `make up` has."""
    arrivals = RATE * RATE_SECONDS if benchmark.enabled else SHORT
    with house.beside(workers=2, name="open-loop") as server:

        def p99_ms(count: int) -> float:
            summary = asked(server, crowd.holds(count), arrivals=RATE, connections=256)
            return summary.latency_ms["hold"]["p99"]

        measured = measure(benchmark, {"p99": p99_ms}, requests=arrivals // 2)
    judge("open_loop_p99", measured["p99"], rate=RATE, connections=256)


def test_memory(
    benchmark: BenchmarkFixture, judge: Judge, house: House, ours: AppServer, crowd: Crowd
) -> None:
    """A worker that has met everybody, without the pages of the replica; and the replica, once."""
    rate(ours, crowd.holds(SHORT))
    rate(ours, crowd.searches(SHORT))
    (worker,) = ours.workers()
    resident, shared = benchmark.pedantic(lambda: resident_bytes(worker, "replica.planes"), rounds=1)
    replica = (house.directory / "replica.planes").stat()
    assert resident > 0
    assert 0 < replica.st_blocks * 512 <= replica.st_size + 4096
    judge("worker_memory", [(resident - shared) / 1e6], replica_pages_mapped_mb=shared / 1e6)
    judge("replica_memory", [replica.st_size / 1e6], allocated_mb=replica.st_blocks * 512 / 1e6)


def resident_bytes(pid: int, file: str) -> tuple[int, int]:
    """What is resident of a process, and how much of that are pages of a file."""
    resident = of_file = 0
    inside = False
    for line in Path(f"/proc/{pid}/smaps").read_text(encoding="utf-8").splitlines():
        if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
            inside = file in line
        elif line.startswith("Rss:"):
            kilobytes = int(line.split()[1])
            resident += kilobytes * 1024
            of_file += kilobytes * 1024 if inside else 0
    return resident, of_file
