"""Looking at marks, open to anyone: search, one mark with its certificate, what there is to choose from."""

from typing import Annotated, Literal
from urllib.parse import parse_qsl

from fastapi import Path, Query, Request, Response

from plateapi.drivers.schemas import (
    Day,
    ExplainedShape,
    NearestShape,
    PageShape,
    PoolShape,
    PoolsShape,
    RuleBookShape,
    SearchQuery,
)
from plateapi.edge.room import JSON, Hot, Open, Room
from plateapi.edge.visit import Here, Visit
from plateapi.services.describe_rule_book import describe_rule_book
from plateapi.services.explain_mark import explain_mark
from plateapi.services.list_pools import list_pools
from plateapi.services.refuse import nearest
from plateapi.services.search_marks import search_marks

room = Room("marks", "Looking at marks. Needs no token.")

# Parameters that may stand several times in a query.
REPEATED = frozenset({"format", "region", "tier", "tag"})

MarkPath = Annotated[str, Path(max_length=64, examples=["777AAA02"])]


@room.route(
    "GET",
    "/v1/marks",
    roles=Open.ANYONE,
    problems=[
        "request_invalid",
        "pattern_invalid",
        "cursor_invalid",
        "region_unknown",
        "format_unknown",
        "tier_unknown",
        "tag_unknown",
        "no_tariff_in_force",
        "replica_unavailable",
    ],
    hot=Hot(answer=PageShape, query=SearchQuery),
    summary="Search marks",
)
async def search(request: Request, visit: Visit) -> Response:
    """Marks by pattern, region, tier, tag and price, with prices, an exact count and a cursor.

    What is shown was free milliseconds ago; the hold decides.
    """
    query = SearchQuery.model_validate(query_values(request.scope["query_string"]))
    return Response(search_marks(visit.house.engine, query.search()), media_type=JSON)


def query_values(query: bytes) -> dict[str, str | list[str]]:
    """The query, with lists where a parameter may be repeated; elsewhere a list is refused.

    Read as Starlette reads it, but once and not into a second form first: that took a sixth of a search.
    """
    values: dict[str, str | list[str]] = {}
    for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True):
        known = values.get(name)
        if known is None:
            values[name] = [value] if name in REPEATED else value
        elif isinstance(known, list):
            known.append(value)
        else:
            values[name] = [known, value]
    return values


@room.route(
    "GET",
    "/v1/marks/{mark}",
    roles=Open.ANYONE,
    problems=["mark_unparseable", "request_invalid", "no_tariff_in_force", "mci_unknown"],
    summary="One mark, its state and why it costs what it costs",
)
async def explain(
    here: Here,
    mark: MarkPath,
    acquired: Annotated[Literal["chosen", "assigned"], Query()] = "chosen",
    on: Annotated[Day | None, Query(description="Price by the law of this day; default today.")] = None,
) -> ExplainedShape:
    """The certificate: every rule that matched, the one that won, its clause, the tariff and the MCI."""
    return ExplainedShape.of(await explain_mark(here.house.engine, mark, acquired=acquired, on=on))


@room.route(
    "GET",
    "/v1/marks/{mark}/nearest",
    roles=Open.ANYONE,
    problems=["mark_unparseable", "request_invalid"],
    summary="Free marks like this one",
)
async def list_nearest(
    here: Here, mark: MarkPath, limit: Annotated[int, Query(ge=1, le=50)] = 10
) -> NearestShape:
    """Free marks most like this one, with prices. Empty while the picture of free marks is being built."""
    engine = here.house.engine
    parsed = engine.book.parse(mark)
    return NearestShape(mark=parsed.text, nearest=nearest(engine, parsed, limit))


@room.route("GET", "/v1/rule-book", roles=Open.ANYONE, summary="What there is to choose from")
async def rule_book(here: Here) -> RuleBookShape:
    """Regions, formats, tiers with prices and patterns of beauty, in three languages."""
    described = describe_rule_book(here.house.engine)
    return RuleBookShape.model_construct(
        revision=described.revision,
        day=described.day,
        tariff=described.tariff,
        regions=described.regions,
        formats=described.formats,
        tiers=described.tiers,
        tags=described.tags,
    )


@room.route(
    "GET", "/v1/pools", roles=Open.ANYONE, summary="Where marks can be held now, and from when elsewhere"
)
async def pools(here: Here) -> PoolsShape:
    """Each format in each region: on sale, not open yet, or stopped for a while. A second old at most."""
    standings = await list_pools(here.house.engine)
    return PoolsShape(
        pools=[
            PoolShape(
                pool=found.pool,
                format=found.format,
                region=found.region,
                standing=found.standing,
                opens_at_ms=found.opens_at_ms,
                frozen=found.frozen,
            )
            for found in standings
        ]
    )
