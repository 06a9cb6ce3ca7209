"""A registry of real size, made from a seed: what may be on the road on the opening day.

Each region hands its numbers out in order, 001AAA, 002AAA, ..., 999AAA, 001AAB, ...; some of them have left
the road since, which leaves gaps; and beyond the last one there is a share of the beautiful ones gone that
somebody asked for. All of it is columns of pyarrow: 5.9 million marks take seconds, and a seed gives the
same file again.

Not here: the figures (`fleet.toml`). No mark in a withheld series is made, as the caller names them.
"""

import gzip
import math
import string
from collections.abc import Collection, Iterator
from itertools import product
from pathlib import Path
from typing import IO, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from plateapi.registry.arrow import Column, Table
from plateapi.registry.fleet import Fleet, read_fleet

DIGITS: Final = 999  # 000 is not issued
FORMATS: Final = {"person_car": 3, "entity_car": 2}  # letters
COLUMN: Final = "mark"
# Level 1 of gzip writes 5.9 million rows in about 2 s; the default would take six times as long.
GZIP_LEVEL: Final = 1

ENDINGS: Final = (".csv", ".csv.gz", ".parquet")


class RegistryTooLarge(ValueError):
    """More rows were asked for than a region has marks."""


def write_demo_registry(
    path: Path, *, rows: int, seed: int, withheld_series: Collection[str] = (), fleet: Fleet | None = None
) -> int:
    """Write a registry as CSV, CSV.gz or Parquet, by the ending of its name.

    Args:
        path: where to; replaced when it exists.
        rows: how many marks, exactly.
        seed: the same seed, figures and pyarrow give the same file.
        withheld_series: letters that are skipped, as they are never handed out.
        fleet: the figures; the committed ones by default.

    Returns:
        How many marks were written.

    Raises:
        RegistryTooLarge: a region has no room for its share.
        ValueError: an ending that is none of `ENDINGS`.
    """
    if not path.name.endswith(ENDINGS):
        raise ValueError(f"{path.name} ends in none of {', '.join(ENDINGS)}")
    marks = make_marks(rows=rows, seed=seed, withheld_series=withheld_series, fleet=fleet or read_fleet())
    table = pa.table({COLUMN: marks})
    if path.name.endswith(".parquet"):
        pa.parquet.write_table(table, path, compression="zstd")
    elif path.name.endswith(".gz"):
        # No time stamp in the header: the same seed is the same bytes.
        with path.open("wb") as raw, gzip.GzipFile("", "wb", GZIP_LEVEL, raw, mtime=0) as file:
            _write_csv(table, file)
    else:
        with path.open("wb") as file:
            _write_csv(table, file)
    return len(marks)


def make_marks(*, rows: int, seed: int, withheld_series: Collection[str], fleet: Fleet) -> Column:
    """The marks as one column of text, in an order that mixes the regions, as a real register does."""
    columns = [
        column
        for number, (region, wanted) in enumerate(fleet.marks_by_region(rows).items())
        for column in _region_marks(region, wanted, seed * 1_000 + number * 10, withheld_series, fleet)
    ]
    marks = pa.chunked_array(columns, pa.string()).combine_chunks()
    return marks.take(pc.sort_indices(_random(len(marks), seed * 1_000 + 999)))


def _region_marks(
    region: str, wanted: int, seed: int, withheld_series: Collection[str], fleet: Fleet
) -> Iterator[Column]:
    entities = round(wanted * fleet.entity_share)
    for step, (letters, count) in enumerate(
        ((FORMATS["person_car"], wanted - entities), (FORMATS["entity_car"], entities))
    ):
        series = [text for text in _series(letters) if text not in withheld_series]
        numbers = _pool_numbers(count, len(series), _identical_rows(series), seed + step * 5, fleet)
        yield _texts(numbers, series, region)


