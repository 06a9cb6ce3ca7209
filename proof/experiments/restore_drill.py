"""A backup, a lost store, and a store rebuilt from the journal: equal to what was lost, and timed.

A registry is imported and a crowd holds and buys; the journal follows. The journal is copied, the store is
lost, and an empty one is rebuilt from the copy. It must be what the lost one was, by the comparison that
`plates up` makes and by a plain client. The control rebuilds from a journal that lacks its last entry, with
links that fit: the comparison with the whole one must find it.
"""

from __future__ import annotations

import asyncio
import random
import shutil
import time
from array import array
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from plate_core import Act, Inventory, Journal, JournalState, Mark, RuleBook, load_rule_book, verify_journal
from plateapi.keeper.journaling import DOCUMENTS_POOL
from proof.crowd import Crowd, opened_sale
from proof.experiment import Course, Experiment, Fault, Figure, Size, Tally
from proof.forged_journal import Forgery
from proof.kept import PUBLIC_KEY, SIGNING_KEY, contents_of, trim, write_journal
from tests.lasting_law import PATTERNS
from tests.servers import StoreServer, new_server, remove_server

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ISSUED_FULL: Final = 6_000_000
ISSUED_SHORT: Final = 20_000
POOLS_FULL: Final = 20
# Marks of an act of import; the core makes 128 of each call.
MARKS_AN_IMPORT: Final = 25_600
JOURNEYS_FULL: Final = 60_000
JOURNEYS_SHORT: Final = 200
MARKS_MAX: Final = 40_000
VERIFIED_A_SECOND: Final = 100_000
DIGITS: Final = 999
ROW: Final = 1_024


def run(course: Course) -> Tally:
    """Rebuild from the whole journal."""
    return asyncio.run(_trials(course, skip=False))


def sabotage(course: Course) -> Tally:
    """Rebuild from a journal without its last entry."""
    return asyncio.run(_trials(course, skip=True))


async def _trials(course: Course, *, skip: bool) -> Tally:
    book = load_rule_book(PATTERNS)
    tally = Tally()
    for done, seed in enumerate(course.seeds, 1):
        drill = _Drill(book, course.directory / str(seed), seed, is_short=course.is_short or skip)
        tally.add(Tally(1, await drill.hold(skip=skip), drill.figures))
        course.progress(done)
    return tally


