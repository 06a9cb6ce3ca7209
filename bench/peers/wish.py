"""What is asked of a peer: keys and arguments of `hold.lua`, and its answer."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SCRIPT: Final = (Path(__file__).resolve().parent / "hold.lua").read_text(encoding="utf-8")
POOL_KEY: Final = "pool:person_car.02"
TARIFF: Final = "kz-2026"
HOLD_MS: Final = 900_000
LIVE_HOLDS_MAX: Final = 3
RETENTION_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True)
class PeerWish:
    """One hold to ask for."""

    request_id: str
    applicant: str
    mark: str
    amount_tiyn: int

    @property
    def keys(self) -> list[str]:
        """The script's keys."""
        return [f"mark:{self.mark}", f"request:{self.request_id}", f"holds:{self.applicant}", POOL_KEY]

    @property
    def arguments(self) -> list[str]:
        """The script's arguments; the digest says what was asked, so that a reused id is seen."""
        asked = f"{self.applicant}|{self.mark}"
        digest = hashlib.sha256(asked.encode()).hexdigest()[:16]
        amount, lasts, most = str(self.amount_tiyn), str(HOLD_MS), str(LIVE_HOLDS_MAX)
        return [digest, self.applicant, TARIFF, amount, lasts, most, str(RETENTION_MS)]


def outcome_of(reply: bytes) -> str:
    """The outcome in an answer of the script.

    >>> outcome_of(b"0123456789abcdef|held|7|1000|901000")
    'held'
    """
    return reply.split(b"|")[1].decode()
