"""Damaged and swapped tariff files under load, and changes with a worker that lags: no price is wrong.

A file is refused with its faults, or is a sound tariff whose every price is the one that a second reading of
its text gives; either way it changes nothing, for nobody comes past the second person. What people pay is
compared with that second reading, by the tariff that was in force at the store's time of their hold.

The control is found out twice, or it counts for nothing. A worker reloads each file in place: it prices by
tables that nobody approved, under the revision that the pools know. And a pool takes holds at an old tariff:
the worker that lags then sells at wrong prices.
"""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import ModuleType
from typing import Final

import plate_core
from plate_core import Answer, Mark, RuleBook, read_law
from plateapi.engine import Engine
from plateapi.keeper.journaling import DOCUMENTS_POOL
from plateapi.law import DAY_MS, PUBLISHED_PREFIX, Law, begin_of_day_ms, day_of
from plateapi.people import Errand
from plateapi.refusals import Refused
from plateapi.services.approve_draft import approve_draft
from plateapi.services.check_tariff import CheckedTariff, compile_tariff
from plateapi.services.submit_draft import submit_draft
from plateapi.services.tariff_draft import DraftAct, DraftView
from plateapi.services.upload_draft import replace_draft, upload_draft
from plateapi.settings import Settings
from proof.crowd import POOLS, Crowd, open_sale
from proof.damaged_tariffs import damaged_tariff
from proof.experiment import Course, Experiment, Fault, Figure, Size, Tally
from proof.planted import load_planted_core, open_planted
from proof.reference_prices import BeyondReference, ReferenceTariff
from tests.lasting_law import lasting_law
from tests.servers import new_server, remove_server
from tests.tariffs import PRESENT, tariff_text

FILES_A_CHANGE: Final = 5
INDEX_TENGE: Final = 4_325
# A change is told so long before its moment, and the worker that lags learns of it so long after.
TOLD_AHEAD_MS: Final = 100
LAG_MS: Final = 100
# Pseudonyms of the one who brings files, and of the second person.
AUTHOR: Final = "a" * 32
APPROVER: Final = "b" * 32
SAMPLE_DIGITS: Final = ("001", "009", "010", "077", "100", "101", "123", "171", "555", "707", "777", "999")
SAMPLE_SERIES: Final = {"person_car": ("AAA", "ABA", "XYZ"), "entity_car": ("AA", "AB")}


def run(course: Course) -> Tally:
    """Files through the service, then changes under the functions as they are."""
    return asyncio.run(_Trials(course, plate_core).run(files=True, changes=True))


def sabotage(course: Course) -> Tally:
    """Files that a worker reloads in place; then changes under functions that take a hold at any tariff."""
    reloads = _Trials(course, plate_core, reloads=True)
    tally = asyncio.run(reloads.run(files=True, changes=False))
    late = asyncio.run(
        _Trials(course, load_planted_core(), "sell_at_an_old_tariff").run(files=False, changes=True)
    )
    both = bool(tally.faults and late.faults)
    return Tally(tally.tried, tally.faults + late.faults if both else [], late.figures)


@dataclass(frozen=True, slots=True)
class _Tariff:
    """One that is in force for a while: as the engine has it and as its text is read a second time."""

    revision: str
    book: RuleBook
    text: ReferenceTariff

    def amount_tiyn(self, mark: Mark) -> int | None:
        """What a mark costs by its text."""
        return self.text.amount_tiyn(mark.format, mark.digits, mark.series, INDEX_TENGE)


