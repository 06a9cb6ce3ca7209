"""Search free marks: by pattern, region, tier, tag and price, in the machine's shared bitmaps.

Search never asks the store. What it shows was true milliseconds ago; whether a mark is still to be had, the
hold decides. The count is exact for that moment.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from plate_core import Mark
from plateapi.engine import Engine
from plateapi.law import day_of

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
    tags: Sequence[str]
    tier: str | None  # None, and no price: not offered to be chosen
    amount_tiyn: int | None
    mci: str | None


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

    Refused: ``replica_unavailable``. ``PatternInvalid``, ``CursorInvalid``, ``PriceUnknown`` and
    ``InputInvalid`` (``region_unknown`` and the like) come as the core raises them.
    """
    now_ms = engine.clock.now_ms()
    day = day_of(now_ms)
    book = engine.law.at(now_ms)
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
    in_force = book.tariff_in_force(now_ms)
    return Page(
        marks=[
            _found(
                mark,
                "free" if search.free_only else replica.state(mark),
                tags,
                {} if tier is None else book.quote(mark, at_ms=now_ms),
            )
            for mark, (tier, tags) in zip(marks, classes, strict=True)
        ],
        count=found["count"],
        next=found["next"],
        tariff=in_force["revision"] if in_force else "",
        age_ms=replica.age_ms(now_ms),
    )


def _found(mark: Mark, state: str, tags: Sequence[str], quote: Mapping[str, Any]) -> Found:
    return Found(
        mark=mark,
        state=state,
        tags=tags,
        tier=quote.get("tier"),
        amount_tiyn=quote.get("amount_tiyn"),
        mci=quote.get("mci"),
    )
