"""The clock guard: the right to expire is leased while the store's clock behaves.

Deadlines are judged by the store's wall clock. If somebody sets it forward by an hour, every fresh hold
looks expired and could be handed to the next applicant; the machine's monotonic clock cannot be set, so the
guard compares the two and stops renewing the lease when they part. Without a fresh lease nothing expires,
in no verb.

A clock that was behind has given deadlines that are over as soon as it is put right. So after it agrees again
the guard rests: the lease is not renewed until the last of them has had its time by the monotonic clock.

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

    def __init__(
        self,
        *,
        tolerance_ms: int,
        deadline_max_ms: int = 0,
        baseline_ms: float | None = None,
        rests_until_ms: float = 0.0,
    ) -> None:
        """What an earlier guard of this machine knew is given on.

        Args:
            tolerance_ms: how far the clocks may part.
            deadline_max_ms: the furthest ahead that a deadline may be given.
            baseline_ms: the offset of the last agreement; without it the first reading is believed.
            rests_until_ms: until when, by the monotonic clock, a clock that was behind is made up for.
        """
        self._tolerance_ms = tolerance_ms
        self._deadline_max_ms = deadline_max_ms
        self._judged_at_ms: float | None = None
        self.baseline_ms = baseline_ms
        self.rests_until_ms = rests_until_ms
        self.rests_for_ms = 0.0
        self.parted_by_ms = 0.0

    def judge(self, reading: Reading) -> bool:
        """Whether the clocks agree and have for long enough, so that the right to expire may be renewed.

        A slow drift moves the baseline along; a step does not, so that a clock which was set and set back
        agrees again, and one which was set and left stays refused. A first look that took long is no measure:
        on a busy machine it would be wrong by more than is tolerated, and every good look after it refused.
        """
        offset = reading.offset_ms
        if self.baseline_ms is None:
            if reading.uncertainty_ms > self._tolerance_ms:
                return False
            self.baseline_ms = offset
        self.parted_by_ms = offset - self.baseline_ms
        allowed = self._tolerance_ms + reading.uncertainty_ms
        agrees = abs(self.parted_by_ms) <= allowed
        if agrees:
            since_ms = reading.answered_at_ms if self._judged_at_ms is None else self._judged_at_ms
            step = DRIFT_PER_MS * max(0.0, reading.answered_at_ms - since_ms)
            self.baseline_ms += min(step, max(-step, self.parted_by_ms))
            self._judged_at_ms = reading.answered_at_ms
        elif self.parted_by_ms < 0:
            self.rest_from(reading.answered_at_ms)
        self.rests_for_ms = max(0.0, self.rests_until_ms - reading.answered_at_ms) if agrees else 0.0
        return agrees and self.rests_for_ms == 0

    def rest_from(self, now_ms: float) -> None:
        """A clock was behind until now: what deadlines it gave must first have had their time.

        Said from outside where the guard cannot see it: it looks at one clock, and a cluster has several.
        """
        self.rests_until_ms = now_ms + self._deadline_max_ms
