"""Importing a registry: twice is the same as once, half-way can be completed, and nobody loses his hold."""

import asyncio
import csv
import gzip
import random
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from plate_core import Act, Answer, Inventory, Mark, OutcomeUnknown, RuleBook, load_rule_book
from plateapi.registry import importer, reader
from plateapi.registry.importer import Account, Importer
from plateapi.registry.reader import RegistryFile, RegistryUnreadable
from plateapi.registry.rejects import conflicts_file, rejects_file
from tests.conftest import PATTERNS
from tests.servers import StoreServer

DAY_MS = 86_400_000
TARIFF_DAY = "2026-07-01"


@pytest.fixture(scope="module")
def book() -> RuleBook:
    """The country's law."""
    return load_rule_book(PATTERNS)


@pytest.fixture
async def inventory(store: StoreServer, book: RuleBook) -> AsyncIterator[Inventory]:
    """An inventory on an empty store, its pools founded and on sale."""
    opened = Inventory.open(store.url, book)
    await opened.load_functions()
    act = Act(request_id="found-pools", caller="test", channel="keeper")
    revision = book.tariffs()[-1]["revision"]
    await opened.configure_pools(act, {pool: {"tariffs": [(revision, 0)]} for pool in book.pools()})
    yield opened
    opened.close()


async def run(inventory: Any, book: RuleBook, path: Path) -> Account:
    """Import a file."""
    with rejects_file(path) as rejects, conflicts_file(path) as conflicts:
        return await Importer(inventory, book, rejects, conflicts).run(RegistryFile(path))


async def hold(inventory: Inventory, book: RuleBook, text: str) -> Answer:
    """Somebody holds a mark."""
    mark = book.parse(text)
    revision = book.tariffs()[-1]["revision"]
    act = Act(request_id=f"hold-{text}", caller="driver-1", channel="portal", applicant=bytes(range(16)))
    [answer] = await inventory.hold([(act, mark, revision, 1_000)])
    return answer


async def planes(inventory: Inventory, marks: list[Mark]) -> list[tuple[bool, bool]]:
    """(taken, issued) of each mark, as the store has it."""
    answers = await inventory.read(marks)
    return [(answer.context["planes"]["taken"], answer.context["planes"]["issued"]) for answer in answers]


def write(path: Path, *lines: str) -> Path:
    """A registry of these lines."""
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


async def test_every_row_has_one_fate(inventory: Inventory, book: RuleBook, tmp_path: Path) -> None:
    """Imported, twice in the file, in somebody's hands, no mark, blank: counted, named, and nothing else."""
    held = await hold(inventory, book, "007KZA02")
    assert held.outcome == "held"
    path = write(
        tmp_path / "registry.csv",
        "mark",
        "777AAA02",
        "777 aaa 02",
        "007KZA02",
        "",
        "123AB01",
        "000AAA02",
        "777AAA99",
        "Ж77AAA02",
        "7777AAA02",
    )
    account = await run(inventory, book, path)
    assert account == Account(imported=2, already_imported=1, conflicts=1, rejected=4, blank=1)
    assert account.rows == 9
    with (tmp_path / "registry.csv.rejects.csv").open(encoding="utf-8", newline="") as file:
        rejects = list(csv.reader(file))
    assert rejects[0] == ["line", "value", "reason"]
    assert [row[:2] for row in rejects[1:]] == [
        ["7", "000AAA02"],
        ["8", "777AAA99"],
        ["9", "Ж77AAA02"],
        ["10", "7777AAA02"],
    ]
    assert all(row[2] for row in rejects)
    assert (tmp_path / "registry.csv.conflicts.csv").read_text() == "mark\n007KZA02\n"
    found = await planes(
        inventory, [book.parse(text) for text in ("777AAA02", "123AB01", "007KZA02", "778AAA02")]
    )
    assert found == [(False, True), (False, True), (True, False), (False, False)]


