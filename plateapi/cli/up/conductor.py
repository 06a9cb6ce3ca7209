"""The processes of a run: started in order, watched, stopped in the other order.

Children are the API and the keeper; the store is watched as well when it is ours. A process that ends is
started again after a pause that grows up to a bound, with a line for whoever watches. The store is stopped
last, when nobody writes to it any more.
"""

import os
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Self

from plateapi.cli.up.child import Backoff, Child
from plateapi.store import StoreOptions, StoreRefused, start_store, stop_store, store_is_alive

WATCH_SECONDS: Final = 0.2
# A worker finishes its requests, the keeper its journal round; both take less than a second.
STOP_SECONDS: Final = 10.0


@dataclass(slots=True)
class StoreWatch:
    """The embedded store, kept alive."""

    options: StoreOptions
    restart_at: float | None = None
    restarts: int = 0
    _started_at: float = field(default_factory=time.monotonic)
    _backoff: Backoff = field(default_factory=Backoff)

    def watch(self, now: float, report: Callable[[str], None]) -> None:
        """Notice its end and start it anew when its pause is over."""
        if self.restart_at is None:
            if store_is_alive(self.options.data_dir):
                return
            pause = self._backoff.pause_after(now - self._started_at)
            self.restart_at = now + pause
            report(f"store ended; it is started again in {pause:g} s")
        elif now >= self.restart_at:
            self._start(now, report)

    def _start(self, now: float, report: Callable[[str], None]) -> None:
        self.restarts += 1
        self._started_at = now
        try:
            running = start_store(self.options, report)
        except StoreRefused as refused:
            pause = self._backoff.pause_after(0.0)
            self.restart_at = now + pause
            report(f"store refused: {refused} It is tried again in {pause:g} s")
            return
        self.restart_at = None
        report(f"store started again as process {running.pid}")


@dataclass(slots=True)
class Conductor:
    """What runs, and the end of it.

    Args:
        children: in the order of their start; they are stopped in the other order.
        store: the embedded store; None when the store is somebody else's.
        report: a sentence for whoever watches.
    """

    children: Sequence[Child]
    store: StoreWatch | None
    report: Callable[[str], None]
    stopping: threading.Event = field(default_factory=threading.Event)
    _leash: tuple[int, int] = (-1, -1)

    def __enter__(self) -> Self:
        self._leash = os.pipe()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start the children."""
        for child in self.children:
            child.start(self._leash[0], time.monotonic())

    def watch_once(self, now: float) -> None:
        """Look at everything once."""
        if self.store is not None:
            self.store.watch(now, self.report)
        for child in self.children:
            child.watch(self._leash[0], now, self.report)

    def watch_until_stopped(self, changed: Callable[[], None]) -> None:
        """Look again and again until `stopping` is set; `changed` is called when a process was replaced.

        What it could not write down, because the disk is full, it is asked for again at the next look.
        """
        known = self._pids()
        while not self.stopping.wait(WATCH_SECONDS):
            self.watch_once(time.monotonic())
            if self._pids() != known:
                with suppress(OSError):
                    changed()
                    known = self._pids()

    def stop(self) -> None:
        """Stop everything in order. May be called again."""
        for child in reversed(self.children):
            if not child.stop(STOP_SECONDS):
                self.report(f"{child.name} did not stop within {STOP_SECONDS:g} s and was ended")
        if self.store is not None:
            try:
                stop_store(self.store.options.data_dir)
            except StoreRefused as refused:
                self.report(str(refused))
        for descriptor in self._leash:
            if descriptor >= 0:
                os.close(descriptor)
        self._leash = (-1, -1)

    def _pids(self) -> list[int]:
        return [child.pid for child in self.children]
