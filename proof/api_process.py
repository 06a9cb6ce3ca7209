"""The API's own process over a store of its own, as `plates up` starts it, without the rest of a service.

Its soft limit of open files is what a service manager gives where nobody says otherwise: 1,024.
Deliberately not here: the keeper and the replica (`plates up` as a whole is ``loadtests/service.py``).
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from plateapi.engine import Engine
from plateapi.services.load_law import bring_settings, found_pools
from plateapi.settings import PREFIX, Settings
from tests.lasting_law import light_law
from tests.servers import new_server, remove_server

API: Final = "plateapi.cli.up.api_server"
READY_SECONDS: Final = 60.0
STOP_SECONDS: Final = 20.0
OPEN_FILES: Final = 1_024
# What the server writes when a worker has opened its app.
STARTED: Final = b"[INFO] Started worker-"


@dataclass(frozen=True, slots=True)
class ApiProcess:
    """Where it listens, what it wrote, and its main process."""

    host: str
    port: int
    directory: Path
    log: Path
    process: subprocess.Popen[bytes]

    @property
    def address(self) -> str:
        """As a client names it."""
        return f"http://{self.host}:{self.port}"

    def workers(self) -> list[int]:
        """The processes that serve."""
        main = self.process.pid
        children = Path(f"/proc/{main}/task/{main}/children").read_text(encoding="ascii").split()
        lines = {int(pid): Path(f"/proc/{pid}/cmdline").read_bytes() for pid in children}
        return [pid for pid, line in lines.items() if b"multiprocessing.spawn" in line]


@contextmanager
def api_process(
    directory: Path,
    *,
    command: Sequence[str] = (API,),
    workers: int = 2,
    settings: Mapping[str, str] | None = None,
) -> Iterator[ApiProcess]:
    """Serve on a free port; every worker is ready. ``command`` is what follows `python -m`."""
    server = new_server("valkey")
    port = _free_port()
    environment = {
        "PLATES_DATA_DIR": str(directory),
        "PLATES_PATTERNS_DIR": str(light_law()),
        "PLATES_REDIS_URL": server.url,
        "PLATES_PORT": str(port),
        "PLATES_WORKERS": str(workers),
        "PLATES_ACCESS_LOG": "false",
        **(settings or {}),
    }
    log = directory / "api.log"
    try:
        asyncio.run(_found(environment))
        with (
            log.open("wb") as output,
            subprocess.Popen(
                ["prlimit", f"--nofile={OPEN_FILES}:", sys.executable, "-m", *command],
                env=os.environ | environment,
                stdout=output,
                stderr=output,
            ) as process,
        ):
            try:
                api = ApiProcess("127.0.0.1", port, directory, log, process)
                _wait(api, workers)
                yield api
            finally:
                stop(process)
    finally:
        remove_server(server)


def stop(process: subprocess.Popen[bytes]) -> None:
    """In order; it has as long as `plates up` gives it."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        raise


async def _found(environment: Mapping[str, str]) -> None:
    """Every pool, on sale; nothing is withheld, for that is a matter of other experiments."""
    given = {name.removeprefix(PREFIX).lower(): value for name, value in environment.items()}
    engine = await Engine.open(Settings.model_validate(given | {"log_level": "error"}), watch=False)
    try:
        await found_pools(engine)
        await bring_settings(engine)
    finally:
        await engine.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(api: ApiProcess, workers: int) -> None:
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until and api.process.poll() is None:
        if api.log.read_bytes().count(STARTED) >= workers and _answers(f"{api.address}/healthz"):
            return
        time.sleep(0.02)
    told = api.log.read_text(encoding="utf-8", errors="replace")[-2_000:]
    raise RuntimeError(f"the API's process did not come up:\n{told}")


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2):
            return True
    except (OSError, urllib.error.URLError):
        return False
