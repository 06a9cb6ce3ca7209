"""Every answer that was acknowledged, kept as the history checker reads it, and what is still unknown."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Final

from loadtests.history.records import Told
from plate_core import Answer

# The outcome of a verb that took effect, as the checker names it.
EFFECT: Final = {
    "hold": "held",
    "assign_next": "held",
    "extend": "extended",
    "release": "released",
    "begin_payment": "payment_begun",
    "confirm": "allotted",
    "cancel": "cancelled",
}


def now_us() -> int:
    """A moment of this machine, the same for all its processes and never set back."""
    return time.monotonic_ns() // 1_000


@dataclass(slots=True)
class Ledger:
    """What a crowd was told, in the order in which the answers came.

    Attributes:
        told: answers that took effect and refusals, each as it was received.
        unknown: how often an answer was `unknown` and asked for again.
        unavailable: how often nothing was sent, because the store could not be reached or would not take it.
    """

    told: list[Told] = field(default_factory=list)
    unknown: int = 0
    unavailable: int = 0

    @property
    def effects(self) -> list[Told]:
        """What took effect."""
        return [one for one in self.told if one.revision]

    def note(
        self, person: str, request: str, verb: str, answer: Answer, hold: str, *, invoked_us: int = 0
    ) -> Told:
        """Keep one definite answer; ``hold`` is the one that was named in the request, if any.

        ``invoked_us`` is when it was asked for the first time, by :func:`now_us`.
        """
        done = answer.done and answer.outcome not in {"refund_due"}
        live = answer.live
        told = Told(
            person=person,
            request=request,
            mark=answer.mark.text,
            outcome=EFFECT[verb] if done else answer.outcome,
            revision=answer.revision if done else 0,
            hold=(live.hold_id if live else hold) if done else "",
            server_ms=answer.server_time_ms,
            deadline_ms=live.deadline_ms if done and live else 0,
            amount_tiyn=live.amount_tiyn if done and live else 0,
            invoked_us=invoked_us,
            returned_us=now_us() if invoked_us else 0,
        )
        self.told.append(told)
        return told
