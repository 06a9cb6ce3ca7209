"""The disk is full, ends its syncs with EIO, or takes 20 ms for each: nothing acknowledged is lost.

Under `always` the store ends itself rather than answer what it could not keep; its supervisor brings it
back when the disk has recovered. After EIO the power goes as well, for nobody knows what such a disk has
kept. The full form also asks a whole service over HTTP, whose journal, logs and run file lie on the same
disk: 503 with Retry-After, and it recovers by itself. In the control the disk says of each sync that it was
done.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from loadtests.service import running_service
from plate_core import Inventory, RuleBook, load_rule_book
from plateapi.store import store_url
from proof.audit import audit, audit_service
from proof.callers import Callers, called
from proof.crowd import POOLS, Crowd, opened_sale, some_marks, until_ready
from proof.experiment import Course, Experiment, Fault, Figure, Size, Tally
from proof.false_disk import FalseDisk, Mood, append_only_file
from proof.supervised import Supervised, supervised_store
from tests.lasting_law import PATTERNS, light_law

MOODS: Final = (Mood.BROKEN, Mood.FULL, Mood.SLOW)
SLOW_MS: Final = 20
MARKS: Final = 4_000
# The supervisor's pauses grow while the disk refuses, and it looks five times a second.
READY_SECONDS: Final = 10.0
TROUBLE_SECONDS: Final = 3.0
# The supervisor tries again after half a second: a store that came back while the disk is still broken would
# answer whoever asks again with what the disk does not have.
MOOD_SECONDS: Final = (0.3, 2.5)
# The same of a whole service, whose engine connects anew as well.
SERVED_SECONDS: Final = 15.0


def run(course: Course) -> Tally:
    """Each mood of the disk in turn."""
    tally = asyncio.run(_trials(course, MOODS))
    if not course.is_short:
        tally.add(_service_trials(course))
    return tally


def sabotage(course: Course) -> Tally:
    """The disk swallows its errors."""
    return asyncio.run(_trials(course, [Mood.LYING]))


async def _trials(course: Course, moods: Sequence[Mood]) -> Tally:
    book = load_rule_book(PATTERNS)
    tally, ready_seconds = Tally(), 0.0
    for done, seed in enumerate(course.seeds, 1):
        trial = _Trial(book, seed, course.directory, moods[seed % len(moods)])
        tally.faults += await trial.trouble()
        tally.tried += 1
        ready_seconds = max(ready_seconds, trial.ready_seconds)
        course.progress(done)
    tally.figures = [Figure("store ready after", ready_seconds, "s", at_most=READY_SECONDS)]
    return tally


@dataclass
class _Trial:
    """One trouble of the disk below one store."""

    book: RuleBook
    seed: int
    directory: Path
    mood: Mood
    ready_seconds: float = 0.0

    async def trouble(self) -> list[Fault]:
        """A crowd at work while the disk has its mood, and everything that it was told."""
        place = self.directory / str(self.seed)
        place.mkdir()
        disk = FalseDisk(self.directory, place)
        with supervised_store(place, beneath=disk.environment) as store:
            async with opened_sale(store.url, self.book) as inventory:
                if self.mood is Mood.LYING:
                    disk.become(self.mood)
                crowd = Crowd(inventory, self.book, random.Random(self.seed), some_marks(self.book, MARKS))
                first = store.pid
                await crowd.run_through(lambda: self._suffer(store, disk, crowd))
                journal = self.directory / f"journal-{self.seed}"
                faults = await audit(inventory, self.book, crowd.ledger.told, POOLS, journal, self.seed)
                if self.mood is Mood.FULL and store.pid == first:
                    faults.append(Fault(self.seed, "the store went on although nothing could be written"))
                return faults

    async def _suffer(self, store: Supervised, disk: FalseDisk, crowd: Crowd) -> None:
        disk.become(self.mood, delay_ms=SLOW_MS)
        await asyncio.sleep(crowd.random.uniform(*MOOD_SECONDS))
        if self.mood in (Mood.BROKEN, Mood.LYING):
            await asyncio.to_thread(store.kill)
            disk.cut_power(append_only_file(store.place))
        disk.become(Mood.HONEST)
        recovered_at = time.monotonic()
        await until_ready(crowd.inventory)
        self.ready_seconds = time.monotonic() - recovered_at


# --- a whole service on such a disk ----------------------------------------------------------------------


def _service_trials(course: Course) -> Tally:
    law = light_law()
    data_dir = course.directory / "service"
    data_dir.mkdir()
    disk = FalseDisk(course.directory, data_dir)
    settings = {"PLATES_PATTERNS_DIR": str(law), "PLATES_LIVE_HOLDS_PERSON": "1000", **disk.environment}
    with running_service(data_dir, settings=settings) as address:
        return asyncio.run(_ServiceTrial(load_rule_book(law), data_dir, disk).each_mood(course, address))


@dataclass
class _ServiceTrial:
    """One service, and every mood of its disk."""

    book: RuleBook
    data_dir: Path
    disk: FalseDisk

    async def each_mood(self, course: Course, address: str) -> Tally:
        """People call it all the while; in the end everything they were told is in its journal."""
        seed = course.seeds.start
        marks = [mark.text for mark in some_marks(self.book, MARKS)]
        tally, served_seconds = Tally(), 0.0
        async with called(address, self.data_dir, seed, marks) as callers:
            async with callers.at_work():
                for mood in MOODS:
                    refused = callers.statuses[503]
                    served_seconds = max(served_seconds, await self._suffer(callers, mood))
                    tally.tried += 1
                    if mood is not Mood.SLOW and callers.statuses[503] == refused:
                        tally.faults.append(Fault(seed, f"{mood.name}: nobody was answered by 503"))
            inventory = Inventory.open(store_url(self.data_dir), self.book)
            try:
                tally.faults += await audit_service(
                    inventory,
                    self.book,
                    callers.ledger.told,
                    self.data_dir,
                    lambda _: seed,
                    live_holds_max=1_000,
                )
            finally:
                inventory.close()
            tally.faults += [Fault(seed, complaint) for complaint in sorted(callers.complaints)]
        tally.figures = [
            Figure("holds again after", served_seconds, "s", at_most=SERVED_SECONDS),
            Figure("answered by 503", callers.statuses[503], "times"),
        ]
        return tally

    async def _suffer(self, callers: Callers, mood: Mood) -> float:
        """How long after the disk's recovery it took until somebody had a definite answer."""
        await asyncio.sleep(1.0)
        self.disk.become(mood, delay_ms=SLOW_MS)
        await asyncio.sleep(TROUBLE_SECONDS)
        self.disk.become(Mood.HONEST)
        recovered_at = time.monotonic()
        await callers.hold(1, callers.random.choice(callers.marks))
        return time.monotonic() - recovered_at


EXPERIMENT = Experiment(
    name="disk",
    promise="disk full, EIO, 20 ms a sync: nothing acknowledged is lost, 503 with Retry-After, it recovers",
    control="the disk swallows its errors",
    unit="troubles",
    run=run,
    sabotage=sabotage,
    full=Size(15, 5),
    short=Size(3, 1),
    needs=("cc",),
)
