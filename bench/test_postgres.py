"""For context: holds a second, the engine's and those of PostgreSQL with the same contract, 256 at once.

INSERT ... ON CONFLICT stands beside `hold`, FOR UPDATE SKIP LOCKED beside `assign_next`. Both servers write
to the same kind of directory and fsync before they answer. Each is measured alone while the other is idle.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import TypeVar

import pytest
import uvloop
from pytest_benchmark.fixture import BenchmarkFixture

import plate_core
from bench.conftest import Judge
from bench.crowd import AMOUNT_TIYN, POOL, Buyers, Row, seconds
from bench.figures import ROUNDS, interleaved, ratios
from bench.peers.postgres.client import CONNECTIONS, PostgresPeer
from bench.peers.postgres.cluster import own_cluster, server_programs
from bench.peers.wish import PeerWish

pytestmark = pytest.mark.skipif(
    server_programs() is None, reason="PostgreSQL is not installed; run: apt-get install postgresql"
)

AT_ONCE = 256
# Enough for all rounds of SKIP LOCKED, and a table that no plan reads from end to end.
ROWS = 100_000
Wish = TypeVar("Wish")
# So many applicants are offered the same twice as many marks, so most find some taken or just being taken.
TOGETHER = 8
OFFERED = 2 * TOGETHER
Assignment = tuple[plate_core.Act, list[plate_core.Mark], str, int]


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """The loop of both sides."""
    loop = uvloop.new_event_loop()
    yield loop
    loop.close()


@pytest.fixture
def peer(loop: asyncio.AbstractEventLoop) -> Iterator[PostgresPeer]:
    """The peer on a cluster of its own, its pool on sale."""
    with own_cluster() as cluster:
        peer = PostgresPeer(cluster)
        loop.run_until_complete(peer.open())
        yield peer
        loop.run_until_complete(peer.close())


def peer_wishes(numbers: Iterator[int], count: int) -> Iterable[PeerWish]:
    """Wishes for the peer, each another applicant's for another mark."""
    for number in itertools.islice(numbers, count):
        yield PeerWish(f"bench-{number:012}", f"{number:032x}", number, AMOUNT_TIYN)


def offered_to(number: int) -> range:
    """The places of the marks that an applicant is offered."""
    first = number // TOGETHER * OFFERED
    return range(first + 1, first + OFFERED + 1)


def test_on_conflict(
    benchmark: BenchmarkFixture,
    judge: Judge,
    inventory: plate_core.Inventory,
    book: plate_core.RuleBook,
    loop: asyncio.AbstractEventLoop,
    peer: PostgresPeer,
) -> None:
    """A chosen mark, each applicant his own."""
    ours, theirs, rounds = (512, 256, 1) if benchmark.disabled else (15_360, 5_120, ROUNDS)
    buyers, numbers = Buyers(book), itertools.count(ROWS + 1)
    loop.run_until_complete(peer.offer(ROWS))

    async def hold(row: Row) -> str:
        (answer,) = await inventory.hold([row])
        return answer.outcome

    def engine_side() -> float:
        return holds_a_second(loop, hold, (buyers.wish() for _ in range(ours)), ours)

    def peer_side() -> float:
        return holds_a_second(loop, peer.hold, peer_wishes(numbers, theirs), theirs)

    measured = benchmark.pedantic(
        interleaved, args=({"engine": engine_side, "peer": peer_side}, rounds), rounds=1
    )
    facts = {"holds_a_second": measured, "at_once": AT_ONCE, "connections": CONNECTIONS}
    judge("postgres_on_conflict", ratios(measured["engine"], measured["peer"]), **facts)


def test_skip_locked(
    benchmark: BenchmarkFixture,
    judge: Judge,
    inventory: plate_core.Inventory,
    book: plate_core.RuleBook,
    loop: asyncio.AbstractEventLoop,
    peer: PostgresPeer,
) -> None:
    """The first free of 16 marks, which 8 applicants are offered at about the same time."""
    ours, theirs, rounds = (512, 256, 1) if benchmark.disabled else (15_360, 5_120, ROUNDS)
    loop.run_until_complete(peer.offer(ROWS))
    buyers, numbers, peer_numbers = Buyers(book), itertools.count(), itertools.count()

    def assignment(number: int) -> Assignment:
        act, _, tariff, amount_tiyn = buyers.wish(book.mark_at(POOL, 1))
        return act, [mark_in(book, place) for place in offered_to(number)], tariff, amount_tiyn

    async def assign(one: Assignment) -> str:
        (answer,) = await inventory.assign_next([one])
        return answer.outcome

    async def assign_at_peer(wish: PeerWish) -> str:
        return await peer.assign_next(wish, list(offered_to(wish.ordinal)))

    def engine_side() -> float:
        # Made before the clock starts: 16 marks a wish are the bench's work, not the engine's.
        assignments = [assignment(number) for number in itertools.islice(numbers, ours)]
        return holds_a_second(loop, assign, assignments, ours)

    def peer_side() -> float:
        return holds_a_second(loop, assign_at_peer, peer_wishes(peer_numbers, theirs), theirs)

    measured = benchmark.pedantic(
        interleaved, args=({"engine": engine_side, "peer": peer_side}, rounds), rounds=1
    )
    facts = {"holds_a_second": measured, "at_once": AT_ONCE, "offered": OFFERED, "together": TOGETHER}
    judge("postgres_skip_locked", ratios(measured["engine"], measured["peer"]), **facts)


def mark_in(book: plate_core.RuleBook, place: int) -> plate_core.Mark:
    """The n-th mark of the pool, 000 and the padding left out."""
    row, digits = divmod(place - 1, 999)
    return book.mark_at(POOL, row * 1024 + digits + 1)


def holds_a_second(
    loop: asyncio.AbstractEventLoop, ask: Callable[[Wish], Awaitable[str]], wishes: Iterable[Wish], count: int
) -> float:
    """How many a second, 256 at once."""
    return count / loop.run_until_complete(seconds(ask, wishes, AT_ONCE))
