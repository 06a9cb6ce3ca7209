"""A PostgreSQL cluster of a bench's own: in a new directory, on a unix socket only, durable, under no root.

Its settings are Debian's but for what any handbook says of a machine of this size: memory for pages, and a
log that is not recycled in the middle of a round. `fsync` and `synchronous_commit` are on, as a payment
needs them.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

INSTALLED: Final = Path("/usr/lib/postgresql")
# Debian's package makes this account; another machine's unprivileged one does as well.
ACCOUNT: Final = "postgres"
READY_SECONDS: Final = 60.0
SETTINGS: Final = {
    "listen_addresses": "",
    "fsync": "on",
    "synchronous_commit": "on",
    "shared_buffers": "512MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "30min",
    "max_connections": "100",
}


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running server."""

    socket_directory: Path

    @property
    def connection(self) -> dict[str, str]:
        """What asyncpg connects with."""
        return {"host": str(self.socket_directory), "user": "bench", "database": "postgres"}


def server_programs() -> Path | None:
    """Where the newest installed server's programs are, if any is installed."""
    found = sorted(INSTALLED.glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


@contextmanager
def own_cluster() -> Iterator[Cluster]:
    """Make a cluster, serve it, throw it away; in memory where there is some, as every bench's store."""
    programs = server_programs()
    if programs is None:
        raise FileNotFoundError("PostgreSQL is not installed; run: apt-get install postgresql")
    memory = Path("/dev/shm")
    directory = Path(tempfile.mkdtemp(prefix="postgres-", dir=memory if memory.is_dir() else None))
    account = {"user": ACCOUNT, "group": ACCOUNT, "extra_groups": []} if os.geteuid() == 0 else {}
    if account:
        shutil.chown(directory, ACCOUNT, ACCOUNT)
    data = directory / "data"
    initdb = [programs / "initdb", "-D", data, "-U", "bench", "--auth=trust", "--no-locale", "-E", "UTF8"]
    settings = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
    try:
        subprocess.run(initdb, check=True, capture_output=True, cwd=directory, **account)
        server = [programs / "postgres", "-D", data, "-k", directory, *settings]
        with (
            (directory / "server.log").open("wb") as log,
            subprocess.Popen(server, cwd=directory, stdout=log, stderr=log, **account) as process,
        ):
            try:
                _wait(process, directory)
                yield Cluster(directory)
            finally:
                # Whoever is still connected is let go: nothing here is kept.
                process.send_signal(signal.SIGINT)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _wait(process: subprocess.Popen[bytes], directory: Path) -> None:
    until = time.monotonic() + READY_SECONDS
    log = directory / "server.log"
    while time.monotonic() < until and process.poll() is None:
        if b"database system is ready to accept connections" in log.read_bytes():
            return
        time.sleep(0.05)
    raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text(encoding='utf-8', errors='replace')}")