BAD_ROWS = {
    "1,000AAA02": "digits_not_issued",
    "2,777AAA99": "region_unknown",
    "3,777AAA00": "region_unknown",
    "4,Ж77AAA02": "foreign_character",
    "5,=1+1": "foreign_character",
    "6,7777AAA02": "wrong_shape",
    "7,777A02": "wrong_shape",
    "8,777AAAA02": "wrong_shape",
    "9,777AAA": "wrong_shape",
    "10,77AAA02": "format_disabled",
    "11,777ҰҰҰ02": "lookalike_not_y",
    "12,F1234": "foreign_format",
    "13,D123456": "foreign_format",
    "14,A123BCD": "foreign_format",
    "15," + "9" * 80: "too_long",
    "16,777AAA02,besides": "3 fields where the first line has 2",
    "17": "1 fields where the first line has 2",
}


async def test_every_bad_row_has_its_reason(inventory: Inventory, book: RuleBook, tmp_path: Path) -> None:
    """Each is rejected with the name of what is wrong with it; the good row, the control, is imported."""
    path = write(tmp_path / "registry.csv", "id,mark", *BAD_ROWS, "18,777AAA02")
    assert await run(inventory, book, path) == Account(imported=1, rejected=len(BAD_ROWS))
    with (tmp_path / "registry.csv.rejects.csv").open(encoding="utf-8", newline="") as file:
        _, *rejects = csv.reader(file)
    assert {int(line): reason for line, _, reason in rejects} == dict(enumerate(BAD_ROWS.values(), start=2))


async def test_an_issued_mark_is_not_sold(inventory: Inventory, book: RuleBook, tmp_path: Path) -> None:
    """What the import is for: the mark on the road is refused; its neighbour, the control, is held."""
    await run(inventory, book, write(tmp_path / "registry.csv", "777AAA02"))
    assert (await hold(inventory, book, "777AAA02")).outcome == "mark_issued"
    assert (await hold(inventory, book, "778AAA02")).outcome == "held"


async def test_running_again_changes_nothing(inventory: Inventory, book: RuleBook, tmp_path: Path) -> None:
    """The second run finds everything there, and the pool's revision stands still."""
    marks = [f"{number:03d}AAA02" for number in range(1, 400)]
    path = write(tmp_path / "registry.csv", "mark", *marks)
    assert (await run(inventory, book, path)).imported == len(marks)
    before = (await inventory.read([book.parse("001AAA02")]))[0].revision
    assert await run(inventory, book, path) == Account(already_imported=len(marks))
    assert (await inventory.read([book.parse("001AAA02")]))[0].revision == before


async def test_old_side_files_go_when_nothing_is_wrong_any_more(
    inventory: Inventory, book: RuleBook, tmp_path: Path
) -> None:
    """A rejects file always speaks of the last run."""
    path = write(tmp_path / "registry.csv", "777AAA99")
    rejects = tmp_path / "registry.csv.rejects.csv"
    await run(inventory, book, path)
    assert rejects.exists()
    await run(inventory, book, write(path, "777AAA02"))
    assert not rejects.exists()


class StoppedError(Exception):
    """The run was stopped from outside."""


class Breaking:
    """An inventory whose import stops answering after some calls; what was sent before is done."""

    def __init__(self, inventory: Inventory, calls: int) -> None:
        self.inventory = inventory
        self.calls = calls

    async def import_issued(self, act: Act, pool: str, ordinals: bytes) -> dict[str, Any]:
        """Import, or fail as a store that went away."""
        self.calls -= 1
        if self.calls < 0:
            raise StoppedError
        return await self.inventory.import_issued(act, pool, ordinals)


