"""The power goes in the midst of a crowd: what the append-only file had at its last fsync is what is left.

The server is killed and its file cut back to the size that the last sync had kept, or to somewhere between
that and all it had written (``proof/false_disk.py``); a torn end is cut off as `plates up` does.
The control runs the same with `appendfsync everysec`, which syncs once a second and answers at once.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from plate_core import Inventory, RuleBook, load_rule_book
from proof.audit import audit
from proof.crowd import POOLS, Crowd, opened_sale, some_marks, until_ready
from proof.experiment import Course, Experiment, Fault, Figure, Size, Tally
from proof.false_disk import FalseDisk, append_only_file
from proof.kept import is_up
from tests.lasting_law import PATTERNS
from tests.servers import StoreServer, remove_server

MARKS: Final = 4_000


def run(course: Course) -> Tally:
    """Every answer waits for its fsync, so what is cut off was told to nobody."""
    return asyncio.run(_trials(course, "always"))


def sabotage(course: Course) -> Tally:
    """Answers come up to a second before their fsync."""
    return asyncio.run(_trials(course, "everysec"))


async def _trials(course: Course, appendfsync: str) -> Tally:
    book = load_rule_book(PATTERNS)
    tally, cut_bytes = Tally(), 0
    for done, seed in enumerate(course.seeds, 1):
        trial = _Trial(book, seed, course.directory)
        tally.faults += await trial.lose_power(appendfsync)
        tally.tried += 1
        cut_bytes += trial.cut_bytes
        course.progress(done)
    tally.figures = [Figure("cut off in all", cut_bytes, "bytes")]
    return tally


@dataclass
class _Trial:
    """One power cut."""

    book: RuleBook
    seed: int
    directory: Path
    cut_bytes: int = 0

    async def lose_power(self, appendfsync: str) -> list[Fault]:
        """A crowd, a power cut in its midst, and everything that it was told."""
        place = self.directory / str(self.seed)
        place.mkdir()
        disk = FalseDisk(self.directory, place)
        server = StoreServer("valkey", place, {"appendfsync": appendfsync}, disk.environment)
        try:
            server.start()
            async with opened_sale(server.url, self.book) as inventory:
                # What the sale began with is not at stake, and without it the control would only be mute.
                await asyncio.to_thread(disk.wait_until_kept, append_only_file(place))
                crowd = Crowd(inventory, self.book, random.Random(self.seed), some_marks(self.book, MARKS))
                await crowd.run_through(lambda: self._cut_power(server, disk, inventory))
                journal = self.directory / f"journal-{self.seed}"
                return await audit(inventory, self.book, crowd.ledger.told, POOLS, journal, self.seed)
        finally:
            remove_server(server)

    async def _cut_power(self, server: StoreServer, disk: FalseDisk, inventory: Inventory) -> None:
        server.kill()
        # In every second cut a part of what was not synced is there as well, and ends in a torn write.
        lucky = random.Random(self.seed).random() if self.seed % 2 else 0.0
        self.cut_bytes = disk.cut_power(append_only_file(server.directory), lucky=lucky)
        if not await asyncio.to_thread(is_up, server, mending=True):
            raise RuntimeError("the store does not start on what the power cut left")
        await until_ready(inventory)


EXPERIMENT = Experiment(
    name="power_loss",
    promise="the power goes (the append-only file is cut to its last fsync): nothing acknowledged is lost",
    control="appendfsync everysec, which answers before it syncs",
    unit="power cuts",
    run=run,
    sabotage=sabotage,
    full=Size(20, 5),
    short=Size(2, 1),
    needs=("cc",),
)
