"""Production: named keys, a real issuer's key set, no stand-in; and a log that knows no person."""

import io
import logging
from pathlib import Path

import httpx
import orjson
import pytest
import structlog

from plateapi import logs
from plateapi.app import SettingsRefused, create_app
from plateapi.identity import KeyRefused, LocalIssuer
from plateapi.people import Role
from plateapi.settings import Settings
from tests.api.conftest import Service
from tests.personas import new_iin, new_key


def production(tmp_path: Path, **changed: object) -> Settings:
    """Settings that production starts with, and a real issuer whose keys they name."""
    issuer = LocalIssuer(Settings(data_dir=tmp_path / "issuer", token_issuer="https://idp.example.kz"))
    jwks = tmp_path / "issuer.jwks.json"
    jwks.write_bytes(orjson.dumps(issuer.public_keys()))
    keys = {}
    for number, name in enumerate(("applicant", "payment", "reference")):
        path = tmp_path / f"{name}.key"
        path.write_text(bytes(range(number, number + 32)).hex())
        path.chmod(0o600)
        keys[name] = path
    given: dict[str, object] = {
        "profile": "production",
        "data_dir": tmp_path / "data",
        "token_jwks_file": jwks,
        "token_issuer": "https://idp.example.kz",
        "applicant_key_file": keys["applicant"],
        "payment_key_file": keys["payment"],
        "payment_reference_key_file": keys["reference"],
        "payment_provider": "kaspi",
        "payment_stand_in": False,
        "log_level": "error",
        "access_log": False,
    }
    return Settings(**{**given, **changed})


def test_production_refuses_to_start_as_a_demo() -> None:
    """All that it lacks is said at once, before anything is opened."""
    with pytest.raises(SettingsRefused) as refused:
        create_app(Settings(profile="production"))
    assert str(refused.value).count("\n") == 6
    assert "PLATES_PAYMENT_STAND_IN" in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("token_jwks_file", None),
        ("token_issuer", "plates-local"),
        ("applicant_key_file", None),
        ("payment_key_file", None),
        ("payment_reference_key_file", None),
        ("payment_provider", "stand-in"),
        ("payment_stand_in", True),
    ],
)
def test_each_stand_in_alone_is_refused(tmp_path: Path, name: str, value: object) -> None:
    """Whichever single thing of the demo is left, production does not start."""
    settings = production(tmp_path, **{name: value})
    with pytest.raises(SettingsRefused, match=name.upper()):
        create_app(settings)


async def test_production_serves_with_what_was_named(service: Service, tmp_path: Path) -> None:
    """The real issuer's tokens are believed, the local one's are not; nothing of the demo is there."""
    settings = production(tmp_path, redis_url=service.settings.redis_url)
    issuer = LocalIssuer(Settings(data_dir=tmp_path / "issuer", token_issuer="https://idp.example.kz"))
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://plates.test") as client:
            iin = new_iin()
            good = issuer.mint("aigerim", [Role.DRIVER], iin=iin)
            own = await client.get("/v1/holdings", headers={"authorization": f"Bearer {good}"})
            assert own.status_code == 200
            local = service.people.driver(iin=iin).token
            other = await client.get("/v1/holdings", headers={"authorization": f"Bearer {local}"})
            assert other.status_code == 401
            for path in ("/demo/payments", "/demo/refunds"):
                gone = await client.post(path, headers={"idempotency-key": new_key()}, json={})
                assert gone.status_code == 404
            assert "/demo" not in (await client.get("/openapi.json")).text
            assert (await client.get("/version")).json()["profile"] == "production"
    assert not (tmp_path / "data" / "keys").exists()


async def test_a_key_that_others_may_read_stops_the_start(service: Service, tmp_path: Path) -> None:
    """A worker that cannot trust its keys serves nothing."""
    settings = production(tmp_path, redis_url=service.settings.redis_url)
    (tmp_path / "payment.key").chmod(0o644)
    app = create_app(settings)
    with pytest.raises(KeyRefused, match="chmod 600"):
        async with app.router.lifespan_context(app):
            pass


async def test_the_log_knows_no_person(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line a request, with its route's template; no path, no IIN, no token, whatever was sent."""
    written = io.BytesIO()
    logger = structlog.wrap_logger(
        structlog.BytesLogger(written),
        processors=logs.PROCESSORS,
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG),
    )
    for module in ("edge.envelope", "engine", "services.note_refused_notification"):
        monkeypatch.setattr(f"plateapi.{module}.log", logger)
    app = create_app(service.settings.model_copy(update={"access_log": True}))
    iin = new_iin()
    driver = service.people.driver("subject-of-the-log", iin=iin)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://plates.test") as client:
            driver.client = client
            held = await driver.hold(service.mark())
            await driver.get(f"/v1/marks/{iin}")
            await driver.get("/v1/marks", params={"pattern": iin})
            await driver.get(f"/{iin}")
            await driver.hold(iin, key=f"key-of-{iin}")
    lines = [orjson.loads(line) for line in written.getvalue().splitlines()]
    requests = [line for line in lines if line["event"] == "request"]
    assert [line["route"] for line in requests] == [
        "/v1/holds",
        "/v1/marks/{mark}",
        "/v1/marks",
        "unmatched",
        "/v1/holds",
    ]
    assert requests[0]["request_id"] == held.headers["x-request-id"]
    assert requests[0]["actor"].startswith("driver-")
    assert requests[1]["actor"] is None
    text = written.getvalue().decode()
    for secret in (iin, "subject-of-the-log", str(driver.token)[:40], held.json()["mark"]):
        assert secret not in text
