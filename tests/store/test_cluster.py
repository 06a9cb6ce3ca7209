"""A cluster by its URL: the boot contract node by node, and everything that spans pools."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from plate_core import (
    Act,
    BootContractBroken,
    InputInvalid,
    Inventory,
    Mark,
    Replica,
    ReplicaWriter,
    RuleBook,
    StoreUnavailable,
    load_rule_book,
)
from proof.crowd import POOLS, open_sale
from tests.clusters import Node, StoreCluster, await_that, free_ports, running_cluster
from tests.lasting_law import PATTERNS
from tests.servers import StoreServer

AMOUNT_TIYN = 4_325_000
READY_SECONDS = 20.0
POOL_ALONE = "person_car.03"  # none of those that other tests count
APPLICANT = bytes(15) + b"\x01"
ANOTHER = bytes(15) + b"\x02"  # whose marks nobody counts


@pytest.fixture(scope="module", params=["valkey", "redis"])
def cluster(request: pytest.FixtureRequest) -> Iterator[StoreCluster]:
    """A cluster for all of these tests."""
    with running_cluster(request.param) as one:
        yield one


@pytest.fixture(scope="module")
def book() -> RuleBook:
    """The law."""
    return load_rule_book(PATTERNS)


def act(request_id: str, applicant: bytes = APPLICANT) -> Act:
    """An act of one person."""
    return Act(
        request_id=request_id, caller="driver-1", channel="portal", applicant=applicant, applicant_key_id=1
    )


@pytest.mark.parametrize(
    "url",
    [
        "redis+cluster://",
        "redis+cluster://host/",
        "redis+cluster://user:secret@host:7001,:7002/",
        "redis+cluster://host:7001/3",
        "redis+cluster://host:7001/?replicas=0",
    ],
)
def test_a_url_that_cannot_be_meant_is_refused(url: str, book: RuleBook) -> None:
    """With the argument's name, and without the password."""
    with pytest.raises(InputInvalid) as refused:
        Inventory.open(url, book)
    assert refused.value.slug == "url_invalid"
    assert "secret" not in str(refused.value)


async def test_each_node_is_held_to_the_contract(cluster: StoreCluster, book: RuleBook) -> None:
    """A setting of a replica counts like one of a primary; each fault names its node."""
    primary, replica = cluster.nodes[0], cluster.nodes[4]
    inventory = Inventory.open(cluster.url, book)
    try:
        primary.ask("CONFIG", "SET", "min-replicas-to-write", "0")
        replica.ask("CONFIG", "SET", "appendfsync", "everysec")
        with pytest.raises(BootContractBroken) as broken:
            await inventory.check_contract(None)
        found = {fault["setting"]: fault["mend"] for fault in broken.value.context["faults"]}
        assert found == {
            f"min-replicas-to-write of {primary.address}": "CONFIG SET min-replicas-to-write 1",
            f"appendfsync of {replica.address}": "CONFIG SET appendfsync always",
        }
        primary.ask("CONFIG", "SET", "min-replicas-to-write", "1")
        replica.ask("CONFIG", "SET", "appendfsync", "always")
        assert await inventory.check_contract(None) == await inventory.check_contract(None)
    finally:
        inventory.close()


async def test_more_replicas_than_there_are_is_a_fault(cluster: StoreCluster, book: RuleBook) -> None:
    """`?replicas=2` holds the cluster to two."""
    inventory = Inventory.open(f"{cluster.url}?replicas=2", book)
    try:
        with pytest.raises(BootContractBroken) as broken:
            await inventory.check_contract(None)
    finally:
        inventory.close()
    named = [fault["setting"] for fault in broken.value.context["faults"]]
    assert sum(name.startswith("replicas of") for name in named) == 3


async def test_a_node_that_does_not_answer_is_named(cluster: StoreCluster, book: RuleBook) -> None:
    """Until the others take it for gone nobody knows how it is set: a fault of its own, and of no other."""
    replica = cluster.replica_of(cluster.primary_of(POOL_ALONE))
    inventory = Inventory.open(cluster.url, book)
    try:
        replica.signal(signal.SIGSTOP)
        try:
            with pytest.raises(BootContractBroken) as broken:
                await inventory.check_contract(None)
        finally:
            replica.signal(signal.SIGCONT)
        [fault] = broken.value.context["faults"]
        assert fault["setting"] == f"answer of {replica.address}"
        assert fault["found"].startswith("none (")
    finally:
        inventory.close()
    await_that("all is whole", cluster.is_whole)
    another = Inventory.open(cluster.url, book)
    try:
        assert await another.check_contract(None)
    finally:
        another.close()


async def test_what_is_no_cluster_says_so(store: StoreServer, book: RuleBook) -> None:
    """The address and what was answered there, or that nobody is there; of several, of each."""
    [port, nobody] = free_ports(2)
    with store.client() as client:
        client.config_set("port", port)
    inventory = Inventory.open(f"redis+cluster://127.0.0.1:{port},127.0.0.1:{nobody}/", book)
    try:
        with pytest.raises(StoreUnavailable) as refused:
            await inventory.check_contract(None)
    finally:
        inventory.close()
        with store.client() as client:
            client.config_set("port", 0)
    assert f"127.0.0.1:{port}: " in refused.value.detail
    assert "cluster support disabled" in refused.value.detail
    assert f"127.0.0.1:{nobody}: Connection refused" in refused.value.detail


