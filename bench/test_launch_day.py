"""The whole of 5 January 2026 over HTTP, ours and a straightforward peer's, on this machine's processors.

Each round is a day of its own: 11,000 new people, complete journeys, a fifth of them at desks, and with us a
tariff that is published in the middle. Whatever the figure, the check of every mark's history must find
nothing in all the days together, and double holds in the sabotaged one.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from bench.app_server import served
from bench.conftest import Judge
from bench.figures import ROUNDS, interleaved, ratios
from loadtests.generator import Summary
from loadtests.launch_day import CONNECTIONS, Day, opened_day, spoiled
from loadtests.plan import APPLICATIONS, WANTED_SHARE
from tests.lasting_law import lasting_law, light_law
from tests.servers import new_server, remove_server

PEER = "bench.peers.straightforward.app:create_app"
WORKERS = 2
# A day of Locust takes three of ours; its promise is absolute, and three of them say whether it is kept.
LOCUST_ROUNDS = 3
SHORT = 60
CONTROL = 150


@pytest.fixture(scope="module")
def base() -> Iterator[Path]:
    """A directory in memory where there is some, as for every bench: a disk's fsync is another figure."""
    memory = Path("/dev/shm")
    base = Path(tempfile.mkdtemp(prefix="day-", dir=memory if memory.is_dir() else None))
    yield base
    shutil.rmtree(base, ignore_errors=True)


@pytest.fixture(scope="module")
def day(base: Path, request: pytest.FixtureRequest) -> Iterator[Day]:
    """A service with the whole law; in the short form with the light one."""
    short = request.config.getoption("benchmark_disable")
    with opened_day(base, "honest", law=light_law() if short else lasting_law()) as day:
        yield day


@pytest.fixture(scope="module")
def peer(day: Day, base: Path) -> Iterator[Day]:
    """The peer, with the same people and keys, on a store of its own with the same settings."""
    server = new_server("valkey")
    environment = {"PEER_KEYS": str(day.directory / "keys"), "PEER_REDIS_URL": server.url}
    try:
        log = base / "peer.log"
        with served(PEER, log, ready="/openapi.json", workers=WORKERS, environment=environment) as app:
            yield replace(day, address=app.address)
    finally:
        remove_server(server)


def seconds(summary: Summary, applications: int) -> float:
    """How long a day took, in which nobody failed and everybody got a mark."""
    assert summary.failed == 0, summary.failures
    assert summary.journeys == {"allotted": applications}
    return summary.seconds


def assert_history(day: Day, applications: int) -> None:
    """Owners, payments and counts of all days together."""
    history = day.history()
    assert history.findings == []
    assert history.allotted == history.settled == applications


def test_native(benchmark: BenchmarkFixture, judge: Judge, day: Day, peer: Day) -> None:
    """11,000 complete journeys by the native generator, and the same by the same people at the peer."""
    people, rounds = (APPLICATIONS, ROUNDS) if benchmark.enabled else (SHORT, 1)
    plans = {number: day.prepare(number, people) for number in range(rounds)}
    last: dict[str, int] = {"ours": -1, "peer": -1}
    failed_at_peer: list[int] = []

    def travelled(side: str, place: Day) -> float:
        last[side] += 1
        plan = plans[last[side]]
        # What the peer tells is not in our journal.
        summary = place.travel(plan, tariff=side == "ours", told=side == "ours")
        if side == "ours":
            return seconds(summary, people)
        # The peer promises nothing: who goes home from it without a mark is counted, and costs it no time.
        failed_at_peer.append(summary.failed)
        return summary.seconds

    sides = {"ours": lambda: travelled("ours", day), "peer": lambda: travelled("peer", peer)}
    measured = benchmark.pedantic(lambda: interleaved(sides, rounds), rounds=1)
    assert_history(day, people * rounds)
    facts = {
        "applications": people,
        "connections": CONNECTIONS,
        "first_want_the_same_forty": WANTED_SHARE,
        "seconds": measured,
        "failed_at_peer": failed_at_peer,
    }
    judge("launch_day_native", measured["ours"], **facts)
    judge("launch_day_to_peer", ratios(measured["peer"], measured["ours"]), **facts)


def test_locust(benchmark: BenchmarkFixture, judge: Judge, day: Day) -> None:
    """The same by Locust, which takes a good part of the processors for itself."""
    people, rounds = (APPLICATIONS, LOCUST_ROUNDS) if benchmark.enabled else (SHORT, 1)
    before = day.history().allotted
    plans = [day.prepare(ROUNDS + number, people) for number in range(rounds)]
    travelled = benchmark.pedantic(
        lambda: [seconds(day.travel(plan, generator="locust"), people) for plan in plans], rounds=1
    )
    assert_history(day, before + people * rounds)
    judge("launch_day_locust", travelled, applications=people, connections=CONNECTIONS)


def test_the_sabotaged_control(benchmark: BenchmarkFixture, base: Path) -> None:
    """The check finds double holds on a store whose hold function asks nobody who has a mark."""
    findings = benchmark.pedantic(lambda: spoiled(base, CONTROL, law=light_law()), rounds=1)
    assert "owners_by_journal" in {finding.check for finding in findings}
