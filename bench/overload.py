"""More than can be borne: what is offered phase after phase, and what the answers say of it.

    Shape       how long what is offered
    Asked       one request: when it was due, how long its answer took from then, what it was
    Overload    before, during and after, judged: goodput, refusals, recovery

Open loop: everything is asked when it is due, whatever the answers do, and latency counts from that moment.
Not here: who asks (`test_overload.py`).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

# What is offered before and after, as a share of what can be borne.
CALM: Final = 0.5
# When it has recovered, everybody is served for so long, and nobody waits longer than that.
RECOVERED_FOR_SECONDS: Final = 0.25
RECOVERED_WITHIN_SECONDS: Final = 0.1

Kind = Literal["done", "refused", "failed"]


@dataclass(frozen=True, slots=True)
class Shape:
    """How long what is offered: seconds of calm, of too much, of calm again."""

    before: float = 1.0
    over: float = 2.0
    after: float = 3.0

    def offered(self, capacity: float, times: float) -> list[tuple[float, float]]:
        """Rate and seconds of each phase."""
        calm = capacity * CALM
        return [(calm, self.before), (capacity * times, self.over), (calm, self.after)]


@dataclass(frozen=True, slots=True)
class Asked:
    """One request.

    Attributes:
        due: seconds since the first was due.
        took: seconds from then to its answer.
        kind: done; refused with a time to come again; or anything else.
    """

    due: float
    took: float
    kind: Kind


@dataclass(frozen=True, slots=True)
class Overload:
    """What became of a run, of which the middle was too much."""

    asked: Sequence[Asked]
    capacity: float  # a second
    shape: Shape

    @property
    def goodput(self) -> float:
        """What was done a second while too much was offered, as a share of what can be borne."""
        done = sum(one.kind == "done" and self._during(one.due + one.took) for one in self.asked)
        return done / self.shape.over / self.capacity

    @property
    def refusal_p99_ms(self) -> float | None:
        """How long the refused waited for their refusal; none where nobody was refused."""
        waited = sorted(one.took for one in self.asked if one.kind == "refused")
        if not waited:
            return None
        return waited[math.ceil(len(waited) * 0.99) - 1] * 1_000

    @property
    def recovery_seconds(self) -> float:
        """From the end of it until a quarter of a second begins in which everybody is served in time.

        Whatever comes later is the machine's, and not the overload's; where it never comes, all that was
        watched.
        """
        after = sorted((one for one in self.asked if one.due >= self._end), key=lambda one: one.due)
        recovered = self._end
        for one in after:
            if one.due - recovered >= RECOVERED_FOR_SECONDS:
                return recovered - self._end
            if one.kind != "done" or one.took > RECOVERED_WITHIN_SECONDS:
                recovered = one.due
        return self.shape.after

    @property
    def failed(self) -> int:
        """How many were neither served nor refused as they should be."""
        return sum(one.kind == "failed" for one in self.asked)

    @property
    def _end(self) -> float:
        return self.shape.before + self.shape.over

    def _during(self, moment: float) -> bool:
        return self.shape.before <= moment < self._end


def moments(offered: Sequence[tuple[float, float]]) -> list[float]:
    """When each request is due, in seconds.

    >>> moments([(2.0, 1.0), (4.0, 0.5)])
    [0.0, 0.5, 1.0, 1.25]
    """
    begins = itertools.accumulate((lasts for _, lasts in offered), initial=0.0)
    return [
        begun + number / rate
        for begun, (rate, lasts) in zip(begins, offered, strict=False)
        for number in range(int(rate * lasts))
    ]
