"""What the rooms find ready: the engine, identity, the payment side, opened once a process by ``plateapi/app.py``."""

from dataclasses import dataclass

from plateapi.engine import Engine
from plateapi.identity import Pseudonyms, TokenVerifier
from plateapi.services.payment_reference import ReferenceSeal
from plateapi.settings import Settings


@dataclass(frozen=True, slots=True)
class House:
    """Everything a route may use."""

    settings: Settings
    engine: Engine
    tokens: TokenVerifier
    pseudonyms: Pseudonyms
    seal: ReferenceSeal
    payment_key: bytes