@dataclass
class _Trials:
    """All files and changes of a run, on one store."""

    course: Course
    core: ModuleType
    planted: str = ""
    reloads: bool = False
    faults: list[Fault] = field(default_factory=list)
    refused: int = 0
    sound: int = 0
    beyond: int = 0
    changes: int = 0
    told_changed: int = 0

    async def run(self, *, files: bool, changes: bool) -> Tally:
        """What was wrong."""
        server = new_server("valkey")
        self.base: RuleBook = self.core.RuleBook.compile(read_law(lasting_law()))
        self.inventory = open_planted(self.core, server.url, self.base, self.planted)
        try:
            await open_sale(self.inventory, self.base, core=self.core)
            self.marks = {pool: _marks_of(self.base, pool) for pool in POOLS}
            self.crowd = Crowd(self.inventory, self.base, random.Random(0), (), name="buyer", core=self.core)
            if files:
                await _Files(self, server.url).run()
            if changes:
                await self._change_all()
        finally:
            self.inventory.close()
            remove_server(server)
        figures = []
        if changes:
            least = len(self.course.seeds) // FILES_A_CHANGE
            figures += [Figure("changes", self.changes, "", at_least=least)]
        if files:
            figures += [
                Figure("files refused", self.refused, "", at_least=1),
                Figure("files sound, and not approved", self.sound, "", at_least=1),
                # One may be among the few of the short form, too; of many it is one in four hundred.
                Figure("of them beyond the second reading", self.beyond, "", at_most=max(1, self.sound / 20)),
            ]
        if files and changes:
            told = "holds that were told `tariff_changed`"
            figures += [Figure(told, self.told_changed, "", at_least=self.changes)]
        return Tally(len(self.course.seeds), self.faults, figures)

    def say(self, seed: int, sentence: str) -> None:
        """Something is wrong."""
        self.faults.append(Fault(seed, sentence))

    def tariff(self, text: str) -> _Tariff:
        """A tariff in force by itself, from long ago."""
        known = {tariff["revision"] for tariff in self.base.tariffs()}
        book = self.base.with_tariff("change.toml", text.encode())
        [revision] = {tariff["revision"] for tariff in book.tariffs()} - known
        return _Tariff(revision, book, ReferenceTariff.read(text))

    # --- changes, with a worker that lags -------------------------------------------------------------------

    async def _change_all(self) -> None:
        """Each pool has its own changes, one after the other."""
        seeds = self.course.seeds[::FILES_A_CHANGE]
        await asyncio.gather(
            *(self._change_pool(pool, seeds[at :: len(POOLS)]) for at, pool in enumerate(POOLS))
        )

    async def _change_pool(self, pool: str, seeds: Sequence[int]) -> None:
        marks = self.marks[pool]
        before = self.tariff(_changed_text(-1))
        for seed in seeds:
            after = self.tariff(_changed_text(seed))
            await self._change(seed, pool, before, after, marks)
            before = after
            self.changes += 1

    async def _change(
        self, seed: int, pool: str, before: _Tariff, after: _Tariff, marks: Iterator[Mark]
    ) -> None:
        """Tell the pool; let two workers sell across the moment: one that has heard, and one that lags."""
        at_ms = await self.inventory.server_time_ms() + TOLD_AHEAD_MS
        tariffs = [(before.revision, 0), (after.revision, at_ms)]
        act = self.core.Act(request_id=f"change-{pool}-{seed}", caller="keeper", channel="keeper")
        await self.inventory.configure_pools(act, {pool: {"tariffs": tariffs}})
        end_ms = at_ms + LAG_MS

        async def work(learns_at_ms: int) -> None:
            while (now_ms := await self.inventory.server_time_ms()) < end_ms:
                quoted = before if now_ms < learns_at_ms else after
                mark = next(marks)
                answer = await self._hold(mark, quoted)
                self.judge(seed, answer, quoted, before if answer.server_time_ms < at_ms else after)

        await asyncio.gather(work(at_ms), work(end_ms))

    async def _hold(self, mark: Mark, quoted: _Tariff) -> Answer:
        """As a worker does it: the price of its own book, and the revision that it priced by."""
        [price] = quoted.book.prices([mark], await self.inventory.server_time_ms())
        if price is None:
            raise RuntimeError(f"the engine has no price for {mark.text}")
        act = self.crowd.act(next(_PEOPLE))
        [answer] = await self.inventory.hold([(act, mark, *price)])
        return answer

    def judge(self, seed: int, answer: Answer, quoted: _Tariff, in_force: _Tariff) -> None:
        """Held at the price in force, or told that the tariff has changed."""
        right = in_force.amount_tiyn(answer.mark)
        if answer.outcome == "held" and answer.live is not None:
            if answer.live.amount_tiyn != right:
                self.say(seed, f"{answer.mark.text} sold at {answer.live.amount_tiyn} tiyn, it costs {right}")
        elif answer.outcome == "tariff_changed" and quoted is not in_force:
            self.told_changed += 1
        else:
            self.say(seed, f"{answer.mark.text} at the tariff in force was answered {answer.outcome}")


