"""Who acts and for whom: the values that identity makes and services read.

Not here: how a token or an IIN becomes one of these (``plateapi/identity``). A raw IIN or BIN has no
place in any of them; an applicant is sixteen bytes that mean nothing to a reader. What is made once an item
of a batch is a named tuple: that costs a third of a frozen dataclass.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, NamedTuple

from plate_core import Act

ApplicantKind = Literal["person", "entity"]


class Role(StrEnum):
    """What a token's bearer may be."""

    DRIVER = "driver"
    OPERATOR = "operator"
    SERVICE = "service"
    PRICING_ADMIN = "pricing_admin"
    PRICING_APPROVER = "pricing_approver"
    AUDITOR = "auditor"


# The ways over which a request may come (docs/domain.md, section 1). The desk belongs to operators alone.
CITIZEN_CHANNELS = frozenset({"egov_mobile", "portal", "tson_app", "kiosk", "assistant"})
DESK_CHANNEL = "desk"


class Applicant(NamedTuple):
    """For whom a mark is held: a person (IIN) or a legal entity (BIN) with its representative."""

    pseudonym: bytes  # 16 bytes, keyed HMAC
    kind: ApplicantKind
    key_id: int
    representative: bytes | None = None


@dataclass(frozen=True, slots=True)
class Actor:
    """The bearer of a verified token."""

    pseudonym: str  # 32 hex digits, keyed HMAC of issuer and subject
    roles: frozenset[Role]
    channel: str
    office: str = ""
    applicant: Applicant | None = None  # the driver himself; others name theirs in each request
    expires_at_seconds: int = 0

    def caller(self, role: Role) -> str:
        """The name under which the store scopes request ids and the journal names the actor."""
        return f"{role}-{self.pseudonym}"


class Errand(NamedTuple):
    """One mutation on its way: who, from where, for whom, under which request id."""

    request_id: str
    caller: str
    channel: str
    office: str = ""
    applicant: Applicant | None = None

    def part(self, number: int, applicant: Applicant) -> "Errand":
        """One item of a batch: the place of the item makes a request id of the batch's."""
        return Errand(f"{self.request_id}#{number}", self.caller, self.channel, self.office, applicant)

    def act(self, body: bytes | None = None) -> Act:
        """The errand as the store wants it; ``body`` is what else the same request must repeat."""
        applicant = self.applicant
        if applicant is None:
            return Act(
                request_id=self.request_id,
                caller=self.caller,
                office=self.office,
                channel=self.channel,
                body=body,
            )
        return Act(
            request_id=self.request_id,
            caller=self.caller,
            office=self.office,
            channel=self.channel,
            applicant=applicant.pseudonym,
            applicant_kind=applicant.kind,
            applicant_key_id=applicant.key_id,
            representative=applicant.representative,
            body=body,
        )
