"""Store, worker and keeper are frozen for half a second to ten, and run on as if nothing had been.

A frozen store answers nobody: whatever is unknown is asked again until it is known. A frozen worker has
acts in hand that are stale when it runs on: somebody has extended the hold that it is to release, and
another has the mark that it is to confirm; both must be refused. Behind a frozen keeper nothing expires
before its time, and its journal comes up again. The control's functions look neither at the revision nor at
whose hold was paid for.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from plate_core import Act, Inventory, JournalReader, Mark, PlateError, RuleBook, load_rule_book
from plateapi.keeper.status import read_status
from proof.audit import audit, audit_service, step_of
from proof.clerk import Clerk
from proof.crowd import POOLS, Crowd, opened_sale, some_marks, until_ready
from proof.experiment import Course, Experiment, Fault, Figure, Size, Tally
from tests.lasting_law import PATTERNS
from tests.servers import StoreServer, new_server, remove_server

ROOT: Final = Path(__file__).resolve().parents[2]
AT_ONCE: Final = 4
MARKS: Final = 60
LEFT: Final = 5
JOURNEYS: Final = 600
# Shorter than any pause, so that a frozen store leaves answers unknown.
RESPONSE_MS: Final = 300
TTL_MS: Final = 1_000
KEEPER_SECONDS: Final = 30.0
# One pause in ten is long: every lease of the keeper's ends in it.
LONG_SECONDS: Final = 10.0
# Which rules the control's functions have lost.
RULES: Final = ("if revision ~= item.revision then", "if not same_hold and not own then")


def run(course: Course) -> Tally:
    """Each kind of process in turn."""
    return asyncio.run(_trials(course, [_freeze_store, _freeze_worker, _freeze_keeper]))


def sabotage(course: Course) -> Tally:
    """A worker's stale acts, where nobody looks."""
    return asyncio.run(_trials(course, [_freeze_worker], sabotaged=True))


async def _trials(course: Course, kinds: Sequence[Kind], *, sabotaged: bool = False) -> Tally:
    """Some at a time: most of a trial is waiting."""
    book = load_rule_book(PATTERNS)
    places, tally, unknown = asyncio.Semaphore(AT_ONCE), Tally(), 0

    async def freeze(seed: int) -> None:
        nonlocal unknown
        async with places:
            server = new_server("valkey")
            try:
                directory = course.directory / str(seed)
                directory.mkdir()
                async with opened_sale(server.url, book) as inventory:
                    if sabotaged:
                        _take_rules_away(server)
                    chance = random.Random(seed)
                    seconds = _pause(seed, chance, is_short=course.is_short)
                    trial = _Trial(server, inventory, book, seed, directory, chance, seconds)
                    tally.faults += await kinds[seed % len(kinds)](trial)
                    unknown += trial.unknown
            finally:
                remove_server(server)
            tally.tried += 1
            course.progress(tally.tried)

    await asyncio.gather(*map(freeze, course.seeds))
    tally.figures = [Figure("unknown, and then known", unknown, "answers")]
    return tally


def _pause(seed: int, chance: random.Random, *, is_short: bool) -> float:
    if is_short:
        return chance.uniform(0.5, 1.0)
    return LONG_SECONDS if seed % 10 == 0 else chance.uniform(0.5, 3.0)


def _take_rules_away(server: StoreServer) -> None:
    with server.client() as client:
        [library] = client.function_list(withcode=True)
        fields = dict(zip(library[::2], library[1::2], strict=True)) if isinstance(library, list) else library
        code = fields[b"library_code"].decode()
        for rule in RULES:
            if rule not in code:
                raise ValueError(f"the rule {rule!r} does not stand there")
            code = code.replace(rule, "if false then")
        client.function_load(code, replace=True)


@dataclass
class _Trial:
    """One process that is frozen."""

    server: StoreServer
    inventory: Inventory
    book: RuleBook
    seed: int
    directory: Path
    chance: random.Random
    seconds: float
    unknown: int = 0

    def crowd(self, inventory: Inventory) -> Crowd:
        """People who are at work meanwhile."""
        return Crowd(inventory, self.book, self.chance, some_marks(self.book, MARKS))

    def fault(self, sentence: str) -> Fault:
        """Something that this trial found."""
        return Fault(self.seed, f"{sentence} (frozen for {self.seconds:.1f} s)")


