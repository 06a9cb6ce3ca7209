"""The kill switches under load: from the next call on no hold lands, nothing expires, or nothing changes.

A crowd wants few marks, its holds run out within a second, and a sweeper is at work, as the keeper is. A
switch is turned on and back by `plates pools`, as whoever is on duty does it. The store's own order says what
was done while it was on, and both turns must stand there with their reason. A trial is one of the switches.

The control is the same on a core whose functions do not ask for that switch.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import plate_core
from plate_core import Inventory, Journal, PlateError, RuleBook, load_rule_book, read_law
from proof.crowd import POOLS, Crowd, open_sale, some_marks
from proof.experiment import Course, Experiment, Fault, Figure, Size, Tally
from proof.planted import load_planted_core, open_planted, planted_environment
from tests.lasting_law import PATTERNS
from tests.servers import StoreServer, new_server, remove_server

PLATES: Final = Path(sys.executable).with_name("plates")
# The shortest hold that a pool may have, so that deadlines pass while a switch is on.
HOLD_TTL_MS: Final = 1_000
AS_EVER_SECONDS: Final = 0.3
TURNED_ON_SECONDS: Final = 1.3
ENTRIES_A_READ: Final = 1_000
# So many that some marks are free and some people below their limit whatever is on: while expiry is frozen,
# permits do not heal either.
MARKS: Final = 2_000
PEOPLE: Final = 400
ENDLESS: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Switch:
    """One of the three.

    Attributes:
        on, back: the words of `plates pools`.
        setting: its name in the journal.
        stops: the verbs that it stops; none: every verb.
        careless: the fault of a core that does not ask for it.
    """

    on: str
    back: str
    setting: str
    stops: frozenset[str]
    careless: str

    def is_broken_by(self, step: Mapping[str, Any]) -> bool:
        """Whether a step should not have been made while it was on."""
        return step["verb"] != "configure" and (not self.stops or step["verb"] in self.stops)


SWITCHES: Final = (
    Switch(
        "stop-holds",
        "allow-holds",
        "holds_stopped",
        frozenset({"hold", "assign_next"}),
        "hold_while_holds_are_stopped",
    ),
    Switch("freeze", "thaw", "frozen", frozenset({"expire"}), "expire_while_the_clock_is_in_doubt"),
    Switch("stop-changes", "allow-changes", "read_only", frozenset(), "change_while_only_reading"),
)


def run(course: Course) -> Tally:
    """Each switch stops what it says, and is journalled."""
    return asyncio.run(_trials(course, plate_core, careless=False))


def sabotage(course: Course) -> Tally:
    """The same switch, for which nobody asks."""
    return asyncio.run(_trials(course, load_planted_core(), careless=True))


async def _trials(course: Course, core: ModuleType, *, careless: bool) -> Tally:
    book = load_rule_book(PATTERNS) if not careless else core.RuleBook.compile(read_law(PATTERNS))
    tally, trials = Tally(), []
    for seed in course.seeds:
        switch, server = SWITCHES[seed % len(SWITCHES)], new_server("valkey")
        planted = planted_environment(course.directory, switch.careless) if careless else {}
        trial = _Trial(switch, server, seed, course.directory / str(seed), core, book, planted)
        try:
            tally.faults += await trial.faults()
        finally:
            remove_server(server)
        trials.append(trial)
        tally.tried += 1
        course.progress(tally.tried)
    tally.figures = [
        Figure(
            "fewest answers while it was on", min(trial.answers_meanwhile for trial in trials), "", at_least=1
        ),
        Figure("fewest steps before and after", min(trial.steps_around for trial in trials), "", at_least=1),
    ]
    return tally


@dataclass
class _Trial:
    """One switch, turned on and back once."""

    switch: Switch
    server: StoreServer
    seed: int
    directory: Path
    core: ModuleType
    book: RuleBook
    planted: Mapping[str, str]
    steps_around: int = 0
    answers_meanwhile: int = 0
    stopping: bool = False

    async def faults(self) -> list[Fault]:
        """What was done while the switch was on, and what is not in the journal."""
        inventory = self._open()
        try:
            terms = dict.fromkeys(("hold_ttl_ms", "extension_ms", "payment_window_ms"), HOLD_TTL_MS)
            await open_sale(inventory, self.book, core=self.core, same_mark_daily_cap=1_000, **terms)
            crowd = Crowd(
                inventory,
                self.book,
                random.Random(self.seed),
                some_marks(self.book, MARKS),
                people=PEOPLE,
                core=self.core,
            )
            at_work = asyncio.gather(crowd.run(ENDLESS), self._sweep(inventory))
            await asyncio.sleep(AS_EVER_SECONDS)
            await self._turn(self.switch.on)
            answered = len(crowd.ledger.told)
            await asyncio.sleep(TURNED_ON_SECONDS)
            self.answers_meanwhile = len(crowd.ledger.told) - answered
            await self._turn(self.switch.back)
            await asyncio.sleep(AS_EVER_SECONDS)
            crowd.stopping = self.stopping = True
            await at_work
            return [
                fault for pool in POOLS for fault in self._judge(pool, await self._steps(inventory, pool))
            ]
        finally:
            inventory.close()

    def _open(self) -> Inventory:
        if not self.planted:
            return Inventory.open(self.server.url, self.book)
        return open_planted(self.core, self.server.url, self.book, self.switch.careless)

    async def _sweep(self, inventory: Inventory) -> None:
        while not self.stopping:
            for pool in POOLS:
                with suppress(PlateError):
                    await inventory.sweep(pool)
            await asyncio.sleep(0.01)

    async def _turn(self, word: str) -> None:
        """As somebody on duty types it."""
        regions = [part for pool in POOLS for part in ("--region", pool.rpartition(".")[2])]
        environment = os.environ | {"PLATES_REDIS_URL": self.server.url} | self.planted
        command = [PLATES, "pools", word, *regions, "--format", "person_car", "--reason", self._reason(word)]
        process = await asyncio.create_subprocess_exec(
            *command, env=environment, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
        )
        _, said = await process.communicate()
        if process.returncode != 0:
            raise RuntimeError(f"plates pools {word}: {said.decode()}")

    def _reason(self, word: str) -> str:
        return f"{word} of trial {self.seed}"

    async def _steps(self, inventory: Inventory, pool: str) -> list[dict[str, Any]]:
        journal = Journal.open(self.directory)
        try:
            while entries := await inventory.feed(pool, journal.head(pool), ENTRIES_A_READ):
                journal.append(pool, entries)
            journal.sync()
            return list(journal.transitions(pool))
        finally:
            journal.close()

    def _judge(self, pool: str, steps: Iterable[Mapping[str, Any]]) -> list[Fault]:
        is_on, reasons, wrong = False, [], []
        for step in steps:
            if step["verb"] == "configure":
                is_on = f"\n{self.switch.setting}=1\n" in step["note"]
                reasons += [step["note"].rpartition("reason=")[2].strip()] * ("\nreason=" in step["note"])
            elif not is_on:
                self.steps_around += 1
            elif self.switch.is_broken_by(step):
                wrong.append(
                    f"{step['verb']} at revision {step['revision']} of {pool} after {self.switch.on}"
                )
        due = [self._reason(self.switch.on), self._reason(self.switch.back)]
        if reasons != due:
            wrong.append(f"the journal of {pool} says {reasons}, not {due}")
        return [Fault(self.seed, sentence) for sentence in wrong]


EXPERIMENT = Experiment(
    name="kill_switches",
    promise="a kill switch under load: from the next call on no hold lands, nothing expires, or nothing "
    "changes; each turn is in the journal with its reason",
    control="the store's functions do not ask for that switch",
    unit="switches",
    run=run,
    sabotage=sabotage,
    full=Size(12, 3),
    short=Size(1, 1),
)
