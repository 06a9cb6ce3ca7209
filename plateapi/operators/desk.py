"""What is done for a citizen who is present: at a desk by an operator, on a screen by a channel's service.

It is done in the operator's name, office and channel, and counts against his own daily cap. There is
deliberately no route here that marks anything as paid (invariant 4).
"""

from typing import Annotated

import orjson
from fastapi import Path, Request, Response

from plateapi.edge.room import JSON, Hot, Room, Version
from plateapi.edge.visit import Here, Visit
from plateapi.operators.schemas import (
    ApplicantBody,
    DeskAssignBody,
    DeskHoldBody,
    ForApplicantBody,
    applicant_of,
)
from plateapi.people import Applicant, Errand, Role
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

room = Room("desk", "Acts for a citizen who is present, by operators and by the channels' services.")

ASSISTANTS = (Role.OPERATOR, Role.SERVICE)
FOR_APPLICANT = ("applicant_id_invalid", "request_invalid")
MarkPath = Annotated[str, Path(max_length=64, examples=["777AAA02"])]


@room.route(
    "POST",
    "/v1/desk/holds",
    roles=ASSISTANTS,
    status=201,
    reads=JSON,
    problems=[*HOLD_REFUSALS, *FOR_APPLICANT],
    hot=Hot(answer=HoldingShape, body=DeskHoldBody),
    etag=True,
    summary="Hold a mark for a citizen",
)
async def hold_for(request: Request, visit: Visit) -> Response:
    """Reserve a mark for the citizen, at the price of this moment."""
    body = DeskHoldBody.model_validate_json(await request.body())
    wish = Wish(
        errand=_errand(visit, body.applicant),
        mark_text=body.mark,
        expected_amount_tiyn=body.expected.get("amount_tiyn"),
        expected_tariff=body.expected.get("tariff"),
    )
    held = await hold_mark(visit.house.engine, wish)
    return Response(orjson.dumps(holding_values(held)), 201, {"etag": etag(held)}, JSON)


@room.route(
    "POST",
    "/v1/desk/assignments",
    roles=ASSISTANTS,
    status=201,
    reads=JSON,
    problems=[*HOLD_REFUSALS, *FOR_APPLICANT, "region_unknown", "format_unknown", "none_left"],
    etag=True,
    summary="Take the next ordinary mark for a citizen",
)
async def assign_for(here: Here, body: DeskAssignBody, response: Response) -> HoldingShape:
    """An ordinary mark, assigned and not chosen, at the lowest price."""
    errand = _errand(here, body.applicant)
    return _shown(await assign_mark(here.house.engine, errand, body.format, body.region), response)


@room.route(
    "POST",
    "/v1/desk/holdings",
    roles=ASSISTANTS,
    changes=False,  # A question; it is a POST only so that the IIN stands in no URL.
    reads=JSON,
    problems=FOR_APPLICANT,
    summary="A citizen's holds and allotments",
)
async def holdings_of(here: Here, body: ForApplicantBody) -> HoldingsShape:
    """Everything the citizen has now, over all regions."""
    return HoldingsShape.of(*await list_holdings(here.house.engine, _applicant(here, body.applicant)))


@room.route(
    "POST",
    "/v1/desk/holds/{mark}/extension",
    roles=ASSISTANTS,
    version=Version.HOLDING,
    reads=JSON,
    problems=[*VERSION_REFUSALS, *FOR_APPLICANT, "extensions_used_up", "payment_already_begun"],
    etag=True,
    summary="Extend a citizen's hold",
)
async def extend_for(here: Here, mark: MarkPath, body: ForApplicantBody, response: Response) -> HoldingShape:
    """Give the hold time anew from now on, as far as the permit and the next change of price allow."""
    errand = _errand(here, body.applicant)
    return _shown(await extend_hold(here.house.engine, errand, mark, parse_etag(here.if_match)), response)


@room.route(
    "POST",
    "/v1/desk/holds/{mark}/release",
    roles=ASSISTANTS,
    version=Version.HOLDING,
    reads=JSON,
    problems=[*VERSION_REFUSALS, *FOR_APPLICANT],
    summary="Release a citizen's hold",
)
async def release_for(here: Here, mark: MarkPath, body: ForApplicantBody) -> LetGoShape:
    """Give the mark back before it is paid for."""
    errand = _errand(here, body.applicant)
    return LetGoShape.of(await release_hold(here.house.engine, errand, mark, parse_etag(here.if_match)))


@room.route(
    "POST",
    "/v1/desk/holds/{mark}/payment",
    roles=ASSISTANTS,
    version=Version.HOLDING,
    status=201,
    reads=JSON,
    problems=[*VERSION_REFUSALS, *FOR_APPLICANT, "payment_already_begun"],
    hot=Hot(answer=PaymentBegunShape, body=ForApplicantBody, path=MarkInPath),
    etag=True,
    summary="Begin a citizen's payment",
)
async def pay_for(request: Request, visit: Visit) -> Response:
    """Open the payment window and get the invoice that the citizen pays."""
    mark = MarkInPath.model_validate(request.path_params).mark
    body = ForApplicantBody.model_validate_json(await request.body())
    errand, house = _errand(visit, body.applicant), visit.house
    invoice = await begin_payment(house.engine, house.seal, errand, mark, parse_etag(visit.if_match))
    return Response(orjson.dumps(payment_begun_values(invoice)), 201, {"etag": etag(invoice.holding)}, JSON)


@room.route(
    "POST",
    "/v1/desk/allotments/{mark}/cancellation",
    roles=ASSISTANTS,
    version=Version.HOLDING,
    reads=JSON,
    problems=["mark_unparseable", "not_allotted", "revision_stale", "manufacture_begun", *FOR_APPLICANT],
    summary="Give a citizen's allotment back",
)
async def cancel_for(here: Here, mark: MarkPath, body: ForApplicantBody) -> LetGoShape:
    """Give an allotment back before its plate is made; the money goes back to the payer."""
    errand = _errand(here, body.applicant)
    return LetGoShape.of(await cancel_allotment(here.house.engine, errand, mark, parse_etag(here.if_match)))


def _applicant(visit: Visit, body: ApplicantBody) -> Applicant:
    return applicant_of(body, visit.house.pseudonyms)


def _errand(visit: Visit, body: ApplicantBody) -> Errand:
    return visit.errand(_applicant(visit, body))


def _shown(holding: Holding, response: Response) -> HoldingShape:
    response.headers["etag"] = etag(holding)
    return HoldingShape.of(holding)
