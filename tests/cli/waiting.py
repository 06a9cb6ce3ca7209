"""Waiting for another process, with an end."""

import time
from collections.abc import Callable
from pathlib import Path

PATIENCE_SECONDS = 20.0


def wait_until(holds: Callable[[], bool], patience_seconds: float = PATIENCE_SECONDS) -> None:
    """Look again and again until something holds; fail when it does not within the time."""
    end = time.monotonic() + patience_seconds
    while not holds():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


def lives(pid: int) -> bool:
    """Whether a process runs; one that has ended and is not yet reaped does not.

    Of a process with threads the main one may be gone before the others: it cannot be reaped until all are.
    """
    process = Path(f"/proc/{pid}")
    try:
        state = (process / "stat").read_text().rpartition(")")[2].split()[0]
        threads = len(list((process / "task").iterdir()))
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX" or threads > 1
