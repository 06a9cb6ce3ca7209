"""What machines ask: alive, ready, version, figures; and what happens when the store does not answer."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from plateapi.settings import Settings
from tests.api.conftest import Service, served, until
from tests.personas import Person, new_key
from tests.servers import SERVER_KINDS, new_server, remove_server

ROOT = Path(__file__).resolve().parents[2]
# A busy machine founds a country slowly; only one test waits until a store has kept it waiting too long.
PATIENCE_SECONDS = 60.0
HASTE_SECONDS = 2.0


async def test_it_says_which_version_runs(service: Service) -> None:
    """Version, function library, rule book and profile."""
    version = (await service.people.nobody().get("/version")).json()
    assert version["profile"] == "demo"
    assert re.fullmatch(r"plates_[0-9a-f]{8}", version["library"])
    assert version["rule_book"] == service.engine.book.revision


async def test_the_surface_is_served(service: Service) -> None:
    """The OpenAPI page is where clients look for it."""
    page = await service.people.nobody().get("/openapi.json")
    assert page.json()["info"]["title"] == "Plates"
    docs = await service.people.nobody().get("/docs")
    assert docs.headers["content-type"] == "text/html; charset=utf-8"
    assert docs.headers["content-security-policy"].startswith("default-src 'none'")
    assert "<script" not in docs.text
    assert "`" not in docs.text
    assert "<code>Idempotency-Key</code>" in docs.text
    for path in page.json()["paths"]:
        assert f"<code>{path}</code>" in docs.text


@pytest.mark.parametrize("path", ["/", "/healthz", "/v1/marks?pattern=777", "/v1/rule-book", "/v1/holdings"])
async def test_a_head_is_a_get_without_its_body(service: Service, path: str) -> None:
    """Balancers and link checkers ask so, of routes of either kind; a refusal is the same refusal."""
    nobody = service.people.nobody()
    asked, got = await nobody.ask("HEAD", path), await nobody.get(path)
    assert (asked.status_code, asked.content) == (got.status_code, b"")
    assert asked.headers["content-type"] == got.headers["content-type"]
    assert got.content


async def test_figures_count_routes_and_outcomes(service: Service) -> None:
    """Requests by route template, never by path; outcomes by verb; problems by slug."""
    mark, _ = await service.held(service.people.driver())
    await service.people.driver("other").hold(mark)
    await service.people.nobody().get(f"/nowhere/{mark}")
    text = (await service.people.nobody().get("/metrics")).text
    assert 'plates_requests_total{method="POST",route="/v1/holds",status="201"}' in text
    assert 'plates_outcomes_total{outcome="held",verb="hold"}' in text
    assert 'plates_problems_total{slug="held_by_another"}' in text
    assert 'route="unmatched"' in text
    assert mark not in text


def test_figures_add_up_over_workers(tmp_path: Path) -> None:
    """Two processes count into one directory, and a third tells the sum of both."""
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    count = "from plateapi import metrics; [metrics.PROBLEMS.labels('x').inc() for _ in range({})]"
    for times in (3, 4):
        subprocess.run([sys.executable, "-c", count.format(times)], env=environment, check=True, cwd=ROOT)
    tell = "import sys; from plateapi import metrics; sys.stdout.write(metrics.exposition()[0].decode())"
    told = subprocess.run(
        [sys.executable, "-c", tell], env=environment, check=True, cwd=ROOT, capture_output=True, text=True
    )
    assert 'plates_problems_total{slug="x"} 7.0' in told.stdout


async def test_a_body_has_a_limit(service: Service) -> None:
    """Too much is refused by its length, or by its bytes where no length is named; a tariff may be longer."""
    driver = service.people.driver()
    json_type = {"content-type": "application/json"}
    limit = service.settings.body_max_bytes

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b" " * (limit // 2)

    for content in (b" " * (limit + 1), pieces()):
        for path in ("/v1/holds", "/v1/assignments"):
            body = content if isinstance(content, bytes) else pieces()
            answer = await driver.ask("POST", path, content=body, headers=json_type)
            assert (answer.status_code, answer.json()["type"]) == (413, "urn:plates:problem:body_too_large")
    within = await driver.ask("POST", "/v1/holds", content=b" " * limit, headers=json_type)
    assert within.json()["type"] == "urn:plates:problem:body_unreadable"
    toml = {"content-type": "application/toml"}
    longer = await service.people.admin().ask(
        "POST", "/v1/tariff-validations", content=b"#" * (limit + 1), headers=toml
    )
    assert longer.json()["type"] == "urn:plates:problem:tariff_invalid"
    far = await service.people.admin().ask(
        "POST", "/v1/tariff-validations", content=b"#" * (service.settings.tariff_max_bytes + 1), headers=toml
    )
    assert far.status_code == 413


@pytest_asyncio.fixture(loop_scope="session", params=SERVER_KINDS)
async def fragile(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Service]:
    """A service of its own, whose store may be stopped, and that does not wait long for a body."""
    server = new_server(request.param)
    try:
        settings = Settings(
            data_dir=tmp_path,
            redis_url=server.url,
            store_response_seconds=PATIENCE_SECONDS,
            body_read_seconds=0.2,
            access_log=False,
            log_level="error",
        )
        async with served(settings, server) as standing:
            yield standing
    finally:
        remove_server(server)


@pytest_asyncio.fixture(loop_scope="session")
async def hasty(fragile: Service) -> AsyncIterator[Service]:
    """Another one over the same store, founded by now, that does not wait long for its answers either."""
    settings = fragile.settings.model_copy(update={"store_response_seconds": HASTE_SECONDS})
    async with served(settings, fragile.server) as standing:
        yield standing


async def definite(person: Person, mark: str, key: str) -> httpx.Response | None:
    """The answer to the same request once more; None while the store cannot say."""
    answer = await person.hold(mark, key=key)
    return None if answer.status_code in {503, 504} else answer


async def test_an_unknown_outcome_is_said_and_resolved(hasty: Service) -> None:
    """The store froze after it had the request: 504, never "failed"; the same key later tells which."""
    aigerim, key, mark = hasty.people.driver(), new_key(), hasty.mark()
    await aigerim.holdings()  # The connection stands, so that the request reaches the store's socket.
    hasty.server.pause()
    try:
        answer = await aigerim.hold(mark, key=key)
    finally:
        hasty.server.resume()
    assert (answer.status_code, answer.json()["type"]) == (504, "urn:plates:problem:outcome_unknown")
    assert answer.headers["retry-after"] == "1"
    repeated = await until(lambda: definite(aigerim, mark, key), PATIENCE_SECONDS)
    assert repeated.status_code == 201, repeated.text
    assert [hold["mark"] for hold in (await aigerim.holdings())["holds"]] == [mark]


async def test_a_store_that_is_gone_is_said(fragile: Service) -> None:
    """Nothing is handed out: 503 with when to come back; alive, not ready; and it recovers by itself."""
    aigerim, key, mark = fragile.people.driver(), new_key(), fragile.mark()
    nobody = fragile.people.nobody()
    fragile.server.kill()
    seen = set()
    for _ in range(3):
        answer = await aigerim.hold(mark, key=key)
        seen.add((answer.status_code, answer.json()["type"].rpartition(":")[2]))
        assert int(answer.headers["retry-after"]) >= 1
    assert seen <= {(503, "store_unavailable"), (504, "outcome_unknown")}
    assert (503, "store_unavailable") in seen
    assert (await nobody.get("/healthz")).status_code == 200
    ready = await nobody.get("/readyz")
    assert (ready.status_code, ready.json()["type"]) == (503, "urn:plates:problem:service_starting")
    assert ready.json()["checks"]["store"]
    fragile.server.start()
    repeated = await until(lambda: definite(aigerim, mark, key), PATIENCE_SECONDS)
    assert repeated.status_code == 201, repeated.text


@pytest.mark.parametrize("path", ["/v1/holds", "/v1/assignments"])
async def test_a_body_has_its_time(fragile: Service, path: str) -> None:
    """Whoever sends a byte now and then is cut off when the time of the whole body is over."""

    async def trickle() -> AsyncIterator[bytes]:
        while True:
            yield b" "
            await asyncio.sleep(0.02)

    json_type = {"content-type": "application/json"}
    answer = await fragile.people.driver().ask("POST", path, content=trickle(), headers=json_type)
    assert (answer.status_code, answer.json()["type"]) == (408, "urn:plates:problem:body_too_slow")
    assert answer.headers["connection"] == "close"
