"""Whether all that was acknowledged is in the store and in its feed, and whether the whole makes sense.

The feeds are read whole into a journal of the audit's own (of a service, its keeper's journal is read),
checked by the history checker against what the crowd was told, and each mark's last step is compared with
its record in the store. The store is asked, never trusted: what it says must be what its feed says and what
people heard.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, Final

from loadtests.history.check import check_all
from loadtests.history.minimal import lines_of, minimal_history
from loadtests.history.records import Payment, Step, Told
from plate_core import Inventory, Journal, JournalReader, PlateError, RuleBook
from proof.crowd import LIVE_HOLDS_PERSON
from proof.experiment import Fault

ENTRIES_A_READ: Final = 1_000
HISTORY_SHOWN: Final = 20
# A keeper that was ended is started again within its pause and writes what waits for it.
JOURNAL_SECONDS: Final = 60.0
# Findings that come with the least that shows them: no more are printed, and each takes its search.
SHRUNK_MAX: Final = 5


async def audit(
    inventory: Inventory,
    book: RuleBook,
    told: Sequence[Told],
    pools: Sequence[str],
    directory: Path,
    seed: int,
    *,
    live_holds_max: int = LIVE_HOLDS_PERSON,
) -> list[Fault]:
    """Everything wrong with what people were told. ``directory`` must not have a journal yet."""
    steps = await read_feeds(inventory, book, pools, directory)
    return await judge(inventory, book, told, steps, lambda _: seed, live_holds_max=live_holds_max)


async def audit_service(
    inventory: Inventory,
    book: RuleBook,
    told: Sequence[Told],
    data_dir: Path,
    seed_of: Callable[[str], int],
    *,
    live_holds_max: int = LIVE_HOLDS_PERSON,
) -> list[Fault]:
    """The same of a whole service, by the journal that its keeper has written; nobody may be at work then.

    Everybody has had his definite answer by then, so a hold that nobody was told of is a second effect of
    something that was asked once. ``seed_of`` says in which trial a mark was wanted.
    """
    steps = await read_journal(inventory, book, data_dir / "journal")
    if steps is None:
        return [Fault(seed_of(""), f"the journal did not come up to the store in {JOURNAL_SECONDS:.0f} s")]
    heard = {one.hold for one in told if one.hold}
    unheard = [
        Fault(seed_of(step.mark), f"hold {step.hold[:8]} of {step.mark} is in the journal; nobody was told")
        for step in steps
        if step.verb in {"hold", "assign_next"} and step.hold not in heard
    ]
    return unheard + await judge(inventory, book, told, steps, seed_of, live_holds_max=live_holds_max)


async def judge(
    inventory: Inventory,
    book: RuleBook,
    told: Sequence[Told],
    steps: Sequence[Step],
    seed_of: Callable[[str], int],
    *,
    live_holds_max: int,
) -> list[Fault]:
    """What the history checker finds, and marks whose record is not what their last step left."""
    findings = check_all(told, steps, live_holds_max=live_holds_max)
    faults = [
        Fault(
            seed_of(finding.mark),
            str(finding),
            minimal_history(finding, told, steps) if number < SHRUNK_MAX else (),
        )
        for number, finding in enumerate(findings)
    ]
    faults += [
        Fault(seed_of(mark), sentence, history_of(mark, told, steps))
        for mark, sentence in await compare_with_store(inventory, book, steps)
    ]
    return faults


async def read_journal(inventory: Inventory, book: RuleBook, directory: Path) -> list[Step] | None:
    """What the keeper has written, once it has come up to the store; ``None`` where it does not in time."""
    pools = book.pools()
    until = asyncio.get_running_loop().time() + JOURNAL_SECONDS
    while asyncio.get_running_loop().time() < until:
        try:
            heads = await inventory.heads(pools)
            steps = [step_of(book, transition) for transition in JournalReader(directory).transitions()]
        except PlateError:
            heads, steps = [], []
        come_to = {step.pool: step.revision for step in steps}
        due = {pool: head["revision"] for pool, head in zip(pools, heads, strict=False) if head}
        if due and all(come_to.get(pool, 0) >= revision for pool, revision in due.items()):
            return steps
        await asyncio.sleep(0.5)
    return None


async def read_feeds(
    inventory: Inventory, book: RuleBook, pools: Sequence[str], directory: Path
) -> list[Step]:
    """Every transition that the feeds hold, pool by pool."""
    journal = Journal.open(directory)
    try:
        for pool in pools:
            while entries := await inventory.feed(pool, journal.head(pool), ENTRIES_A_READ):
                journal.append(pool, entries)
        journal.sync()
        return [step_of(book, transition) for pool in pools for transition in journal.transitions(pool)]
    finally:
        journal.close()


def step_of(book: RuleBook, transition: dict[str, Any]) -> Step:
    """A transition as the history checker reads it."""
    live, payment, ordinal = transition["live"], transition["payment"], transition["ordinal"]
    return Step(
        pool=transition["pool"],
        revision=transition["revision"],
        server_ms=transition["server_time_ms"],
        verb=transition["verb"],
        mark=book.mark_at(transition["pool"], ordinal).text if ordinal is not None else "",
        state=live.state if live else "",
        hold=live.hold_id if live else "",
        applicant=live.applicant.hex() if live else "",
        deadline_ms=live.deadline_ms if live else 0,
        amount_tiyn=live.amount_tiyn if live else 0,
        payment=Payment(payment["transaction"], payment["state"], payment["amount_tiyn"])
        if payment
        else None,
        untouched=live is None and transition["planes"]["taken"],
    )


async def compare_with_store(
    inventory: Inventory, book: RuleBook, steps: Iterable[Step]
) -> list[tuple[str, str]]:
    """Marks whose record is not what the last step left, each with the sentence that says so."""
    last = {step.mark: step for step in steps if step.mark and not step.untouched}
    marks = list(last)
    found = []
    for start in range(0, len(marks), 128):
        answers = await inventory.read([book.parse(mark) for mark in marks[start : start + 128]])
        for answer in answers:
            step = last[answer.mark.text]
            stands = (answer.live.state, answer.live.hold_id) if answer.live else ("", "")
            if stands != (step.state, step.hold if step.state else ""):
                found.append((step.mark, f"the store says {stands}, its feed {step.state} of {step.hold}"))
    return found


def history_of(mark: str, told: Iterable[Told], steps: Iterable[Step]) -> list[str]:
    """The last that happened to one mark, by the feed and by what people heard."""
    return lines_of(event for event in chain(told, steps) if event.mark == mark)[-HISTORY_SHOWN:]
