"""The demo profile's payment side: pays an invoice and signs the notification as a real one would.

It goes through the notification's own route, signature and all, and has no other way to make anything paid.
It is furnished only in the demo profile; production refuses to start with it.
"""

import hashlib
from collections.abc import Mapping
from typing import Any, cast

import httpx
import orjson
from fastapi import Request

from plateapi.edge.room import JSON, Open, Room
from plateapi.edge.visit import Here, Visit
from plateapi.payments.schemas import StandInPayBody, StandInRefundBody, StandInShape
from plateapi.payments.signature import HEADER, SignedNotifications
from plateapi.refusals import Refused

room = Room("demo", "Stand-ins of the demo profile.")

NOTIFICATIONS_PATH = "/v1/payments/notifications"


@room.route(
    "POST",
    "/demo/payments",
    roles=Open.ANYONE,
    status=201,
    reads=JSON,
    problems=["request_invalid"],
    summary="Pay an invoice, as its payer would",
)
async def pay_as_payer(here: Here, request: Request, body: StandInPayBody) -> StandInShape:
    """Take the money and notify. The Idempotency-Key names the transaction: once however often it is sent."""
    transaction = "demo-" + hashlib.sha256(here.request_id.encode()).hexdigest()[:24]
    notice = {
        "event": "paid",
        "transaction": transaction,
        "reference": body.reference,
        "amount_tiyn": body.amount_tiyn,
        "paid_at_ms": here.house.engine.clock.now_ms(),
    }
    return await _notify(here, request, notice)


@room.route(
    "POST",
    "/demo/refunds",
    roles=Open.ANYONE,
    status=201,
    reads=JSON,
    problems=["request_invalid"],
    summary="Pay money back, as the provider would",
)
async def refund_as_provider(here: Here, request: Request, body: StandInRefundBody) -> StandInShape:
    """Pay back and notify."""
    notice = {"event": "refunded", "transaction": body.transaction, "reference": body.reference}
    return await _notify(here, request, notice)


async def _notify(here: Visit, request: Request, notice: Mapping[str, Any]) -> StandInShape:
    body = orjson.dumps(notice)
    side = here.house.payment_side
    if not isinstance(side, SignedNotifications):
        raise Refused("route_unknown")
    signature = side.sign(body, here.house.engine.clock.now_ms() // 1_000)
    transport = httpx.ASGITransport(app=request.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://stand-in") as client:
        answer = await client.post(
            NOTIFICATIONS_PATH, content=body, headers={HEADER: signature, "content-type": JSON}
        )
    return StandInShape(
        transaction=cast(str, notice["transaction"]), status=answer.status_code, answer=answer.json()
    )
