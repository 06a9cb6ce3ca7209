"""What a hold costs whoever awaits it: beside the same contract written straightforwardly on other clients.

Every side talks to one server over one loopback port, with AOF `always`, under uvloop, on which the service
runs; each makes its requests while it is measured. The head of `bench/peers` says what the peers do as the
engine does, and what they leave out.
"""

import asyncio
import itertools
import socket
from collections.abc import Awaitable, Callable, Iterable, Iterator

import pytest
import uvloop
from pytest_benchmark.fixture import BenchmarkFixture

import plate_core
from bench.conftest import Judge, open_pools
from bench.crowd import AMOUNT_TIYN, POOL, Buyers, Row, seconds
from bench.figures import ROUNDS, interleaved, ratios
from bench.peers.glide import GlidePeer
from bench.peers.redis_asyncio import RedisAsyncioPeer
from bench.peers.redis_pipeline import RedisPipelinePeer
from bench.peers.wish import PeerWish
from tests.servers import StoreServer, new_server, remove_server

AT_ONCE = 256
PIPELINE = 64
MICRO = 1e6


@pytest.fixture(scope="module")
def port() -> int:
    """A free port of the loopback."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number


@pytest.fixture(scope="module")
def server(port: int) -> Iterator[StoreServer]:
    """A store that every client can reach: valkey-glide takes no unix socket."""
    server = new_server("valkey", port=str(port), maxmemory="2gb")
    yield server
    remove_server(server)


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """The loop of all sides."""
    loop = uvloop.new_event_loop()
    yield loop
    loop.close()


@pytest.fixture(scope="module")
def inventory(
    server: StoreServer, port: int, book: plate_core.RuleBook, loop: asyncio.AbstractEventLoop
) -> Iterator[plate_core.Inventory]:
    """The engine, one pool on sale."""
    del server
    inventory = plate_core.Inventory.open(f"redis://127.0.0.1:{port}", book)
    loop.run_until_complete(open_pools(inventory, book, [POOL]))
    yield inventory
    inventory.close()


@pytest.fixture(scope="module")
def buyers(book: plate_core.RuleBook) -> Buyers:
    """Whoever asks the engine."""
    return Buyers(book)


NUMBERS = itertools.count()


def peer_wishes(count: int) -> Iterable[PeerWish]:
    """Wishes for a peer, each made when it is asked for."""
    for number in itertools.islice(NUMBERS, count):
        yield PeerWish(f"bench-{number:012}", f"{number:032x}", number, AMOUNT_TIYN)


def hold_through(inventory: plate_core.Inventory) -> Callable[[Row], Awaitable[str]]:
    """One awaited hold of this engine."""

    async def hold(row: Row) -> str:
        (answer,) = await inventory.hold([row])
        return answer.outcome

    return hold


@pytest.fixture
def engine_side(
    inventory: plate_core.Inventory, buyers: Buyers, loop: asyncio.AbstractEventLoop
) -> Callable[[int, int], float]:
    """µs a hold of this engine, for so many holds, so many at once."""
    hold = hold_through(inventory)

    def side(holds: int, at_once: int) -> float:
        rows = (buyers.wish() for _ in range(holds))
        return loop.run_until_complete(seconds(hold, rows, at_once)) / holds * MICRO

    return side


def peer_side(
    loop: asyncio.AbstractEventLoop, hold: Callable[[PeerWish], Awaitable[str]], holds: int, at_once: int
) -> float:
    """µs a hold of an awaited peer."""
    return loop.run_until_complete(seconds(hold, peer_wishes(holds), at_once)) / holds * MICRO


def test_await_to_redis_asyncio(
    benchmark: BenchmarkFixture,
    judge: Judge,
    port: int,
    loop: asyncio.AbstractEventLoop,
    engine_side: Callable[[int, int], float],
) -> None:
    """256 at once, and one alone, beside redis.asyncio."""
    ours, theirs, alone, rounds = (512, 256, 32, 1) if benchmark.disabled else (25_600, 5_120, 600, ROUNDS)
    peer = RedisAsyncioPeer(f"redis://127.0.0.1:{port}")
    loop.run_until_complete(peer.open())
    costs = benchmark.pedantic(
        interleaved,
        args=(
            {
                "engine": lambda: engine_side(ours, AT_ONCE),
                "peer": lambda: peer_side(loop, peer.hold, theirs, AT_ONCE),
                "engine alone": lambda: engine_side(alone, 1),
                "peer alone": lambda: peer_side(loop, peer.hold, alone, 1),
            },
            rounds,
        ),
        rounds=1,
    )
    loop.run_until_complete(peer.close())
    judge("await_to_redis_asyncio", ratios(costs["peer"], costs["engine"]), us=costs, at_once=AT_ONCE)
    judge("latency_to_redis_asyncio", ratios(costs["engine alone"], costs["peer alone"]))


def test_await_to_glide(
    benchmark: BenchmarkFixture,
    judge: Judge,
    port: int,
    loop: asyncio.AbstractEventLoop,
    engine_side: Callable[[int, int], float],
) -> None:
    """256 at once, beside valkey-glide."""
    ours, theirs, rounds = (512, 256, 1) if benchmark.disabled else (25_600, 5_120, ROUNDS)
    peer = GlidePeer(port)
    loop.run_until_complete(peer.open())
    costs = benchmark.pedantic(
        interleaved,
        args=(
            {
                "engine": lambda: engine_side(ours, AT_ONCE),
                "peer": lambda: peer_side(loop, peer.hold, theirs, AT_ONCE),
            },
            rounds,
        ),
        rounds=1,
    )
    loop.run_until_complete(peer.close())
    judge("await_to_glide", ratios(costs["peer"], costs["engine"]), us=costs, at_once=AT_ONCE)


def test_await_to_pipeline(
    benchmark: BenchmarkFixture, judge: Judge, port: int, engine_side: Callable[[int, int], float]
) -> None:
    """256 at once, beside a pipeline of 64 that nobody awaits."""
    ours, theirs, rounds = (512, 256, 1) if benchmark.disabled else (25_600, 10_240, ROUNDS)
    peer = RedisPipelinePeer(f"redis://127.0.0.1:{port}")
    peer.open()

    async def hold(wishes: list[PeerWish]) -> str:
        (outcome,) = set(peer.hold(wishes))
        return outcome

    def side() -> float:
        lists = (list(peer_wishes(PIPELINE)) for _ in range(theirs // PIPELINE))
        return asyncio.run(seconds(hold, lists, 1)) / theirs * MICRO

    costs = benchmark.pedantic(
        interleaved, args=({"engine": lambda: engine_side(ours, AT_ONCE), "peer": side}, rounds), rounds=1
    )
    peer.close()
    judge("await_to_pipeline", ratios(costs["peer"], costs["engine"]), us=costs, pipeline=PIPELINE)
