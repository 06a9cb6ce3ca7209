"""kill -9 of API workers and of the keeper in mid-request: one key, one effect, and no permit is lost.

People call a whole service over HTTP while its processes are killed one after another, and ask again under
the same Idempotency-Key whatever was not answered. In the end every hold of the journal is one that
somebody was told of, and everybody can hold as many marks as he may. The control asks again under a new
key: then holds stand there that nobody knows of. Some processes with the engine alone, without HTTP, are
killed as well; they are the whole short form.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from contextlib import suppress
from typing import Final

from loadtests.service import running_service
from plate_core import Inventory, RuleBook, load_rule_book
from plateapi.keeper.status import is_fresh, read_status
from plateapi.store import store_url
from proof.audit import audit_service, read_feeds
from proof.callers import Callers, called
from proof.clerk import Clerk
from proof.crowd import POOLS, Crowd, opened_sale, some_marks
from proof.experiment import Course, Experiment, Fault, Figure, Size, Tally
from proof.processes import Processes
from tests.lasting_law import PATTERNS, light_law
from tests.servers import new_server, remove_server

HOLD_SECONDS: Final = 4
LIVE_HOLDS: Final = 3
SETTINGS: Final = {
    "PLATES_HOLD_TTL_SECONDS": str(HOLD_SECONDS),
    "PLATES_EXTENSION_SECONDS": str(HOLD_SECONDS),
    "PLATES_PAYMENT_WINDOW_SECONDS": str(HOLD_SECONDS),
    "PLATES_COOLDOWN_SECONDS": "0",
    "PLATES_SAME_MARK_DAILY_CAP": "1000",
    "PLATES_LIVE_HOLDS_PERSON": str(LIVE_HOLDS),
}
# No permit outlives the last act on its hold by more: 5 s beyond what that act gives.
PERMIT_SECONDS: Final = 3 * HOLD_SECONDS
PEOPLE: Final = 40
WORKERS: Final = 2
MARKS_A_KILL: Final = 16
FRESH_MARKS: Final = 400
READY_SECONDS: Final = 60.0
# One kill in ten is of the keeper, one of the parent of all workers; their supervisor waits longer each time.
KEEPER, PARENT = 0, 5
CLERK_KILLS: Final = 5
CLERK_WISHES: Final = 200


def run(course: Course) -> Tally:
    """Under the same key."""
    return _trials(course, same_key=True)


def sabotage(course: Course) -> Tally:
    """Under a new key each time."""
    return _trials(course, same_key=False)


def _trials(course: Course, *, same_key: bool) -> Tally:
    clerks = asyncio.run(_kill_clerks(course, course.seeds[:CLERK_KILLS], same_key=same_key))
    if course.is_short:
        return clerks
    law = light_law()
    settings = SETTINGS | {"PLATES_PATTERNS_DIR": str(law)}
    with running_service(course.directory, workers=WORKERS, settings=settings) as address:
        tally = asyncio.run(_Killing(course, load_rule_book(law)).kill_all(address, same_key=same_key))
    tally.add(clerks)
    return tally


class _Killing:
    """All the kills of one service."""

    def __init__(self, course: Course, book: RuleBook) -> None:
        self.course, self.book = course, book
        self.processes = Processes(course.directory)
        marks = [mark.text for mark in some_marks(book, MARKS_A_KILL * len(course.seeds) + FRESH_MARKS)]
        self.marks = {
            seed: marks[at * MARKS_A_KILL : (at + 1) * MARKS_A_KILL] for at, seed in enumerate(course.seeds)
        }
        self.fresh = marks[MARKS_A_KILL * len(course.seeds) :]
        self.seed_of = {mark: seed for seed, wanted in self.marks.items() for mark in wanted}

    async def kill_all(self, address: str, *, same_key: bool) -> Tally:
        """Kill by kill, and what is wrong when everything has come to rest."""
        first = self.course.seeds.start
        marks = self.marks[first]
        tally = Tally()
        async with called(
            address, self.course.directory, first, marks, same_key=same_key, people=PEOPLE
        ) as callers:
            async with callers.at_work():
                for seed in self.course.seeds:
                    callers.marks = self.marks[seed]
                    await self._kill(random.Random(seed), seed % 10)
                    tally.tried += 1
                    self.course.progress(tally.tried)
            await asyncio.sleep(PERMIT_SECONDS)
            await asyncio.to_thread(self._wait_for_keeper)
            tally.faults += await self._audit(callers)
            tally.faults += await self._leaked_permits(callers)
            tally.figures = [
                Figure("requests", callers.statuses.total(), "requests"),
                Figure("asked again", callers.asked_again, "times"),
            ]
        return tally

    async def _kill(self, chance: random.Random, kind: int) -> None:
        """One process, while people are at it; whoever serves in its place is waited for."""
        await asyncio.sleep(chance.uniform(0.2, 0.5))
        starts = self._starts()
        if kind == KEEPER:
            victim, successors = self.processes.keeper, 0
        elif kind == PARENT:
            victim, successors = self.processes.api, WORKERS
        else:
            # The oldest: a worker that ends twice within seconds is taken for a fault of all.
            victim, successors = next(iter(self.processes.workers), 0), 1
        if victim:
            with suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)
        await asyncio.to_thread(self._wait_for_starts, starts + successors)

    def _wait_for_starts(self, wanted: int) -> None:
        until = time.monotonic() + READY_SECONDS
        while self._starts() < wanted and time.monotonic() < until:
            time.sleep(0.05)

    def _starts(self) -> int:
        """How often a worker has begun to serve, by the log of their parents."""
        return (self.course.directory / "log" / "api.log").read_bytes().count(b"Started worker-")

    def _wait_for_keeper(self) -> None:
        """Until one is at work and has looked at what is due; its supervisor may have waited long."""
        until = time.monotonic() + READY_SECONDS
        while time.monotonic() < until and not is_fresh(self.course.directory, time.time_ns() // 1_000_000):
            time.sleep(0.1)
        time.sleep(2.5)

    async def _audit(self, callers: Callers) -> list[Fault]:
        first = self.course.seeds.start
        inventory = Inventory.open(store_url(self.course.directory), self.book)
        try:
            told = callers.ledger.told
            faults = await audit_service(
                inventory,
                self.book,
                told,
                self.course.directory,
                lambda mark: self.seed_of.get(mark, first),
                live_holds_max=LIVE_HOLDS,
            )
        finally:
            inventory.close()
        return faults + [Fault(first, complaint) for complaint in sorted(callers.complaints)]

    async def _leaked_permits(self, callers: Callers) -> list[Fault]:
        """Nobody holds anything any more, so everybody may hold as many as he may.

        A permit whose end was lost with a worker counts until its own deadline, and while nobody vouches for
        the clock: whoever is refused asks again for a while.
        """
        fresh = iter(self.fresh)
        until = time.monotonic() + PERMIT_SECONDS
        leaked = []
        for person in range(1, callers.people + 1):
            held, answer = 0, None
            while held < LIVE_HOLDS and time.monotonic() < until:
                _, answer = await callers.ask(person, "POST", "/v1/holds", json={"mark": next(fresh)})
                held += answer.status_code == 201
                await asyncio.sleep(0.0 if answer.status_code == 201 else 0.5)
            if held < LIVE_HOLDS and answer is not None:
                keeper = read_status(self.course.directory)
                leaked.append(f"caller {person} got {held} of {LIVE_HOLDS}: {answer.text[:60]}; {keeper}")
        return [Fault(self.course.seeds.start, sentence) for sentence in leaked]


# --- the engine alone -----------------------------------------------------------------------


async def _kill_clerks(course: Course, seeds: range, *, same_key: bool) -> Tally:
    """A process that holds for others is killed; whoever asked asks another, and one effect is there."""
    book = load_rule_book(PATTERNS)
    tally = Tally()
    for done, seed in enumerate(seeds, 1):
        server = new_server("valkey")
        try:
            async with opened_sale(server.url, book) as inventory:
                heard = await _kill_clerk(inventory, server.url, book, seed, same_key=same_key)
                steps = await read_feeds(inventory, book, POOLS, course.directory / str(seed))
        finally:
            remove_server(server)
        tally.faults += [
            Fault(seed, f"hold {step.hold[:8]} of {step.mark} is in the feed; nobody was told")
            for step in steps
            if step.verb == "assign_next" and step.hold not in heard
        ]
        tally.tried += 1
        course.progress(done)
    return tally


async def _kill_clerk(
    inventory: Inventory, url: str, book: RuleBook, seed: int, *, same_key: bool
) -> set[str]:
    """The holds that were heard of, once everybody who had no answer of the clerk's has asked here.

    Each wants one of two marks: whoever asks for a certain one again is told that he holds it.
    """
    chance = random.Random(seed)
    crowd = Crowd(inventory, book, chance, ())
    marks = iter(some_marks(book, 2 * CLERK_WISHES, POOLS[:1]))
    price = (crowd.tariff, crowd.amount_tiyn)
    wishes = {f"wish-{n:08}": (n, [next(marks), next(marks)]) for n in range(1, CLERK_WISHES + 1)}
    with Clerk(url) as clerk:
        for request, (person, some) in wishes.items():
            clerk.ask(request, person, "assign_next", [mark.text for mark in some], *price)
        first = await asyncio.to_thread(clerk.answer)
        await asyncio.sleep(chance.uniform(0.0, 0.005))
        heard = {told["request"]: told["hold"] for told in [first, *clerk.killed()] if told["hold"]}
    for request, (person, some) in wishes.items():
        if request not in heard:
            act = crowd.act_again(person, request if same_key else f"again-{request}")
            [answer] = await inventory.assign_next([(act, some, *price)])
            heard[request] = answer.live.hold_id if answer.live else ""
    return set(heard.values())


EXPERIMENT = Experiment(
    name="kill_workers",
    promise="kill -9 of API workers and of the keeper: one key, one effect; no permit leaks; journal whole",
    control="whoever was not answered asks again under a new key",
    unit="kills",
    run=run,
    sabotage=sabotage,
    full=Size(50, 12),
    short=Size(2, 2),
)
