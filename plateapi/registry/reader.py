"""A registry file as a stream of columns: CSV, CSV.gz or Parquet, a mark a row.

The column is the one named `mark`, or else the first. A header is optional: the first line is one when it
names a column `mark`, or when its first field holds no digit, which every mark does. Fields are separated by
the first of `,` `;` and tab that the first line holds.

Not here: what a mark is. Values leave as the bytes that stood in the file, each with its line number.
"""

import csv
import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from plateapi.registry.arrow import Column, InvalidRow

COLUMN: Final = "mark"
SEPARATORS: Final = ",;\t"
# A block of 4 MiB is about 400,000 rows of a plain registry: memory stays small, and calls few.
BLOCK_BYTES: Final = 4 << 20
PARQUET_ROWS: Final = 1 << 18
# A first line longer than this is not a registry's.
FIRST_LINE_BYTES_MAX: Final = 1 << 16


class RegistryUnreadable(Exception):
    """A file that cannot be read as a registry: which, and why."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Malformed:
    """A line that has another number of fields than the first."""

    line: int
    value: str
    reason: str


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows of a file.

    Attributes:
        marks: a binary Arrow array, the values as they stand in the file.
        first_line: the line (CSV) or row (Parquet) of the first value, from 1.
        malformed: lines among these that are not in `marks`, in order.
        position: how far the file is read, in the unit of `RegistryFile.total`.
    """

    marks: Column
    first_line: int
    malformed: tuple[Malformed, ...]
    position: int

    def line(self, row: int) -> int:
        """The line of a value in the file.

        >>> Chunk(None, 2, (Malformed(3, "", ""),), 0).line(1)
        4
        """
        line = self.first_line + row
        for bad in self.malformed:
            if bad.line <= line:
                line += 1
        return line


@dataclass(slots=True)
class RegistryFile:
    """A registry on disk.

    Attributes:
        total: its size, in bytes (CSV, compressed or not) or rows (Parquet): for a progress bar.
    """

    path: Path
    total: int = field(init=False)

    def __post_init__(self) -> None:
        try:
            if self._is_parquet:
                with pa.parquet.ParquetFile(self.path) as file:
                    self.total = file.metadata.num_rows
            else:
                self.total = self.path.stat().st_size
        except (OSError, pa.ArrowInvalid) as error:
            raise RegistryUnreadable(self.path, _reason(error)) from error

    @property
    def _is_parquet(self) -> bool:
        return self.path.name.endswith(".parquet")

    def chunks(self) -> Iterator[Chunk]:
        """The rows, a block at a time.

        Raises:
            RegistryUnreadable: also half-way, when the file ends badly; what came before stands.
        """
        rows = self._parquet_chunks() if self._is_parquet else self._csv_chunks()
        try:
            yield from rows
        # Arrow's "not implemented" is a fact about the file: a codec or a type that this Arrow cannot read.
        except (OSError, EOFError, zlib.error, pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise RegistryUnreadable(self.path, _reason(error)) from error

    def _parquet_chunks(self) -> Iterator[Chunk]:
        with pa.parquet.ParquetFile(self.path) as file:
            names = file.schema_arrow.names
            if not names:
                raise RegistryUnreadable(self.path, "has no column")
            column = COLUMN if COLUMN in names else names[0]
            read = 0
            for batch in file.iter_batches(PARQUET_ROWS, columns=[column]):
                yield Chunk(_as_binary(batch.column(0)), read + 1, (), read + batch.num_rows)
                read += batch.num_rows

    def _csv_chunks(self) -> Iterator[Chunk]:
        shape = _sniff(self.path)
        if shape is None:
            return
        malformed: list[Malformed] = []

        def set_aside(row: InvalidRow) -> str:
            reason = f"{row.actual_columns} fields where the first line has {row.expected_columns}"
            malformed.append(Malformed(row.number, row.text, reason))
            return "skip"

        with pa.OSFile(str(self.path)) as raw:
            stream = pa.CompressedInputStream(raw, "gzip") if self.path.name.endswith(".gz") else raw
            reader = pa.csv.open_csv(
                stream,
                # One thread: only then does a malformed row know its number.
                pa.csv.ReadOptions(
                    use_threads=False,
                    block_size=BLOCK_BYTES,
                    column_names=shape.columns,
                    skip_rows=shape.header_lines,
                ),
                pa.csv.ParseOptions(
                    delimiter=shape.separator, invalid_row_handler=set_aside, ignore_empty_lines=False
                ),
                # Bytes, not text: a value that is no UTF-8 is a bad row, not a bad file.
                pa.csv.ConvertOptions(
                    include_columns=[shape.column],
                    column_types={shape.column: pa.binary()},
                    strings_can_be_null=False,
                ),
            )
            line = shape.header_lines + 1
            for batch in reader:
                # Rows set aside so far lie in this block or, read ahead, in a later one.
                until = _line_after(line, batch.num_rows, malformed)
                here = tuple(bad for bad in malformed if bad.line < until)
                del malformed[: len(here)]
                yield Chunk(batch.column(0), line, here, raw.tell())
                line = until
            if malformed:
                empty = pa.array([], pa.binary())
                yield Chunk(empty, line, tuple(malformed), self.total)


def _line_after(line: int, rows: int, malformed: list[Malformed]) -> int:
    """The line after `rows` values that begin at `line`, when some lines are set aside."""
    until = line + rows
    for bad in malformed:
        if bad.line > until:
            break
        until += 1
    return until


@dataclass(frozen=True, slots=True)
class _Shape:
    columns: list[str]
    column: str
    separator: str
    header_lines: int


def _sniff(path: Path) -> _Shape | None:
    """How the first line says the file is laid out; None when the file is empty."""
    with gzip.open(path) if path.name.endswith(".gz") else path.open("rb") as file:
        raw = file.readline(FIRST_LINE_BYTES_MAX)
    if not raw:
        return None
    if len(raw) == FIRST_LINE_BYTES_MAX:
        raise RegistryUnreadable(path, f"its first line is longer than {FIRST_LINE_BYTES_MAX} bytes")
    text = raw.decode("utf-8-sig", errors="replace").rstrip("\r\n")
    separator = next((mark for mark in SEPARATORS if mark in text), ",")
    fields = next(csv.reader([text], delimiter=separator), [""]) or [""]
    names = [name.strip().lower() for name in fields]
    named = COLUMN in names
    is_header = named or not any(character.isdigit() for character in fields[0])
    place = names.index(COLUMN) if named else 0
    columns = [f"column_{number}" for number in range(len(fields))]
    return _Shape(columns, columns[place], separator, int(is_header))


def _as_binary(column: Column) -> Column:
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if not (pa.types.is_string(column.type) or pa.types.is_binary(column.type)):
        column = column.cast(pa.string())
    return column.cast(pa.binary())


def _reason(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error).splitlines()[0] if str(error) else type(error).__name__
