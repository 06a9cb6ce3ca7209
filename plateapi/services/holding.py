"""What an applicant has: a hold, a hold that is being paid for, or an allotment."""

from dataclasses import dataclass

from plate_core import Answer, Live, Mark
from plateapi.refusals import Refused

# Before the payment; everything later belongs to the applicant.
HOLD_STATES = frozenset({"held", "paying"})


@dataclass(frozen=True, slots=True)
class Holding:
    """One mark that an applicant has, as the store told it."""

    mark: Mark
    state: str
    hold_id: str
    revision: int
    deadline_ms: int  # 0: none, it is his
    deadline_reason: str | None
    amount_tiyn: int
    tariff: str  # the first 16 hex digits of the revision
    acquired: str
    extensions: int
    held_at_ms: int
    office: str
    channel: str
    server_time_ms: int

    @classmethod
    def of(cls, mark: Mark, live: Live, server_time_ms: int, deadline_reason: str | None = None) -> "Holding":
        """The live record as the applicant's."""
        return cls(
            mark=mark,
            state=live.state,
            hold_id=live.hold_id,
            revision=live.revision,
            deadline_ms=live.deadline_ms,
            deadline_reason=deadline_reason,
            amount_tiyn=live.amount_tiyn,
            tariff=live.tariff,
            acquired=live.acquired,
            extensions=live.extensions,
            held_at_ms=live.held_at_ms,
            office=live.office,
            channel=live.channel,
            server_time_ms=server_time_ms,
        )

    @classmethod
    def from_answer(cls, answer: Answer) -> "Holding":
        """The holding that an act made or changed."""
        if answer.live is None:
            raise RuntimeError(f"outcome {answer.outcome} came without its record")
        reason = answer.context.get("deadline_reason")
        return cls.of(answer.mark, answer.live, answer.server_time_ms, reason)


@dataclass(frozen=True, slots=True)
class HoldVersion:
    """Which hold, as its reader saw it: what every later act on it names."""

    hold_id: str  # 32 hex digits
    revision: int


def etag(holding: Holding) -> str:
    """The strong ETag of a holding: hold and revision in one, so that If-Match names both.

    >>> parse_etag('"00000000000000000000000000000000-7"')
    HoldVersion(hold_id='00000000000000000000000000000000', revision=7)
    """
    return f'"{holding.hold_id}-{holding.revision}"'


def parse_etag(text: str) -> HoldVersion:
    """The version that an ETag of ours names. Refused: ``if_match_invalid``."""
    inner = text.strip().removeprefix('"').removesuffix('"')
    hold_id, dash, revision = inner.partition("-")
    well_formed = (
        text.strip() == f'"{inner}"'
        and dash == "-"
        and len(hold_id) == 32
        and set(hold_id) <= set("0123456789abcdef")
        and revision.isascii()
        and revision.isdigit()
        and len(revision) <= 15  # JSON's integers are exact to 2^53, about 9 * 10^15
    )
    if not well_formed:
        raise Refused("if_match_invalid")
    return HoldVersion(hold_id, int(revision))
