"""One app behind production's server, started for a case and stopped after it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
READY_SECONDS = 90.0
STOP_SECONDS = 20.0
# What the server writes when a worker has opened its app.
STARTED = b"[INFO] Started worker-"


@dataclass(frozen=True, slots=True)
class AppServer:
    """Where it serves, and its main process."""

    address: str
    pid: int

    def workers(self) -> list[int]:
        """The processes that serve: the main process's children."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text(encoding="ascii")
        return [int(child) for child in children.split() if _is_python(int(child))]


def _is_python(pid: int) -> bool:
    return b"bench.peers.serve" in Path(f"/proc/{pid}/cmdline").read_bytes()


@contextmanager
def served(
    target: str, log: Path, *, ready: str, workers: int = 1, environment: Mapping[str, str] | None = None
) -> Iterator[AppServer]:
    """Serve ``module:factory`` on a free port, from the moment when ``ready`` is answered with 200."""
    port = _free_port()
    command = [sys.executable, "-m", "bench.peers.serve", target, str(port), str(workers)]
    with (
        log.open("wb") as output,
        subprocess.Popen(
            command, cwd=ROOT, env=os.environ | dict(environment or {}), stdout=output, stderr=output
        ) as process,
    ):
        try:
            address = f"http://127.0.0.1:{port}"
            _wait(address + ready, workers, process, log)
            yield AppServer(address, process.pid)
        finally:
            process.send_signal(signal.SIGTERM)
            _wait_for_end(process)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(url: str, workers: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Every worker, and not only the first: one that is told to stop while it starts never ends."""
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until and process.poll() is None:
        if log.read_bytes().count(STARTED) >= workers and _answers(url):
            return
        time.sleep(0.05)
    raise RuntimeError(f"{url} did not come up:\n{log.read_text(encoding='utf-8', errors='replace')[-3000:]}")


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2):
            return True
    except (OSError, urllib.error.URLError):
        return False


def _wait_for_end(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
