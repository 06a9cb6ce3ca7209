"""Workers of a new version come while those of the old one serve; the old functions go after the last call.

Each version of the function library has names of its own, so that two stand side by side. Nobody's request
fails, a request that reaches workers of both versions has one answer, and the history is that of one service.
In the midst of it all functions are flushed, as a careless hand or a failover does. The control replaces: the
old functions go when the new ones come, under workers that still call them and may not load any.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, Final, cast

from plate_core import Answer, Inventory, PlateError, RuleBook, read_law
from proof.audit import audit
from proof.crowd import JOURNEYS_MAX, POOLS, Crowd, open_sale, some_marks
from proof.experiment import Course, Experiment, Fault, Figure, Size, Tally
from proof.planted import load_planted_core, open_planted
from tests.lasting_law import PATTERNS
from tests.servers import StoreServer, new_server, remove_server

WORKERS_A_VERSION: Final = 2
MARKS: Final = 400
# How many requests are answered between two steps of an upgrade.
ANSWERS_A_STEP: Final = 400
ANSWERS_A_STEP_SHORT: Final = 150
# Requests that reach two workers at once, under one id.
TWICE_SHARE: Final = 0.2
# A deployment that leaves the loading of functions to itself.
NO_LOADING: Final = ("on", ">secret", "~*", "&*", "+@all", "-function|load")

Row = tuple[Any, ...]


def run(course: Course) -> Tally:
    """Upgrade side by side."""
    return asyncio.run(_all_trials(course, _Trial.upgrade))


def sabotage(course: Course) -> Tally:
    """Upgrade by replacement."""
    return asyncio.run(_all_trials(course, _Trial.replace))


async def _all_trials(course: Course, way: Callable[[_Trial], Awaitable[list[Fault]]]) -> Tally:
    core = load_planted_core()
    book: RuleBook = core.RuleBook.compile(read_law(PATTERNS))
    tally, asked = Tally(), 0
    for done, seed in enumerate(course.seeds, 1):
        server = new_server("valkey")
        step = ANSWERS_A_STEP_SHORT if course.is_short else ANSWERS_A_STEP
        trial = _Trial(core, book, server, course.directory / str(seed), seed, step)
        try:
            tally.faults += await way(trial)
        finally:
            trial.close()
            remove_server(server)
        asked += trial.workers.asked
        tally.tried = done
        course.progress(done)
    tally.figures = [Figure("requests", asked, "")]
    return tally


@dataclass
class _Workers:
    """Those that serve now. It has the verbs of an inventory; each request goes to any of them, or to two."""

    chance: random.Random
    serving: list[Inventory] = field(default_factory=list)
    asked: int = 0
    wrong: list[str] = field(default_factory=list)

    def __getattr__(self, verb: str) -> Callable[[Sequence[Row]], Awaitable[list[Answer]]]:
        async def ask(rows: Sequence[Row]) -> list[Answer]:
            count = 2 if self.chance.random() < TWICE_SHARE else 1
            asked = self.chance.sample(self.serving, min(count, len(self.serving)))
            heard = await asyncio.gather(*(self._ask_one(worker, verb, rows) for worker in asked))
            told = {_told(answers[0]) for answers in heard}
            if len(told) > 1:
                self.wrong.append(f"one {verb} of {rows[0][1].text} has two answers: {told}")
            return heard[0]

        return ask

    async def _ask_one(self, worker: Inventory, verb: str, rows: Sequence[Row]) -> list[Answer]:
        try:
            answers: list[Answer] = await getattr(worker, verb)(rows)
        except PlateError as error:
            self.wrong.append(f"{verb} of {rows[0][1].text} failed: {error.slug}: {error.detail}")
            raise
        if answers[0].outcome == "unknown":
            self.wrong.append(f"{verb} of {rows[0][1].text} is unknown")
        self.asked += 1
        return answers


def _told(answer: Answer) -> tuple[str, int, str]:
    """What must be equal in two answers to one request."""
    return answer.outcome, answer.revision if answer.done else 0, answer.live.hold_id if answer.live else ""


@dataclass
class _Trial:
    """One upgrade, from the version of the seed to the next."""

    core: ModuleType
    book: RuleBook
    server: StoreServer
    directory: Path
    seed: int
    answers_a_step: int
    opened: list[Inventory] = field(default_factory=list)

    def __post_init__(self) -> None:
        """What happens is drawn from the seed."""
        self.version = self.seed % 60_000
        self.workers = _Workers(random.Random(self.seed))

    async def upgrade(self) -> list[Fault]:
        """Side by side: nothing may fail, and of the old functions nothing may be left."""
        old = await self._open_workers(self.server.url, self.version)
        crowd = await self._crowd(old)
        self.workers.serving += old
        coming = asyncio.create_task(crowd.run(JOURNEYS_MAX))
        await self._some_answers()
        new = await self._open_workers(self.server.url, self.version + 1)
        self.workers.serving += new
        await self._some_answers()
        with self.server.client() as client:
            client.function_flush("SYNC")
            await self._some_answers()
            self.workers.serving = new
            await self._some_answers()
            for worker in old:
                worker.close()
            [known] = {name for name in self._libraries() if name not in await self._names(new)}
            client.function_delete(known)
        await self._some_answers()
        crowd.stopping = True
        await coming
        faults = [Fault(self.seed, sentence) for sentence in self.workers.wrong]
        if len(self._libraries()) != 1:
            faults.append(Fault(self.seed, f"functions of two versions are left: {self._libraries()}"))
        return faults + await audit(new[0], self.book, crowd.ledger.told, POOLS, self.directory, self.seed)

    async def replace(self) -> list[Fault]:
        """The old functions go while old workers, which may not load any, still serve."""
        [founder] = await self._open_workers(self.server.url, self.version, 1)
        crowd = await self._crowd([founder])
        with self.server.client() as client:
            client.execute_command("ACL", "SETUSER", "worker", *NO_LOADING)
            url = f"{self.server.url}?user=worker&pass=secret"
            self.workers.serving += await self._open_workers(url, self.version)
            coming = asyncio.create_task(crowd.run(JOURNEYS_MAX))
            await self._some_answers()
            [known] = self._libraries()
            client.function_delete(known)
            self.workers.serving += await self._open_workers(self.server.url, self.version + 1)
            await self._some_answers()
        crowd.stopping = True
        await coming
        return [Fault(self.seed, sentence) for sentence in self.workers.wrong]

    def close(self) -> None:
        """Let go of every worker."""
        for worker in self.opened:
            worker.close()

    async def _open_workers(self, url: str, version: int, count: int = WORKERS_A_VERSION) -> list[Inventory]:
        options = {"library_version": version}
        opened = [open_planted(self.core, url, self.book, options=options) for _ in range(count)]
        self.opened += opened
        for worker in opened:
            await worker.load_functions()
        return opened

    async def _crowd(self, workers: Sequence[Inventory]) -> Crowd:
        await open_sale(workers[0], self.book, core=self.core)
        marks = some_marks(self.book, MARKS)
        serving = cast("Inventory", self.workers)
        return Crowd(serving, self.book, random.Random(f"{self.seed} crowd"), marks, core=self.core)

    async def _some_answers(self) -> None:
        """Let the crowd go on for so many answers."""
        until = self.workers.asked + self.answers_a_step
        while self.workers.asked < until:  # noqa: ASYNC110  each answer would have to set an event
            await asyncio.sleep(0.005)

    @staticmethod
    async def _names(workers: Sequence[Inventory]) -> set[str]:
        """The libraries that these workers call."""
        return {await worker.load_functions() for worker in workers}

    def _libraries(self) -> list[str]:
        """The libraries that the store has."""
        with self.server.client() as client:
            found = client.function_list()
        return [
            (dict(zip(one[::2], one[1::2], strict=True)) if isinstance(one, list) else one)[
                b"library_name"
            ].decode()
            for one in found
        ]


EXPERIMENT = Experiment(
    name="rolling_upgrade",
    promise="the function library upgraded under load, and flushed in the midst of it: no failed request, "
    "one answer a request, one history",
    control="the old functions are replaced under workers that call them",
    unit="upgrades",
    run=run,
    sabotage=sabotage,
    full=Size(10, 3),
    short=Size(1, 1),
)
