"""The payment side as a port: whoever takes the money and tells us so.

A real deployment puts a gateway here (the e-government payment gateway, a bank); the demo profile has a
stand-in that signs as they do (``plateapi/payments/stand_in.py``). A notification counts only once its
signature over the bytes of its body has been verified.
"""

from collections.abc import Mapping
from typing import Protocol

from plateapi.services.settle_payment import PaymentNotice, RefundNotice


class PaymentSide(Protocol):
    """What is asked of a payment side."""

    @property
    def name(self) -> str:
        """The provider's name in payment records."""
        ...

    def verify(self, headers: Mapping[str, str], body: bytes, now_ms: int) -> None:
        """Refuse what is not signed: ``signature_missing``, ``signature_invalid``, ``notification_stale``."""
        ...

    def read(self, body: bytes) -> PaymentNotice | RefundNotice:
        """What a verified notification says. Refused: ``notification_invalid``, ``body_unreadable``."""
        ...
