"""Settle a payment: what the payment side says, verified, is the only way to an allotment (invariant 4).

Money is never without a record. Money for a hold that stands buys the mark; money that comes late buys it if
it is free at the same price; any other money is ``refund_due``, with the reason. The store decides and
records in one step; a repeated notification gets the first answer.
"""

from dataclasses import dataclass
from typing import Any, Final

from plate_core import Answer, PlateError
from plate_core.errors import PriceUnknown
from plateapi.engine import Engine
from plateapi.people import Errand
from plateapi.refusals import Refused
from plateapi.services.hold_mark import NO_TARIFF
from plateapi.services.payment_reference import PaymentReference, ReferenceSeal

CHANNEL: Final = "payment"


@dataclass(frozen=True, slots=True)
class PaymentNotice:
    """A verified statement of the payment side: so much money came for this reference."""

    provider: str
    transaction: str
    reference: str
    amount_tiyn: int
    paid_at_ms: int


@dataclass(frozen=True, slots=True)
class RefundNotice:
    """A verified statement of the payment side: the money of this transaction was paid back."""

    provider: str
    transaction: str
    reference: str


@dataclass(frozen=True, slots=True)
class Settlement:
    """What became of the money."""

    outcome: str  # allotted, refund_due or refunded
    mark_text: str | None
    reason: str | None  # why it goes back
    late: bool
    server_time_ms: int


async def settle_payment(engine: Engine, seal: ReferenceSeal, notice: PaymentNotice) -> Settlement:
    """Place the money. Raises ``Refused`` with ``request_id_reused`` or with what says "not now"."""
    reference = seal.open(notice.reference)
    if reference is None:
        return await _record_unplaced(engine, notice)
    try:
        mark = engine.book.parse(reference.mark_text)
    except PlateError:
        # Sealed by us, but of a format that is no longer on sale: still money, still recorded.
        return await _record_unplaced(engine, notice)
    payment = {
        "provider": notice.provider,
        "transaction": notice.transaction,
        "hold_id": reference.hold_id,
        "amount_tiyn": notice.amount_tiyn,
        "paid_at_ms": notice.paid_at_ms,
        "acquired": reference.acquired,
        **_price_now(engine, mark, reference),
    }
    act = _errand(notice.provider, f"payment:{notice.transaction}", reference).act()
    answer = (await engine.count("confirm", engine.inventory.confirm([(act, mark, payment)])))[0]
    return _settlement(answer)


async def confirm_refund(engine: Engine, seal: ReferenceSeal, notice: RefundNotice) -> Settlement:
    """Note that the payment side paid the money back. Refused: ``payment_unknown``, ``not_refundable``."""
    reference = seal.open(notice.reference)
    if reference is None:
        return await _refund_unplaced(engine, notice)
    try:
        mark = engine.book.parse(reference.mark_text)
    except PlateError:
        # As when the money came: it was recorded without a mark, and is paid back from there.
        return await _refund_unplaced(engine, notice)
    act = _errand(notice.provider, f"refund:{notice.transaction}", reference).act()
    payment = {"provider": notice.provider, "transaction": notice.transaction}
    answers = await engine.count("confirm_refund", engine.inventory.confirm_refund([(act, mark, payment)]))
    return _settlement(answers[0])


def _price_now(engine: Engine, mark: Any, reference: PaymentReference) -> dict[str, Any]:  # noqa: ANN401
    """What the mark costs now: by it late money is measured."""
    try:
        quote = engine.book.quote(mark, acquired=reference.acquired, at_ms=engine.clock.now_ms())
    except PriceUnknown:
        return {"current_tariff": NO_TARIFF, "current_amount_tiyn": 0}
    return {"current_tariff": quote["tariff"], "current_amount_tiyn": quote["amount_tiyn"]}


def _errand(provider: str, request_id: str, reference: PaymentReference | None) -> Errand:
    return Errand(
        request_id=request_id,
        caller=f"payment-{provider}",
        channel=CHANNEL,
        applicant=reference.applicant if reference else None,
    )


async def _record_unplaced(engine: Engine, notice: PaymentNotice) -> Settlement:
    act = _errand(notice.provider, f"payment:{notice.transaction}", None).act()
    recorded = await engine.inventory.record_unplaced_payment(
        act,
        {
            "provider": notice.provider,
            "transaction": notice.transaction,
            "amount_tiyn": notice.amount_tiyn,
            "paid_at_ms": notice.paid_at_ms,
        },
    )
    return _unplaced(engine, recorded.get("outcome", "refund_due"), "refund_due")


async def _refund_unplaced(engine: Engine, notice: RefundNotice) -> Settlement:
    act = _errand(notice.provider, f"refund:{notice.transaction}", None).act()
    payment = {"provider": notice.provider, "transaction": notice.transaction}
    noted = await engine.inventory.confirm_unplaced_refund(act, payment)
    return _unplaced(engine, noted["outcome"], "refunded")


def _unplaced(engine: Engine, outcome: str, done: str) -> Settlement:
    """What became of money without a mark; any outcome but the one that is ``done`` is a refusal."""
    if outcome != done:
        raise Refused("outcome_unknown" if outcome == "unknown" else outcome)
    return Settlement(done, None, "unknown_hold", False, engine.clock.now_ms())


def _settlement(answer: Answer) -> Settlement:
    if answer.outcome == "unknown":
        raise Refused("outcome_unknown")
    if not answer.done:
        raise Refused(answer.outcome, server_time_ms=answer.server_time_ms)
    return Settlement(
        outcome=answer.outcome,
        mark_text=answer.mark.text,
        reason=answer.context.get("refund_reason"),
        late=bool(answer.context.get("late")),
        server_time_ms=answer.server_time_ms,
    )
