"""What an auditor reads. Persons are pseudonyms: 32 hex digits, the same wherever one person acts."""

from typing import Any

from pydantic import Field

from plate_core import Live
from plateapi.services.trace_mark import Trace
from plateapi.shapes import Shape


class LiveShape(Shape):
    """The live record of a mark, as the store holds it."""

    state: str
    hold_id: str
    revision: int
    deadline_ms: int | None
    applicant: str
    applicant_kind: str
    representative: str | None = Field(description="Who held it for an entity; each transition names its own")
    tariff: str
    amount_tiyn: int
    acquired: str
    held_at_ms: int
    extensions: int
    actor: str
    office: str
    channel: str

    @classmethod
    def of(cls, live: Live) -> "LiveShape":
        """The record as JSON."""
        return cls(
            state=live.state,
            hold_id=live.hold_id,
            revision=live.revision,
            deadline_ms=live.deadline_ms or None,
            applicant=live.applicant.hex(),
            applicant_kind=live.applicant_kind,
            representative=live.representative.hex() if live.representative else None,
            tariff=live.tariff,
            amount_tiyn=live.amount_tiyn,
            acquired=live.acquired,
            held_at_ms=live.held_at_ms,
            extensions=live.extensions,
            actor=live.actor,
            office=live.office,
            channel=live.channel,
        )


class TraceShape(Shape):
    """One mark: how it stands, its payments, and every transition that the journal has."""

    mark: str
    planes: dict[str, bool]
    live: LiveShape | None
    revision: int = Field(description="The pool's revision when the mark was read")
    payments: list[dict[str, Any]]
    history: list[dict[str, Any]] = Field(
        description="Transitions, oldest first: who did it (actor), for whom (on_behalf, and representative "
        "for an entity), over which office and channel"
    )
    server_time_ms: int

    @classmethod
    def of(cls, trace: Trace) -> "TraceShape":
        """The trace as JSON."""
        return cls(
            mark=trace.mark.text,
            planes=trace.planes,
            live=LiveShape.of(trace.live) if trace.live else None,
            revision=trace.revision,
            payments=trace.payments,
            history=[_transition(transition) for transition in trace.history],
            server_time_ms=trace.server_time_ms,
        )


def _transition(transition: dict[str, Any]) -> dict[str, Any]:
    live = transition["live"]
    return {**transition, "live": LiveShape.of(live).model_dump() if live else None}
