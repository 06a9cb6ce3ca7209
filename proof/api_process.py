"""The API's own process over a store of its own, as `plates up` starts it, without the rest of a service.

Its soft limit of open files is what a service manager gives where nobody says otherwise: 1,024.
Deliberately not here: the keeper (`plates up` as a whole is ``loadtests/service.py``).
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
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from plate_core import Journal, ReplicaWriter, RuleBook
from plateapi.engine import Engine
from plateapi.services.load_law import bring_settings, found_pools
from plateapi.settings import PREFIX, Settings
from tests.lasting_law import light_law
from tests.servers import StoreServer, new_server, remove_server

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
    store: StoreServer

    @property
    def address(self) -> str:
        """As a client names it."""
        return f"http://{self.host}:{self.port}"

    def workers(self) -> list[int]:
        """The processes that serve."""
        return worker_pids(self.process.pid)


def worker_pids(main: int) -> list[int]:
    """The workers of the API's main process: its own copies. Python's helper processes have other words."""
    words = Path(f"/proc/{main}/cmdline").read_bytes()
    children = Path(f"/proc/{main}/task/{main}/children").read_text(encoding="ascii").split()
    return [int(pid) for pid in children if Path(f"/proc/{pid}/cmdline").read_bytes() == words]


@contextmanager
def api_process(
    directory: Path,
    *,
    command: Sequence[str] = (API,),
    workers: int = 2,
    settings: Mapping[str, str] | None = None,
    mirrored: bool = False,
) -> Iterator[ApiProcess]:
    """Serve on a free port; every worker is ready. ``command`` is what follows `python -m`.

    ``mirrored`` keeps the picture of free marks, as the keeper would: without it nothing can be searched.
    """
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
        found = _settings(environment)
        book = asyncio.run(_found(found))
        with (
            _mirrored(found, book) if mirrored else nullcontext(),
            log.open("wb") as output,
            subprocess.Popen(
                ["prlimit", f"--nofile={OPEN_FILES}:", sys.executable, "-m", *command],
                env=os.environ | environment,
                stdout=output,
                stderr=output,
            ) as process,
        ):
            try:
                api = ApiProcess("127.0.0.1", port, directory, log, process, server)
                _wait(api, workers)
                yield api
            finally:
                stop(process)
    finally:
        remove_server(server)


def stop(process: subprocess.Popen[bytes]) -> None:
    """In order; it has as long as `plates up` gives it."""
    process.send_signal(signal.SIGTERM)  # Nothing happens where it has ended already.
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        raise


def _settings(environment: Mapping[str, str]) -> Settings:
    given = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in environment.items()
        if name.startswith(PREFIX)
    }
    # Founding a country on a busy machine may take longer than anybody should wait for a hold.
    patient = {"log_level": "error", "store_response_seconds": READY_SECONDS}
    return Settings.model_validate(given | patient)


async def _found(settings: Settings) -> RuleBook:
    """Every pool, on sale; nothing is withheld, for that is a matter of other experiments."""
    engine = await Engine.open(settings, watch=False)
    try:
        await found_pools(engine)
        await bring_settings(engine)
        # The keeper's, which does not run here; without one an auditor is told that it cannot be read.
        Journal.open(settings.journal_dir).close()
        return engine.law.base
    finally:
        await engine.close()


@contextmanager
def _mirrored(settings: Settings, book: RuleBook) -> Iterator[None]:
    writer = ReplicaWriter.start(settings.redis_url, settings.replica_path, book)
    try:
        until = time.monotonic() + READY_SECONDS
        while not writer.health()["ready"]:
            if time.monotonic() > until:
                raise RuntimeError(f"the replica did not come up: {writer.health()}")
            time.sleep(0.02)
        yield
    finally:
        writer.stop()


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