Kind = Callable[[_Trial], Awaitable[list[Fault]]]


# --- the store --------------------------------------------------------------------------------------------


async def _freeze_store(trial: _Trial) -> list[Fault]:
    async def blow() -> None:
        trial.server.pause()
        await asyncio.sleep(trial.seconds)
        trial.server.resume()
        await until_ready(trial.inventory)

    hasty = Inventory.open(trial.server.url, trial.book, options={"response_timeout_ms": RESPONSE_MS})
    crowd = trial.crowd(hasty)
    try:
        await crowd.run_through(blow)
    finally:
        hasty.close()
    trial.unknown = crowd.ledger.unknown
    told, journal = crowd.ledger.told, trial.directory / "journal"
    return await audit(trial.inventory, trial.book, told, POOLS, journal, trial.seed)


# --- a worker ---------------------------------------------------------------------------------------------


async def _freeze_worker(trial: _Trial) -> list[Fault]:
    """It has a release and a confirmation in hand; while it stands still, both become stale."""
    released, paid = some_marks(trial.book, 2)
    await _shorten(trial.inventory)
    clerk = await asyncio.to_thread(Clerk, trial.server.url)
    with clerk:
        crowd = Crowd(trial.inventory, trial.book, trial.chance, ())
        first = await _held(crowd, 1, released)
        second = await _held(crowd, 2, paid)
        clerk.pause()
        clerk.ask("stale-release", 1, "release", [released.text], *first)
        clerk.ask("stale-payment", 2, "confirm", [paid.text], _payment(crowd, second[0]))
        await crowd.ask("extend", 1, lambda act: (act, released, *first), hold=first[0])
        await asyncio.sleep(max(trial.seconds, 1.1 * TTL_MS / 1_000))
        third = await _held(crowd, 3, paid)
        clerk.resume()
        outcomes = dict([await asyncio.to_thread(_outcome, clerk) for _ in range(2)])
    return [trial.fault(sentence) for sentence in await _landed(trial, outcomes, first, third)]


async def _landed(
    trial: _Trial, outcomes: dict[str, str], first: tuple[str, int], third: tuple[str, int]
) -> list[str]:
    """What the stale acts have done, by their answers and by the store."""
    released, paid = await trial.inventory.read(some_marks(trial.book, 2))
    found = []
    if outcomes != {"stale-release": "revision_stale", "stale-payment": "refund_due"}:
        found.append(f"stale acts were answered by {outcomes}")
    if released.live is None or released.live.hold_id != first[0]:
        found.append("a stale release took the hold that had been extended")
    if paid.live is None or paid.live.hold_id != third[0] or paid.live.state != "held":
        found.append("a stale payment took the mark that another holds")
    return found


async def _shorten(inventory: Inventory) -> None:
    """Holds of the second pool end soon."""
    act = Act(request_id="shorten-second-pool", caller="keeper", channel="keeper")
    await inventory.configure_pools(act, {POOLS[1]: {"hold_ttl_ms": TTL_MS}})


async def _held(crowd: Crowd, person: int, mark: Mark) -> tuple[str, int]:
    """Hold and revision. Raises ``ValueError`` when somebody else has it, which would prove nothing."""
    answer = await crowd.hold(person, mark)
    if answer.outcome != "held" or answer.live is None:
        raise ValueError(f"{mark.text}: {answer.outcome}")
    return answer.live.hold_id, answer.live.revision


def _payment(crowd: Crowd, hold: str) -> dict[str, object]:
    return {
        "provider": "bank",
        "transaction": "stale",
        "hold_id": hold,
        "amount_tiyn": crowd.amount_tiyn,
        "paid_at_ms": 0,
        "current_tariff": crowd.tariff,
        "current_amount_tiyn": crowd.amount_tiyn,
    }


def _outcome(clerk: Clerk) -> tuple[str, str]:
    told = clerk.answer()
    return told["request"], told["outcome"]


