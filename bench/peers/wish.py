"""What is asked of a peer: keys and arguments of `hold.lua`, the pool's terms, and its answer."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SCRIPT: Final = (Path(__file__).resolve().parent / "hold.lua").read_text(encoding="utf-8")
POOL_KEY: Final = "pool:person_car.02"
TARIFF: Final = "kz-2026"
# The terms of the engine's pools (`plate_core/inventory/src/settings`). Set anew they change nothing.
TERMS: Final[dict[str | bytes, bytes | float | int | str]] = {
    "tariff": TARIFF,
    "opens_at_ms": 0,
    "paused": 0,
    "holds_stopped": 0,
    "hold_ms": 900_000,
    "live_holds_max": 3,
    "cooldown_ms": 600_000,
    "retention_ms": 86_400_000,
    "feed_backlog_max": 1_000_000,
}


@dataclass(frozen=True, slots=True)
class PeerWish:
    """One hold to ask for."""

    request_id: str
    applicant: str
    ordinal: int
    amount_tiyn: int
    tariff: str = TARIFF
    caller: str = "bench"
    channel: str = "portal"
    office: str = ""

    @property
    def keys(self) -> list[str]:
        """The script's keys."""
        pool = POOL_KEY
        return [
            pool,
            f"{pool}:requests",
            f"{pool}:due_requests",
            f"permits:{self.applicant}",
            f"{pool}:mark:{self.ordinal}",
            f"{pool}:issued",
            f"{pool}:withheld",
            f"{pool}:cooldowns",
            f"{pool}:due_cooldowns",
            f"{pool}:due_holds",
            f"{pool}:feed",
        ]

    @property
    def arguments(self) -> list[str]:
        """The script's arguments; the digest says what was asked, and not what it costs."""
        asked = f"{self.applicant}|{self.ordinal}"
        return [
            f"{self.caller}:{self.request_id}",
            hashlib.sha256(asked.encode()).hexdigest()[:16],
            str(self.ordinal),
            self.applicant,
            "1",
            self.caller,
            self.office,
            self.channel,
            self.tariff,
            str(self.amount_tiyn),
        ]


def outcome_of(reply: bytes) -> str:
    """The outcome in an answer of the script.

    >>> outcome_of(b"held|7|1000|901000|0")
    'held'
    """
    return reply.split(b"|", 1)[0].decode()
