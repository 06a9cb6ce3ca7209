"""kill -9 of the store in the midst of a crowd: nothing that was acknowledged is lost, and it is soon back.

A third of the trials kill the embedded store, which our own supervisor has to bring back; in a third a bare
server is started again at once; in a third the embedded store dies in the midst of a write, so that its file
ends within a command (``proof/false_disk.py``). The control acknowledges before the store has answered: what
it told people is then not always true.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Final, Protocol

from plate_core import Inventory, Mark, PlateError, RuleBook, load_rule_book
from proof.audit import audit, read_feeds
from proof.crowd import (
    BLOW_FALLS_SECONDS,
    PATIENCE_SECONDS,
    POOLS,
    Crowd,
    opened_sale,
    some_marks,
    until_ready,
)
from proof.experiment import Course, Experiment, Fault, Figure, Size, Tally
from proof.false_disk import FalseDisk, Mood
from proof.kept import is_up
from proof.supervised import Supervised, supervised_store
from tests.lasting_law import PATTERNS
from tests.servers import StoreServer, new_server, remove_server

READY_SECONDS: Final = 5.0
MARKS: Final = 4_000

Meanwhile = Callable[[], Awaitable[None]]


def run(course: Course) -> Tally:
    """Kill and restart under a crowd, then ask whether everything it was told is so."""
    return asyncio.run(_trials(course, early=False))


def sabotage(course: Course) -> Tally:
    """The same crowd is told `held` when its request is sent."""
    return asyncio.run(_trials(course, early=True))


async def _trials(course: Course, *, early: bool) -> Tally:
    book = load_rule_book(PATTERNS)
    tally, ready_seconds = Tally(), 0.0
    for done, seed in enumerate(course.seeds, 1):
        store = STORES[seed % len(STORES)]
        with store(course.directory / f"store-{seed}", seed) as server:
            trial = _Trial(book, server, seed, course.directory / str(seed))
            tally.faults += await (trial.acknowledge_early() if early else trial.acknowledge())
            if isinstance(server, _TornStore):
                tally.faults += server.faults()
        tally.tried += 1
        ready_seconds = max(ready_seconds, trial.ready_seconds)
        course.progress(done)
    tally.figures = [Figure("slowest until ready", ready_seconds, "s", at_most=READY_SECONDS)]
    return tally


class _Store(Protocol):
    """A store that can be killed; `start` sees to it that it comes back."""

    @property
    def url(self) -> str:
        """Where it listens."""
        ...

    def kill(self) -> None:
        """Kill -9."""
        ...

    def start(self) -> None:
        """Start it anew, unless somebody else does."""
        ...


@dataclass
class _BareStore:
    """A server that nobody watches."""

    server: StoreServer

    @property
    def url(self) -> str:
        """Where it listens."""
        return self.server.url

    def kill(self) -> None:
        """Kill -9."""
        self.server.kill()

    def start(self) -> None:
        """Start it on what it left. A kill may tear its last write by itself."""
        if not is_up(self.server, mending=True):
            raise RuntimeError("the store does not start on what it left")


@dataclass
class _TornStore:
    """The embedded store, on a disk that tears the write in which it dies."""

    store: Supervised
    disk: FalseDisk
    seed: int

    @property
    def url(self) -> str:
        """Where it listens."""
        return self.store.url

    def kill(self) -> None:
        """Let it die in the midst of its next write."""
        share = random.Random(self.seed).randrange(1_000)
        self.disk.become(Mood.TEARING, torn_permille=share)
        self.store.wait_until_dead()

    def start(self) -> None:
        """Its supervisor does that."""

    def faults(self) -> list[Fault]:
        """The trial is worth nothing when no write was torn."""
        torn = [*self.store.place.glob("appendonlydir/*.torn-*")]
        return [] if torn else [Fault(self.seed, "no torn end was found and cut off")]


@contextmanager
def _supervised_store(directory: Path, _seed: int) -> Iterator[_Store]:
    with supervised_store(directory) as store:
        yield store


@contextmanager
def _torn_store(directory: Path, seed: int) -> Iterator[_Store]:
    disk = FalseDisk(directory.with_name(f"disk-{seed}"), directory)
    with supervised_store(directory, beneath=disk.environment) as store:
        yield _TornStore(store, disk, seed)


@contextmanager
def _bare_store(_directory: Path, _seed: int) -> Iterator[_Store]:
    server = new_server("valkey")
    try:
        yield _BareStore(server)
    finally:
        remove_server(server)


@dataclass
class _Trial:
    """One kill."""

    book: RuleBook
    server: _Store
    seed: int
    directory: Path
    ready_seconds: float = 0.0

    async def acknowledge(self) -> list[Fault]:
        """A crowd that is told what the store has said; everything it was told must be so."""
        async with opened_sale(self.server.url, self.book) as inventory:
            crowd = Crowd(inventory, self.book, random.Random(self.seed), some_marks(self.book, MARKS))
            await crowd.run_through(lambda: self._kill_and_start(inventory))
            return await audit(inventory, self.book, crowd.ledger.told, POOLS, self.directory, self.seed)

    async def acknowledge_early(self) -> list[Fault]:
        """Everybody is told `held` when his request is sent; each wants a mark of his own."""
        async with opened_sale(self.server.url, self.book) as inventory:
            crowd = Crowd(inventory, self.book, random.Random(self.seed), ())
            promised: dict[str, str] = {}
            told = asyncio.Queue[str]()

            async def person(number: int, marks: Iterator[Mark]) -> None:
                for mark in takewhile(lambda _: not crowd.stopping, marks):
                    act = crowd.act(number)
                    promised[act.id] = mark.text
                    told.put_nowait(mark.text)
                    with suppress(PlateError):
                        await inventory.hold([(act, mark, crowd.tariff, crowd.amount_tiyn)])

            async def go_on_for_a_while() -> None:
                # What was under way when the store died it may have written: not every kill catches a lie.
                already = told.qsize()
                async with asyncio.timeout(PATIENCE_SECONDS):
                    for _ in range(already + crowd.people):
                        await told.get()
                crowd.stopping = True

            # Nobody is refused for another reason: each mark is wanted once, and nobody is at his limit.
            await inventory.configure_limits({"live_holds_person": 1_000})
            marks = iter(some_marks(self.book, 50_000))
            running = asyncio.gather(*(person(number, marks) for number in range(1, 65)))
            await asyncio.sleep(crowd.random.uniform(*BLOW_FALLS_SECONDS))
            await self._kill_and_start(inventory, go_on_for_a_while)
            await running
            held = {step.hold for step in await read_feeds(inventory, self.book, POOLS, self.directory)}
            return [
                Fault(self.seed, f"{mark} was acknowledged as hold {hold[:8]} and nobody has it")
                for hold, mark in promised.items()
                if hold not in held
            ]

    async def _kill_and_start(self, inventory: Inventory, meanwhile: Meanwhile | None = None) -> None:
        """``meanwhile`` is what happens while the store is dead."""
        await asyncio.to_thread(self.server.kill)
        killed_at = time.monotonic()
        if meanwhile is not None:
            await meanwhile()
        await asyncio.to_thread(self.server.start)
        await until_ready(inventory)
        self.ready_seconds = time.monotonic() - killed_at


STORES: Final = (_bare_store, _supervised_store, _torn_store)

EXPERIMENT = Experiment(
    name="kill_store",
    promise="kill -9 of the store under load: nothing acknowledged is lost, and it is ready within 5 s",
    control="people are told before the store has answered",
    unit="kills",
    run=run,
    sabotage=sabotage,
    full=Size(30, 6),
    short=Size(3, 1),
    needs=("cc",),
)