class _Drill:
    """One drill."""

    def __init__(self, book: RuleBook, place: Path, seed: int, *, is_short: bool) -> None:
        self.book = book
        self.place = place
        self.seed = seed
        self.issued = ISSUED_SHORT if is_short else ISSUED_FULL
        pools = [pool for pool in book.pools() if pool.startswith("person_car.")]
        self.pools = pools[: 2 if is_short else POOLS_FULL]
        self.journeys = JOURNEYS_SHORT if is_short else JOURNEYS_FULL
        self.figures: list[Figure] = []

    async def hold(self, *, skip: bool) -> list[Fault]:
        """Fill, back up, lose, rebuild, compare."""
        server = new_server("valkey", maxmemory="2gb")
        try:
            await self._fill(server)
            lost = contents_of(server)
        finally:
            remove_server(server)
        with self._timed("backup"):
            shutil.copytree(self.place / "journal", self.place / "backup")
        whole = self.place / "backup"
        used = self._without_last_entry(whole) if skip else whole
        empty = new_server("valkey", maxmemory="2gb")
        try:
            differences = await self._rebuild(empty, used, whole)
            is_equal = contents_of(empty) == lost
        finally:
            remove_server(empty)
        if not differences and is_equal:
            return []
        seen = differences[0]["detail"] if differences else "nothing"
        return [Fault(self.seed, f"the rebuilt store is another one; the comparison found: {seen}")]

    async def _fill(self, server: StoreServer) -> None:
        """A registry and a crowd, journalled as they come."""
        journal = Journal.open(self.place / "journal", signing_key=SIGNING_KEY)
        feeds = [*self.pools, DOCUMENTS_POOL]
        try:
            async with opened_sale(server.url, self.book, pools=self.pools) as inventory:
                each = self.issued // len(self.pools)
                for pool in self.pools:
                    for number, ordinals in enumerate(_issued(each)):
                        act = Act(request_id=f"import-{pool}-{number}", caller="registry", channel="registry")
                        await inventory.import_issued(act, pool, ordinals)
                        await write_journal(inventory, journal, feeds)
                        await trim(inventory, journal, feeds)
                marks = _free_marks(self.book, self.pools, each)
                crowd = Crowd(inventory, self.book, random.Random(self.seed), marks, people=2_000)
                await crowd.run(self.journeys)
                await write_journal(inventory, journal, feeds)
            journal.checkpoint(1)
        finally:
            journal.close()

    def _without_last_entry(self, whole: Path) -> Path:
        """The same journal, one entry shorter, as somebody would leave it who skips one."""
        shorter = self.place / "shorter"
        shutil.copytree(whole, shorter)
        forgery = Forgery.of(shorter, random.Random(self.seed))
        forgery.payloads.pop()
        forgery.write()
        forgery.checkpoints.unlink()
        return shorter

    async def _rebuild(self, server: StoreServer, used: Path, whole: Path) -> Sequence[dict[str, str]]:
        inventory = Inventory.open(server.url, self.book)
        try:
            with self._timed("restore"):
                state = await asyncio.to_thread(JournalState.of, used, for_restoring=True)
                await inventory.restore(state)
            del state
            with self._timed("boot comparison", at_most=10.0):
                verified = await asyncio.to_thread(self._verify, whole)
                state = await asyncio.to_thread(JournalState.of, whole)
                found = await inventory.compare(state)
            self.figures.append(Figure("marks", self.issued + found["records"], ""))
            self.figures.append(Figure("transitions", verified["transitions"], ""))
            return list(found["differences"])
        finally:
            inventory.close()

    def _verify(self, journal: Path) -> dict[str, Any]:
        began = time.monotonic()
        verified: dict[str, Any] = verify_journal(journal, keys=[PUBLIC_KEY])
        speed = verified["entries"] / (time.monotonic() - began)
        # A journal of some hundred entries says how long it takes to begin.
        promised = VERIFIED_A_SECOND if self.issued == ISSUED_FULL else None
        self.figures.append(Figure("entries verified", speed, "/s", at_least=promised))
        return verified

    @contextmanager
    def _timed(self, name: str, at_most: float | None = None) -> Iterator[None]:
        began = time.monotonic()
        yield
        self.figures.append(Figure(name, round(time.monotonic() - began, 3), "s", at_most=at_most))


def _issued(count: int) -> Iterator[bytes]:
    """The first marks of a pool, digits 001 to 999 of each series, as the core takes ordinals."""
    ordinals = array("I", (number // DIGITS * ROW + number % DIGITS + 1 for number in range(count)))
    for start in range(0, count, MARKS_AN_IMPORT):
        yield ordinals[start : start + MARKS_AN_IMPORT].tobytes()


def _free_marks(book: RuleBook, pools: Sequence[str], issued: int) -> list[Mark]:
    """Marks behind those that are on the road."""
    behind = (issued // DIGITS + 1) * ROW
    places = [behind + ROW * row + digits for row in range(40) for digits in range(1, 400)]
    return [book.mark_at(pool, place) for place in places[: MARKS_MAX // len(pools)] for pool in pools]


EXPERIMENT = Experiment(
    name="restore_drill",
    promise="the store is lost and rebuilt from the journal's backup: equal in every plane, record, payment, "
    "setting and document; 6 million marks in full",
    control="the journal lacks its last entry",
    unit="drills",
    run=run,
    sabotage=sabotage,
    full=Size(1, 1),
    short=Size(1, 1),
)