# --- the keeper -------------------------------------------------------------------------------------------


async def _freeze_keeper(trial: _Trial) -> list[Fault]:
    """Holds that become due while it stands still are ended when it runs on, and all is in its journal."""
    await _shorten(trial.inventory)
    await _guard(trial.inventory)
    crowd = trial.crowd(trial.inventory)
    with _keeper(trial) as process:
        await _until_at_work(trial)

        async def blow() -> None:
            process.send_signal(signal.SIGSTOP)
            await asyncio.sleep(trial.seconds)
            process.send_signal(signal.SIGCONT)

        due = [await _held(crowd, 100 + number, mark) for number, mark in enumerate(_left_marks(trial))]
        # Not through the whole blow: what the keeper has to do afterwards is not to grow with its length.
        await asyncio.gather(crowd.run(JOURNEYS), blow())
        faults = await _expect_expiry(trial, {hold for hold, _ in due})
        faults += await audit_service(
            trial.inventory, trial.book, crowd.ledger.told, trial.directory, lambda _: trial.seed
        )
    trial.unknown = crowd.ledger.unknown
    return faults


@contextmanager
def _keeper(trial: _Trial) -> Iterator[subprocess.Popen[bytes]]:
    environment = os.environ | {
        "PLATES_REDIS_URL": trial.server.url,
        "PLATES_DATA_DIR": str(trial.directory),
        "PLATES_PATTERNS_DIR": str(PATTERNS),
        # It tells every pool what is in force, so it is told the same as the pools.
        "PLATES_HOLD_TTL_SECONDS": str(TTL_MS // 1_000),
        "PLATES_COOLDOWN_SECONDS": "0",
        "PLATES_SAME_MARK_DAILY_CAP": "1000",
    }
    with (
        (trial.directory / "keeper.log").open("wb") as log,
        subprocess.Popen(
            [sys.executable, "-m", "plateapi.keeper"], cwd=ROOT, env=environment, stdout=log, stderr=log
        ) as process,
    ):
        try:
            yield process
        finally:
            process.send_signal(signal.SIGCONT)
            process.kill()


async def _guard(inventory: Inventory) -> None:
    """Nothing ends without the keeper's word for the clock."""
    act = Act(request_id="guard-the-clock", caller="keeper", channel="keeper")
    await inventory.configure_pools(act, {pool: {"clock_guard": True} for pool in POOLS})


async def _until_at_work(trial: _Trial) -> None:
    async with asyncio.timeout(KEEPER_SECONDS):
        while not ((status := read_status(trial.directory)) and status.expiry_leased):
            await trial.inventory.server_time_ms()
            await asyncio.sleep(0.05)


def _left_marks(trial: _Trial) -> list[Mark]:
    """Marks of the second pool that nobody of the crowd wants: their holds are left to their end."""
    return some_marks(trial.book, MARKS + LEFT, POOLS[1:])[MARKS:]


async def _expect_expiry(trial: _Trial, due: set[str]) -> list[Fault]:
    """Every hold that was left to its end is ended, and that stands in the journal."""
    until = asyncio.get_running_loop().time() + KEEPER_SECONDS
    while due and asyncio.get_running_loop().time() < until:
        # Before its first round the keeper has no journal.
        with suppress(PlateError):
            reader = JournalReader(trial.directory / "journal")
            steps = [step_of(trial.book, transition) for transition in reader.transitions(POOLS[1])]
            live = {step.mark: step.hold for step in steps if step.verb == "hold"}
            due -= {live.get(step.mark, "") for step in steps if step.verb == "expire"}
        await asyncio.sleep(0.1)
    if not due:
        return []
    return [trial.fault(f"{len(due)} due holds are not ended; the keeper: {read_status(trial.directory)}")]


EXPERIMENT = Experiment(
    name="pauses",
    promise="store, worker, keeper frozen 0.5 to 10 s: every unknown becomes known, stale acts are refused",
    control="functions that look neither at the revision nor at whose hold was paid for",
    unit="pauses",
    run=run,
    sabotage=sabotage,
    full=Size(30, 6),
    short=Size(3, 1),
)