_PEOPLE = itertools.count(1)


def _marks_of(book: RuleBook, pool: str) -> Iterator[Mark]:
    """Every mark of a pool, series by series."""
    for row in itertools.count():
        for digits in range(1, 1000):
            yield book.mark_at(pool, row * 1024 + digits)


def _changed_text(seed: int) -> str:
    """A sound tariff with other prices, no two tiers of two seeds likely alike."""
    chance = random.Random(f"change {seed}")
    tiers = [tier["id"] for tier in ReferenceTariff.read(PRESENT.read_text("utf-8")).content["tier"]]
    return tariff_text(
        f"kz-{seed % 1_000_000}",
        "2026-01-02",
        **{tier: f"{chance.randint(100, 40_000) / 100:.2f}" for tier in tiers},
    )


@dataclass(frozen=True, slots=True)
class _ReloadedInPlace:
    """A worker's law whose tables were exchanged under it: new prices go under the name that was there."""

    tables: RuleBook
    revision: str

    def at(self, _at_ms: int) -> _ReloadedInPlace:
        """There is one book, and no moment from which it counts."""
        return self

    def prices(self, marks: Sequence[Mark], at_ms: int) -> list[tuple[str, int] | None]:
        """As a rule book gives them."""
        return [price and (self.revision, price[1]) for price in self.tables.prices(marks, at_ms)]


