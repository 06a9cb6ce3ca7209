"""The peers are peers: asked the same things in the same order, they say what the engine says.

A ratio to somebody who does less is no ratio. So `peers/hold.lua`, PostgreSQL's `hold` and the engine go
through one story, outcome by outcome, on real servers. Nothing is measured here; `make test` runs it, `make
bench` does not.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
import redis

import plate_core
from bench.crowd import AMOUNT_TIYN, POOL
from bench.peers.postgres.client import PostgresPeer, outcome_of
from bench.peers.postgres.cluster import Cluster, own_cluster, server_programs
from bench.peers.redis_pipeline import RedisPipelinePeer
from bench.peers.wish import POOL_KEY, TARIFF, PeerWish
from tests.servers import StoreServer

FAR_MS = 4_000_000_000_000
OTHER_TARIFF = "f" * 64


@dataclass
class EngineSide:
    """The engine, as the story asks it."""

    inventory: plate_core.Inventory
    book: plate_core.RuleBook
    loop: asyncio.AbstractEventLoop
    last: plate_core.Answer | None = None

    def ask(self, who: str, place: int, request_id: str, *, priced: bool = True) -> str:
        """One hold, by the tariff in force or by another."""
        tariff = self.book.tariffs()[0]["revision"] if priced else OTHER_TARIFF
        row = (self._act(who, request_id), self._mark(place), tariff, AMOUNT_TIYN)
        (self.last,) = self.loop.run_until_complete(self._hold(row))
        return self.last.outcome

    async def _hold(self, row: tuple[plate_core.Act, plate_core.Mark, str, int]) -> list[plate_core.Answer]:
        return await self.inventory.hold([row])

    def answer(self) -> object:
        """The last answer, as far as a repetition must give it again."""
        assert self.last is not None
        return (self.last.outcome, self.last.revision, self.last.server_time_ms)

    def withhold(self, place: int) -> None:
        """Takes a mark off sale."""

        async def act() -> None:
            await self.inventory.withhold(self._official("withhold-it"), [self._mark(place)], "auction")

        self.loop.run_until_complete(act())

    def issue(self, place: int) -> None:
        """Puts a mark on the road."""

        async def act() -> None:
            ordinals = self._mark(place).ordinal.to_bytes(4, "little")
            await self.inventory.import_issued(self._official("import-it"), POOL, ordinals)

        self.loop.run_until_complete(act())

    def set_terms(self, **terms: int) -> None:
        """Changes what the pool demands of a hold."""

        async def act() -> None:
            settings = {
                name: value if name == "opens_at_ms" else bool(value) for name, value in terms.items()
            }
            request_id = f"terms-{'-'.join(f'{name}-{value}' for name, value in terms.items())}"
            await self.inventory.configure_pools(self._official(request_id), {POOL: settings})

        self.loop.run_until_complete(act())

    def release(self, who: str, place: int) -> None:
        """Gives back what was held last."""
        live = self._live()

        async def act() -> None:
            row = (self._act(who, "give-it-back"), self._mark(place), live.hold_id, live.revision)
            (answer,) = await self.inventory.release([row])
            assert answer.outcome == "released"

        self.loop.run_until_complete(act())

    def allot(self, who: str, place: int) -> None:
        """Pays for what was held last."""
        live, act, mark = self._live(), self._act(who, "begin-to-pay"), self._mark(place)
        payment = {
            "provider": "bank",
            "transaction": "t-1",
            "hold_id": live.hold_id,
            "amount_tiyn": AMOUNT_TIYN,
            "paid_at_ms": live.held_at_ms,
            "current_tariff": live.tariff.ljust(64, "0"),
            "current_amount_tiyn": AMOUNT_TIYN,
        }

        async def pay() -> None:
            (begun,) = await self.inventory.begin_payment([(act, mark, live.hold_id, live.revision)])
            assert begun.outcome == "payment_begun"
            (paid,) = await self.inventory.confirm([(self._official("pay-for-it"), mark, payment)])
            assert paid.outcome == "allotted"

        self.loop.run_until_complete(pay())

    def _live(self) -> plate_core.Live:
        assert self.last is not None
        assert self.last.live is not None
        return self.last.live

    def _mark(self, place: int) -> plate_core.Mark:
        return self.book.mark_at(POOL, place)

    def _act(self, who: str, request_id: str) -> plate_core.Act:
        applicant = who.encode().ljust(16, b"\0")
        return plate_core.Act(
            request_id=request_id, caller=who, channel="portal", applicant=applicant, applicant_key_id=1
        )

    def _official(self, request_id: str) -> plate_core.Act:
        return plate_core.Act(request_id=request_id, caller="keeper", channel="keeper")


@dataclass
class PeerSide:
    """The peer; what it has no script for is left as that script would leave it."""

    peer: RedisPipelinePeer
    last: bytes = b""
    wish: PeerWish = field(default=PeerWish("", "", 0, 0))

    @property
    def client(self) -> redis.Redis:
        """A look inside."""
        return self.peer.client

    def ask(self, who: str, place: int, request_id: str, *, priced: bool = True) -> str:
        """One hold, by the tariff in force or by another."""
        tariff = TARIFF if priced else OTHER_TARIFF
        self.wish = PeerWish(request_id, who, place, AMOUNT_TIYN, tariff=tariff, caller=who)
        (self.last,) = self.peer.answers([self.wish])
        return self.last.split(b"|", 1)[0].decode()

    def answer(self) -> object:
        """The last answer, word for word."""
        return self.last

    def withhold(self, place: int) -> None:
        """Takes a mark off sale."""
        self.client.setbit(f"{POOL_KEY}:withheld", place, 1)

    def issue(self, place: int) -> None:
        """Puts a mark on the road."""
        self.client.setbit(f"{POOL_KEY}:issued", place, 1)

    def set_terms(self, **terms: int) -> None:
        """Changes what the pool demands of a hold."""
        for name, value in terms.items():
            self.client.hset(POOL_KEY, name, str(value))

    def release(self, who: str, place: int) -> None:
        """What a release leaves: the mark free, the permit given back, a cool-down."""
        self.client.delete(f"{POOL_KEY}:mark:{place}")
        self.client.zrem(f"permits:{who}", self.wish.arguments[0])
        self.client.hset(f"{POOL_KEY}:cooldowns", f"{who}|{place}", str(FAR_MS))

    def allot(self, who: str, place: int) -> None:
        """What a payment leaves: another state, and no permit."""
        self.client.hset(f"{POOL_KEY}:mark:{place}", "state", "allotted")
        self.client.zrem(f"permits:{who}", self.wish.arguments[0])


@dataclass
class PostgresSide:
    """PostgreSQL; what it has no function for is left as that function would leave it."""

    peer: PostgresPeer
    loop: asyncio.AbstractEventLoop
    last: str = ""

    def ask(self, who: str, place: int, request_id: str, *, priced: bool = True) -> str:
        """One hold, by the tariff in force or by another."""
        tariff = TARIFF if priced else OTHER_TARIFF
        wish = PeerWish(request_id, who, place, AMOUNT_TIYN, tariff=tariff, caller=who)
        self.last = self.loop.run_until_complete(self.peer.answer(wish))
        return outcome_of(self.last)

    def answer(self) -> object:
        """The last answer, word for word."""
        return self.last

    def withhold(self, place: int) -> None:
        """Takes a mark off sale."""
        self._do("INSERT INTO planes VALUES ($1, 'withheld', $2)", POOL, place)

    def issue(self, place: int) -> None:
        """Puts a mark on the road."""
        self._do("INSERT INTO planes VALUES ($1, 'issued', $2)", POOL, place)

    def set_terms(self, **terms: int) -> None:
        """Changes what the pool demands of a hold."""
        for name, value in terms.items():
            self._do(f"UPDATE pools SET {name} = $1", value if name == "opens_at_ms" else bool(value))

    def release(self, who: str, place: int) -> None:
        """What a release leaves: the mark free, and a cool-down."""
        self._do("UPDATE marks SET state = 'free' WHERE ordinal = $1", place)
        self._do("INSERT INTO cooldowns VALUES ($1, $2, $3, $4)", who, POOL, place, FAR_MS)

    def allot(self, who: str, place: int) -> None:
        """What a payment leaves: another state."""
        self._do("UPDATE marks SET state = 'allotted' WHERE applicant = $1 AND ordinal = $2", who, place)

    def _do(self, statement: str, *values: object) -> None:
        self.loop.run_until_complete(self.peer.pool.execute(statement, *values))


Side = EngineSide | PeerSide | PostgresSide


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """PostgreSQL, where it is installed."""
    if server_programs() is None:
        pytest.skip("PostgreSQL is not installed; run: apt-get install postgresql")
    with own_cluster() as cluster:
        yield cluster


@pytest.fixture
def postgres(cluster: Cluster, loop: asyncio.AbstractEventLoop) -> Iterator[PostgresSide]:
    """The peer on PostgreSQL, its pool on sale."""
    peer = PostgresPeer(cluster, connections=6)
    loop.run_until_complete(peer.open())
    yield PostgresSide(peer, loop)
    loop.run_until_complete(peer.close())


@pytest.fixture
def peer(server: StoreServer) -> Iterator[PeerSide]:
    """The peer, its pool on sale."""
    server.empty()
    peer = RedisPipelinePeer(server.url)
    peer.open()
    yield PeerSide(peer)
    peer.close()


@pytest.fixture(params=["engine", "peer", "postgres"])
def side(request: pytest.FixtureRequest, book: plate_core.RuleBook) -> Side:
    """Whoever goes through the story."""
    if request.param != "engine":
        return request.getfixturevalue(request.param)  # type: ignore[no-any-return]
    inventory, loop = request.getfixturevalue("inventory"), request.getfixturevalue("loop")
    return EngineSide(inventory, book, loop)


def test_one_story(side: Side) -> None:
    """Who asks for what, and what is said: the same of both, with the answers told again word for word."""
    assert side.ask("aigerim", 1, "request-01") == "held"
    first = side.answer()
    assert side.ask("aigerim", 1, "request-01") == "held"
    assert side.answer() == first
    assert side.ask("aigerim", 2, "request-01") == "request_id_reused"
    assert side.ask("aigerim", 1, "request-02") == "held_by_you"
    assert side.ask("daniyar", 1, "request-03") == "held_by_another"
    refused = side.answer()
    assert side.ask("daniyar", 1, "request-03") == "held_by_another"
    assert side.answer() == refused

    side.withhold(3)
    assert side.ask("daniyar", 3, "request-04") == "mark_withheld"
    side.issue(4)
    assert side.ask("daniyar", 4, "request-05") == "mark_issued"

    assert side.ask("daniyar", 5, "request-06", priced=False) == "tariff_changed"
    assert side.ask("daniyar", 6, "request-06") == "request_id_reused"
    assert side.ask("daniyar", 5, "request-06") == "held"
    side.release("daniyar", 5)
    assert side.ask("daniyar", 5, "request-07") == "cooling_down"
    assert side.ask("aigerim", 5, "request-08") == "held"

    assert side.ask("aigerim", 7, "request-09") == "held"
    assert side.ask("aigerim", 8, "request-10") == "limit_reached"
    assert side.ask("daniyar", 8, "request-11") == "held"
    side.allot("daniyar", 8)
    assert side.ask("aigerim", 8, "request-12") == "limit_reached"
    assert side.ask("samal", 8, "request-13") == "mark_allotted"


def test_the_pools_terms(side: Side) -> None:
    """Paused, stopped or not open yet: refused now, and judged afresh with the same request id."""
    for terms, outcome in (
        ({"paused": 1}, "pool_paused"),
        ({"holds_stopped": 1}, "holds_stopped"),
        ({"opens_at_ms": FAR_MS}, "not_open"),
    ):
        side.set_terms(**terms)
        assert side.ask("aigerim", 1, "request-01") == outcome
        side.set_terms(**dict.fromkeys(terms, 0))
    assert side.ask("aigerim", 1, "request-01") == "held"


def test_postgres_lets_a_hold_expire_in_passing(postgres: PostgresSide) -> None:
    """A hold that is over gives its mark to who asks, cools its holder down and is in the journal."""
    for place in (1, 2):
        postgres.ask("aigerim", place, f"request-0{place}")
    postgres._do("UPDATE marks SET deadline_ms = 1")
    assert postgres.ask("daniyar", 1, "request-03") == "held"
    assert postgres.ask("aigerim", 1, "request-04") == "held_by_another"
    assert postgres.ask("aigerim", 2, "request-05") == "cooling_down"
    verbs = postgres.loop.run_until_complete(
        postgres.peer.pool.fetch("SELECT verb FROM journal ORDER BY revision")
    )
    assert [verb for (verb,) in verbs] == ["hold", "hold", "hold", "expire"]


def test_postgres_assigns_each_mark_once(postgres: PostgresSide) -> None:
    """Many who are offered the same marks at once get one each, and the last nothing."""
    postgres.loop.run_until_complete(postgres.peer.offer(5))

    async def all_ask() -> list[str]:
        wishes = [PeerWish(f"request-{number}", f"citizen-{number}", number, 1) for number in range(6)]
        asked = [postgres.peer.assign_next(wish, [1, 2, 3, 4, 5]) for wish in wishes]
        return await asyncio.gather(*asked)

    assert sorted(postgres.loop.run_until_complete(all_ask())) == ["held"] * 5 + ["none_left"]


def test_no_deadline_of_the_peer_is_a_ttl(peer: PeerSide) -> None:
    """A clock that jumps gives no mark away: nothing of a hold has a native TTL, all of it has an index."""
    peer.ask("aigerim", 1, "request-01")
    assert {peer.client.ttl(key) for key in peer.client.scan_iter()} == {-1}
    (deadline,) = {
        float(peer.client.hget(f"{POOL_KEY}:mark:1", "deadline_ms") or 0),
        *(score for _, score in peer.client.zrange(f"{POOL_KEY}:due_holds", 0, -1, withscores=True)),
        *(score for _, score in peer.client.zrange("permits:aigerim", 0, -1, withscores=True)),
    }
    assert deadline > time.time() * 1000
    assert peer.client.zcard(f"{POOL_KEY}:due_requests") == 1


def test_the_peer_lets_a_hold_expire_in_passing(peer: PeerSide) -> None:
    """A hold that is over gives its mark to who asks, cools its holder down and is in the journal."""
    for who, request_id in (("aigerim", "request-01"), ("aigerim", "request-02")):
        place = int(request_id[-1])
        peer.ask(who, place, request_id)
        peer.client.hset(f"{POOL_KEY}:mark:{place}", "deadline_ms", "1")
    assert peer.ask("daniyar", 1, "request-03") == "held"
    assert peer.ask("aigerim", 2, "request-04") == "cooling_down"
    assert not peer.client.exists(f"{POOL_KEY}:mark:2")
    verbs = [entry[b"verb"] for _, entry in peer.client.xrange(f"{POOL_KEY}:feed")]
    assert verbs == [b"hold", b"hold", b"expire", b"hold", b"expire"]


def test_the_peers_journal_suffices(peer: PeerSide) -> None:
    """The record of a mark can be read from the entry of its hold, field by field."""
    peer.ask("aigerim", 1, "request-01")
    ((_, entry),) = peer.client.xrange(f"{POOL_KEY}:feed")
    record = peer.client.hgetall(f"{POOL_KEY}:mark:1")
    assert record.items() <= entry.items()


def test_the_peer_obeys_the_next_tariff(peer: PeerSide) -> None:
    """A deadline is cut at the change; from then on only the next tariff prices."""
    now_ms = int(time.time() * 1000)
    cut_ms = now_ms + 60_000
    peer.client.hset(POOL_KEY, mapping={"next_tariff": "kz-2027", "next_from_ms": cut_ms})
    assert peer.ask("aigerim", 1, "request-01") == "held"
    assert int(peer.last.split(b"|")[3]) == cut_ms
    peer.client.hset(POOL_KEY, "next_from_ms", str(now_ms - 1_000))
    assert peer.ask("aigerim", 2, "request-02") == "tariff_changed"
