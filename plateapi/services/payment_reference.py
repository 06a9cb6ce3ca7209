"""The payment reference: what a provider carries from the invoice to the notification, sealed by us.

It names the hold, the mark, the price and the applicant's pseudonym, so that money which comes after the hold
has ended can still be placed. A keyed HMAC seals it: a reference that was not made here is money for nobody,
recorded and paid back. It is the same for the same hold, so a repeated request gives the same invoice.

Layout (big-endian): version u8, key id u8, kind u8, acquired u8, hold 16, applicant 16, representative 16 or
zeros, amount i64, mark text, then the first 16 bytes of the HMAC-SHA256 over all of it. Written in base64url.
"""

import base64
import hmac
import struct
from dataclasses import dataclass
from typing import Final, Literal

from plateapi.people import Applicant
from plateapi.services.holding import Holding

VERSION: Final = 1
HEAD: Final = struct.Struct(">BBBB16s16s16sq")
SEAL_BYTES: Final = 16
MARK_MAX: Final = 16
NOBODY: Final = bytes(16)


@dataclass(frozen=True, slots=True)
class PaymentReference:
    """What a reference says."""

    mark_text: str
    hold_id: str
    amount_tiyn: int
    acquired: Literal["chosen", "assigned"]
    applicant: Applicant


class ReferenceSeal:
    """Seals and opens references with one key.

    >>> seal = ReferenceSeal(bytes(range(32)))
    >>> seal.open("made elsewhere") is None
    True
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def seal(self, holding: Holding, applicant: Applicant) -> str:
        """The reference for a hold that is being paid."""
        head = HEAD.pack(
            VERSION,
            applicant.key_id,
            1 if applicant.kind == "person" else 2,
            1 if holding.live.acquired == "chosen" else 2,
            bytes.fromhex(holding.live.hold_id),
            applicant.pseudonym,
            applicant.representative or NOBODY,
            holding.live.amount_tiyn,
        )
        message = head + holding.mark.text.encode("ascii")
        return base64.urlsafe_b64encode(message + self._mac(message)).decode().rstrip("=")

    def open(self, reference: str) -> PaymentReference | None:
        """What the reference says; ``None`` when it was not made here."""
        try:
            data = base64.b64decode(reference + "=" * (-len(reference) % 4), altchars=b"-_", validate=True)
        except ValueError:
            return None
        message, mac = data[:-SEAL_BYTES], data[-SEAL_BYTES:]
        mark = message[HEAD.size :]
        genuine = hmac.compare_digest(mac, self._mac(message))
        if not genuine or not 1 <= len(mark) <= MARK_MAX or message[0] != VERSION:
            return None
        _, key_id, kind, acquired, hold, pseudonym, representative, amount = HEAD.unpack(message[: HEAD.size])
        return PaymentReference(
            mark_text=mark.decode("ascii"),
            hold_id=hold.hex(),
            amount_tiyn=amount,
            acquired="chosen" if acquired == 1 else "assigned",
            applicant=Applicant(
                pseudonym=pseudonym,
                kind="person" if kind == 1 else "entity",
                key_id=key_id,
                representative=None if representative == NOBODY else representative,
            ),
        )

    def _mac(self, message: bytes) -> bytes:
        return hmac.digest(self._key, message, "sha256")[:SEAL_BYTES]
