"""The embedded store under our own supervisor, as `plates up` has it, without the rest of a service."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from plateapi.cli.up.conductor import Conductor, StoreWatch
from plateapi.store import StoreOptions, start_store, store_is_alive
from plateapi.store.directory import DataDirectory

DEAD_SECONDS: Final = 10.0


@dataclass
class Supervised:
    """The embedded store of a data directory; it is brought back whenever it is gone."""

    directory: Path
    url: str

    @property
    def pid(self) -> int:
        """The server's number, as its lock file has it."""
        return int(DataDirectory(self.directory).lock.read_text())

    @property
    def place(self) -> Path:
        """Where the server works."""
        return DataDirectory(self.directory).store

    def kill(self) -> None:
        """Kill -9, and wait until it is gone; nothing if it is dead already."""
        pid = self.pid
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        self._wait_until_dead(pid)

    def start(self) -> None:
        """Its supervisor does that."""

    def wait_until_dead(self) -> None:
        """Until the kernel has taken its lock away. Raises ``TimeoutError`` when it lives on."""
        self._wait_until_dead(self.pid)

    def _wait_until_dead(self, pid: int) -> None:
        # Its supervisor may have started another since: that one has the lock then, under its own number.
        until = time.monotonic() + DEAD_SECONDS
        while store_is_alive(self.directory) and self.pid == pid:
            if time.monotonic() > until:
                raise TimeoutError("the store lives on")
            time.sleep(0.005)


@contextmanager
def supervised_store(directory: Path) -> Iterator[Supervised]:
    """Started, watched by a thread, and stopped in order."""
    options = StoreOptions(directory)
    running = start_store(options)
    conductor = Conductor([], StoreWatch(options), lambda _: None)
    watch = threading.Thread(target=conductor.watch_until_stopped, args=[lambda: None])
    with conductor:
        watch.start()
        try:
            yield Supervised(directory, running.url)
        finally:
            conductor.stopping.set()
            watch.join()
