"""The clock guard: the right to expire is leased while the store's clock behaves.

Deadlines are judged by the store's wall clock. If somebody sets it forward by an hour, every fresh hold
looks expired and could be handed to the next applicant; the machine's monotonic clock cannot be set, so the
guard compares the two and stops renewing the lease when they part. Without a fresh lease nothing expires,
in no verb.

Deliberately not here: correcting a clock, or deciding which of two clocks is right. A clock that comes back
resumes by itself; one that stays away needs a person (``docs/operating/clock-alarm.md``).
"""

from dataclasses import dataclass
from typing import Final

# NTP slews at no more than 500 parts per million; twice that is still a clock being kept, not one being set.
DRIFT_PER_MS: Final = 0.001


@dataclass(frozen=True)
class Reading:
    """One look at both clocks: the store's time lies somewhere between the two monotonic instants."""

    server_ms: int
    asked_at_ms: float
    answered_at_ms: float

    @property
    def offset_ms(self) -> float:
        """Server time minus monotonic time, taken in the middle of the exchange."""
        return self.server_ms - (self.asked_at_ms + self.answered_at_ms) / 2

    @property
    def uncertainty_ms(self) -> float:
        """Half the exchange, and the millisecond to which the store's time is cut."""
        return (self.answered_at_ms - self.asked_at_ms) / 2 + 1


class ClockGuard:
    """Judges readings. Time is an argument; it reads no clock itself.

    >>> guard = ClockGuard(tolerance_ms=500)
    >>> guard.judge(Reading(server_ms=1_000_000, asked_at_ms=0, answered_at_ms=2))
    True
    >>> guard.judge(Reading(server_ms=4_601_000, asked_at_ms=1_000, answered_at_ms=1_002))  # an hour too far
    False
    """

    def __init__(self, *, tolerance_ms: int, baseline_ms: float | None = None) -> None:
        """``baseline_ms`` is the offset of an earlier agreement; without it the first reading is believed."""
        self._tolerance_ms = tolerance_ms
        self._judged_at_ms: float | None = None
        self.baseline_ms = baseline_ms
        self.parted_by_ms = 0.0

    def judge(self, reading: Reading) -> bool:
        """Whether the clocks still agree, so that the right to expire may be renewed.

        A slow drift moves the baseline along; a step does not, so that a clock which was set and set back
        agrees again, and one which was set and left stays refused.
        """
        offset = reading.offset_ms
        if self.baseline_ms is None:
            self.baseline_ms = offset
        self.parted_by_ms = offset - self.baseline_ms
        allowed = self._tolerance_ms + reading.uncertainty_ms
        agrees = abs(self.parted_by_ms) <= allowed
        if agrees:
            since_ms = reading.answered_at_ms if self._judged_at_ms is None else self._judged_at_ms
            step = DRIFT_PER_MS * max(0.0, reading.answered_at_ms - since_ms)
            self.baseline_ms += min(step, max(-step, self.parted_by_ms))
            self._judged_at_ms = reading.answered_at_ms
        return agrees
