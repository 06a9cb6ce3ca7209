"""A sale that was journalled to its end: a store, its journal, signed, and what stands in both.

One of both is enough for hundreds of trials that damage a copy. What a store holds is read here past the
engine, by a plain client: what judges a comparison must not be that comparison.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import redis

from plate_core import Inventory, Journal, RuleBook, public_key
from plateapi.keeper.journaling import DOCUMENTS_POOL, journal_round
from plateapi.store.append_only import append_only_fault
from plateapi.store.binary import server_binary
from plateapi.store.torn_end import find_torn_end
from proof.crowd import POOLS, Crowd, opened_sale, some_marks
from tests.clusters import Node
from tests.servers import StoreServer

SIGNING_KEY: Final = bytes(range(32))
PUBLIC_KEY: Final = public_key(SIGNING_KEY)
MARKS: Final = 120
# What no transition tells is not compared either: permits, cool-downs, request ids, deadlines' queues.
COMPARED: Final = ("live", "planes", "payments", "documents")

Contents = dict[str, object]


@dataclass
class Kept:
    """A store's directory and a journal, and what the store held."""

    store: Path
    journal: Path
    store_id: str
    witness: bytes
    contents: Contents
    checkpoints: list[bytes] = field(default_factory=list)


async def keep_sale(
    server: StoreServer, journal_dir: Path, book: RuleBook, seed: int, *, rounds: int, journeys: int
) -> Kept:
    """A crowd at work for some rounds, each journalled and signed; the feeds are trimmed but for the last."""
    pools = [*POOLS, DOCUMENTS_POOL]
    journal = Journal.open(journal_dir, signing_key=SIGNING_KEY)
    checkpoints = []
    try:
        async with opened_sale(server.url, book) as inventory:
            store_id = str((await inventory.check_contract())["id"])
            marks = some_marks(book, MARKS)
            crowd = Crowd(inventory, book, random.Random(seed), marks, name=f"crowd-{seed}")
            for number in range(rounds):
                if number:
                    await trim(inventory, journal, pools)
                await crowd.run(journeys)
                await write_journal(inventory, journal, pools)
                made = journal.checkpoint(number)
                if made is not None:
                    checkpoints.append(made)
    finally:
        journal.close()
    contents = contents_of(server)
    return Kept(server.directory, journal_dir, store_id, checkpoints[-1], contents, checkpoints)


async def write_journal(inventory: Inventory, journal: Journal, pools: Sequence[str]) -> None:
    """Everything that the feeds hold, as the keeper writes it."""
    while (await journal_round(inventory, journal, pools)).entries:
        pass


async def trim(inventory: Inventory, journal: Journal, pools: Sequence[str]) -> None:
    """Out of the feeds with what the journal has."""
    for pool in pools:
        if (head := journal.head(pool)) != "0-0":
            await inventory.trim_feed(pool, head)


def contents_of(server: StoreServer) -> Contents:
    """Every plane, record, payment, setting and document that the server holds."""
    with server.client() as client:
        return contents_in(client)


def contents_of_cluster(nodes: Iterable[Node]) -> Contents:
    """The same of these nodes of a cluster, together, replicas included."""
    found: Contents = {}
    for node in nodes:
        with node.client(as_text=False) as client:
            client.execute_command("READONLY")
            found |= contents_in(client)
    return found


def contents_in(client: redis.Redis) -> Contents:
    """The same, of the server behind a client."""
    found: Contents = {}
    for key in client.scan_iter(match="{*}:*", count=1_000):
        # A flipped byte may stand in the name of a key.
        tag, _, suffix = key.decode(errors="backslashreplace").partition(":")
        name = f"{tag}:{suffix}"
        if suffix == "planes":
            found[name] = client.get(key)
        elif suffix in COMPARED:
            found[name] = payments_of(client.hgetall(key)) if suffix == "payments" else client.hgetall(key)
        elif suffix == "conf" and tag != "{s0}":
            said = client.hmget(key, "rules", "revision")
            # A cluster writes its mark before a pool is opened; that says nothing of the pool.
            if any(said):
                found[name] = said
    return found


def payments_of(stored: dict[bytes, bytes]) -> dict[bytes, bytes]:
    """Each payment alone; behind it stand digest and answer of its notification, which no transition has."""
    return {field: value[2 : 2 + int.from_bytes(value[:2], "little")] for field, value in stored.items()}


def is_up(server: StoreServer, *, mending: bool = False) -> bool:
    """Start the server; whether it came up with what it found.

    ``mending`` is what `plates up` does: an end that was torn in the midst of a write is cut off first.
    """
    try:
        server.start()
    except (RuntimeError, redis.ResponseError):
        return mending and _cut_torn_end(server) and is_up(server)
    return True


def _cut_torn_end(server: StoreServer) -> bool:
    manifest = server.directory / "appendonlydir" / "appendonly.aof.manifest"
    fault = append_only_fault(server_binary(), manifest)
    torn = find_torn_end(fault) if fault is not None else None
    if torn is not None:
        torn.cut()
    return torn is not None
