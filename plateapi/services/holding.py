"""What an applicant has: a hold, a hold that is being paid for, or an allotment."""

from dataclasses import dataclass
from typing import NamedTuple

from plate_core import Answer, Live, Mark
from plateapi.refusals import Refused

# Before the payment; everything later belongs to the applicant.
HOLD_STATES = frozenset({"held", "paying"})


class Holding(NamedTuple):
    """One mark that an applicant has, as the store told it."""

    mark: Mark
    live: Live
    server_time_ms: int
    deadline_reason: str | None = None

    @classmethod
    def from_answer(cls, answer: Answer) -> "Holding":
        """The holding that an act made or changed."""
        live = answer.live
        if live is None:
            raise RuntimeError(f"outcome {answer.outcome} came without its record")
        return cls(answer.mark, live, answer.server_time_ms, answer.context.get("deadline_reason"))


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
    return f'"{holding.live.hold_id}-{holding.live.revision}"'


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
