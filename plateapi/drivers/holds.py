"""What a driver does with a mark: hold it, extend, release, pay, give back; and what he has."""

from typing import Annotated

import orjson
from fastapi import Path, Request, Response

from plateapi.drivers.schemas import AssignBody, HoldBody
from plateapi.edge.room import JSON, Hot, Room, Version
from plateapi.edge.visit import Here, Visit
from plateapi.people import Role
from plateapi.problems import HOLD_REFUSALS, VERSION_REFUSALS
from plateapi.services.assign_mark import assign_mark
from plateapi.services.begin_payment import begin_payment
from plateapi.services.change_hold import cancel_allotment, extend_hold, release_hold
from plateapi.services.hold_mark import Wish, hold_mark
from plateapi.services.holding import Holding, etag, parse_etag
from plateapi.services.list_holdings import list_holdings
from plateapi.shapes import (
    HoldingShape,
    HoldingsShape,
    LetGoShape,
    MarkInPath,
    PaymentBegunShape,
    holding_values,
    payment_begun_values,
)

room = Room("holds", "A driver's own holds, payments and allotments.")

DRIVER = (Role.DRIVER,)
MarkPath = Annotated[str, Path(max_length=64, examples=["777AAA02"])]


@room.route(
    "POST",
    "/v1/holds",
    roles=DRIVER,
    status=201,
    reads=JSON,
    problems=[*HOLD_REFUSALS, "request_invalid"],
    hot=Hot(answer=HoldingShape, body=HoldBody),
    etag=True,
    summary="Hold a mark",
)
async def hold(request: Request, visit: Visit) -> Response:
    """Reserve a mark until its deadline, at the price of this moment.

    Name the price you have seen in `expected`, and the mark is never held at another.
    """
    body = HoldBody.model_validate_json(await request.body())
    wish = Wish(
        errand=visit.errand(visit.own_applicant),
        mark_text=body.mark,
        expected_amount_tiyn=body.expected.get("amount_tiyn"),
        expected_tariff=body.expected.get("tariff"),
    )
    held = await hold_mark(visit.house.engine, wish)
    return Response(orjson.dumps(holding_values(held)), 201, {"etag": etag(held)}, JSON)


@room.route(
    "POST",
    "/v1/assignments",
    roles=DRIVER,
    status=201,
    reads=JSON,
    problems=[*HOLD_REFUSALS, "request_invalid", "region_unknown", "format_unknown", "none_left"],
    etag=True,
    summary="Take the next ordinary mark",
)
async def assign(here: Here, body: AssignBody, response: Response) -> HoldingShape:
    """An ordinary mark, assigned and not chosen, at the lowest price."""
    errand = here.errand(here.own_applicant)
    return _shown(await assign_mark(here.house.engine, errand, body.format, body.region), response)


@room.route("GET", "/v1/holdings", roles=DRIVER, summary="Your holds and allotments")
async def holdings(here: Here) -> HoldingsShape:
    """Everything you have now, over all regions."""
    return HoldingsShape.of(*await list_holdings(here.house.engine, here.own_applicant))


@room.route(
    "POST",
    "/v1/holds/{mark}/extension",
    roles=DRIVER,
    version=Version.HOLDING,
    problems=[*VERSION_REFUSALS, "extensions_used_up", "payment_already_begun", "limit_reached"],
    etag=True,
    summary="Extend a hold",
)
async def extend(here: Here, mark: MarkPath, response: Response) -> HoldingShape:
    """Give the hold time anew from now on, as far as the permit and the next change of price allow."""
    errand = here.errand(here.own_applicant)
    return _shown(await extend_hold(here.house.engine, errand, mark, parse_etag(here.if_match)), response)


@room.route(
    "DELETE",
    "/v1/holds/{mark}",
    roles=DRIVER,
    version=Version.HOLDING,
    problems=VERSION_REFUSALS,
    summary="Release a hold",
)
async def release(here: Here, mark: MarkPath) -> LetGoShape:
    """Give the mark back before it is paid for."""
    errand = here.errand(here.own_applicant)
    return LetGoShape.of(await release_hold(here.house.engine, errand, mark, parse_etag(here.if_match)))


@room.route(
    "POST",
    "/v1/holds/{mark}/payment",
    roles=DRIVER,
    version=Version.HOLDING,
    status=201,
    problems=[*VERSION_REFUSALS, "payment_already_begun", "limit_reached"],
    hot=Hot(answer=PaymentBegunShape, path=MarkInPath),
    etag=True,
    summary="Begin to pay",
)
async def pay(request: Request, visit: Visit) -> Response:
    """Open the payment window and get the invoice. Only the payment side can make the mark yours."""
    mark = MarkInPath.model_validate(request.path_params).mark
    errand, house = visit.errand(visit.own_applicant), visit.house
    invoice = await begin_payment(house.engine, house.seal, errand, mark, parse_etag(visit.if_match))
    return Response(orjson.dumps(payment_begun_values(invoice)), 201, {"etag": etag(invoice.holding)}, JSON)


@room.route(
    "POST",
    "/v1/allotments/{mark}/cancellation",
    roles=DRIVER,
    version=Version.HOLDING,
    problems=["mark_unparseable", "not_allotted", "revision_stale", "manufacture_begun"],
    summary="Give an allotment back",
)
async def cancel(here: Here, mark: MarkPath) -> LetGoShape:
    """Give an allotment back before its plate is made; the money goes back."""
    errand = here.errand(here.own_applicant)
    return LetGoShape.of(await cancel_allotment(here.house.engine, errand, mark, parse_etag(here.if_match)))


def _shown(holding: Holding, response: Response) -> HoldingShape:
    response.headers["etag"] = etag(holding)
    return HoldingShape.of(holding)
