"""A cluster of real servers on loopback: three primaries, three replicas, the settings of the contract.

For tests, experiments and `make cluster` alike. Nodes are told apart by their place: 0 to 2 begin as
primaries, 3 to 5 as the replicas of 0 to 2. Directories are on a tmpfs where there is one, as in
``tests/servers.py``.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import redis
from redis.crc import key_slot

from tests.partition import SOURCES_BEGIN, Doors
from tests.servers import SETTINGS, ServerKind, server_binary

PRIMARIES: Final = 3
SLOTS: Final = 16_384
# Forming takes about two seconds, most of it gossip; thirty is a broken machine, not a slow one.
START_TIMEOUT_SECONDS: Final = 30.0
NODE_TIMEOUT_MS: Final = 1_000

OF_A_CLUSTER: Final = {
    "bind": "127.0.0.1",
    "cluster-enabled": "yes",
    "cluster-node-timeout": str(NODE_TIMEOUT_MS),
    "cluster-replica-validity-factor": "0",
    "cluster-require-full-coverage": "no",
    "min-replicas-to-write": "1",
    "repl-diskless-sync-delay": "0",
}


@dataclass
class Node:
    """One node: where it listens, where others are told to come, and its process while it runs."""

    kind: ServerKind
    directory: Path
    ports: tuple[int, int]
    doors: tuple[int, int]
    settings: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """`host:port`, as the cluster tells it."""
        return f"127.0.0.1:{self.doors[0]}"

    def start(self) -> None:
        """Start it on its directory; it may be a while until it answers."""
        ports = {
            "port": str(self.ports[0]),
            "cluster-port": str(self.ports[1]),
            "cluster-announce-ip": "127.0.0.1",
            "cluster-announce-port": str(self.doors[0]),
            "cluster-announce-bus-port": str(self.doors[1]),
            "dir": str(self.directory),
        }
        settings = SETTINGS | OF_A_CLUSTER | ports | self.settings
        arguments = [part for key, value in settings.items() for part in (f"--{key}", value)]
        with (self.directory / "server.log").open("ab") as log:
            self.process = subprocess.Popen([server_binary(self.kind), *arguments], stdout=log, stderr=log)

    def start_empty(self) -> None:
        """Start it without its data, whose end may be torn: whoever has replaced it gives it everything."""
        shutil.rmtree(self.directory / "appendonlydir")
        self.start()

    def client(self, *, as_text: bool = True) -> redis.Redis:
        """A plain client of this node alone."""
        return redis.Redis(port=self.ports[0], socket_timeout=5, decode_responses=as_text)

    def ask(self, *words: str | int) -> Any:
        """The answer to one command."""
        with self.client() as client:
            return client.execute_command(*words)

    def told(self, section: str) -> dict[str, Any]:
        """A section of its `INFO`."""
        with self.client() as client:
            return dict(client.info(section))

    def signal(self, number: signal.Signals) -> None:
        """Send its process a signal."""
        if self.process is not None:
            self.process.send_signal(number)

    def kill(self) -> None:
        """Kill -9, as the out-of-memory killer would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@dataclass
class StoreCluster:
    """Six nodes that are one store."""

    directory: Path
    nodes: Sequence[Node]
    doors: Doors

    @property
    def url(self) -> str:
        """What ``Inventory.open`` and ``PLATES_REDIS_URL`` take."""
        return f"redis+cluster://{','.join(node.address for node in self.nodes)}/"

    def form(self) -> None:
        """Start all nodes and make one cluster of them; returns when it serves."""
        for node in self.nodes:
            node.start()
        await_that("all nodes answer", lambda: all(_answers(node) for node in self.nodes))
        for index, node in enumerate(self.nodes):
            # Before it knows any other, or it is refused.
            node.ask("CLUSTER", "SET-CONFIG-EPOCH", index + 1)
        for index, node in enumerate(self.nodes):
            for other in self.nodes[index + 1 :]:
                node.ask("CLUSTER", "MEET", "127.0.0.1", *other.doors)
        for index in range(PRIMARIES):
            slots = slots_of(index)
            self.nodes[index].ask("CLUSTER", "ADDSLOTSRANGE", slots.start, slots.stop - 1)
        await_that("all know one another", lambda: all(_knows_all(node) for node in self.nodes))
        for index in range(PRIMARIES):
            self.nodes[PRIMARIES + index].ask(
                "CLUSTER", "REPLICATE", self.nodes[index].ask("CLUSTER", "MYID")
            )
        await_that("all is whole", self.is_whole)

    def is_whole(self) -> bool:
        """Whether every node runs, takes the cluster for whole, and has its primary or its replica."""
        return all(_is_linked(node) for node in self.nodes)

    def primary_of(self, tag: str) -> Node:
        """The node that has a pool or a shard now."""
        primaries = [node for node in self.nodes if self.has(node, tag)]
        if len(primaries) != 1:
            raise LookupError(f"{tag} has {len(primaries)} primaries")
        return primaries[0]

    def has(self, node: Node, tag: str) -> bool:
        """Whether a node runs and takes itself for the primary of a pool or a shard."""
        return node.process is not None and _has(node, key_slot(tag.encode()))

    def replica_of(self, primary: Node) -> Node:
        """The one replica of a primary."""
        place = primary.ask("CLUSTER", "MYID")
        for node in self.nodes:
            told = node.told("replication") if node.process is not None and node is not primary else {}
            if told.get("role") == "slave" and int(told["master_port"]) == primary.doors[0]:
                return node
        raise LookupError(f"{place} has no replica")

    def move(self, tag: str, target: Node, *, rest_seconds: float = 0.0) -> None:
        """Move a pool or a shard to another primary key by key, as a resharding does."""
        slot, source = key_slot(tag.encode()), self.primary_of(tag)
        ids = [node.ask("CLUSTER", "MYID") for node in (source, target)]
        target.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", ids[0])
        source.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", ids[1])
        while keys := source.ask("CLUSTER", "GETKEYSINSLOT", slot, 1):
            source.ask("MIGRATE", "127.0.0.1", target.ports[0], "", 0, 5_000, "KEYS", *keys)
            time.sleep(rest_seconds)
        for node in (target, source):
            node.ask("CLUSTER", "SETSLOT", slot, "NODE", ids[1])

    def move_whole(self, tag: str, target: Node) -> None:
        """The same in one step, as Valkey 9 does it: the slot is copied, followed and handed over."""
        slot, source = key_slot(tag.encode()), self.primary_of(tag)
        name = target.ask("CLUSTER", "MYID")
        source.ask("CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", slot, slot, "NODE", name)
        await_that(f"{tag} has moved", lambda: self.has(target, tag))

    def remove(self) -> None:
        """Kill all nodes and delete their directories."""
        for node in self.nodes:
            node.kill()
        shutil.rmtree(self.directory, ignore_errors=True)


