"""A store whose wall clock can be set: its process runs under libfaketime, which reads a file for the offset.

The monotonic clock of the server is left alone, as it is when somebody sets a clock. Debian's package
`faketime` has the library.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tests.servers import StoreServer, new_server, remove_server

LIBRARIES: Final = Path("/usr/lib")
OFFSET: Final = "offset"
SHARED_MEMORY: Final = Path("/dev/shm")


def clocked_server(directory: Path) -> StoreServer:
    """Start a Valkey whose clock is right until :func:`set_clock`; ``remove_clocked_server`` takes it away.

    Raises ``FileNotFoundError`` where the library is not installed.
    """
    library = next(LIBRARIES.glob("*/faketime/libfaketimeMT.so.1"), None)
    if library is None:
        raise FileNotFoundError("libfaketime is not installed; run: apt-get install faketime")
    set_clock(directory, 0)
    environment = {
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(directory / OFFSET),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }
    return new_server("valkey", environment=environment)


def remove_clocked_server(server: StoreServer) -> None:
    """End it, and take away what libfaketime leaves in shared memory of a process that was killed."""
    pid = server.process.pid if server.process else 0
    remove_server(server)
    for name in (f"faketime_shm_{pid}", f"sem.faketime_sem_{pid}"):
        (SHARED_MEMORY / name).unlink(missing_ok=True)


def set_clock(directory: Path, offset_seconds: float) -> None:
    """Set the server's clock so far from the true time, at once."""
    fresh = directory / f"{OFFSET}.new"
    fresh.write_text(f"{offset_seconds:+.3f}\n", encoding="ascii")
    fresh.replace(directory / OFFSET)
