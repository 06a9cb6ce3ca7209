"""The store's clock is set by a second to a day, forward or back, and set right again, while people hold.

The keeper's own guard watches it. Whoever holds a mark has it for the time he was promised, less at most
the lease on expiry, by a clock that nobody sets; nobody gets what another has bought; the keeper raises its
alarm. The control holds by keys that expire natively: they are stolen.
"""

from __future__ import annotations

import asyncio
import itertools
import math
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from structlog.testing import capture_logs

from loadtests.history.check import owners_by_journal, payments_balance
from plate_core import Answer, Inventory, Mark, ReplicaWriter, RuleBook, load_rule_book
from plateapi.engine import Engine
from plateapi.keeper.activation import Activation
from plateapi.keeper.process import Keeper
from plateapi.keeper.status import KeeperStatus
from plateapi.settings import Settings
from proof.audit import compare_with_store, history_of, read_feeds
from proof.crowd import POOLS, Crowd, open_sale, some_marks
from proof.experiment import Course, Experiment, Fault, Figure, Size, Tally
from proof.wrong_clock import clocked_server, remove_clocked_server, set_clock
from tests.lasting_law import lasting_law
from tests.servers import StoreServer

DAY_SECONDS: Final = 86_400
HOLD_SECONDS_MAX: Final = 900
HOLD_SECONDS_MIN: Final = 2
# A release leases for 6 s, looks each second and tolerates half a second; the promise is the same for all.
LEASE_SECONDS: Final = 2.0
WATCH_SECONDS: Final = 0.1
# How long a trial looks at what the wrong clock, and then the right one, does to those who hold.
CONTEST_SECONDS: Final = 0.8
PAUSE_SECONDS: Final = 0.08
PATIENCE_SECONDS: Final = 20.0
ALARM_SECONDS: Final = 5.0
MARKS_A_TRIAL: Final = 12
TRIALS_AT_ONCE: Final = 4
# What measuring may add: an answer that waited for this process's turn.
MEASURING_SECONDS: Final = 0.2

# The naive hold, as many write it: the mark is a key that goes by itself.
NATIVE_HOLD: Final = "return redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) and 1 or 0"

TrialRun = Callable[[int, Path], Awaitable[tuple[list[Fault], float]]]


def run(course: Course) -> Tally:
    """Set the clock under the engine and its keeper."""
    book = load_rule_book(lasting_law())
    return asyncio.run(_all_trials(course, lambda seed, place: _Trial(book, seed, place).run()))


def sabotage(course: Course) -> Tally:
    """Set it under holds that are keys with a time to live."""
    return asyncio.run(_all_trials(course, _steal))


async def _all_trials(course: Course, run_one: TrialRun) -> Tally:
    """A few at a time, for they mostly wait; each has a server of its own."""
    turns, tally, alarms = asyncio.Semaphore(TRIALS_AT_ONCE), Tally(), [0.0]

    async def trial(seed: int) -> None:
        place = course.directory / str(seed)
        place.mkdir()
        async with turns:
            faults, alarm_seconds = await run_one(seed, place)
        tally.faults += faults
        tally.tried += 1
        alarms.append(alarm_seconds)
        course.progress(tally.tried)

    # The keepers' alarms are wanted here and nobody need read them.
    with capture_logs():
        await asyncio.gather(*map(trial, course.seeds))
    tally.figures = [Figure("slowest alarm", max(alarms), "s", at_most=ALARM_SECONDS)]
    return tally


def _jump_seconds(seed: int) -> float:
    """A second to a day, each size as likely; seeds go forward and back in turn."""
    size = math.exp(random.Random(seed).uniform(0, math.log(DAY_SECONDS)))
    return size if seed % 2 == 0 else -size


async def _set(server: StoreServer, place: Path, offset_seconds: float) -> None:
    """Set the clock and wait until the server goes by it."""
    set_clock(place, offset_seconds)
    with server.client() as client:
        while True:
            seconds, micros = client.time()
            if abs(seconds + micros / 1e6 - time.time() - offset_seconds) < 0.1:
                return
            await asyncio.sleep(0.002)


