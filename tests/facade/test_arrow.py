"""Whole columns: Arrow in, Arrow out, the same answers as row by row."""

from typing import Any, Literal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plate_core import InputInvalid, MarkUnparseable, NoTariffInForce, RuleBook, arrow, load_rule_book
from tests.conftest import PATTERNS
from tests.facade.citizens import DAY

BOOK = load_rule_book(PATTERNS)

rows = st.one_of(
    st.none(),
    st.from_regex(r"[0-9]{3}[A-Z]{2,3}(0[1-9]|1[0-9]|2[0-2])", fullmatch=True),
    st.from_regex(r"(KZ)?[ -]?[0-9]{2,4}[ -]?[A-ZАВЕKaz]{2,3}[ -]?[0-9]{2}", fullmatch=True),
    st.text(max_size=12),
)


def _row_by_row(text: str | None) -> dict[str, Any]:
    nothing = {"tier": None, "amount_tiyn": None, "tags": None, "withheld": None}
    try:
        mark = BOOK.parse(text or "")
    except MarkUnparseable:
        return nothing
    certificate = BOOK.explain(mark, on=DAY)
    return {
        "tier": certificate["tier"],
        "amount_tiyn": certificate["price"]["amount_tiyn"],
        "tags": certificate["tags"],
        "withheld": certificate["withheld"],
    }


@given(st.lists(rows, max_size=30), st.integers(0, 5), st.sampled_from([pa.string(), pa.large_string()]))
def test_a_column_is_classified_as_its_rows(texts: list[str | None], skipped: int, kind: Any) -> None:
    """Nulls, slices and large offsets included."""
    column = pa.array(texts, kind)[skipped:]
    assert arrow.classify(BOOK, column, on=DAY).to_pylist() == [_row_by_row(text) for text in texts[skipped:]]


@given(st.lists(rows, max_size=30), st.integers(0, 5), st.sampled_from(["chosen", "assigned"]))
def test_tiers_alone_are_those_of_the_rows(
    texts: list[str | None], skipped: int, acquired: Literal["chosen", "assigned"]
) -> None:
    """Tiers without anything else, of a column and of a list of texts, are `classify`'s."""
    column = pa.array(texts, pa.string())[skipped:]
    tiers = arrow.classify(BOOK, column, acquired=acquired, on=DAY).column("tier").to_pylist()
    assert arrow.tiers_of(BOOK, column, acquired=acquired, on=DAY).to_pylist() == tiers
    listed = [text or "" for text in texts[skipped:]]
    assert BOOK.tiers_of(listed, acquired=acquired, on=DAY) == tiers


def test_tiers_of_texts_that_are_no_texts() -> None:
    """A lone surrogate is no mark; what is no text at all is refused; a day without a tariff has a name."""
    assert BOOK.tiers_of(["777AAA0\ud800", "777AAA02"], on=DAY) == [None, "top_identical"]
    with pytest.raises(TypeError):
        BOOK.tiers_of(["777AAA02", 777], on=DAY)  # type: ignore[list-item]
    with pytest.raises(NoTariffInForce):
        BOOK.tiers_of(["777AAA02"], on="2020-01-01")


@given(st.lists(rows, max_size=30), st.integers(0, 5))
def test_a_column_is_parsed_as_its_rows(texts: list[str | None], skipped: int) -> None:
    """Place or reason of each row."""
    table = arrow.parse(BOOK, pa.array(texts, pa.string())[skipped:]).to_pylist()
    assert table == [_place(text) for text in texts[skipped:]]


def _place(text: str | None) -> dict[str, Any]:
    try:
        mark = BOOK.parse(text or "")
    except MarkUnparseable as refused:
        return {"pool": None, "ordinal": None, "reason": refused.context["reason"]}
    return {"pool": mark.pool, "ordinal": mark.ordinal, "reason": None}


@pytest.mark.parametrize(
    "column",
    [
        pa.chunked_array([["777AAA02"], [], ["?"]]),
        pa.array(["777AAA02", "?"]).dictionary_encode(),
        pa.array(["777AAA02", "?"]).cast(pa.binary()),
        pa.array(["777AAA02", "?"]).cast(pa.string_view()),
    ],
    ids=["chunked", "dictionary", "binary", "view"],
)
def test_columns_come_in_many_layouts(column: Any) -> None:
    """Chunks, dictionaries, bytes and views are all columns of texts."""
    table = arrow.classify(BOOK, column, on=DAY)
    assert table.column("amount_tiyn").to_pylist() == [123_262_500, None]


def test_anything_with_the_capsule_interface_is_a_column() -> None:
    """The PyCapsule interface is enough; nobody asks for pyarrow's own classes."""

    class Foreign:
        def __init__(self, column: Any) -> None:
            self.column = column

        def __arrow_c_stream__(self, schema: object = None) -> object:
            return self.column.__arrow_c_stream__(schema)

    class ForeignArray:
        def __arrow_c_array__(self, schema: object = None) -> object:
            return pa.array(["777AAA02"]).__arrow_c_array__(schema)

    stream = Foreign(pa.chunked_array([["777AAA02"], ["?"]]))
    assert arrow.classify(BOOK, stream, on=DAY).num_rows == 2
    assert arrow.parse(BOOK, ForeignArray()).column("pool").to_pylist() == ["person_car.02"]


def test_an_empty_column_has_a_schema() -> None:
    """No rows, and still every column with its type."""
    table = arrow.classify(BOOK, pa.chunked_array([], pa.string()), on=DAY)
    assert table.num_rows == 0
    assert table.column_names == ["tier", "amount_tiyn", "tags", "withheld"]
    assert table.schema.field("amount_tiyn").type == pa.int64()


def test_a_day_without_a_tariff_is_refused(book: RuleBook) -> None:
    """The same refusal as for a single mark."""
    with pytest.raises(NoTariffInForce):
        arrow.classify(book, pa.array(["777AAA02"]), on="2001-01-01")


@pytest.mark.parametrize(
    ("offsets", "data"),
    [
        (b"", b""),
        (b"\0" * 3, b""),
        ((5).to_bytes(4, "little") * 2, b"abc"),
        ((3).to_bytes(4, "little") + bytes(4), b"abc"),
        ((-1).to_bytes(4, "little", signed=True) * 2, b"abc"),
    ],
)
def test_bytes_that_are_no_column_are_refused(book: RuleBook, offsets: bytes, data: bytes) -> None:
    """Offsets are checked before anything is read by them."""
    with pytest.raises(InputInvalid) as refused:
        book.parse_column(offsets, data)
    assert refused.value.slug == "column_invalid"
    with pytest.raises(InputInvalid):
        book.classify_column(offsets, data, on=DAY)