def _pool_numbers(count: int, rows: int, identical: list[int], seed: int, fleet: Fleet) -> Column:
    """The numbers of a pool on the road: row * 999 + digits - 1, rows in order of handing out."""
    beautiful_max = int(count * fleet.beautiful_share_max)
    frontier_rows = min(rows, math.ceil(count / fleet.serial_kept / DIGITS))
    beautiful = _beautiful_numbers(frontier_rows, rows, identical, seed, fleet)
    if len(beautiful) > beautiful_max:
        chosen = pc.sort_indices(_random(len(beautiful), seed + 3)).slice(0, beautiful_max)
        beautiful = beautiful.take(chosen)
    serial = _serial_numbers(count - len(beautiful), frontier_rows * DIGITS, seed + 4, fleet)
    return pa.chunked_array([serial, beautiful], pa.int64()).combine_chunks()


def _serial_numbers(count: int, frontier: int, seed: int, fleet: Fleet) -> Column:
    """`count` numbers below the frontier, with gaps of a geometric length.

    A number is followed by floor(ln(1 - u) / ln(1 - kept)) numbers that left the road, which keeps the share
    `kept`. Where chance would run beyond the frontier, the kept ones are drawn without regard to order.
    """
    if count > frontier:
        raise RegistryTooLarge(f"{count} marks are asked for where {frontier} can be handed out")
    if count == 0:
        return pa.array([], pa.int64())
    gaps = pc.floor(pc.divide(pc.ln(pc.subtract(1.0, _random(count, seed))), math.log(1 - fleet.serial_kept)))
    numbers = pc.cast(pc.subtract(pc.cumulative_sum(pc.add(gaps, 1.0)), 1.0), pa.int64())
    if numbers[-1].as_py() < frontier:
        return numbers
    chosen = pc.sort_indices(_random(frontier, seed)).slice(0, count)
    return pc.cast(chosen, pa.int64())


def _beautiful_numbers(
    frontier_rows: int, rows: int, identical: list[int], seed: int, fleet: Fleet
) -> Column:
    """Beautiful numbers beyond the frontier that are gone."""
    dear = pa.array([digits - 1 for digits in fleet.dear_digits], pa.int64())
    asked = _outer(pa.arange(frontier_rows, rows), dear)
    asked = _thinned(asked, fleet.dear_digits_gone, seed + 1)
    same = pa.array([row for row in identical if row >= frontier_rows], pa.int64())
    alike = _thinned(_outer(same, pa.arange(0, DIGITS)), fleet.identical_letters_gone, seed + 2)
    return pa.chunked_array([asked, alike], pa.int64()).combine_chunks().unique()


def _outer(rows: Column, digits: Column) -> Column:
    """Every row with every digit value, as numbers."""
    if len(rows) == 0:
        return rows
    places = pa.arange(0, len(rows) * len(digits))
    row = pc.divide(places, len(digits))
    digit = pc.subtract(places, pc.multiply(row, len(digits)))
    return pc.add(pc.multiply(rows.take(row), DIGITS), digits.take(digit))


def _thinned(numbers: Column, share: float, seed: int) -> Column:
    return numbers.filter(pc.less(_random(len(numbers), seed), share))


def _texts(numbers: Column, series: list[str], region: str) -> Column:
    row = pc.divide(numbers, DIGITS)
    digits = pc.subtract(numbers, pc.multiply(row, DIGITS))
    digit_texts = pa.array([f"{value:03d}" for value in range(1, DIGITS + 1)])
    return pc.binary_join_element_wise(digit_texts.take(digits), pa.array(series).take(row), region, "")


def _series(letters: int) -> list[str]:
    return ["".join(word) for word in product(string.ascii_uppercase, repeat=letters)]


def _identical_rows(series: list[str]) -> list[int]:
    return [row for row, text in enumerate(series) if len(set(text)) == 1]


def _random(count: int, seed: int) -> Column:
    return pc.random(count, initializer=seed)


def _write_csv(table: Table, file: IO[bytes] | gzip.GzipFile) -> None:
    pa.csv.write_csv(
        table, file, pa.csv.WriteOptions(quoting_style="none", quoting_header="none", batch_size=1 << 16)
    )
