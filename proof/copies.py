"""Requests in one to five copies, sent at once over several connections, each until its answer is definite.

However often a request arrives, and in whatever order, it must have one effect, and its copies one answer.
How the store is reached, and what happens on the way, is the experiment's.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Final

from loadtests.history.records import Step
from plate_core import Act, Answer, Inventory, Mark, PlateError, load_rule_book
from proof.audit import audit, history_of, read_feeds
from proof.crowd import AMOUNT_TIYN, POOLS, Crowd, open_sale, some_marks
from proof.experiment import Course, Fault, Figure, Tally
from tests.lasting_law import PATTERNS
from tests.servers import StoreServer, new_server, remove_server

COPIES_MOST: Final = 5
REQUESTS_AT_ONCE: Final = 60
WAYS: Final = 6
CANDIDATES: Final = 4
APART_SECONDS: Final = 0.03
PATIENCE_SECONDS: Final = 60.0
PAUSE_SECONDS: Final = 0.02
# Shorter than a release has it, so that what is swallowed is soon asked for again.
# An act becomes the row of a verb.
Row = Callable[[Act], tuple[Any, ...]]

TIMES: Final = {"response_timeout_ms": 400, "connect_timeout_ms": 400}
Reach = Callable[[StoreServer, int], AbstractAsyncContextManager[tuple[str, Counter[str]]]]


@dataclass(slots=True)
class _Request:
    """One request, and what each of its copies was answered."""

    seed: int
    marks: Sequence[Mark]
    answers: list[Answer] = field(default_factory=list)

    @property
    def person(self) -> int:
        """Each seed is a person, so that nobody is at his limit for another's sake."""
        return self.seed + 1


