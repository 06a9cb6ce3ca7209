"""A process that starts the embedded store when it is told to, and then claims marks in it: what is killed.

Run as ``python -m proof.starter [--private-lock]``. It reads a JSON object a line and answers each with one:

    {"start": DATA_DIR}   the server that it started or attached to: ``pid``, ``attached``; or ``refused``
    {"claim": MARK}       whether the store, asked over the connection that was opened then, gave it the mark

``--private-lock`` takes a lock that nobody else knows, as if there were none.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any, Final

from plateapi.store import StoreOptions, StoreRefused, start_store
from plateapi.store.directory import APP_USER, DataDirectory
from plateapi.store.ownership import Ownership
from plateapi.store.wire import Wire, WireError

# A start on an empty directory takes a tenth of a second. In the muddle that private locks allow it may never
# come to an end, so there it is given up soon.
START_SECONDS: Final = 5.0
MUDDLED_SECONDS: Final = 1.0


def use_private_lock() -> None:
    """Let this process lock a file of its own instead of the directory's."""
    shared = Ownership.take
    Ownership.take = lambda path: shared(path.with_name(f"private.{os.getpid()}"))  # type: ignore[method-assign]


def start(data_dir: Path) -> tuple[dict[str, Any], Wire | None]:
    """What became of the start, and a connection to the store that there is."""
    seconds = MUDDLED_SECONDS if "--private-lock" in sys.argv else START_SECONDS
    try:
        running = start_store(StoreOptions(data_dir, start_seconds=seconds))
    except StoreRefused as refusal:
        return {"refused": refusal.slug}, None
    directory = DataDirectory(data_dir)
    passwords = directory.read_passwords()
    if passwords is None:
        return {"refused": "no passwords"}, None
    try:
        wire = Wire(directory.socket)
        wire.call("AUTH", APP_USER, passwords.app)
    except (OSError, WireError):
        # Two that founded one directory at once: the passwords of one, the server or the socket of the other.
        return {"refused": "the store is another one"}, None
    return {"pid": running.pid, "attached": running.attached}, wire


def claim(wire: Wire, mark: str) -> bool:
    """Whether the store gave the mark; one that has ended gave nothing."""
    try:
        return wire.call("HSETNX", "{probe}:marks", mark, str(os.getpid())) == 1
    except (OSError, WireError):
        return False


def main() -> None:
    """Do what is asked, until nobody asks any more."""
    if "--private-lock" in sys.argv:
        use_private_lock()
    wire: Wire | None = None
    for line in sys.stdin:
        asked = json.loads(line)
        if "start" in asked:
            answer, wire = start(Path(asked["start"]))
        else:
            answer = {"claimed": wire is not None and claim(wire, asked["claim"])}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
