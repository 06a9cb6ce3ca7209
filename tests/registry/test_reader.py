"""A registry file is read as a stream of values with their lines, whatever its shape."""

import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from plateapi.registry import reader
from plateapi.registry.reader import RegistryFile, RegistryUnreadable

Rows = list[tuple[int, bytes]]


def rows_of(path: Path) -> tuple[Rows, list[tuple[int, str]]]:
    """(line, value) of every row, and (line, reason) of every malformed one."""
    rows: Rows = []
    malformed: list[tuple[int, str]] = []
    for chunk in RegistryFile(path).chunks():
        rows += [(chunk.line(row), value) for row, value in enumerate(chunk.marks.to_pylist())]
        malformed += [(bad.line, bad.reason) for bad in chunk.malformed]
    return rows, malformed


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(b"", [], id="empty file"),
        pytest.param(b"mark\n", [], id="only a header"),
        pytest.param(b"777AAA02\n", [(1, b"777AAA02")], id="no header"),
        pytest.param(b"mark\n777AAA02\n", [(2, b"777AAA02")], id="header"),
        pytest.param(b"mark\n777AAA02", [(2, b"777AAA02")], id="no end of the last line"),
        pytest.param(b"mark\r\n777AAA02\r\n", [(2, b"777AAA02")], id="lines of Windows"),
        pytest.param(b"\xef\xbb\xbfmark\n777AAA02\n", [(2, b"777AAA02")], id="byte order mark"),
        pytest.param(b"\xef\xbb\xbf777AAA02\n", [(1, b"777AAA02")], id="byte order mark without header"),
        pytest.param("номер\n777AAA02\n".encode(), [(2, b"777AAA02")], id="header of another name"),
        pytest.param(b"id,MARK \n1,777AAA02\n", [(2, b"777AAA02")], id="second column by its name"),
        pytest.param(b"id;mark\n1;777AAA02\n", [(2, b"777AAA02")], id="semicolons"),
        pytest.param(b"id\tmark\n1\t777AAA02\n", [(2, b"777AAA02")], id="tabs"),
        pytest.param(
            b"777AAA02,old\n001AAA02,new\n", [(1, b"777AAA02"), (2, b"001AAA02")], id="first column"
        ),
        pytest.param(b'mark\n"777 AAA 02"\n', [(2, b"777 AAA 02")], id="quoted"),
        pytest.param(b"mark\n\n777AAA02\n", [(2, b""), (3, b"777AAA02")], id="a blank line has a number"),
        pytest.param(b"mark\n\xff\xfe\n", [(2, b"\xff\xfe")], id="no UTF-8"),
        pytest.param(b"mark\nNULL\nNA\n", [(2, b"NULL"), (3, b"NA")], id="no word means nothing"),
    ],
)
@pytest.mark.parametrize("ending", [".csv", ".csv.gz", ".txt"])
def test_shapes_of_csv(tmp_path: Path, ending: str, content: bytes, expected: Rows) -> None:
    """Each shape gives its values with their lines, compressed or not."""
    path = tmp_path / f"registry{ending}"
    path.write_bytes(gzip.compress(content) if ending.endswith(".gz") else content)
    assert rows_of(path) == (expected, [])


def test_lines_of_other_widths_are_set_aside_with_their_numbers(tmp_path: Path) -> None:
    """A malformed line is not a value, and the lines after it keep their numbers."""
    path = tmp_path / "registry.csv"
    path.write_bytes(b"id,mark\n1,777AAA02\n2\n3,a,b\n4,001AAA02\n5\n")
    rows, malformed = rows_of(path)
    assert rows == [(2, b"777AAA02"), (5, b"001AAA02")]
    assert [line for line, _ in malformed] == [3, 4, 6]
    assert malformed[0][1] == "1 fields where the first line has 2"


def test_lines_are_right_across_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Malformed lines anywhere, read in many small blocks, never shift another line's number."""
    monkeypatch.setattr(reader, "BLOCK_BYTES", 64)
    path = tmp_path / "registry.csv"
    lines = [f"{number}" if number % 7 == 0 else f"{number},v{number}" for number in range(2, 400)]
    path.write_text("id,mark\n" + "\n".join(lines) + "\n")
    rows, malformed = rows_of(path)
    assert rows == [(number, f"v{number}".encode()) for number in range(2, 400) if number % 7]
    assert [line for line, _ in malformed] == [number for number in range(2, 400) if number % 7 == 0]


@pytest.mark.parametrize(
    "column",
    [
        pytest.param(pa.array(["777AAA02", None, "001AAA02"]), id="text"),
        pytest.param(pa.array([b"777AAA02", None, b"001AAA02"]), id="binary"),
        pytest.param(pa.array(["777AAA02", None, "001AAA02"], pa.large_string()), id="large text"),
        pytest.param(pa.array(["777AAA02", None, "001AAA02"]).dictionary_encode(), id="dictionary"),
    ],
)
@pytest.mark.parametrize("name", ["mark", "nomer"])
def test_parquet(tmp_path: Path, column: pa.Array, name: str) -> None:
    """The column named mark, or the first, whatever its type of text; a row is its own line."""
    path = tmp_path / "registry.parquet"
    others = pa.array([1, 2, 3])
    columns = {"id": others, "mark": column} if name == "mark" else {name: column, "id": others}
    pa.parquet.write_table(pa.table(columns), path)
    [chunk] = RegistryFile(path).chunks()
    assert chunk.marks.to_pylist() == [b"777AAA02", None, b"001AAA02"]
    assert chunk.line(2) == 3
    assert chunk.position == RegistryFile(path).total == 3


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        pytest.param("missing.csv", None, "No such file", id="missing"),
        pytest.param("missing.parquet", None, "No such file", id="missing parquet"),
        pytest.param("spoilt.parquet", b"mark\n777AAA02\n", "Parquet", id="not parquet"),
        pytest.param("spoilt.csv.gz", b"mark\n777AAA02\n", "gzip", id="not gzip"),
        pytest.param("cut.csv.gz", gzip.compress(b"777AAA02\n" * 99_999)[:-200], "Truncated", id="cut gzip"),
        pytest.param("long.csv", b"7" * 100_000, "first line", id="no lines"),
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, name: str, content: bytes | None, reason: str) -> None:
    """A file that is none is refused by its name and the reason."""
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RegistryUnreadable, match=reason) as refused:
        rows_of(path)
    assert refused.value.path == path


def test_position_reaches_the_total(tmp_path: Path) -> None:
    """A progress bar over a plain file ends where the file ends."""
    path = tmp_path / "registry.csv"
    path.write_text("777AAA02\n" * 1_000)
    file = RegistryFile(path)
    assert [chunk.position for chunk in file.chunks()][-1] == file.total == path.stat().st_size
