"""A service of the benches' own: `plates up` on a store and a directory that are thrown away afterwards.

Beside it the same app can be served again in a process of the bench's (`beside`), over the same store, law
and replica, so that a case chooses workers and engine without touching how production starts.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.app_server import AppServer, served
from loadtests.identity import Provider
from loadtests.service import running_service
from tests.lasting_law import light_law
from tests.servers import new_server, remove_server

SERVICE = "plateapi.app:create_app"
# Everybody asks again in each round, so that the 11,000 tokens are the same ones.
SETTINGS = {"PLATES_PATTERNS_DIR": str(light_law()), "PLATES_LIVE_HOLDS_PERSON": "100"}


@dataclass(frozen=True, slots=True)
class House:
    """A running service."""

    directory: Path
    store_url: str
    address: str  # of `plates up`'s own workers

    @property
    def provider(self) -> Provider:
        """Who signs its people's tokens."""
        return Provider.of(self.directory)

    @contextmanager
    def beside(self, target: str = SERVICE, *, workers: int = 1, name: str = "beside") -> Iterator[AppServer]:
        """An app over the same store, behind production's server."""
        metrics = self.directory / f"metrics-{name}"
        metrics.mkdir(exist_ok=True)
        environment = {
            "PLATES_DATA_DIR": str(self.directory),
            "PLATES_PATTERNS_DIR": str(light_law()),
            "PLATES_REDIS_URL": self.store_url,
            "PLATES_ACCESS_LOG": "false",
            "PROMETHEUS_MULTIPROC_DIR": str(metrics),
        }
        log = self.directory / f"{name}.log"
        with served(target, log, ready="/healthz", workers=workers, environment=environment) as server:
            yield server


@contextmanager
def opened_house() -> Iterator[House]:
    """A service on a store with AOF `always`, in memory where there is some: disks are another figure."""
    server = new_server("valkey")
    directory = Path(tempfile.mkdtemp(prefix="house-", dir=server.directory.parent))
    try:
        with running_service(directory, store_url=server.url, workers=1, settings=SETTINGS) as address:
            yield House(directory, server.url, address)
    finally:
        remove_server(server)
        shutil.rmtree(directory, ignore_errors=True)
