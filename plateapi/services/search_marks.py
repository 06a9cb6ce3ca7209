"""Search free marks: by pattern, region, tier, tag and price, in the machine's shared bitmaps.

Search never asks the store. What it shows was true milliseconds ago; whether a mark is still to be had, the
hold decides. The count is exact for that moment.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from plateapi.engine import Engine
from plateapi.law import day_of

Order = Literal["number", "price", "beauty", "shuffle"]


class Search(NamedTuple):
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


def search_marks(engine: Engine, search: Search) -> bytes:
    """One page with prices as JSON, as the core writes it: ``PageShape`` of ``plateapi/drivers/schemas.py``.

    Refused: ``replica_unavailable``. ``PatternInvalid``, ``CursorInvalid``, ``PriceUnknown`` and
    ``InputInvalid`` (``region_unknown`` and the like) come as the core raises them.
    """
    now_ms = engine.clock.now_ms()
    replica = engine.replica(now_ms)
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
        on=day_of(now_ms),
    )
    return found.page_json(replica.age_ms(now_ms))
