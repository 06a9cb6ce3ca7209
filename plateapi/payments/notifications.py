"""Where the payment side tells us of money: the only way to ``allotted`` (invariant 4).

The provider hears "recorded" only after the store has it. Its transaction is the idempotency key: told twice,
it has one effect and one answer. Money that buys nothing is recorded as ``refund_due`` and answered with 200,
for the provider has done its part; only what was not recorded is a problem, and is sent again. A refusal is a
line of the journal too.
"""

import orjson
from fastapi import Request, Response

from plateapi import metrics
from plateapi.edge.house import House
from plateapi.edge.room import JSON, Hot, Open, Room
from plateapi.edge.visit import Visit
from plateapi.payments.schemas import NotificationBody, SettlementShape, settlement_values
from plateapi.refusals import Refused
from plateapi.services.note_refused_notification import RefusedNotification
from plateapi.services.settle_payment import (
    PaymentNotice,
    RefundNotice,
    Settlement,
    confirm_refund,
    settle_payment,
)

room = Room("payments", "Notifications of the payment side.")

SIGNATURE_REFUSALS = ("signature_missing", "signature_invalid", "notification_stale")
# What is answered so was not decided and is sent again; every other refusal becomes a line of the journal.
NOT_NOW = ("read_only", "outcome_unknown")


@room.route(
    "POST",
    "/v1/payments/notifications",
    roles=Open.SIGNED,
    changes=False,  # It does change things; its key is the transaction in its body.
    reads=JSON,
    problems=[
        *SIGNATURE_REFUSALS,
        "notification_invalid",
        "body_unreadable",
        "request_id_reused",
        "payment_unknown",
        "not_refundable",
        "read_only",
    ],
    hot=Hot(answer=SettlementShape, body=NotificationBody),
    summary="Money came, or went back",
)
async def notify(request: Request, visit: Visit) -> Response:
    """A signed notification: `X-Signature: t=<unix seconds>,v1=<HMAC-SHA256 of "<t>.<body>">`."""
    body, house = await request.body(), visit.house
    # What is known of it, so far, should it be refused.
    provider = transaction = ""
    try:
        house.payment_side.verify(request.headers, body, house.engine.clock.now_ms())
        provider = house.payment_side.name
        notice = house.payment_side.read(body)
        transaction = notice.transaction
        settlement = await _settle(house, notice)
    except Refused as refused:
        metrics.notifications(refused.slug).inc()
        if refused.slug not in NOT_NOW:
            note = RefusedNotification(refused.slug, body, provider, transaction)
            await house.refusal_notes.note(note)
        raise
    metrics.notifications(settlement.outcome).inc()
    return Response(orjson.dumps(settlement_values(settlement)), media_type=JSON)


async def _settle(house: House, notice: PaymentNotice | RefundNotice) -> Settlement:
    if isinstance(notice, PaymentNotice):
        return await settle_payment(house.engine, house.seal, notice)
    return await confirm_refund(house.engine, house.seal, notice)
