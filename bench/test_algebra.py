"""What it costs to know a mark: parse, classify, explain, compile a pattern."""

from typing import Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

import plate_core
from bench.conftest import COUNTRY_DAY, ROOT

COLUMN_MARKS = 100_000


def test_parse_one(benchmark: BenchmarkFixture, book: plate_core.RuleBook) -> None:
    """A mark as a person types it, Cyrillic look-alikes and blanks included."""
    mark = benchmark(book.parse, " 777 ааа 02")
    assert mark.text == "777AAA02"


def test_classify_one(benchmark: BenchmarkFixture, book: plate_core.RuleBook) -> None:
    """Tier and tags of one mark."""
    marks = [book.parse("777AAA02")]
    found = benchmark(book.classify, marks, on=COUNTRY_DAY)
    assert found[0][0] == "top_identical"


def test_classify_thousand(benchmark: BenchmarkFixture, book: plate_core.RuleBook) -> None:
    """A thousand marks in one call."""
    marks = [book.mark_at("person_car.02", row * 1024 + 101) for row in range(1_000)]
    found = benchmark(book.classify, marks, on=COUNTRY_DAY)
    assert {tier for tier, _ in found} == {"mirror", "mirror_identical"}


def test_classify_column(benchmark: BenchmarkFixture, book: plate_core.RuleBook) -> None:
    """A hundred thousand marks as text, Arrow in and Arrow out."""
    import pyarrow as pa  # noqa: PLC0415

    from plate_core import arrow  # noqa: PLC0415

    column = pa.array([f"{number % 999 + 1:03}ABC02" for number in range(COLUMN_MARKS)])
    table = benchmark(arrow.classify, book, column, on=COUNTRY_DAY)
    assert table.num_rows == COLUMN_MARKS
    assert table.column("tier").null_count == 0


def test_explain_one(benchmark: BenchmarkFixture, book: plate_core.RuleBook) -> None:
    """The certificate of one mark."""
    mark = book.parse("777AAA02")
    certificate: dict[str, Any] = benchmark(book.explain, mark, on=COUNTRY_DAY)
    assert certificate["price"]["mci"] == "285"


@pytest.mark.parametrize("pattern", ["7*7", "???AAA02", "*77 A?A"])
def test_compile_pattern(benchmark: BenchmarkFixture, book: plate_core.RuleBook, pattern: str) -> None:
    """A search pattern, from text to rectangles."""
    compiled = benchmark(book.pattern, pattern)
    assert compiled.count() > 0


def test_preview_country(benchmark: BenchmarkFixture, book: plate_core.RuleBook) -> None:
    """What a changed price would move, over 351 million marks."""
    text = (ROOT / "patterns" / "kz" / "tariffs" / "kz-2026.toml").read_text(encoding="utf-8")
    draft = text.replace('mci = "228"', 'mci = "230"').replace("2026-01-01", COUNTRY_DAY)
    candidate = book.with_tariff("draft.toml", draft.replace("kz-2026", "kz-draft").encode())
    preview = benchmark(book.preview, candidate, on=COUNTRY_DAY)
    assert preview["moves"] or preview["unmoved_marks"]
