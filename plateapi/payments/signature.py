"""How notifications are signed: HMAC-SHA256 over the moment and the body, byte for byte.

``X-Signature: t=<unix seconds>,v1=<64 hex digits>``, the hash over ``<t>.<body>``. The moment bounds how long
a recorded notification could be played again; what plays again within it finds its first answer in the store.
"""

import hmac
import re
from collections.abc import Mapping
from typing import Final

from pydantic import ValidationError

from plateapi.payments.schemas import NotificationBody, PaidBody
from plateapi.refusals import Refused
from plateapi.services.settle_payment import PaymentNotice, RefundNotice

HEADER: Final = "x-signature"
FORM: Final = re.compile(r"t=(\d{1,12}),v1=([0-9a-f]{64})")


def sign(key: bytes, body: bytes, at_seconds: int) -> str:
    """The header's value for a body.

    >>> sign(bytes(32), b"{}", 1_767_600_000)[:15]
    't=1767600000,v1'
    """
    return f"t={at_seconds},v1={_mac(key, body, at_seconds)}"


def _mac(key: bytes, body: bytes, at_seconds: int) -> str:
    return hmac.digest(key, f"{at_seconds}.".encode() + body, "sha256").hex()


class SignedNotifications:
    """The payment side that signs in this way, with one shared key."""

    def __init__(self, name: str, key: bytes, window_seconds: int) -> None:
        self.name = name
        self._key = key
        self._window_ms = window_seconds * 1_000

    def sign(self, body: bytes, at_seconds: int) -> str:
        """The header's value for a body: what the stand-in sends."""
        return sign(self._key, body, at_seconds)

    def verify(self, headers: Mapping[str, str], body: bytes, now_ms: int) -> None:
        """Refuse what is not signed, is signed wrongly, or was signed too long ago.

        The signature is judged before the moment, so that only the holder of the key learns of the window.
        """
        given = headers.get(HEADER)
        if given is None:
            raise Refused("signature_missing")
        found = FORM.fullmatch(given)
        if found is None:
            raise Refused("signature_invalid")
        at_seconds = int(found[1])
        if not hmac.compare_digest(found[2], _mac(self._key, body, at_seconds)):
            raise Refused("signature_invalid")
        if abs(now_ms - at_seconds * 1_000) > self._window_ms:
            raise Refused("notification_stale", now_ms=now_ms, window_ms=self._window_ms)

    def read(self, body: bytes) -> PaymentNotice | RefundNotice:
        """What the body says. Refused: ``notification_invalid``, ``body_unreadable``."""
        try:
            notice = NotificationBody.model_validate_json(body).root
        except ValidationError as error:
            raise _unreadable(error) from None
        if isinstance(notice, PaidBody):
            return PaymentNotice(
                provider=self.name,
                transaction=notice.transaction,
                reference=notice.reference,
                amount_tiyn=notice.amount_tiyn,
                paid_at_ms=notice.paid_at_ms,
            )
        return RefundNotice(self.name, notice.transaction, notice.reference)


def _unreadable(error: ValidationError) -> Refused:
    found = error.errors(include_input=False, include_url=False)
    if any(fault["type"] == "json_invalid" for fault in found):
        return Refused("body_unreadable")
    errors = [
        {
            # Without a known event no field can be judged; it is the event that is wrong.
            "field": "event" if fault["type"].startswith("union_tag") else _field(fault["loc"]),
            "code": fault["type"],
        }
        for fault in found
    ]
    return Refused("notification_invalid", errors=errors)


def _field(location: tuple[int | str, ...]) -> str:
    """The field's name, where it is one of ours; the model's own wrapping is left out."""
    known = {*PaidBody.model_fields, "event"}
    return next((str(part) for part in reversed(location) if part in known), "?")
