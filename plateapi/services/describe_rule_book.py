"""What there is to choose from: regions, formats, tiers with their prices, and patterns of beauty."""

from dataclasses import dataclass
from typing import Any

from plate_core import PriceUnknown, RuleBook
from plateapi.engine import Engine
from plateapi.law import day_of


@dataclass(frozen=True, slots=True)
class Described:
    """The rule book of today, for menus and for programs. No tiers while nobody knows their prices."""

    revision: str
    day: str
    tariff: dict[str, Any] | None
    regions: list[dict[str, Any]]
    formats: list[dict[str, Any]]
    tiers: list[dict[str, Any]]
    tags: list[dict[str, Any]]


def describe_rule_book(engine: Engine) -> Described:
    """The present rule book. Compiled facts only; nothing is asked of the store."""
    now_ms = engine.clock.now_ms()
    book = engine.law.at(now_ms)
    day = day_of(now_ms)
    return Described(
        revision=book.revision,
        day=day,
        tariff=book.tariff_in_force(now_ms),
        regions=list(engine.regions.values()),
        formats=list(engine.formats.values()),
        tiers=_tiers(book, day),
        tags=book.tags(),
    )


def _tiers(book: RuleBook, day: str) -> list[dict[str, Any]]:
    """The tiers with their prices; none in a year whose index is unknown."""
    try:
        return book.tiers(day)
    except PriceUnknown:
        return []
