"""The embedded store under our own supervisor, as `plates up` has it, without the rest of a service.

The supervisor is a process of its own, so that a disk of an experiment (``proof/false_disk.py``) can lie
beneath all that it does for its store, and not beneath the experiment. It ends when its input does.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from plateapi.cli.up.conductor import Conductor, StoreWatch
from plateapi.store import StoreOptions, server, start_store, store_is_alive
from plateapi.store.directory import DataDirectory

DEAD_SECONDS: Final = 10.0
STOP_SECONDS: Final = 60.0
ROOT: Final = Path(__file__).parent.parent


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
def supervised_store(
    directory: Path, *, beneath: Mapping[str, str] | None = None, careless: bool = False
) -> Iterator[Supervised]:
    """Started, watched, and stopped in order.

    ``beneath`` is added to the environment of the supervisor and its store: a disk of the experiment's own.
    A ``careless`` supervisor, which a control has, starts its store on files as it finds them.
    """
    command = [sys.executable, "-m", "proof.supervised", str(directory), *["--careless"] * careless]
    environment = os.environ | dict(beneath or {})
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT
    ) as supervisor:
        assert supervisor.stdout is not None
        url = supervisor.stdout.readline().strip()
        if not url:
            raise RuntimeError("the supervised store did not start")
        try:
            yield Supervised(directory, url)
        finally:
            assert supervisor.stdin is not None
            supervisor.stdin.close()
            try:
                supervisor.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                supervisor.kill()
                raise


def supervise(directory: Path) -> None:
    """Start the store, say where it listens, and bring it back until the input ends."""
    options = StoreOptions(directory)
    conductor = Conductor([], StoreWatch(options), lambda _: None)
    print(start_store(options).url, flush=True)
    threading.Thread(target=_stop_at_end_of_input, args=[conductor.stopping], daemon=True).start()
    with conductor:
        conductor.watch_until_stopped(lambda: None)


def _stop_at_end_of_input(stopping: threading.Event) -> None:
    sys.stdin.read()
    stopping.set()


if __name__ == "__main__":
    if "--careless" in sys.argv:
        server.write_last_again = lambda _: 0
    supervise(Path(sys.argv[1]))
