"""Pools and the shard of permits move to other primaries while a crowd holds, pays and gives back.

Key by key, as Redis and Valkey 8 reshard, with a rest between the keys so that a pool is in two places for a
while; or in one step, as Valkey 9 does. Nobody is refused for it, and nothing is lost. The control has our
rule of sending again switched off: then `MOVED` and `TRYAGAIN` reach people as refusals.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Final

import plate_core
from plate_core import RuleBook, read_law
from proof.audit import audit
from proof.crowd import POOLS, Crowd, Unanswered, open_sale, some_marks
from proof.experiment import Course, Experiment, Fault, Size, Tally
from proof.planted import load_planted_core, open_planted
from tests.clusters import PRIMARIES, StoreCluster, running_cluster
from tests.lasting_law import PATTERNS
from tests.servers import ServerKind

MOVED: Final = (*POOLS, "s0")
REST_SECONDS: Final = 0.01
PATIENCE_SECONDS: Final = 5.0
# What moves how, in turn.
WAYS: Final[tuple[tuple[ServerKind, bool], ...]] = (("valkey", False), ("redis", False), ("valkey", True))


def run(course: Course) -> Tally:
    """Move everything under a crowd, then ask whether everything it was told is so."""
    return asyncio.run(_trials(course, plate_core, {}))


def sabotage(course: Course) -> Tally:
    """The same, and nothing that a server refused is sent again."""
    return asyncio.run(_trials(course, load_planted_core(), {"sends_again": 0}))


async def _trials(course: Course, core: ModuleType, options: dict[str, int]) -> Tally:
    book = core.RuleBook.compile(read_law(PATTERNS))
    tally = Tally()
    for done, seed in enumerate(course.seeds, 1):
        kind, in_one_step = WAYS[seed % len(WAYS)]
        with running_cluster(kind) as cluster:
            trial = _Trial(core, book, cluster, seed, course.directory / str(seed))
            tally.faults += await trial.move_all(options, in_one_step=in_one_step)
        tally.tried += 1
        course.progress(done)
    return tally


@dataclass
class _Trial:
    """Everything that is wanted moves once."""

    core: ModuleType
    book: RuleBook
    cluster: StoreCluster
    seed: int
    directory: Path

    async def move_all(self, options: dict[str, int], *, in_one_step: bool) -> list[Fault]:
        """What was refused or lost meanwhile."""
        chance = random.Random(self.seed)
        inventory = open_planted(self.core, self.cluster.url, self.book, options=options)
        try:
            await open_sale(inventory, self.book, core=self.core)
            crowd = Crowd(inventory, self.book, chance, some_marks(self.book, 2_000), core=self.core)
            crowd.patience_seconds = PATIENCE_SECONDS
            await crowd.run_through(lambda: asyncio.to_thread(self._move, chance, in_one_step))
            faults = await audit(inventory, self.book, crowd.ledger.told, POOLS, self.directory, self.seed)
        except Unanswered as refused:
            return [Fault(self.seed, f"{refused} was refused for {PATIENCE_SECONDS:.0f} s, for the moving")]
        finally:
            inventory.close()
        if crowd.ledger.unavailable:
            faults.append(
                Fault(self.seed, f"{crowd.ledger.unavailable} requests were refused for the moving")
            )
        return faults

    def _move(self, chance: random.Random, in_one_step: bool) -> None:
        for tag in MOVED:
            source = self.cluster.primary_of(tag)
            target = chance.choice([node for node in self.cluster.nodes[:PRIMARIES] if node is not source])
            if in_one_step:
                self.cluster.move_whole(tag, target)
            else:
                self.cluster.move(tag, target, rest_seconds=REST_SECONDS)


EXPERIMENT = Experiment(
    name="slot_migration",
    promise="pools and permits move to other primaries under load: nothing is lost, nobody is refused for it",
    control="what a server refused unheard is not sent again",
    unit="reshardings",
    run=run,
    sabotage=sabotage,
    full=Size(12, 3),
    short=Size(1, 1),
)
