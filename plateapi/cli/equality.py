"""Whether the store is what its journal tells: asked before anything is served, and after a restoration.

An append-only file that was cut loads as a smaller country, one flipped byte changes an owner, and an older
copy sells again what was sold since; no server notices any of it. The journal does: it is replayed, and every
plane, record, payment, setting and document of the store is compared with it, byte by byte.

Not here: what no transition tells (permits, cool-downs, answers of request ids), and an older copy of the
whole data directory, journal and all: that is as consistent as the present one, and only a witness shows it.
"""

import asyncio
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

from plate_core import Inventory, JournalBroken, JournalState, RuleBook, verify_journal
from plateapi.cli.exits import Exit
from plateapi.cli.telling import CommandFailed, thousands
from plateapi.keeper.seal import trusted_keys
from plateapi.settings import Settings

DIFFERENCES_SHOWN: Final = 10

Report = Callable[[str], None]
T = TypeVar("T")


class _Halted(Exception):
    """Nobody waits for what a thread reads."""


async def refuse_difference(
    inventory: Inventory, book: RuleBook, settings: Settings, report: Report, *, embedded: bool
) -> None:
    """Refuse a store that is not what the journal in the data directory tells.

    A store beside other machines may be served by one that never journalled, or whose journal ends where the
    keeper of another machine went on: pools with such a gap cannot be compared, and the start says so.

    Whoever cancels it waits for a piece of it, however long the journal.

    Raises:
        CommandFailed: with a line for each difference, or for what is wrong with the journal.
    """
    began = time.monotonic()
    directory = settings.journal_dir
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        keys = trusted_keys(settings)
        verified = await _heeding(lambda heed: verify_journal(directory, keys=keys, heed=heed))
        state = await _heeding(lambda heed: JournalState.of(directory, heed=heed))
    except JournalBroken as broken:
        detail = f"The journal cannot be believed, so nothing is served: {broken.detail}."
        raise CommandFailed(Exit.NOT_STARTED, broken.slug, detail, **broken.context) from broken
    try:
        found = await inventory.compare(state)
    except asyncio.CancelledError:
        state.halt()
        raise
    seconds = time.monotonic() - began
    differences = found["differences"]
    gaps = [] if embedded else [one["pool"] for one in differences if one["slug"] == "journal_gap"]
    if len(differences) > len(gaps):
        raise differs(differences, book, directory)
    if verified["entries"] == 0 and not embedded:
        if gaps:
            report(f"nothing was ever journalled in {directory}; the store was not compared with a journal")
        return
    if gaps:
        report(
            f"the journal in {directory} ends where another machine's went on (journal_gap); not compared: "
            f"{', '.join(gaps)}"
        )
    report(
        f"the store is what its journal tells: {found['pools']} pools, {thousands(found['records'])} "
        "records, "
        f"{thousands(verified['transitions'])} transitions compared in {seconds:.1f} s"
    )


async def _heeding(read: Callable[[Callable[[int], None]], T]) -> T:
    """What a thread reads, which ends at its next word where this is cancelled."""
    halted = threading.Event()

    def heed(_entries: int) -> None:
        if halted.is_set():
            raise _Halted

    try:
        return await asyncio.to_thread(read, heed)
    except asyncio.CancelledError:
        halted.set()
        raise


def differs(differences: list[dict[str, Any]], book: RuleBook, journal: Path) -> CommandFailed:
    """The refusal of a store that differs from its journal, the first differences named."""
    lines = [f"  {_place(one, book)}: {one['detail']}" for one in differences[:DIFFERENCES_SHOWN]]
    more = len(differences) - len(lines)
    if more > 0:
        lines.append(f"  and {more} more")
    detail = "\n".join(
        [
            f"The store is not what the journal in {journal} tells, so nothing is served:",
            *lines,
            "Copy both aside; then put back the data directory that belongs to this journal, or rebuild the "
            "store from it with `plates restore` (docs/operating/backup-and-restore.md).",
        ]
    )
    slug = "store_differs_from_journal"
    return CommandFailed(Exit.NOT_STARTED, slug, detail, differences=differences)


def _place(difference: dict[str, Any], book: RuleBook) -> str:
    """The pool, and the mark where the law knows it."""
    pool, ordinal = difference["pool"], difference["ordinal"]
    if ordinal is None or pool not in book.pools():
        return str(pool)
    try:
        return f"{pool}, {book.mark_at(pool, ordinal).display}"
    except Exception:
        return str(pool)
