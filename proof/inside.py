"""The whole app in this process, over a store of its own: for experiments that ask it much and kill nothing.

Deliberately not here: the server in front of it, the keeper, the replica of free marks.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from loadtests.identity import Provider
from plate_core import Journal
from plateapi.app import create_app
from plateapi.edge.house import House
from plateapi.engine import Engine
from plateapi.services.load_law import bring_settings, found_pools
from plateapi.settings import Settings
from tests.lasting_law import light_law
from tests.servers import new_server, remove_server


@dataclass(frozen=True, slots=True)
class Inside:
    """The app and who may look into it.

    Attributes:
        client: speaks HTTP to it, without a network between.
        provider: signs tokens as its issuer does.
    """

    app: FastAPI
    client: httpx.AsyncClient
    provider: Provider

    @property
    def house(self) -> House:
        """What its routes find ready."""
        house: House = self.app.state.house
        return house


@asynccontextmanager
async def opened_inside(directory: Path, **settings: Any) -> AsyncIterator[Inside]:  # noqa: ANN401
    """The app on a new Valkey that knows the pools; ``settings`` are over those of a quiet service."""
    server = new_server("valkey")
    data = Path(tempfile.mkdtemp(prefix="inside-", dir=directory))
    quiet = {"patterns_dir": light_law(), "log_level": "error", "access_log": False}
    given = quiet | {"store_response_seconds": 60.0} | settings
    try:
        app = create_app(Settings(data_dir=data, redis_url=server.url, **given))
        async with app.router.lifespan_context(app):
            await _found(app.state.house.engine)
            transport = httpx.ASGITransport(app=app)
            async with httpx.AsyncClient(transport=transport, base_url="http://plates.test") as client:
                yield Inside(app, client, Provider.of(data))
    finally:
        remove_server(server)
        shutil.rmtree(data, ignore_errors=True)


async def _found(engine: Engine) -> None:
    """Every pool, on sale; nothing is withheld, for that is a matter of other experiments."""
    await found_pools(engine)
    await bring_settings(engine)
    # The keeper's, which does not run here; without one an auditor is told that it cannot be read.
    Journal.open(engine.settings.journal_dir).close()
