"""The service of these tests: the whole app over a real store, once on Valkey and once on Redis.

One service a kind of server stands for the whole run, as it would at home: tests do not reset it but use
marks and people of their own. What a test changes for everybody (a pause, a clock) it does in a region of
its own.
"""

import asyncio
import inspect
import itertools
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
import pytest_asyncio
from fastapi import FastAPI

from plate_core import Act, Journal, JournalReader, ReplicaWriter
from plateapi.app import create_app
from plateapi.edge.house import House
from plateapi.engine import Engine
from plateapi.identity import LocalIssuer
from plateapi.payments.signature import SignedNotifications
from plateapi.services.load_law import bring_settings, found_pools
from plateapi.settings import Settings
from tests.personas import People, Person, new_key
from tests.servers import SERVER_KINDS, StoreServer, new_server, remove_server

HERE = Path(__file__).parent
LETTERS = "BCDHJKPT"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All async tests of this folder share one loop, the service's own, and one process a kind of server."""
    for item in items:
        if not item.path.is_relative_to(HERE):
            continue
        if inspect.iscoroutinefunction(getattr(item, "function", None)):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)
        kind = getattr(item, "callspec", None) and item.callspec.params.get("service")
        if kind:
            item.add_marker(pytest.mark.xdist_group(f"api-{kind}"))


@dataclass
class Service:
    """The app, served in this process, and everything a test may want to look at."""

    settings: Settings
    app: FastAPI
    client: httpx.AsyncClient
    people: People
    server: StoreServer
    _marks: Iterator[int] = field(default_factory=itertools.count)

    @property
    def house(self) -> House:
        """What the rooms find."""
        house: House = self.app.state.house
        return house

    @property
    def engine(self) -> Engine:
        """The engine under it."""
        return self.house.engine

    def mark(self, region: str = "02", digits: str | None = None) -> str:
        """A mark that no other test has touched; ordinary unless digits are given."""
        number = next(self._marks)
        first, rest = divmod(number, 8 * 8)
        second, third = divmod(rest, 8)
        # Digits whose first and last differ and that are in no dear class: 123 on.
        ordinary = f"1{2 + first % 8}{3 + first // 8 % 7}"
        return f"{digits or ordinary}{LETTERS[second]}{LETTERS[third]}Z{region}"

    async def price(self, mark: str) -> dict[str, Any]:
        """What a mark costs now, by the API."""
        answer = await self.people.nobody().get(f"/v1/marks/{mark}")
        assert answer.status_code == 200, answer.text
        certificate: dict[str, Any] = answer.json()["certificate"]
        return {**certificate["price"], "tariff": certificate["tariff"]["revision"]}

    async def held(self, person: Person, mark: str | None = None) -> tuple[str, httpx.Response]:
        """A mark that the person has just come to hold, and the answer that says so."""
        mark = mark or self.mark()
        answer = await person.hold(mark)
        assert answer.status_code == 201, answer.text
        return mark, answer

    async def paying(self, person: Person, mark: str | None = None) -> tuple[str, dict[str, Any], str]:
        """A mark that the person is paying for: mark, invoice, ETag."""
        mark, held = await self.held(person, mark)
        answer = await person.pay(mark, held.headers["etag"])
        assert answer.status_code == 201, answer.text
        return mark, answer.json()["invoice"], answer.headers["etag"]

    async def notify(
        self, notice: dict[str, Any], *, age_seconds: int = 0, **headers: str | None
    ) -> httpx.Response:
        """A notification of the payment side, signed by it ``age_seconds`` ago."""
        body = orjson.dumps(notice)
        side = self.house.payment_side
        assert isinstance(side, SignedNotifications)
        at_seconds = self.engine.clock.now_ms() // 1_000 - age_seconds
        sent = {
            "content-type": "application/json",
            "x-signature": side.sign(body, at_seconds),
            "accept-language": "en",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        given = {name: value for name, value in sent.items() if value is not None}
        return await self.client.post("/v1/payments/notifications", content=body, headers=given)

    async def paid(self, invoice: dict[str, Any], **changed: Any) -> httpx.Response:
        """The notification that this invoice was paid."""
        notice = {
            "event": "paid",
            "transaction": new_key(),
            "reference": invoice["reference"],
            "amount_tiyn": invoice["amount_tiyn"],
            "paid_at_ms": self.engine.clock.now_ms(),
        }
        return await self.notify({**notice, **changed})

    async def journalled(self, pool: str) -> list[dict[str, Any]]:
        """What a pool's feed tells, by way of a journal of its own; nothing is trimmed."""
        entries = await self.engine.inventory.feed(pool, "0-0", 10_000)
        with tempfile.TemporaryDirectory() as directory:
            journal = Journal.open(directory)
            journal.append(pool, entries)
            journal.sync()
            journal.close()
            return list(JournalReader(directory).transitions(pool))

    async def configure(self, region: str, **settings: Any) -> None:
        """Change what one region's pools obey."""
        act = Act(request_id=new_key(), caller="test-operations", channel="keeper")
        pools = {f"{format_id}.{region}": settings for format_id in self.engine.formats}
        await self.engine.inventory.configure_pools(act, pools)


@asynccontextmanager
async def served(settings: Settings, server: StoreServer) -> AsyncIterator[Service]:
    """The app of these settings, with its lifespan, on a store that knows the law."""
    app = create_app(settings)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(app.router.lifespan_context(app))
        engine: Engine = app.state.house.engine
        await found_pools(engine)
        await bring_settings(engine)
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=True)
        client = await stack.enter_async_context(
            httpx.AsyncClient(transport=transport, base_url="http://plates.test")
        )
        yield Service(settings, app, client, People(LocalIssuer(settings), client), server)


@pytest_asyncio.fixture(scope="session", loop_scope="session", params=SERVER_KINDS)
async def service(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Service]:
    """The service on one kind of server, for the whole run."""
    server = new_server(request.param)
    try:
        settings = Settings(
            data_dir=tmp_path_factory.mktemp(f"data-{request.param}"),
            redis_url=server.url,
            log_level="error",
            access_log=False,
            law_poll_seconds=0.2,
            tariff_lead_seconds=2,
        )
        async with served(settings, server) as standing, mirrored(standing):
            yield standing
    finally:
        remove_server(server)


@asynccontextmanager
async def mirrored(service: Service) -> AsyncIterator[None]:
    """The machine's picture of free marks, kept while it lasts: what the keeper does beside the API."""
    writer = ReplicaWriter.start(
        service.settings.redis_url, service.settings.replica_path, service.engine.law.base
    )

    async def ready() -> bool:
        return bool(writer.health()["ready"])

    try:
        await until(ready, seconds=60)
        yield
    finally:
        writer.stop()


async def until(found: Any, seconds: float = 10.0) -> Any:
    """What an async function finds, once it finds something; for what only the store's clock brings about."""
    for _ in range(int(seconds / 0.05)):
        value = await found()
        if value:
            return value
        await asyncio.sleep(0.05)
    raise AssertionError("it did not come about in time")
