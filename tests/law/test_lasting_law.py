"""The law of tests, benches and launches: the country's own, except that its index does not end."""

from pathlib import Path

import pytest

from plate_core import PriceUnknown, load_rule_book
from tests.lasting_law import PATTERNS, lasting_law, without_end

FAR_DAY = "2345-06-07"


def test_it_prices_where_the_law_refuses() -> None:
    """A day of a far year costs what today costs; the law itself says that it does not know."""
    lasting, law = load_rule_book(lasting_law()), load_rule_book(PATTERNS)
    mark = law.parse("777AAA02")
    with pytest.raises(PriceUnknown) as refused:
        law.explain(mark, on=FAR_DAY)
    assert refused.value.slug == "mci_unknown"
    last_known = str(refused.value.context["last_known"])
    known, far = law.explain(mark, on=last_known), lasting.explain(mark, on=FAR_DAY)
    assert far["price"] == known["price"]


def test_nothing_is_cut_at_new_year() -> None:
    """The change of prices after the last known day is gone, so a test at midnight holds as long as any."""
    lasting, law = load_rule_book(lasting_law()), load_rule_book(PATTERNS)
    assert lasting.price_changes_ms()[:-1] == law.price_changes_ms()[:-1]
    assert lasting.price_changes_ms()[-1] > law.price_changes_ms()[-1] + 7_000 * 365 * 86_400_000


def test_only_the_index_differs() -> None:
    """Every other file is the country's, byte by byte; what is made up says so."""
    files = sorted(path.relative_to(PATTERNS) for path in PATTERNS.rglob("*.toml"))
    assert files == sorted(path.relative_to(lasting_law()) for path in lasting_law().rglob("*.toml"))
    differing = [file for file in files if _read(lasting_law() / file) != _read(PATTERNS / file)]
    assert differing == [Path("mci.toml")]
    assert "Made up for tests" in _read(lasting_law() / "mci.toml")


def test_years_that_become_known_stay_known() -> None:
    """The index of the next year, once it stands in the law, is the one that goes on."""
    next_year = "\n".join(
        ("[[mci]]", "value_tenge = 4700", "in_force_from = 2027-01-01", "in_force_until = 2027-12-31\n")
    )
    text = without_end(_read(PATTERNS / "mci.toml") + next_year)
    assert "in_force_until = 2026-12-31" in text
    assert text.count("value_tenge = 4700") == 1
    assert "in_force_until = 2027-12-31" not in text


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")
