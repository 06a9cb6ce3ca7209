"""Money that arrives within 5 ms of its hold's deadline, while the sweeper and a rival are at it.

Each hold ends in exactly one way: its mark is sold to whom it was held for, or it expires; and its money is
settled or to be refunded, once. The control sweeps without looking again, so that it ends what was just sold.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import ModuleType
from typing import Final

import plate_core
from loadtests.history.records import Step
from plate_core import Answer, Inventory, Mark, RuleBook, load_rule_book, read_law
from proof.audit import audit, history_of, read_feeds
from proof.crowd import POOLS, Crowd, open_sale, some_marks
from proof.experiment import Course, Experiment, Fault, Figure, Size, Tally
from proof.planted import load_planted_core, open_planted
from tests.lasting_law import PATTERNS
from tests.servers import new_server, remove_server

NEAR_MS: Final = 5
HOLD_TTL_MS: Final = 1_000
# Holds of one call end together; their confirmations follow each other across the ten milliseconds around.
HOLDS_A_GROUP: Final = 64
GROUPS_APART_SECONDS: Final = 0.06
GROUPS_AT_ONCE: Final = 20
# Another wants a third of the marks at the same moment: his hold makes late money a refund.
RIVAL_SHARE: Final = 1 / 3
RIVALS_FROM: Final = 1 << 40
# A trial whose message came too early or too late is tried again with another mark: 1.15 marks a trial on a
# quiet machine. A busy one may be late for a whole second, and a short run has few trials to even that out.
ATTEMPTS_A_TRIAL: Final = 12
MARKS_MIN: Final = 8_192


class MachineTooLate(Exception):
    """Nothing was proven: money hardly ever came near its hold's deadline on this machine, at this hour."""


def run(course: Course) -> Tally:
    """Race with the functions as they are."""
    return asyncio.run(_Race(course, plate_core, load_rule_book(PATTERNS)).run())


def sabotage(course: Course) -> Tally:
    """Race against a sweeper that ends what its list names, without looking at the record again."""
    core = load_planted_core()
    book = core.RuleBook.compile(read_law(PATTERNS))
    return asyncio.run(_Race(course, core, book, "sweep_without_looking_again").run())


@dataclass(slots=True)
class _Trial:
    """One hold and the money for it."""

    seed: int
    mark: Mark
    held: Answer
    transaction: str
    answer: Answer | None = None

    @property
    def hold(self) -> str:
        """The hold's id."""
        return self.held.live.hold_id if self.held.live else ""

    @property
    def deadline_ms(self) -> int:
        """When the hold is over."""
        return self.held.live.deadline_ms if self.held.live else 0

    @property
    def was_near(self) -> bool:
        """Whether the store judged the money within five milliseconds of the deadline."""
        return self.answer is not None and abs(self.answer.server_time_ms - self.deadline_ms) <= NEAR_MS