@dataclass(slots=True)
class _Promise:
    """Somebody was told that he has a mark for so long."""

    person: int
    hold: str
    revision: int
    seconds: float
    since: float


@dataclass
class _Trial:
    """One jump, and the way back."""

    book: RuleBook
    seed: int
    place: Path
    promised: dict[Mark, _Promise] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def __post_init__(self) -> None:
        """What happens is drawn from the seed."""
        self.chance = random.Random(f"{self.seed} holds")
        self.jump_seconds = _jump_seconds(self.seed)
        crossed = abs(self.jump_seconds) * self.chance.uniform(0.5, 1.5)
        self.hold_seconds = round(min(max(crossed, HOLD_SECONDS_MIN), HOLD_SECONDS_MAX))
        self.people = itertools.count(1)
        self.marks = some_marks(self.book, MARKS_A_TRIAL)

    async def run(self) -> tuple[list[Fault], float]:
        """What was wrong, and how soon the alarm came."""
        server = clocked_server(self.place)
        settings = Settings(
            redis_url=server.url,
            data_dir=self.place,
            keeper_watch_seconds=WATCH_SECONDS,
            sweep_seconds=WATCH_SECONDS,
            expiry_lease_seconds=LEASE_SECONDS,
            hold_ttl_seconds=self.hold_seconds,
        )
        inventory = Inventory.open(settings.redis_url, self.book)
        try:
            async with self._sale(settings, inventory) as keeper:
                alarm_seconds = await self._jump(server, keeper)
            await self._judge(inventory, settings)
        finally:
            inventory.close()
            remove_clocked_server(server)
        return self.faults, alarm_seconds

    @asynccontextmanager
    async def _sale(self, settings: Settings, inventory: Inventory) -> AsyncIterator[Keeper]:
        """A keeper at work on a sale that trusts its guard, and a crowd that has not come yet."""
        await inventory.check_contract()
        await open_sale(inventory, self.book, self.book.pools())
        self.crowd = Crowd(inventory, self.book, self.chance, self.marks)
        keeper = Keeper(
            settings=settings,
            inventory=inventory,
            book=self.book,
            activation=Activation(Engine(settings, inventory, self.book, {})),
            status=KeeperStatus(pid=self.seed),
            replica=ReplicaWriter.start(settings.redis_url, settings.replica_path, self.book),
        )
        keeping = asyncio.create_task(keeper.run())
        try:
            yield keeper
        finally:
            keeper.stopping.set()
            await keeping

    async def _jump(self, server: StoreServer, keeper: Keeper) -> float:
        """Hold and buy; set the clock, hold some more; set it right. Others want it all, all the time."""
        await self._until_guarded(keeper)
        for mark in self.marks[:8]:
            await self._hold(mark)
        sold = self.marks[:2]
        for mark in sold:
            await self._buy(mark)
        await _set(server, self.place, self.jump_seconds)
        set_at = time.monotonic()
        alarm = asyncio.create_task(_alarmed(keeper))
        await self._want_all(sold)
        await asyncio.wait_for(alarm, ALARM_SECONDS)
        for mark in self.marks[8:]:
            await self._hold(mark)
        await _set(server, self.place, 0)
        await self._want_all(sold)
        return alarm.result() - set_at

    async def _until_guarded(self, keeper: Keeper) -> None:
        """Until the keeper has told the pools that they go by its guard, and vouches for the clock."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                pools = [await self.crowd.inventory.pool_settings(pool) for pool in POOLS]
                if keeper.status.expiry_leased and all(pool["clock_guard"] for pool in pools):
                    return
                await asyncio.sleep(PAUSE_SECONDS)

    async def _hold(self, mark: Mark) -> Answer:
        since, person = time.monotonic(), next(self.people)
        answer = await self.crowd.hold(person, mark)
        if answer.outcome == "held" and answer.live is not None:
            seconds = (answer.live.deadline_ms - answer.server_time_ms) / 1_000
            self.promised[mark] = _Promise(person, answer.live.hold_id, answer.live.revision, seconds, since)
        return answer

    async def _buy(self, mark: Mark) -> None:
        promise = self.promised.pop(mark)
        await self.crowd.buy(promise.person, mark, promise.hold, promise.revision)
        [standing] = await self.crowd.inventory.read([mark])
        if standing.live is None or standing.live.state != "allotted":
            self._say(f"{mark.text} could not be bought", mark)

    async def _want_all(self, sold: Iterable[Mark]) -> None:
        """Others ask for every mark, again and again; nobody may get what is still promised to another."""
        until = time.monotonic() + CONTEST_SECONDS
        while time.monotonic() < until:
            for mark in sold:
                if (await self._hold(mark)).outcome == "held":
                    self._say(f"{mark.text} was sold, and somebody else holds it", mark)
            for mark, promise in list(self.promised.items()):
                if (await self._hold(mark)).outcome == "held":
                    self._judge_loss(mark, promise)
            await asyncio.sleep(PAUSE_SECONDS)

    def _judge_loss(self, mark: Mark, promise: _Promise) -> None:
        cut_seconds = promise.seconds - (time.monotonic() - promise.since)
        if cut_seconds > LEASE_SECONDS + MEASURING_SECONDS:
            self._say(
                f"{mark.text}: hold {promise.hold[:8]} of {promise.seconds:.1f} s was cut short by "
                f"{cut_seconds:.1f} s (clock set by {self.jump_seconds:+.1f} s)",
                mark,
            )

    def _say(self, sentence: str, mark: Mark) -> None:
        self.faults.append(Fault(self.seed, sentence, history_of(mark.text, self.crowd.ledger.told, ())))

    async def _judge(self, inventory: Inventory, settings: Settings) -> None:
        """The journal that the keeper wrote tells of legal lives, and the store is what it says."""
        steps = await read_feeds(inventory, self.book, POOLS, settings.journal_dir)
        for finding in [*owners_by_journal(steps), *payments_balance(self.crowd.ledger.told, steps)]:
            self.faults.append(Fault(self.seed, str(finding)))
        for _, sentence in await compare_with_store(inventory, self.book, steps):
            self.faults.append(Fault(self.seed, sentence))


async def _alarmed(keeper: Keeper) -> float:
    """When the keeper raised its alarm: it says by how much the clocks parted, and leases no more."""
    tolerance_ms = keeper.settings.clock_tolerance_seconds * 1_000
    # The keeper's status is plain fields, so it can only be looked at.
    while abs(keeper.status.clock_parted_by_ms) <= tolerance_ms or keeper.status.expiry_leased:  # noqa: ASYNC110
        await asyncio.sleep(0.005)
    return time.monotonic()


async def _steal(seed: int, place: Path) -> tuple[list[Fault], float]:
    """The naive hold under the same jump: a key that expires by itself."""
    hold_ms = round(min(abs(_jump_seconds(seed)), HOLD_SECONDS_MAX) * 900)
    server = clocked_server(place)
    try:
        with server.client() as client:
            holds = client.register_script(NATIVE_HOLD)
            since = time.monotonic()
            if holds(keys=["mark"], args=["aigerim", hold_ms]) != 1:
                raise RuntimeError("the naive hold does not hold")
            await _set(server, place, _jump_seconds(seed))
            stolen = holds(keys=["mark"], args=["daniyar", hold_ms]) == 1
            cut_seconds = hold_ms / 1_000 - (time.monotonic() - since)
    finally:
        remove_clocked_server(server)
    sentence = f"a hold of {hold_ms / 1_000:.1f} s was stolen {cut_seconds:.1f} s before its end"
    return [Fault(seed, sentence)] if stolen and cut_seconds > 0 else [], 0.0


EXPERIMENT = Experiment(
    name="clock_jumps",
    promise="the store's clock set by 1 s to 1 day and set right: no double sale, no hold cut short by more "
    "than the lease on expiry, an alarm",
    control="holds are native keys with a time to live",
    unit="jumps",
    run=run,
    sabotage=sabotage,
    full=Size(40, 40),
    short=Size(2, 2),
    needs=("faketime",),
)
