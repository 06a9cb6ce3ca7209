"""The law of tests, benches and launches: the country's own, except that its index does not end."""

import tomllib
from pathlib import Path

import pytest

from plate_core import PriceUnknown, load_rule_book
from plateapi.law import day_of
from tests.lasting_law import NEVER, PATTERNS, lasting_law, until

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
    """No price changes ahead of any test, so a hold of the last minutes of a year is as long as any."""
    lasting = load_rule_book(lasting_law())
    begins_ms = max(tariff["in_force_from_ms"] for tariff in lasting.tariffs())
    ahead = [moment_ms for moment_ms in lasting.price_changes_ms() if moment_ms > begins_ms]
    assert [day_of(moment_ms - 1) for moment_ms in ahead] == [NEVER]


def test_only_the_index_differs() -> None:
    """Every other file is the country's, byte by byte; what is made up says so."""
    files = sorted(path.relative_to(PATTERNS) for path in PATTERNS.rglob("*.toml"))
    assert files == sorted(path.relative_to(lasting_law()) for path in lasting_law().rglob("*.toml"))
    differing = [file for file in files if _read(lasting_law() / file) != _read(PATTERNS / file)]
    assert differing == [Path("mci.toml")]
    assert "Made up for tests" in _read(lasting_law() / "mci.toml")


def test_the_last_known_index_is_the_one_that_stays() -> None:
    """Also when the law has learnt another one."""
    next_year = "\n".join(
        ("[[mci]]", "value_tenge = 4700", "in_force_from = 2027-01-01", "in_force_until = 2027-12-31\n")
    )
    [span] = tomllib.loads(until(_read(PATTERNS / "mci.toml") + next_year, NEVER))["mci"]
    assert span["value_tenge"] == 4700
    assert (str(span["in_force_from"]), str(span["in_force_until"])) == ("2025-01-01", NEVER)


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")
