"""Whole columns for analysts: Arrow in, Arrow out.

Anything with the Arrow PyCapsule interface goes in (pyarrow, polars, duckdb, pandas with Arrow types), as a
column of texts. The Rust core gets the buffers themselves and knows nothing of Arrow.
"""

from typing import Any, Literal, TypeAlias

import pyarrow as pa

from plate_core._plate_core import RuleBook

__all__ = ["classify", "parse", "tiers_of"]

# The stubs of pyarrow lag behind it; what an array holds is said where it is made.
Column: TypeAlias = Any
Table: TypeAlias = Any

NO_MARK = 255
INT8_MAX = 127
NO_POOL = 0xFFFF


def classify(
    book: RuleBook, marks: Column, *, acquired: Literal["chosen", "assigned"] = "chosen", on: str
) -> Table:
    """Tier, price, tags and withholding of every mark of a column.

    ``marks`` is a column of texts with one mark a row, typed in any way that ``RuleBook.parse`` understands.
    ``on`` is the day whose tariff and MCI count. Back comes a ``pyarrow.Table`` with as many rows:

    ===============  ==============================  =======================================================
    ``tier``         dictionary<int8, string>        null where the mark is not offered in this way
    ``amount_tiyn``  int64                           null where there is no tier
    ``tags``         list<dictionary<int8, string>>  in the order of the rule book; null where no mark is
    ``withheld``     bool                            null where no mark is
    ===============  ==============================  =======================================================

    A row that is null or no mark is null in every column. Raises ``NoTariffInForce`` and ``MciUnknown``.

    >>> classify(book, pa.array(["777AAA02", "?"]), on="2026-07-01").column("amount_tiyn").to_pylist()
    [123262500, None]
    """
    chunks = [_classify_chunk(book, chunk, acquired, on) for chunk in _text_chunks(marks)]
    return pa.concat_tables(chunks)


def tiers_of(
    book: RuleBook, marks: Column, *, acquired: Literal["chosen", "assigned"] = "chosen", on: str
) -> Column:
    """Only the tier of every mark of a column: ``classify``'s first column, for who wants nothing else.

    Back comes a ``pyarrow.ChunkedArray`` of dictionary<int8, string>. Raises ``NoTariffInForce`` and
    ``MciUnknown``.

    >>> tiers_of(book, pa.array(["777AAA02", "?"]), on="2026-07-01").to_pylist()
    ['top_identical', None]
    """
    return pa.chunked_array([_tiers_of_chunk(book, chunk, acquired, on) for chunk in _text_chunks(marks)])


def parse(book: RuleBook, marks: Column) -> Table:
    """The place of every mark of a column.

    Back comes a ``pyarrow.Table`` with as many rows: ``pool`` (dictionary<int16, string>, as in
    ``book.pools()``), ``ordinal`` (uint32) and ``reason`` (string): why a row holds no mark, null where it
    does; a null row has the reason ``empty``.

    >>> parse(book, pa.array(["777AAA02", "000AAA02"])).column("reason").to_pylist()
    [None, 'digits_not_issued']
    """
    return pa.concat_tables([_parse_chunk(book, chunk) for chunk in _text_chunks(marks)])


def _text_chunks(marks: Column) -> list[Column]:
    """The column as arrays of texts with 32-bit offsets; at least one, so that a schema is there."""
    column = pa.chunked_array(marks) if hasattr(marks, "__arrow_c_stream__") else pa.array(marks)
    if not isinstance(column, pa.ChunkedArray):
        column = pa.chunked_array([column])
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if not pa.types.is_binary(column.type):
        column = column.cast(pa.string())
    chunks: list[Column] = column.chunks
    return chunks or [pa.array([], column.type)]


def _buffers(chunk: Column) -> tuple[bytes, bytes]:
    """Offsets and data of a chunk; a sliced chunk has its own part of the offsets."""
    _, offsets, data = chunk.buffers()
    if offsets is None or len(chunk) == 0:
        return bytes(4), b""
    first, rows = 4 * chunk.offset, 4 * (len(chunk) + 1)
    return offsets.slice(first, rows).to_pybytes(), b"" if data is None else data.to_pybytes()


def _classify_chunk(book: RuleBook, chunk: Column, acquired: Literal["chosen", "assigned"], on: str) -> Table:
    columns = book.classify_column(*_buffers(chunk), acquired=acquired, on=on)
    rows = len(chunk)
    codes = _array(pa.uint8(), rows, columns["tier"])
    is_mark = pa.compute.not_equal(codes, NO_MARK)
    has_tier = _array(pa.bool_(), rows, columns["has_tier"])
    tier = _tiers(rows, columns["tier"], columns["has_tier"], columns["tiers"])
    amount = pa.compute.if_else(has_tier, _array(pa.int64(), rows, columns["amount_tiyn"]), None)
    withheld = pa.compute.if_else(
        is_mark, _array(pa.uint8(), rows, columns["withheld"]).cast(pa.bool_()), None
    )
    tags = pa.ListArray.from_arrays(
        _array(pa.int32(), rows + 1, columns["tag_offsets"]),
        pa.DictionaryArray.from_arrays(
            _array(pa.int8(), len(columns["tag_codes"]), columns["tag_codes"]), columns["tag_ids"]
        ),
        mask=pa.compute.invert(is_mark),
    )
    return pa.table({"tier": tier, "amount_tiyn": amount, "tags": tags, "withheld": withheld})


def _tiers_of_chunk(
    book: RuleBook, chunk: Column, acquired: Literal["chosen", "assigned"], on: str
) -> Column:
    columns = book.tiers_of_column(*_buffers(chunk), acquired=acquired, on=on)
    return _tiers(len(chunk), *columns)


def _tiers(rows: int, codes: bytes, has_tier: bytes, tiers: list[str]) -> Column:
    """Codes as a dictionary of tiers, null where there is none."""
    if len(tiers) > INT8_MAX:
        raise OverflowError(f"{len(tiers)} tiers, and an int8 numbers {INT8_MAX + 1}")
    # The core's bytes themselves become indices and validity: nothing is copied.
    indices = pa.Array.from_buffers(pa.int8(), rows, [pa.py_buffer(has_tier), pa.py_buffer(codes)])
    # Every valid code numbers a tier, for the core made both: looking through them again costs a third more.
    return pa.DictionaryArray.from_arrays(indices, pa.array(tiers, pa.string()), safe=False)


def _parse_chunk(book: RuleBook, chunk: Column) -> Table:
    pools, ordinals, faults = book.parse_column(*_buffers(chunk))
    rows = len(chunk)
    indices = _array(pa.uint16(), rows, pools)
    is_mark = pa.compute.not_equal(indices, NO_POOL)
    pool = pa.DictionaryArray.from_arrays(
        pa.compute.if_else(is_mark, indices, None).cast(pa.int16()), book.pools()
    )
    ordinal = pa.compute.if_else(is_mark, _array(pa.uint32(), rows, ordinals), None)
    reasons: list[str | None] = [None] * rows
    for row, reason in faults:
        reasons[row] = reason
    return pa.table({"pool": pool, "ordinal": ordinal, "reason": pa.array(reasons, pa.string())})


def _array(kind: Any, rows: int, content: bytes) -> Column:  # noqa: ANN401
    """Plain values without nulls, over the bytes as they are."""
    return pa.Array.from_buffers(kind, rows, [None, pa.py_buffer(content)])