@dataclass
class Copies:
    """All requests of a run, on one store that is reached in some bad way.

    Attributes:
        reach: how: gives the store's URL, and a count of what happened on the way.
        same_id: whether all copies of a request have its id; a control says no.
    """

    course: Course
    reach: Reach
    same_id: bool
    faults: list[Fault] = field(default_factory=list)
    asked_again: int = 0
    requests: list[_Request] = field(default_factory=list)

    async def run(self) -> Tally:
        """What was wrong."""
        self.book = load_rule_book(PATTERNS)
        server = new_server("valkey")
        near = Inventory.open(server.url, self.book)
        try:
            await open_sale(near, self.book)
            happened = await self._send_all(server, near)
            await self._judge(near)
        finally:
            near.close()
            remove_server(server)
        figures = [Figure(name, count, "") for name, count in sorted(happened.items())]
        # In the short form chance may leave nothing unknown.
        least = 1 if self.same_id and not self.course.is_short else None
        figures.append(Figure("asked again", self.asked_again, "", at_least=least))
        return Tally(len(self.requests), self.faults, figures)

    async def _send_all(self, server: StoreServer, near: Inventory) -> Counter[str]:
        first = self.course.seeds.start
        marks = some_marks(self.book, len(self.course.seeds) * CANDIDATES)
        pools = [marks[at :: len(POOLS)] for at in range(len(POOLS))]
        self.crowd = Crowd(near, self.book, random.Random(first), marks, name="sender")
        async with self.reach(server, first) as (url, happened):
            self.ways = [Inventory.open(url, self.book, options=TIMES) for _ in range(WAYS)]
            try:
                turns = asyncio.Semaphore(REQUESTS_AT_ONCE)
                sending = []
                for place, seed in enumerate(self.course.seeds):
                    own = pools[place % len(POOLS)][place // len(POOLS) * CANDIDATES :][:CANDIDATES]
                    sending.append(self._send(_Request(seed, own), turns))
                await asyncio.gather(*sending)
            finally:
                for way in self.ways:
                    way.close()
            return happened

    async def _send(self, request: _Request, turns: asyncio.Semaphore) -> None:
        """One request: all its copies at once, over any ways, until each has its answer."""
        chance = random.Random(request.seed)
        kind = chance.choice((self._assign, self._assign, self._hold, self._buy))
        async with turns:
            await kind(request, chance)
        self.requests.append(request)
        self.course.progress(len(self.requests))

    async def _assign(self, request: _Request, chance: random.Random) -> None:
        """Any of a few marks."""
        tariff = self.crowd.tariff
        await self._copies(
            request, chance, "assign_next", lambda act: (act, request.marks, tariff, AMOUNT_TIYN)
        )

    async def _hold(self, request: _Request, chance: random.Random) -> None:
        """One mark."""
        row = (request.marks[0], self.crowd.tariff, AMOUNT_TIYN)
        await self._copies(request, chance, "hold", lambda act: (act, *row))

    async def _buy(self, request: _Request, chance: random.Random) -> None:
        """A mark that was held calmly is paid for: the payment side's message comes in copies."""
        mark = request.marks[0]
        act = self.crowd.act_again(request.person, f"held-{request.seed:08}")
        [held] = await self.crowd.inventory.hold([(act, mark, self.crowd.tariff, AMOUNT_TIYN)])
        self.crowd.ledger.note(str(request.person), f"held-{request.seed:08}", "hold", held, "")
        hold = held.live.hold_id if held.live else ""

        def row(act: Act) -> tuple[Any, ...]:
            payment = {
                "provider": "bank",
                # A message of the payment side is known by its transaction.
                "transaction": f"paid-{request.seed}" if self.same_id else f"paid-{act.id}",
                "hold_id": hold,
                "amount_tiyn": AMOUNT_TIYN,
                "paid_at_ms": held.server_time_ms,
                "current_tariff": self.crowd.tariff,
                "current_amount_tiyn": AMOUNT_TIYN,
            }
            return act, mark, payment

        await self._copies(request, chance, "confirm", row, hold)

    async def _copies(
        self, request: _Request, chance: random.Random, verb: str, row: Row, hold: str = ""
    ) -> None:
        channel = "payment" if verb == "confirm" else "portal"

        async def copy(number: int) -> None:
            await asyncio.sleep(chance.uniform(0, APART_SECONDS))
            until = asyncio.get_running_loop().time() + PATIENCE_SECONDS
            for attempt in range(1_000_000):
                own = "" if self.same_id else f"-{number}-{attempt}"
                act = self.crowd.act_again(request.person, f"sent-{request.seed:08}{own}", channel)
                answer = await _answer(chance.choice(self.ways), verb, row(act))
                if answer is not None:
                    request.answers.append(answer)
                    name = f"paid-{request.seed}" if verb == "confirm" else f"{verb}-{request.seed}{own}"
                    self.crowd.ledger.note(str(request.person), name, verb, answer, hold)
                    return
                self.asked_again += 1
                if asyncio.get_running_loop().time() > until:
                    self.faults.append(Fault(request.seed, f"a copy of {verb} was never answered"))
                    return
                await asyncio.sleep(PAUSE_SECONDS)

        await asyncio.gather(*(copy(number) for number in range(chance.randint(1, COPIES_MOST))))

    async def _judge(self, near: Inventory) -> None:
        """Equal answers, one effect each, and a history that makes sense."""
        steps = await read_feeds(near, self.book, POOLS, self.course.directory / "network")
        by_mark: dict[str, list[Step]] = defaultdict(list)
        for step in steps:
            by_mark[step.mark].append(step)
        for request in self.requests:
            of_request = [step for mark in request.marks for step in by_mark[mark.text]]
            for sentence in _wrong(request, of_request):
                history = [line for mark in request.marks for line in history_of(mark.text, (), of_request)]
                self.faults.append(Fault(request.seed, sentence, history))
        if self.same_id:
            place = self.course.directory / "audit"
            told, seed = self.crowd.ledger.told, self.course.seeds.start
            self.faults += await audit(near, self.book, told, POOLS, place, seed)


async def _answer(way: Inventory, verb: str, row: tuple[Any, ...]) -> Answer | None:
    """A definite answer, or none."""
    try:
        [answer] = await getattr(way, verb)([row])
    except PlateError:
        return None
    return None if answer.outcome == "unknown" else answer


def _wrong(request: _Request, steps: Sequence[Step]) -> list[str]:
    """What is wrong with one request, by its copies' answers and by the feed."""
    found = []
    heard = {(one.outcome, one.mark.text, one.revision, _hold_of(one)) for one in request.answers}
    if len(heard) != 1:
        found.append(f"the copies of a request were answered differently: {sorted(heard)}")
    taken = [step for step in steps if step.verb in {"hold", "assign_next"}]
    if len(taken) != 1:
        found.append(f"a request for one mark took {len(taken)}")
    paid = [step for step in steps if step.payment is not None]
    if len(paid) > 1:
        found.append(f"money that was paid once was written down {len(paid)} times")
    if not all(answer.done for answer in request.answers):
        found.append(f"nobody else wanted it, and the answer is {sorted(heard)}")
    return found


def _hold_of(answer: Answer) -> str:
    return answer.live.hold_id if answer.live else ""
