"""What the rooms find ready: engine, identity, the payment side; ``plateapi/app.py`` opens them once."""

from dataclasses import dataclass

from plateapi.engine import Engine
from plateapi.identity import Pseudonyms, TokenVerifier
from plateapi.services.note_refused_notification import RefusalNotes
from plateapi.services.payment_reference import ReferenceSeal
from plateapi.services.payment_side import PaymentSide
from plateapi.settings import Settings


@dataclass(frozen=True, slots=True)
class House:
    """Everything a route may use."""

    settings: Settings
    engine: Engine
    tokens: TokenVerifier
    pseudonyms: Pseudonyms
    seal: ReferenceSeal
    payment_side: PaymentSide
    refusal_notes: RefusalNotes
