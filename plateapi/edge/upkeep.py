"""What machines ask of the service: is it alive, is it ready, which version is it, and its figures."""

from typing import Any

from fastapi import Response
from pydantic import Field

from plate_core import PlateError, build
from plateapi import metrics
from plateapi.edge.room import Open, Room
from plateapi.edge.visit import Here
from plateapi.refusals import Refused
from plateapi.services.list_pools import list_pools
from plateapi.services.pool_standing import ON_SALE, PoolStanding
from plateapi.shapes import Shape

room = Room("upkeep", "For machines that look after the service.")


class AliveShape(Shape):
    """The process answers."""

    status: str = "alive"


class ReadyShape(Shape):
    """Everything that a request may need is at hand."""

    status: str = "ready"
    store_time_ms: int
    replica_age_ms: int
    tariff: str | None
    rule_book: str
    pools_not_on_sale: dict[str, str] = Field(
        description="Pools that take no holds now, with the slug that a hold is refused with; see /v1/pools.",
        examples=[{"person_car.02": "pool_paused"}],
    )
    pools_frozen: list[str] = Field(description="Pools in which nothing expires.", examples=[[]])


class VersionShape(Shape):
    """What runs here."""

    version: str
    build: str = Field(description="release or debug")
    library: str = Field(description="The function library in the store")
    data_version: str
    rule_book: str
    profile: str


@room.route("GET", "/healthz", roles=Open.ANYONE, summary="Is the process alive?")
async def healthz() -> AliveShape:
    """It answers, so it is alive. Nothing else is asked: a store that is away is no reason to restart."""
    return AliveShape()


@room.route(
    "GET", "/readyz", roles=Open.ANYONE, problems=["service_starting"], summary="Can it serve requests?"
)
async def readyz(here: Here) -> ReadyShape:
    """The store answers, the picture of free marks is fresh, a tariff is in force.

    A pool that somebody paused is no reason to be not ready: it is shown, and the service goes on.
    """
    engine = here.house.engine
    checks: dict[str, Any] = {}
    store_time_ms = replica_age_ms = 0
    pools: list[PoolStanding] = []
    try:
        store_time_ms = await engine.inventory.server_time_ms()
        pools = await list_pools(engine)
    except PlateError as error:
        checks["store"] = error.slug
    try:
        replica_age_ms = engine.replica().age_ms(engine.clock.now_ms())
    except Refused as error:
        checks["replica"] = error.slug
    tariff = engine.book.tariff_in_force(engine.clock.now_ms())
    if tariff is None:
        checks["tariff"] = "no_tariff_in_force"
    if checks:
        raise Refused("service_starting", checks=checks)
    return ReadyShape(
        store_time_ms=store_time_ms,
        replica_age_ms=replica_age_ms,
        tariff=tariff["revision"] if tariff else None,
        rule_book=engine.book.revision,
        pools_not_on_sale={pool.pool: pool.standing for pool in pools if pool.standing != ON_SALE},
        pools_frozen=[pool.pool for pool in pools if pool.frozen],
    )


@room.route("GET", "/version", roles=Open.ANYONE, summary="Which version runs?")
async def version(here: Here) -> VersionShape:
    """The build, the function library and the rule book."""
    built = build()
    return VersionShape(
        version=built["version"],
        build=built["profile"],
        library=built["library"],
        data_version=built["data_version"],
        rule_book=here.house.engine.book.revision,
        profile=here.house.settings.profile,
    )


@room.route("GET", "/metrics", roles=Open.ANYONE, include_in_schema=False)
async def figures() -> Response:
    """Prometheus figures, added up over all workers."""
    content, content_type = metrics.exposition()
    return Response(content, media_type=content_type)
