"""What a notification says, and what it is answered with."""

from typing import Annotated, Any, Literal

from pydantic import Field, RootModel

from plateapi.services.settle_payment import Settlement
from plateapi.shapes import AmountTiyn, Body, Shape, by_example

# The core takes 128 characters as a request id; a prefix of ours is part of them.
Transaction = Annotated[str, Field(pattern=r"^[!-~]{1,100}$", examples=["2026-11-23/000017"])]
Reference = Annotated[str, Field(min_length=1, max_length=512)]
Moment = Annotated[int, Field(ge=0, le=7_258_118_400_000)]


class PaidBody(Body):
    """Money came."""

    event: Literal["paid"]
    transaction: Transaction
    reference: Reference
    amount_tiyn: AmountTiyn
    paid_at_ms: Moment


class RefundedBody(Body):
    """Money was paid back."""

    event: Literal["refunded"]
    transaction: Transaction
    reference: Reference


class NotificationBody(RootModel[Annotated[PaidBody | RefundedBody, Field(discriminator="event")]]):
    """One or the other, told apart by ``event``."""

    model_config = by_example(
        {
            "event": "paid",
            "transaction": "2026-11-23/000017",
            "reference": "AQEBAV8rjA6afUwbjm8KGyw9Tl8",
            "amount_tiyn": 123_262_500,
            "paid_at_ms": 1_767_600_120_000,
        },
        {
            "event": "refunded",
            "transaction": "2026-11-23/000017",
            "reference": "AQEBAV8rjA6afUwbjm8KGyw9Tl8",
        },
    )


class SettlementShape(Shape):
    """The notification is recorded; this is what became of the money."""

    outcome: Literal["allotted", "refund_due", "refunded"]
    mark: str | None
    reason: str | None = Field(
        None,
        description="Why it goes back: wrong_amount, already_paid, late_mark_gone, late_price_changed, "
        "unknown_hold, cancelled",
    )
    late: bool = Field(False, description="The money came after the hold had ended, and the mark was free.")
    server_time_ms: int


def settlement_values(settlement: Settlement) -> dict[str, Any]:
    """The settlement, ready for JSON."""
    return {
        "outcome": settlement.outcome,
        "mark": settlement.mark_text,
        "reason": settlement.reason,
        "late": settlement.late,
        "server_time_ms": settlement.server_time_ms,
    }


class StandInPayBody(Body):
    """What the demo's payer does: pays this reference, so much."""

    model_config = by_example({"reference": "AQEBAV8rjA6afUwbjm8KGyw9Tl8", "amount_tiyn": 123_262_500})

    reference: Reference
    amount_tiyn: AmountTiyn


class StandInRefundBody(Body):
    """What the demo's provider pays back."""

    model_config = by_example(
        {"reference": "AQEBAV8rjA6afUwbjm8KGyw9Tl8", "transaction": "2026-11-23/000017"}
    )

    reference: Reference
    transaction: Transaction


class StandInShape(Shape):
    """The notification that the stand-in sent, and its answer."""

    transaction: str
    status: int
    answer: dict[str, object]
