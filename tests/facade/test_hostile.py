"""Whatever is thrown at the core, it answers or refuses: no panic reaches Python, and nothing hangs.

A panic would be a ``PanicException``, which is no ``Exception`` and so fails each of these tests by itself.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plate_core import (
    InputInvalid,
    JournalBroken,
    JournalReader,
    PatternInvalid,
    PlateError,
    PriceUnknown,
    Replica,
    ReplicaUnavailable,
    RuleBook,
    RuleBookInvalid,
    load_rule_book,
    read_law,
)
from tests.conftest import PATTERNS

BOOK = load_rule_book(PATTERNS)
LAW = read_law(PATTERNS)

pattern_signs = st.text(alphabet="0123456789abAZАҮ?*@#&|!(){},-:. \n", max_size=40)
# Magic, number and chain of a first segment.
SEGMENT_HEAD = b"PLATEJ01" + (1).to_bytes(8, "little") + bytes(32)


def answered(ask: Any, *refusals: type[PlateError]) -> Any:
    """What a question gives, or its refusal."""
    try:
        return ask()
    except refusals as refused:
        return refused


@given(st.one_of(pattern_signs, st.text(max_size=200)))
@settings(max_examples=300, deadline=None)
def test_any_text_is_a_pattern_or_its_faults(text: str) -> None:
    """Every fault has a place inside the text."""
    found = answered(lambda: BOOK.pattern(text), PatternInvalid)
    if isinstance(found, PatternInvalid):
        lines = text.split("\n")
        assert found.faults
        assert all(1 <= fault["line"] <= len(lines) for fault in found.faults)
    else:
        assert len(found.marks(5)) == min(5, found.count())


@given(st.sampled_from(LAW), st.integers(0, 5_000), st.binary(max_size=8))
@settings(max_examples=200, deadline=None)
def test_a_damaged_file_of_the_law_is_refused_or_still_law(
    file: tuple[str, bytes], place: int, damage: bytes
) -> None:
    """Some bytes of one file are replaced; the rest of the law stays."""
    name, content = file
    damaged = content[:place] + damage + content[place + len(damage) :]
    files = [(other, damaged if other == name else kept) for other, kept in LAW]
    answered(lambda: RuleBook.compile(files), RuleBookInvalid)
    answered(lambda: BOOK.with_tariff("draft", damaged), RuleBookInvalid)


@given(st.lists(st.tuples(st.text(max_size=20), st.binary(max_size=60)), max_size=4))
def test_any_files_are_a_law_or_its_faults(files: list[tuple[str, bytes]]) -> None:
    """Names and contents without sense."""
    assert isinstance(answered(lambda: RuleBook.compile(files), RuleBookInvalid), RuleBookInvalid)


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_any_bytes_are_a_column_or_refused(offsets: bytes, data: bytes) -> None:
    """No offset leads outside the data."""
    answered(lambda: BOOK.parse_column(offsets, data), InputInvalid)
    answered(lambda: BOOK.classify_column(offsets, data, on="2026-07-15"), InputInvalid)


@given(st.integers(-(2**63), 2**63 - 1), st.text(max_size=12))
def test_any_moment_and_day_have_a_price_or_none(at_ms: int, on: str) -> None:
    """Time is an argument, and can be any."""
    mark = BOOK.parse("777AAA02")
    answered(lambda: BOOK.quote(mark, at_ms=at_ms), PriceUnknown, InputInvalid)
    answered(lambda: BOOK.explain(mark, on=on), PriceUnknown, InputInvalid)
    answered(lambda: BOOK.tariff_in_force(at_ms))


@given(content=st.binary(max_size=400))
def test_any_file_is_planes_or_refused(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A file that somebody else wrote is not believed."""
    path: Path = tmp_path_factory.mktemp("planes") / "planes"
    path.write_bytes(content)
    found = answered(lambda: Replica.open(path, BOOK), ReplicaUnavailable)
    assert isinstance(found, ReplicaUnavailable)


@given(content=st.binary(max_size=400))
def test_any_segment_is_read_or_refused(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A damaged journal is an error with a place, or has nothing whole in it yet."""
    directory: Path = tmp_path_factory.mktemp("journal")
    (directory / "0000000001.journal").write_bytes(SEGMENT_HEAD + content)
    found = answered(lambda: list(JournalReader(directory).transitions()), JournalBroken)
    if isinstance(found, JournalBroken):
        assert json.dumps(found.context)