async def test_a_run_stopped_half_way_is_completed_by_another(
    inventory: Inventory, book: RuleBook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped after three of twelve batches; the second run does the rest, and each mark is there once."""
    monkeypatch.setattr(importer, "BATCH_ORDINALS", 100)
    monkeypatch.setattr(importer, "IN_FLIGHT_MAX", 1)
    marks = [f"{number:03d}{series}02" for series in ("AAA", "ZZZ") for number in range(1, 601)]
    path = write(tmp_path / "registry.csv", *marks)
    with pytest.raises(StoppedError):
        await run(Breaking(inventory, 3), book, path)
    there = sum(issued for _, issued in await planes(inventory, [book.parse(mark) for mark in marks]))
    assert 0 < there < len(marks)
    account = await run(inventory, book, path)
    assert account == Account(imported=len(marks) - there, already_imported=there)


class Forgetful:
    """An inventory that does what it is asked and loses every second answer."""

    def __init__(self, inventory: Inventory) -> None:
        self.inventory = inventory
        self.calls = 0

    async def import_issued(self, act: Act, pool: str, ordinals: bytes) -> dict[str, Any]:
        """Import, and answer every second time."""
        self.calls += 1
        number = self.calls
        answer = await self.inventory.import_issued(act, pool, ordinals)
        if number % 2:
            raise OutcomeUnknown("lost")
        return answer


async def test_an_unknown_outcome_is_asked_again_and_counted_once(
    inventory: Inventory, book: RuleBook, tmp_path: Path
) -> None:
    """The same request id gives the same answer: imported stays imported."""
    forgetful = Forgetful(inventory)
    path = write(tmp_path / "registry.csv", "777AAA02", "778AAA02", "123AB01")
    assert await run(forgetful, book, path) == Account(imported=3)
    assert forgetful.calls == 4


async def test_a_file_that_ends_badly_is_imported_as_far_as_it_goes(
    inventory: Inventory, book: RuleBook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names the file; the rows before the damage are in the store."""
    monkeypatch.setattr(reader, "BLOCK_BYTES", 1 << 14)
    series = [first + second for first in "ABCDEFGH" for second in "ABCDEFGH"]
    marks = [f"{number:03d}A{letters}02" for letters in series for number in range(1, 1_000)]
    random.Random(1).shuffle(marks)
    path = tmp_path / "registry.csv.gz"
    path.write_bytes(gzip.compress("\n".join(marks).encode(), 1)[:-1_000])
    with pytest.raises(RegistryUnreadable):
        await run(inventory, book, path)
    assert (await planes(inventory, [book.parse(marks[0])])) == [(False, True)]


async def test_any_order_and_any_mixture_of_pools(
    inventory: Inventory, book: RuleBook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows in random order over all pools, small batches: exactly those marks, and no neighbour."""
    monkeypatch.setattr(importer, "BATCH_ORDINALS", 50)
    chance = random.Random(7)
    marks = set()
    while len(marks) < 3_000:
        pool = chance.choice(book.pools())
        letters = 3 if pool.startswith("person") else 2
        series = "".join(chance.choices("ABCXYZ", k=letters))
        marks.add(f"{chance.randint(1, 999):03d}{series}{pool[-2:]}")
    rows = sorted(marks, key=lambda _: chance.random())
    assert await run(inventory, book, write(tmp_path / "r.csv", "mark", *rows)) == Account(imported=3_000)
    sample = [book.parse(mark) for mark in rows[:600]]
    assert {issued for _, issued in await planes(inventory, sample)} == {True}
    neighbours = [
        mark for row in rows[:600] if (mark := f"{int(row[:3]) % 999 + 1:03d}{row[3:]}") not in marks
    ]
    found = await planes(inventory, [book.parse(mark) for mark in neighbours])
    assert {issued for _, issued in found} == {False}


async def test_progress_is_told_and_reaches_the_end(
    inventory: Inventory, book: RuleBook, tmp_path: Path
) -> None:
    """Positions never go back, and the last one is the file's size."""
    path = write(tmp_path / "r.csv", *(f"{number:03d}AAA02" for number in range(1, 999)))
    told: list[int] = []
    file = RegistryFile(path)
    with rejects_file(path) as rejects, conflicts_file(path) as conflicts:
        run_ = Importer(inventory, book, rejects, conflicts, lambda position, _: told.append(position))
        await run_.run(file)
    assert told == sorted(told)
    assert told[-1] == file.total


def test_cancelled_work_ends(book: RuleBook) -> None:
    """Ctrl-C ends an import in its tracks, not after the rest of the file."""

    class Never:
        def import_issued(self, _act: Act, _pool: str, _ordinals: bytes) -> "asyncio.Future[dict[str, Any]]":
            return asyncio.get_running_loop().create_future()

    async def cancel(path: Path) -> None:
        task = asyncio.create_task(run(Never(), book, path))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with tempfile.TemporaryDirectory() as directory:
        asyncio.run(cancel(write(Path(directory) / "r.csv", "777AAA02")))