@dataclass
class _Files:
    """Damaged files on their way through the service, while people buy at the tariff in force."""

    trials: _Trials
    url: str

    def __post_init__(self) -> None:
        """The service's own parts on the store of the trials."""
        book, inventory = self.trials.base, self.trials.inventory
        self.engine = Engine(Settings(redis_url=self.url), inventory, book, {})
        self.in_force = _Tariff(
            book.tariffs()[0]["revision"], book, ReferenceTariff.read(PRESENT.read_text("utf-8"))
        )
        # What the worker prices by that sells meanwhile.
        self.law: Law | _ReloadedInPlace = self.engine.law
        self.samples = [
            book.parse(f"{digits}{series}02")
            for form, all_series in SAMPLE_SERIES.items()
            for series, digits in itertools.product(all_series, SAMPLE_DIGITS)
            if book.parse(f"{digits}{series}02").format == form
        ]

    async def run(self) -> None:
        """All files, then whether anything has come into force."""
        await self.engine.look_again()
        day = day_of(self.engine.clock.now_ms() + DAY_MS)
        buying = asyncio.create_task(self._buy())
        for done, seed in enumerate(self.trials.course.seeds, 1):
            await self._bring(seed, damaged_tariff(random.Random(seed), day))
            if self.trials.reloads:
                tables = self.trials.tariff(_changed_text(seed)).book
                self.law = _ReloadedInPlace(tables, self.in_force.revision)
            await self._trim()
            self.trials.course.progress(done)
        buying.cancel()
        with suppress(asyncio.CancelledError):
            await buying
        await self.engine.look_again()
        for name, _ in await self.trials.inventory.list_documents(PUBLISHED_PREFIX):
            self.trials.say(self.trials.course.seeds.start, f"{name} came into force")

    async def _bring(self, seed: int, content: bytes) -> None:
        """One file: refused, or sound and then not approved."""
        try:
            text = content.decode()
            name = f"file-{seed}.toml"
            view = await upload_draft(self.engine, _errand(f"upload-{seed}"), AUTHOR, name, text)
        except (UnicodeDecodeError, Refused):
            self.trials.refused += 1
            return
        if view.draft.faults:
            self.trials.refused += 1
            return
        self.trials.sound += 1
        checked = compile_tariff(self.engine.law, name, text)
        if isinstance(checked, CheckedTariff):
            self._compare(seed, checked, text)
            await self._press(seed, view, text)
        else:
            self.trials.say(seed, "a file that was kept without a fault has some when it is read again")

    def _compare(self, seed: int, checked: CheckedTariff, text: str) -> None:
        """Every price of a sound file is the one that the second reading of its text gives.

        A bit that falls over may leave a sound set in more of the language than that reading knows (`!800`).
        """
        at_ms = begin_of_day_ms(checked.in_force_from)
        tariff = _Tariff(checked.revision, checked.book, ReferenceTariff.read(text))
        prices = checked.book.prices(self.samples, at_ms)
        try:
            amounts = [tariff.amount_tiyn(mark) for mark in self.samples]
        except BeyondReference:
            self.trials.beyond += 1
            return
        for mark, price, amount_tiyn in zip(self.samples, prices, amounts, strict=True):
            if price is not None and price != (tariff.revision, amount_tiyn):
                self.trials.say(seed, f"{mark.text} is priced {price}, its text says {amount_tiyn}")

    async def _press(self, seed: int, view: DraftView, text: str) -> None:
        """Try to bring it into force without a second person, and with one who saw another text."""
        with suppress(Refused):
            view = await submit_draft(self.engine, self._act(seed, "submit", AUTHOR, view), None)
            await self._must_refuse(seed, AUTHOR, view, "its own author")
            submitted = view
            view = await replace_draft(
                self.engine, self._act(seed, "replace", AUTHOR, view), "swapped.toml", text + "\n# swapped\n"
            )
            await self._must_refuse(
                seed, APPROVER, submitted, "a second person who saw it before it was swapped"
            )

    async def _must_refuse(self, seed: int, person: str, view: DraftView, who: str) -> None:
        act = self._act(seed, f"approve-{person}", person, view)
        try:
            await approve_draft(self.engine, act, view.draft.revision or "")
        except Refused:
            return
        self.trials.say(seed, f"the file was approved by {who}")

    @staticmethod
    def _act(seed: int, what: str, person: str, view: DraftView) -> DraftAct:
        return DraftAct(_errand(f"{what}-{seed}"), person, view.draft.draft, view.version)

    async def _trim(self) -> None:
        """No keeper takes the lines of the documents to its journal here."""
        entries = await self.trials.inventory.feed(DOCUMENTS_POOL, "0-0", 100)
        if entries:
            await self.trials.inventory.trim_feed(DOCUMENTS_POOL, entries[-1][0])

    async def _buy(self) -> None:
        """People hold all the time, at the price that the service quotes."""
        for mark in itertools.chain.from_iterable(zip(*self.trials.marks.values(), strict=True)):
            now_ms = self.engine.clock.now_ms()
            [price] = self.law.at(now_ms).prices([mark], now_ms)
            act = self.trials.crowd.act(next(_PEOPLE))
            [answer] = await self.trials.inventory.hold([(act, mark, *(price or ("", 0)))])
            self.trials.judge(self.trials.course.seeds.start, answer, self.in_force, self.in_force)
            await asyncio.sleep(0.002)


def _errand(request_id: str) -> Errand:
    """A request of the pricing side."""
    return Errand(request_id, "pricing_admin-a", "portal")


EXPERIMENT = Experiment(
    name="tariff_files",
    promise="damaged and swapped tariff files under load, and changes of tariff with a worker that lags: no "
    "wrong price, and the old tariff stays",
    control="a worker reloads files in place; and pools take a hold at any tariff",
    unit="files",
    run=run,
    sabotage=sabotage,
    full=Size(1_000, 100),
    short=Size(20, 5),
)