@dataclass
class _Race:
    course: Course
    core: ModuleType
    book: RuleBook
    planted: str = ""
    trials: list[_Trial] = field(default_factory=list)
    near: int = 0

    async def run(self) -> Tally:
        """Every seed's hold until its money arrived in time; then what became of each."""
        server = new_server("valkey")
        inventory, sweeping = (open_planted(self.core, server.url, self.book, self.planted) for _ in range(2))
        try:
            await open_sale(inventory, self.book, core=self.core, hold_ttl_ms=HOLD_TTL_MS)
            marks = some_marks(self.book, max(len(self.course.seeds) * ATTEMPTS_A_TRIAL, MARKS_MIN))
            self.marks = iter(marks)
            chance = random.Random(self.course.seeds.start)
            self.crowd = Crowd(inventory, self.book, chance, marks, name="race", core=self.core)
            sweeper = asyncio.create_task(_sweep(sweeping))
            await self._race_all()
            sweeper.cancel()
            with suppress(asyncio.CancelledError):
                await sweeper
            return await self._judge(inventory)
        finally:
            inventory.close()
            sweeping.close()
            remove_server(server)

    async def _race_all(self) -> None:
        """Groups one after the other, several under way; whoever was not near is in a later one again."""
        waiting, running = list(self.course.seeds), set[asyncio.Task[list[int]]]()
        while waiting or running:
            while waiting and len(running) < GROUPS_AT_ONCE:
                group, waiting = waiting[:HOLDS_A_GROUP], waiting[HOLDS_A_GROUP:]
                running.add(asyncio.create_task(self._race_group(group)))
                await asyncio.sleep(GROUPS_APART_SECONDS)
            done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                waiting += task.result()

    async def _race_group(self, seeds: Sequence[int]) -> list[int]:
        """Hold in one call, pay around the deadline; gives the seeds whose money was not near it."""
        trials = await self._hold(seeds)
        chances = [random.Random(f"{trial.seed}-{len(self.trials)}") for trial in trials]
        self.trials += trials
        # The message is under way for some two milliseconds.
        aims = [
            (chance.uniform(-NEAR_MS, NEAR_MS) - 2, trial, chance)
            for chance, trial in zip(chances, trials, strict=True)
        ]
        sent = []
        for aim_ms, trial, chance in sorted(aims, key=lambda one: one[0]):
            await _until(trial.deadline_ms + aim_ms)
            sent.append(asyncio.ensure_future(self._pay(trial)))
            if chance.random() < RIVAL_SHARE:
                sent.append(asyncio.ensure_future(self._want(trial)))
        await asyncio.gather(*sent)
        self.near += sum(trial.was_near for trial in trials)
        self.course.progress(self.near)
        return [trial.seed for trial in trials if not trial.was_near]

    async def _hold(self, seeds: Sequence[int]) -> list[_Trial]:
        marks = dict(zip(seeds, itertools.islice(self.marks, len(seeds)), strict=False))
        if len(marks) < len(seeds):
            raise MachineTooLate(
                f"{self.near} of {len(self.course.seeds)} came near their deadline, then no mark was left"
            )
        tariff, amount = self.crowd.tariff, self.crowd.amount_tiyn
        acts = [self.crowd.act(seed) for seed in marks]
        rows = [(act, mark, tariff, amount) for act, mark in zip(acts, marks.values(), strict=True)]
        answers = await self.crowd.inventory.hold(rows)
        trials = []
        for seed, act, answer in zip(marks, acts, answers, strict=True):
            self.crowd.ledger.note(str(seed), act.id, "hold", answer, "")
            trials.append(_Trial(seed, answer.mark, answer, f"race-{act.id}"))
        return trials

    async def _pay(self, trial: _Trial) -> None:
        payment = {
            "provider": "bank",
            "transaction": trial.transaction,
            "hold_id": trial.hold,
            "amount_tiyn": self.crowd.amount_tiyn,
            "paid_at_ms": trial.held.server_time_ms,
            "current_tariff": self.crowd.tariff,
            "current_amount_tiyn": self.crowd.amount_tiyn,
        }
        act = self.crowd.act(trial.seed, "payment")
        [trial.answer] = await self.crowd.inventory.confirm([(act, trial.mark, payment)])
        self.crowd.ledger.note(str(trial.seed), trial.transaction, "confirm", trial.answer, trial.hold)

    async def _want(self, trial: _Trial) -> None:
        """Somebody else asks for the mark."""
        await self.crowd.hold(RIVALS_FROM + trial.seed, trial.mark)

    async def _judge(self, inventory: Inventory) -> Tally:
        steps = await read_feeds(inventory, self.book, POOLS, self.course.directory / "race")
        by_mark = defaultdict(list)
        for step in steps:
            by_mark[step.mark].append(step)
        told = self.crowd.ledger.told
        faults = [
            Fault(trial.seed, sentence, history_of(trial.mark.text, told, by_mark[trial.mark.text]))
            for trial in self.trials
            for sentence in _wrong(trial, by_mark[trial.mark.text])
        ]
        if not self.planted:
            place = self.course.directory / "audit"
            faults += await audit(inventory, self.book, told, POOLS, place, self.course.seeds.start)
        sold = sum(trial.answer is not None and trial.answer.outcome == "allotted" for trial in self.trials)
        figures = [
            Figure("raced in all", len(self.trials), ""),
            Figure("sold", sold, "", at_least=1),
            Figure(
                "expired first",
                sum(_expired(by_mark[trial.mark.text]) for trial in self.trials),
                "",
                at_least=1,
            ),
        ]
        return Tally(self.near, faults, figures)


def _wrong(trial: _Trial, steps: Sequence[Step]) -> Iterator[str]:
    """What is wrong with how one hold ended, by the feed and by what the payment side was told."""
    money = [step for step in steps if step.payment and step.payment.transaction == trial.transaction]
    if len(money) != 1:
        yield f"{trial.mark.text}: the money for {trial.hold[:8]} was written down {len(money)} times"
        return
    settled = bool(money[0].payment and money[0].payment.state == "settled")
    heard = trial.answer.outcome if trial.answer else "nothing"
    if heard != ("allotted" if settled else "refund_due"):
        yield f"{trial.mark.text}: the payment side heard {heard}, and the feed says {money[0].payment}"
    yield from _wrong_end(trial, steps)


def _wrong_end(trial: _Trial, steps: Sequence[Step]) -> Iterator[str]:
    """Whether the hold ended more or less than once, or on the wrong side of its deadline."""
    ends = [step for step in steps if _ends(step)]
    sold = [step for step in ends if step.verb != "expire"]
    if not ends:
        yield f"{trial.mark.text}: hold {trial.hold[:8]} neither was sold nor has expired"
        return
    beyond_ms = ends[0].server_ms - trial.deadline_ms
    if (ends[0].verb == "expire") != (beyond_ms >= 0):
        yield f"{trial.mark.text}: {trial.hold[:8]} ended by {ends[0].verb}, {beyond_ms:+} ms from its end"
    if len(sold) > 1:
        yield f"{trial.mark.text}: sold {len(sold)} times"
    if sold and ends[-1] is not sold[0]:
        yield f"{trial.mark.text}: sold, and {ends[-1].verb} came after it: two outcomes"


def _ends(step: Step) -> bool:
    """Whether a step ends a hold: it expires, or its mark is sold."""
    return step.verb == "expire" or (step.state == "allotted" and not step.untouched)


def _expired(steps: Sequence[Step]) -> bool:
    return next((step.verb for step in steps if _ends(step)), "") == "expire"


async def _until(moment_ms: float) -> None:
    """Until this moment of the machine's clock, which is the store's."""
    await asyncio.sleep(max(0.0, moment_ms / 1_000 - time.time()))


async def _sweep(inventory: Inventory) -> None:
    """End what is due, all the time."""
    while True:
        for pool in POOLS:
            await inventory.sweep(pool, 128)


EXPERIMENT = Experiment(
    name="expiry_race",
    promise="money within 5 ms of a hold's deadline, against the sweeper: exactly one outcome each",
    control="the sweeper does not look at the record again",
    unit="confirmations",
    run=run,
    sabotage=sabotage,
    full=Size(10_000, 500),
    short=Size(128, 64),
)
