"""A primary of a 3+3 cluster is lost in the midst of a crowd: nothing that was acknowledged is lost with it.

In turn it is killed, killed after its replica had stood still for a while, and cut off from the other nodes
while people still reach it. A plain kill proves little, for what was acknowledged is in its replica's socket
already. The control waits for no replica: what is acknowledged while the replica stands still, the new
primary has never heard of.

What is killed is started again, empty, once another has taken over: with one replica a primary, nothing is
written to a primary that has none (`min-replicas-to-write`). Not earlier, though a supervisor may be quicker:
whoever is back before the election gives his replica all that he has on disk, and then nothing could be lost.
"""

from __future__ import annotations

import asyncio
import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Final

import plate_core
from plate_core import RuleBook, read_law
from proof.audit import audit
from proof.crowd import POOLS, Crowd, open_sale, some_marks
from proof.experiment import Course, Experiment, Fault, Figure, Size, Tally
from proof.planted import load_planted_core, open_planted
from tests.clusters import Node, StoreCluster, await_that, running_cluster
from tests.lasting_law import PATTERNS
from tests.servers import ServerKind

KINDS: Final[tuple[ServerKind, ...]] = ("valkey", "redis")
OUTAGE_SECONDS: Final = 5.0
REPLICA_STANDS_SECONDS: Final = 0.4
FILLER_BYTES: Final = 16 << 20
# So many at a time that much is on its way when the blow falls.
PEOPLE: Final = 256
MARKS: Final = 40_000
# A mark far from those that the crowd wants, each time another.
PROBES_FROM: Final = 9_000


def run(course: Course) -> Tally:
    """Lose a primary under a crowd, then ask whether everything it was told is so."""
    return asyncio.run(_trials(course, plate_core, {}))


def sabotage(course: Course) -> Tally:
    """The same without WAIT; the replica has always stood still before its primary is killed."""
    return asyncio.run(_trials(course, load_planted_core(), {"replicas_awaited": 0}))


async def _trials(course: Course, core: ModuleType, options: dict[str, int]) -> Tally:
    book = core.RuleBook.compile(read_law(PATTERNS))
    tally, outage_seconds = Tally(), 0.0
    for done, seed in enumerate(course.seeds, 1):
        blow = pause_then_kill if options else BLOWS[seed % len(BLOWS)]
        # Only then: a door would still hand over what a killed primary has sent.
        with running_cluster(KINDS[seed // len(BLOWS) % 2], can_be_cut=blow is cut_off) as cluster:
            trial = _Trial(core, book, cluster, seed, course.directory / str(seed))
            tally.faults += await trial.lose_a_primary(blow, {"response_timeout_ms": 2_000, **options})
        tally.tried += 1
        outage_seconds = max(outage_seconds, trial.outage_seconds)
        course.progress(done)
    if not options:
        tally.figures = [Figure("longest outage", outage_seconds, "s", at_most=OUTAGE_SECONDS)]
    return tally


@dataclass
class _Trial:
    """One primary lost."""

    core: ModuleType
    book: RuleBook
    cluster: StoreCluster
    seed: int
    directory: Path
    outage_seconds: float = 0.0

    async def lose_a_primary(self, blow: Blow, options: dict[str, int]) -> list[Fault]:
        """The blow falls on the primary of a pool that everybody wants marks of."""
        chance = random.Random(self.seed)
        pool = chance.choice(POOLS)
        inventory = open_planted(self.core, self.cluster.url, self.book, options=options)
        try:
            await open_sale(inventory, self.book, core=self.core)
            marks = some_marks(self.book, MARKS)
            crowd = Crowd(inventory, self.book, chance, marks, people=PEOPLE, core=self.core)
            probe = Crowd(inventory, self.book, chance, (), name="probe", core=self.core)

            async def fall() -> None:
                falling = asyncio.create_task(asyncio.to_thread(blow, self.cluster, pool))
                await self._look(probe, pool, falling)
                await falling

            await crowd.run_through(fall)
            told = [*crowd.ledger.told, *probe.ledger.told]
            return await audit(inventory, self.book, told, POOLS, self.directory, self.seed)
        finally:
            inventory.close()

    async def _look(self, probe: Crowd, pool: str, falling: asyncio.Task[None]) -> None:
        """One person after the other holds a mark there; the longest wait for an answer is the outage."""
        marks = (self.book.mark_at(pool, row * 1024 + 1) for row in range(PROBES_FROM, PROBES_FROM + 5_000))
        for person, mark in enumerate(marks, 1 << 40):
            began, was_over = time.monotonic(), falling.done()
            await probe.hold(person, mark)
            self.outage_seconds = max(self.outage_seconds, time.monotonic() - began)
            if was_over:
                return


Blow = Callable[[StoreCluster, str], None]


def kill(cluster: StoreCluster, pool: str) -> None:
    """Kill -9 of the primary."""
    _kill_until_replaced(cluster, pool, cluster.primary_of(pool))


def pause_then_kill(cluster: StoreCluster, pool: str) -> None:
    """Its replica stands still, then the primary is killed: what came meanwhile only the primary has."""
    primary = cluster.primary_of(pool)
    replica = cluster.replica_of(primary)
    replica.signal(signal.SIGSTOP)
    # More than the sockets between them hold: what comes after it waits in the primary, and dies there.
    primary.ask("SET", f"{{{pool}}}:filler", "x" * FILLER_BYTES)
    time.sleep(REPLICA_STANDS_SECONDS)
    primary.kill()
    replica.signal(signal.SIGCONT)
    _kill_until_replaced(cluster, pool, primary)


def cut_off(cluster: StoreCluster, pool: str) -> None:
    """The primary is cut off from all other nodes, and people still reach it."""
    primary = cluster.primary_of(pool)
    cluster.doors.cut_off(cluster.nodes.index(primary))
    try:
        _await_another(cluster, pool, primary)
    finally:
        cluster.doors.heal()


BLOWS: Final[tuple[Blow, ...]] = (kill, pause_then_kill, cut_off)


def _kill_until_replaced(cluster: StoreCluster, pool: str, primary: Node) -> None:
    primary.kill()
    _await_another(cluster, pool, primary)
    primary.start_empty()


def _await_another(cluster: StoreCluster, pool: str, primary: Node) -> None:
    others = [node for node in cluster.nodes if node is not primary]
    await_that("another has taken over", lambda: any(cluster.has(node, pool) for node in others))


EXPERIMENT = Experiment(
    name="failover",
    promise="a cluster's primary killed, killed behind its replica, cut off: nothing acknowledged is lost",
    control="nobody waits for a replica",
    unit="failovers",
    run=run,
    sabotage=sabotage,
    full=Size(12, 3),
    short=Size(1, 1),
)
