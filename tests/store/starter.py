"""A process that starts the store when told to, and waits: what a test kills.

Run as `python -m tests.store.starter DATA_DIR [--private-lock]`; waits for a line on stdin, starts or
attaches, prints one JSON line, and stays until stdin ends. `--private-lock` takes a lock nobody else
knows: the negative control of everything that is said about the shared one.
"""

import json
import os
import sys
from pathlib import Path

from plateapi.store import StoreOptions, StoreRefused, start_store
from plateapi.store.ownership import Ownership

MAXMEMORY_BYTES = 256 << 20


def use_private_lock() -> None:
    """Let this process lock a file of its own instead of the directory's."""
    shared = Ownership.take
    Ownership.take = lambda path: shared(path.with_name(f"private.{os.getpid()}"))  # type: ignore[method-assign]


def main() -> None:
    """Start at the first line, answer, and wait for the end of stdin."""
    if "--private-lock" in sys.argv:
        use_private_lock()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    try:
        running = start_store(StoreOptions(Path(sys.argv[1]), maxmemory_bytes=MAXMEMORY_BYTES))
        answer = {"pid": running.pid, "attached": running.attached}
    except StoreRefused as refusal:
        answer = {"refused": refusal.slug}
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main()
