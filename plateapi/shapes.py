"""The JSON shapes that more than one room speaks: a mark, a price, a holding, an invoice.

Times are integer milliseconds since the epoch, money is integer tiyn, ids are text. What only one room speaks
stands in its own ``schemas.py``.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, with_config
from typing_extensions import TypedDict

from plate_core import Answer, Mark
from plateapi.services.begin_payment import Invoice
from plateapi.services.change_hold import LetGo
from plateapi.services.holding import Holding

# Far above any duty (285 MCI are 123 million tiyn) and far below 2^53, where JSON's integers end.
AMOUNT_MAX_TIYN = 1_000_000_000_000

MarkText = Annotated[str, Field(min_length=1, max_length=64, examples=["777AAA02"])]
AmountTiyn = Annotated[int, Field(ge=0, le=AMOUNT_MAX_TIYN, examples=[123_262_500])]
Revision = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="Content hash of a tariff.")]


def by_example(*examples: dict[str, Any]) -> ConfigDict:
    """The configuration of a model that the OpenAPI page shows by these examples."""
    return ConfigDict(json_schema_extra={"examples": list(examples)})


class MarkInPath(BaseModel):
    """The mark that a path names."""

    model_config = ConfigDict(hide_input_in_errors=True)

    mark: str = Field(max_length=64, examples=["777AAA02"])


class Body(BaseModel):
    """What a client sends: nothing unknown, nothing converted in silence."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


class Shape(BaseModel):
    """What we answer."""

    model_config = ConfigDict(extra="forbid")


# A part of a body that stands a hundred times in a batch: a dictionary costs a third of a model.
@with_config(Body.model_config)
class Expected(TypedDict, total=False):
    """The price that the client has seen. A hold at any other is refused: ``price_changed``."""

    amount_tiyn: AmountTiyn | None
    tariff: Revision | None


NOTHING_EXPECTED = Expected()


class Names(Shape):
    """A name in the three languages."""

    kk: str
    ru: str
    en: str


class Price(Shape):
    """What a mark costs, by which tariff."""

    amount_tiyn: int
    currency: Literal["KZT"] = "KZT"
    tier: str
    mci: str = Field(description="Number of monthly calculation indices, decimal.", examples=["285"])
    tariff: str


class HoldingShape(Shape):
    """A mark that an applicant holds, pays for, or owns."""

    model_config = by_example(
        {
            "mark": "777AAA02",
            "display": "777 AAA 02",
            "state": "held",
            "hold_id": "5f2b8c0e9a7d4c1b8e6f0a1b2c3d4e5f",
            "revision": 17,
            "deadline_ms": 1_767_600_900_000,
            "deadline_reason": "ttl",
            "amount_tiyn": 123_262_500,
            "currency": "KZT",
            "tariff": "3f9a1c5e7b2d4f60",
            "acquired": "chosen",
            "extensions": 0,
            "held_at_ms": 1_767_600_000_000,
            "office": "",
            "channel": "egov_mobile",
            "server_time_ms": 1_767_600_000_000,
        }
    )

    mark: str = Field(examples=["777AAA02"])
    display: str = Field(examples=["777 AAA 02"])
    state: str = Field(description="held, paying, allotted and the later states of a mark's life")
    hold_id: str
    revision: int
    deadline_ms: int | None = Field(description="Until when it is held; null once it is paid for")
    deadline_reason: Literal["ttl", "permit", "price_change"] | None = Field(
        None, description="What set the deadline: its time, the permit, or a change of price at that moment"
    )
    amount_tiyn: int
    currency: Literal["KZT"] = "KZT"
    tariff: str = Field(description="The first 16 hex digits of the tariff's revision")
    acquired: Literal["chosen", "assigned"]
    extensions: int
    held_at_ms: int
    office: str
    channel: str
    server_time_ms: int

    @classmethod
    def of(cls, holding: Holding) -> "HoldingShape":
        """The holding as JSON."""
        return cls.model_construct(**holding_values(holding))


def holding_values(holding: Holding) -> dict[str, Any]:
    """The holding's fields, ready for JSON: hot routes write them without a model."""
    mark, live, server_time_ms, deadline_reason = holding
    return {
        "mark": mark.text,
        "display": mark.display,
        "state": live.state,
        "hold_id": live.hold_id,
        "revision": live.revision,
        "deadline_ms": live.deadline_ms or None,
        "deadline_reason": deadline_reason,
        "amount_tiyn": live.amount_tiyn,
        "currency": "KZT",
        "tariff": live.tariff,
        "acquired": live.acquired,
        "extensions": live.extensions,
        "held_at_ms": live.held_at_ms,
        "office": live.office,
        "channel": live.channel,
        "server_time_ms": server_time_ms,
    }


def holding_json(answer: Answer) -> bytes:
    """The same of an answer, written at once: 4 us cheaper, which counts a hundred times in a batch."""
    written = answer.holding_json()
    if written is None:
        raise RuntimeError(f"outcome {answer.outcome} came without its record")
    return written


class HoldingsShape(Shape):
    """Everything an applicant has now."""

    holds: list[HoldingShape]
    allotments: list[HoldingShape]

    @classmethod
    def of(cls, holds: list[Holding], allotments: list[Holding]) -> "HoldingsShape":
        """Both lists as JSON."""
        return cls(
            holds=[HoldingShape.of(holding) for holding in holds],
            allotments=[HoldingShape.of(holding) for holding in allotments],
        )


class InvoiceShape(Shape):
    """What is to be paid, under which reference, until when."""

    provider: str
    reference: str = Field(description="Goes unchanged through the provider and back in its notification")
    amount_tiyn: int
    currency: Literal["KZT"] = "KZT"
    pay_before_ms: int


class PaymentBegunShape(Shape):
    """The hold, waiting for its payment, and the invoice."""

    holding: HoldingShape
    invoice: InvoiceShape


def payment_begun_values(invoice: Invoice) -> dict[str, Any]:
    """The hold and its invoice, ready for JSON."""
    return {
        "holding": holding_values(invoice.holding),
        "invoice": {
            "provider": invoice.provider,
            "reference": invoice.reference,
            "amount_tiyn": invoice.amount_tiyn,
            "currency": "KZT",
            "pay_before_ms": invoice.pay_before_ms,
        },
    }


class LetGoShape(Shape):
    """A mark that was given back."""

    mark: str
    outcome: str = Field(description="released or cancelled")
    revision: int
    server_time_ms: int
    payment: str | None = Field(None, description="Where the money is, after a cancellation: refund_due")

    @classmethod
    def of(cls, gone: LetGo) -> "LetGoShape":
        """What was given back, as JSON."""
        return cls.model_construct(
            mark=gone.mark.text,
            outcome=gone.outcome,
            revision=gone.revision,
            server_time_ms=gone.server_time_ms,
            payment=gone.payment,
        )


def mark_values(mark: Mark) -> dict[str, str]:
    """A mark's parts, for JSON."""
    return {
        "mark": mark.text,
        "display": mark.display,
        "format": mark.format,
        "region": mark.region,
        "digits": mark.digits,
        "series": mark.series,
    }