def slots_of(index: int) -> range:
    """The slots that a primary begins with."""
    return range(index * SLOTS // PRIMARIES, (index + 1) * SLOTS // PRIMARIES)


@contextmanager
def running_cluster(
    kind: ServerKind = "valkey", *, can_be_cut: bool = False, **settings: str
) -> Iterator[StoreCluster]:
    """A cluster in a new directory; both are taken away in the end.

    With ``can_be_cut`` its nodes come to each other through doors that can be closed.

    >>> with running_cluster("redis") as cluster:  # doctest: +SKIP
    ...     cluster.url
    """
    shared_memory = Path("/dev/shm")
    parent = shared_memory if os.access(shared_memory, os.W_OK) else None
    directory = Path(tempfile.mkdtemp(prefix="plates-cluster-", dir=parent))
    count = 2 * PRIMARIES
    numbers = free_ports(4 * count)
    pairs = list(zip(numbers[::2], numbers[1::2], strict=True))
    own = {key.replace("_", "-"): value for key, value in settings.items()}
    nodes = []
    for index in range(count):
        (directory / str(index)).mkdir()
        source = {"bind-source-addr": f"127.0.0.{SOURCES_BEGIN + index}"} if can_be_cut else {}
        doors = pairs[count + index] if can_be_cut else pairs[index]
        nodes.append(Node(kind, directory / str(index), pairs[index], doors, source | own))
    ways = {
        door: (index, behind)
        for index, node in enumerate(nodes)
        for door, behind in zip(node.doors, node.ports, strict=True)
    }
    cluster = StoreCluster(directory, nodes, Doors(ways if can_be_cut else {}))
    with cluster.doors.open():
        try:
            cluster.form()
            yield cluster
        finally:
            cluster.remove()


def free_ports(count: int) -> list[int]:
    """So many ports that nobody has; held until all are known, so that they differ."""
    held = [socket.socket() for _ in range(count)]
    try:
        for one in held:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in held]
    finally:
        for one in held:
            one.close()


def await_that(what: str, holds: Callable[[], bool]) -> None:
    """Wait until something is so."""
    end = time.monotonic() + START_TIMEOUT_SECONDS
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError(f"not within {START_TIMEOUT_SECONDS:.0f} s: {what}")
        time.sleep(0.02)


def _answers(node: Node) -> bool:
    with suppress(redis.RedisError):
        return bool(node.ask("PING"))
    return False


def _lines(node: Node) -> list[list[str]]:
    """What `CLUSTER NODES` says: id, place, flags, primary, ping, pong, epoch, link, slots."""
    return [line.split() for line in str(node.ask("CLUSTER", "NODES")).splitlines()]


def _knows_all(node: Node) -> bool:
    known = _lines(node)
    return len(known) == 2 * PRIMARIES and not any("handshake" in line[2] for line in known)


def _is_linked(node: Node) -> bool:
    if node.process is None:
        return False
    with suppress(redis.RedisError):
        told = node.told("replication")
        linked = told.get("master_link_status") == "up" or any(
            isinstance(replica, dict) and replica.get("state") == "online" for replica in told.values()
        )
        return bool(linked) and "cluster_state:ok" in str(node.ask("CLUSTER", "INFO"))
    return False


def _has(node: Node, slot: int) -> bool:
    with suppress(redis.RedisError):
        if node.told("replication")["role"] != "master":
            return False
        [own] = [line for line in _lines(node) if "myself" in line[2]]
        ranges = [slots.split("-") for slots in own[8:] if not slots.startswith("[")]
        return any(int(found[0]) <= slot <= int(found[-1]) for found in ranges)
    return False