async def test_what_no_replica_has_is_unknown(cluster: StoreCluster, book: RuleBook) -> None:
    """While its replica stands still a hold is `unknown`, never `held`; the same id then says `held`."""
    inventory = Inventory.open(cluster.url, book)
    replica = cluster.replica_of(cluster.primary_of(POOL_ALONE))
    mark = book.mark_at(POOL_ALONE, 1_025)
    row = (act("nobody-has-it", ANOTHER), mark, book.tariffs()[0]["revision"], AMOUNT_TIYN)
    try:
        await open_sale(inventory, book, [POOL_ALONE])
        replica.signal(signal.SIGSTOP)
        try:
            [answer] = await inventory.hold([row])
        finally:
            replica.signal(signal.SIGCONT)
        assert answer.outcome == "unknown"
        [again] = await inventory.hold([row])
        assert again.outcome == "held"
    finally:
        inventory.close()


async def test_what_spans_pools_reaches_each(cluster: StoreCluster, book: RuleBook, tmp_path: Path) -> None:
    """Pools stand on several primaries; a person's marks, feeds, heads and the bitmaps are of all of them."""
    assert len({cluster.primary_of(pool).address for pool in (*POOLS, "s0")}) > 1
    inventory = Inventory.open(cluster.url, book)
    writer = ReplicaWriter.start(cluster.url, tmp_path / "planes", book)
    try:
        await open_sale(inventory, book)
        tariff = book.tariffs()[0]["revision"]
        marks = [book.mark_at(pool, 1_025) for pool in POOLS]
        rows = [(act(f"cluster-{mark.text}"), mark, tariff, AMOUNT_TIYN) for mark in marks]
        answers = await inventory.hold(rows)
        assert [answer.outcome for answer in answers] == ["held", "held"]
        again = await inventory.hold(rows)
        assert [answer.revision for answer in again] == [answer.revision for answer in answers]
        found = await inventory.read_applicant(APPLICANT)
        assert {mark for mark, _ in found} == set(marks)
        feeds = await inventory.feeds([(pool, "0-0", 10) for pool in POOLS])
        assert [len(entries) for entries in feeds] == [2, 2]
        heads = await inventory.heads(list(POOLS))
        assert [head and head["revision"] for head in heads] == [2, 2]
        now_ms = await inventory.server_time_ms()
        assert await inventory.lease_expiry(now_ms + 5_000) is None  # its clocks are one machine's
        assert await inventory.take_lease("keeper", "one", 5_000)
        assert not await inventory.take_lease("keeper", "two", 5_000)
        assert await inventory.put_document(act("draft-of-one"), "draft", b"{}", expected_version=0) == 1
        await _follows(writer, tmp_path, book, marks)
    finally:
        writer.stop()
        inventory.close()


async def test_pools_of_an_absent_primary_hold_up_no_other(
    cluster: StoreCluster, book: RuleBook, tmp_path: Path
) -> None:
    """With a primary and its replica stopped the bitmaps follow the other pools; health names the absent."""
    absent, present = POOL_ALONE, POOLS[1]
    assert len({cluster.primary_of(tag).address for tag in (absent, present, "s0")}) == 3
    inventory = Inventory.open(cluster.url, book)
    writer = ReplicaWriter.start(cluster.url, tmp_path / "planes", book)
    tariff = book.tariffs()[0]["revision"]
    stopped: list[Node] = []

    async def hold(pool: str, name: str, place: int) -> Mark:
        mark = book.mark_at(pool, place)
        [answer] = await inventory.hold(
            [(act(f"absent-{name}", name.encode().rjust(16)), mark, tariff, AMOUNT_TIYN)]
        )
        assert answer.outcome == "held"
        return mark

    try:
        await open_sale(inventory, book, [absent, present])
        before = await hold(absent, "before", 3_001)
        # A pool that the bitmaps have not met yet has no free mark; what is held later must be free first.
        await _follows(writer, tmp_path, book, [before])
        await _until(lambda: not _is_taken(tmp_path, book, book.mark_at(absent, 3_003)), writer)
        primary = cluster.primary_of(absent)
        stopped += [primary, cluster.replica_of(primary)]
        for node in stopped:
            node.signal(signal.SIGSTOP)
        await _until(lambda: absent in writer.health()["pools_absent"], writer)
        seen = await hold(present, "meanwhile", 3_002)
        await _until(lambda: _is_taken(tmp_path, book, seen), writer)
        health = writer.health()
        assert present not in health["pools_absent"]
        assert absent in health["error"]
        assert not _is_taken(tmp_path, book, book.mark_at(absent, 3_003))
        for node in stopped:
            node.signal(signal.SIGCONT)
        await _until(lambda: not writer.health()["pools_absent"] and not writer.health()["error"], writer)
        await_that("all is whole", cluster.is_whole)
        after = await hold(absent, "after", 3_003)
        await _until(lambda: _is_taken(tmp_path, book, after), writer)
    finally:
        for node in stopped:
            node.signal(signal.SIGCONT)
        writer.stop()
        inventory.close()


async def _until(holds: Callable[[], bool], writer: ReplicaWriter) -> None:
    """Wait until something is so; fail with how the writer is."""
    until = time.monotonic() + READY_SECONDS
    while not holds():
        assert time.monotonic() < until, writer.health()
        await asyncio.sleep(0.02)


async def _follows(writer: ReplicaWriter, directory: Path, book: RuleBook, marks: list[Mark]) -> None:
    """The bitmaps know both marks as held."""
    await _until(
        lambda: writer.health()["ready"] and all(_is_taken(directory, book, mark) for mark in marks), writer
    )


def _is_taken(directory: Path, book: RuleBook, mark: Mark) -> bool:
    return Replica.open(str(directory / "planes"), book).state(mark) == "taken"
