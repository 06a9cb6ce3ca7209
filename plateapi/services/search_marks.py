"""Search free marks: by pattern, region, tier, tag and price, in the machine's shared bitmaps.

Search never asks the store. What it shows was true milliseconds ago; whether a mark is still to be had, the
hold decides. The count is exact for that moment.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from plate_core import Mark, Replica, RuleBook
from plateapi.engine import Engine
from plateapi.law import day_of
from plateapi.refusals import Refused

Order = Literal["number", "price", "beauty", "shuffle"]


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for. Empty sequences and ``None`` do not narrow."""

    pattern: str | None = None
    formats: Sequence[str] = ("person_car",)
    regions: Sequence[str] = ()
    tiers: Sequence[str] = ()
    tags: Sequence[str] = ()
    amount_tiyn_min: int | None = None
    amount_tiyn_max: int | None = None
    free_only: bool = True
    order: Order = "number"
    seed: int = 0
    after: bytes | None = None
    limit: int = 20


@dataclass(frozen=True, slots=True)
class Found:
    """One mark of a page, with its price and what is beautiful about it."""

    mark: Mark
    state: str  # free, taken, issued or withheld, as the replica saw it
    tier: str
    tags: Sequence[str]
    amount_tiyn: int
    mci: str


@dataclass(frozen=True, slots=True)
class Page:
    """A page of marks."""

    marks: Sequence[Found]
    count: int  # of all pages together, exact
    next: bytes | None
    tariff: str
    age_ms: int  # how old the picture is


def search_marks(engine: Engine, search: Search) -> Page:
    """One page.

    Raises ``Refused``: ``region_unknown``, ``format_unknown``, ``tier_unknown``, ``tag_unknown``,
    ``replica_unavailable``; ``PatternInvalid`` and ``CursorInvalid`` come as the core raises them.
    """
    now_ms = engine.clock.now_ms()
    day = day_of(now_ms)
    book = engine.law.at(now_ms)
    _check_terms(engine, book, search, day)
    replica = engine.replica()
    found = replica.search(
        pattern=search.pattern,
        formats=search.formats,
        regions=search.regions,
        tiers=search.tiers,
        tags=search.tags,
        amount_tiyn_min=search.amount_tiyn_min,
        amount_tiyn_max=search.amount_tiyn_max,
        free_only=search.free_only,
        order=search.order,
        seed=search.seed,
        after=search.after,
        limit=search.limit,
        on=day,
    )
    marks: list[Mark] = found["marks"]
    classes = book.classify(marks, acquired="chosen", on=day)
    quotes = [book.quote(mark, at_ms=now_ms) for mark in marks]
    in_force = book.tariff_in_force(now_ms)
    return Page(
        marks=[
            _found(mark, replica, search, quote, tags)
            for mark, quote, (_, tags) in zip(marks, quotes, classes, strict=True)
        ],
        count=found["count"],
        next=found["next"],
        tariff=in_force["revision"] if in_force else "",
        age_ms=replica.age_ms(now_ms),
    )


def _found(mark: Mark, replica: Replica, search: Search, quote: dict[str, Any], tags: Sequence[str]) -> Found:
    return Found(
        mark=mark,
        state="free" if search.free_only else replica.state(mark),
        tier=quote["tier"],
        tags=tags,
        amount_tiyn=quote["amount_tiyn"],
        mci=quote["mci"],
    )


def _check_terms(engine: Engine, book: RuleBook, search: Search, day: str) -> None:
    """Name the first term that the rule book does not know, instead of finding nothing."""
    _check("region_unknown", search.regions, engine.regions)
    _check("format_unknown", search.formats, engine.formats)
    if search.tiers:
        _check("tier_unknown", search.tiers, {tier["id"] for tier in book.tiers(day)})
    if search.tags:
        _check("tag_unknown", search.tags, {tag["id"] for tag in book.tags()})


def _check(slug: str, asked: Sequence[str], known: object) -> None:
    unknown = [term for term in asked if term not in known]  # type: ignore[operator]
    if unknown:
        raise Refused(slug, expected=sorted(known))  # type: ignore[call-overload]
