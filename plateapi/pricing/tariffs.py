"""The tariffs that are, were and will be in force (the law is public, so is this list); a file's check."""

from typing import Annotated

from fastapi import Path, Query, Request

from plateapi.edge.room import Open, Room
from plateapi.edge.visit import Here
from plateapi.people import Role
from plateapi.pricing.schemas import (
    TOML,
    CheckedShape,
    FileName,
    TariffDetailShape,
    TariffShape,
    TariffsShape,
)
from plateapi.pricing.upload import TOML_BODY, UPLOAD_LIMIT, toml_text
from plateapi.services.check_tariff import check_sound_tariff
from plateapi.services.list_tariffs import get_tariff, list_tariffs

room = Room("tariffs", "Tariffs past, present and to come.")


@room.route("GET", "/v1/tariffs", roles=Open.ANYONE, summary="Every tariff")
async def tariffs(here: Here) -> TariffsShape:
    """Every tariff by its moment of effect, the latest first."""
    return TariffsShape(tariffs=[TariffShape.of(tariff) for tariff in list_tariffs(here.house.engine)])


@room.route(
    "GET",
    "/v1/tariffs/{revision}",
    roles=Open.ANYONE,
    problems=["tariff_unknown", "request_invalid"],
    summary="One tariff",
)
async def tariff(here: Here, revision: Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]) -> TariffDetailShape:
    """One tariff with its report: marks a tier, rules that can never win, gaps."""
    return TariffDetailShape.of_tariff(get_tariff(here.house.engine, revision))


@room.route(
    "POST",
    "/v1/tariff-validations",
    roles=(Role.PRICING_ADMIN, Role.PRICING_APPROVER),
    changes=False,
    reads=TOML,
    body_limit=UPLOAD_LIMIT,
    problems=["tariff_invalid", "tariff_already_published", "request_invalid"],
    summary="Check a tariff's file",
    openapi_extra=TOML_BODY,
)
async def validate(
    here: Here, request: Request, file_name: Annotated[FileName, Query()] = "tariff.toml"
) -> CheckedShape:
    """Compile the file beside the law: what it is, or every fault with line and column. Nothing is kept."""
    return CheckedShape.of(await check_sound_tariff(here.house.engine, file_name, await toml_text(request)))
