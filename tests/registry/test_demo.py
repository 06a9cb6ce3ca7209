"""The demonstration registry has the size, the regions and the habits it promises."""

import re
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest

from plateapi.registry.demo import RegistryTooLarge, make_marks, write_demo_registry
from plateapi.registry.fleet import read_fleet
from plateapi.registry.reader import RegistryFile

ROWS = 60_000
MARK = re.compile(r"(?!000)\d{3}[A-Z]{2,3}(0[1-9]|1\d|20)")
WITHHELD = {"AAB", "AA"}


@pytest.fixture(scope="module")
def marks() -> list[str]:
    """A small registry."""
    return list(make_marks(rows=ROWS, seed=1, withheld_series=WITHHELD, fleet=read_fleet()).to_pylist())


def values(path: Path) -> list[bytes]:
    """Everything in a file."""
    return [value for chunk in RegistryFile(path).chunks() for value in chunk.marks.to_pylist()]


def test_every_row_is_a_mark_and_none_stands_twice(marks: list[str]) -> None:
    """Exactly as many different marks as asked for."""
    assert len(marks) == ROWS
    assert len(set(marks)) == ROWS
    assert all(MARK.fullmatch(mark) for mark in marks)


def test_regions_weigh_as_the_published_fleet(marks: list[str]) -> None:
    """Almaty, Astana, Shymkent and Ulytau have their published shares, and all twenty are there."""
    by_region = Counter(mark[-2:] for mark in marks)
    assert len(by_region) == 20
    for region, vehicles in {"02": 623_091, "01": 400_687, "17": 284_450, "20": 33_418}.items():
        assert by_region[region] == pytest.approx(ROWS * vehicles / 5_908_124, abs=1)


def test_shares_add_up_to_any_number_of_rows() -> None:
    """Rounding loses and invents no row."""
    for rows in (0, 1, 19, 999, 5_900_000):
        assert sum(read_fleet().marks_by_region(rows).values()) == rows


def test_withheld_series_were_never_handed_out(marks: list[str]) -> None:
    """No mark has letters that are withheld; the control is the same seed without a list."""
    assert not [mark for mark in marks if mark[3:-2] in WITHHELD]
    free = make_marks(rows=ROWS, seed=1, withheld_series=(), fleet=read_fleet()).to_pylist()
    assert [mark for mark in free if mark[3:-2] == "AA"]


def test_numbers_are_handed_out_in_order_with_gaps(marks: list[str]) -> None:
    """Most marks lie in the first series of their pool, four fifths of each series gone; the rest is dear."""
    fleet = read_fleet()
    astana = [mark for mark in marks if mark.endswith("01") and len(mark) == 8]
    first = [mark for mark in astana if mark[3:6] == "AAA"]
    assert len(first) == pytest.approx(999 * fleet.serial_kept, rel=0.06)
    far = [mark for mark in astana if mark[3:6] > "BAA"]
    dear = {f"{digits:03d}" for digits in fleet.dear_digits}
    assert far
    assert all(mark[:3] in dear or len(set(mark[3:6])) == 1 for mark in far)
    assert len(far) <= len(astana) * fleet.beautiful_share_max + 1


@pytest.mark.parametrize("ending", [".csv", ".csv.gz", ".parquet"])
def test_a_seed_is_a_file(tmp_path: Path, ending: str) -> None:
    """The same seed gives the same bytes, another one another registry, in each kind of file."""
    first, again, other = (tmp_path / f"{name}{ending}" for name in ("first", "again", "other"))
    for path, seed in ((first, 1), (again, 1), (other, 2)):
        assert write_demo_registry(path, rows=2_000, seed=seed) == 2_000
    assert first.read_bytes() == again.read_bytes()
    assert len(set(values(first))) == 2_000
    assert set(values(first)) != set(values(other))


def test_more_than_a_country_is_refused() -> None:
    """A region that has fewer numbers than its share says so."""
    with pytest.raises(RegistryTooLarge):
        make_marks(rows=400_000_000, seed=1, withheld_series=(), fleet=read_fleet())


def test_an_unknown_ending_is_refused(tmp_path: Path) -> None:
    """The endings that are known stand in the sentence."""
    with pytest.raises(ValueError, match=r"\.parquet"):
        write_demo_registry(tmp_path / "registry.xlsx", rows=1, seed=1)


def test_the_column_is_text() -> None:
    """One column of text, ready for any writer."""
    assert make_marks(rows=10, seed=1, withheld_series=(), fleet=read_fleet()).type == pa.string()
