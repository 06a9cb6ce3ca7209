"""The store's time as this process knows it, between two looks at it.

Time is the store's (ARCHITECTURE.md, invariant 6). A process asks for it every second and counts on from
there by the machine's monotonic clock. It serves for quoting and for Retry-After; the store judges by its own
clock anyway. Answers of verbs teach nothing: one that is repeated carries the time when it was first given.
"""

import time
from collections.abc import Callable


class StoreClock:
    """Server time minus monotonic time, learned from the store.

    >>> clock = StoreClock(monotonic_ms=lambda: 5_000)
    >>> clock.learn(1_767_553_200_000)
    >>> clock.now_ms()
    1767553200000
    """

    def __init__(self, monotonic_ms: Callable[[], float] = lambda: time.monotonic() * 1_000) -> None:
        self._monotonic_ms = monotonic_ms
        self._offset_ms: float | None = None

    def learn(self, server_time_ms: int) -> None:
        """Take over the time that the store has just told."""
        self._offset_ms = server_time_ms - self._monotonic_ms()

    def now_ms(self) -> int:
        """The store's time now, as well as it is known."""
        if self._offset_ms is None:
            raise RuntimeError("the store's time is not known before it was asked")
        return int(self._monotonic_ms() + self._offset_ms)
