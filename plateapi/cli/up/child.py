"""One process of the service: started on a leash in a session of its own, restarted when it ends.

Its own session, so that Ctrl-C in the terminal reaches only the parent, which stops the children in order;
and a process group that can be ended as a whole when a worker of it outlives its main process.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

# A child that lived so long was well; its next end is a new story.
SETTLED_SECONDS: Final = 60.0
PAUSES_SECONDS: Final = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)


@dataclass(slots=True)
class Backoff:
    """How long to wait before the next start; longer each time, up to a bound, until one lives.

    >>> backoff = Backoff()
    >>> [backoff.pause_after(lived_seconds=1.0) for _ in range(3)]
    [0.5, 1.0, 2.0]
    >>> backoff.pause_after(lived_seconds=3600.0)
    0.5
    """

    failures: int = 0

    def pause_after(self, lived_seconds: float) -> float:
        """The pause after a life of so many seconds."""
        if lived_seconds >= SETTLED_SECONDS:
            self.failures = 0
        pause = PAUSES_SECONDS[min(self.failures, len(PAUSES_SECONDS) - 1)]
        self.failures += 1
        return pause


@dataclass(slots=True)
class Child:
    """A process that is meant to run.

    Args:
        name: for people and for the log's name.
        module: what it runs, as `python -m`.
        log: where its output goes.
        environment: on top of ours.
    """

    name: str
    module: str
    log: Path
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    restart_at: float | None = None
    restarts: int = 0
    _started_at: float = 0.0
    _backoff: Backoff = field(default_factory=Backoff)

    def start(self, leash: int, now: float) -> None:
        """Start it; `leash` is the reading end of the pipe whose writing end this process keeps."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603  our own module
                [sys.executable, "-m", "plateapi.cli.up.leash", str(leash), self.module],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(leash,),
                start_new_session=True,
                env=os.environ | self.environment,
                umask=0o077,
            )
        self.restart_at = None
        self._started_at = now

    def watch(self, leash: int, now: float, report: Callable[[str], None]) -> None:
        """Notice its end, and start it anew when its pause is over. Called often; `now` is monotonic."""
        if self.restart_at is not None:
            if now >= self.restart_at:
                self._start_again(leash, now, report)
        elif self.process is not None and (code := self.process.poll()) is not None:
            self._end_group()
            pause = self._backoff.pause_after(now - self._started_at)
            self.restart_at = now + pause
            report(f"{self.name} ended with {code}; it is started again in {pause:g} s (log: {self.log})")

    def _start_again(self, leash: int, now: float, report: Callable[[str], None]) -> None:
        """A machine without room for a log or a process may have it at the next try; the others run on."""
        self.restarts += 1
        try:
            self.start(leash, now)
        except OSError as error:
            pause = self._backoff.pause_after(0.0)
            self.restart_at = now + pause
            report(f"{self.name} cannot be started: {os.strerror(error.errno or 0)}; again in {pause:g} s")
        else:
            report(f"{self.name} started again as process {self.pid}")

    @property
    def pid(self) -> int:
        """Its process, which is also its group; 0 when it does not run."""
        return self.process.pid if self.process is not None else 0

    def stop(self, patience_seconds: float) -> bool:
        """Stop it in order; when it does not within the time, end its group. Whether it went in order."""
        if self.process is None:
            return True
        self.process.terminate()
        try:
            self.process.wait(patience_seconds)
            orderly = True
        except subprocess.TimeoutExpired:
            orderly = False
        self._end_group()
        self.process.wait()
        self.process = None
        return orderly

    def _end_group(self) -> None:
        # Its main process is its leader: while any of the group lives the number cannot be another's.
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
