"""The peer's routes: those which a launch day asks, with the same paths, bodies and answers."""

import base64
import hashlib
import hmac
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any, Final, Literal, cast

import orjson
from fastapi import APIRouter, Depends, FastAPI, Header, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from bench.peers.straightforward.marks import PatternInvalid, drawn, price_tiyn, split
from bench.peers.straightforward.people import People, TokenRefused
from bench.peers.straightforward.store import Held, Refused, Store

STATUS: Final = {"limit_reached": 429, "hold_expired": 410, "not_held": 404}
PAGE: Final = 20
JSON: Final = "application/json"
WINDOW_SECONDS: Final = 300


class Citizen(BaseModel):
    """For whom an operator asks."""

    iin: str


class Wish(BaseModel):
    """Which mark."""

    mark: str


class DeskWish(Wish):
    """Which mark, and for whom."""

    applicant: Citizen


class ForCitizen(BaseModel):
    """For whom an operator asks."""

    applicant: Citizen


class Paid(BaseModel):
    """Money came."""

    event: Literal["paid"]
    transaction: str
    reference: str
    amount_tiyn: int
    paid_at_ms: int


class Service:
    """What the routes use: the store, and the keys that the environment names."""

    def __init__(self) -> None:
        keys = Path(os.environ["PEER_KEYS"])
        issuer = orjson.loads((keys / "issuer.private.json").read_bytes())
        self.people = People(issuer, _key(keys / "applicant.key"))
        self.payment_key = _key(keys / "payment.key")
        self.reference_key = _key(keys / "reference.key")
        self.store = Store(os.environ["PEER_REDIS_URL"])

    async def hold(self, caller: str, key: str, iin: str, mark: str) -> Response:
        """Reserve a mark for somebody."""
        split(mark)
        applicant = self.people.pseudonym(iin)
        held = await self.store.hold(f"{caller}:{key}", applicant, mark, price_tiyn(mark))
        return _answer(_values(held), held)

    async def begin_payment(self, caller: str, key: str, iin: str, mark: str, version: str) -> Response:
        """Open the payment window, and write the invoice."""
        hold_id, _, revision = version.strip('"').partition("-")
        applicant = self.people.pseudonym(iin)
        held = await self.store.begin_payment(f"{caller}:{key}", applicant, mark, hold_id, int(revision))
        invoice = {
            "reference": _sealed(self.reference_key, [hold_id, mark, applicant, held.amount_tiyn]),
            "amount_tiyn": held.amount_tiyn,
            "pay_before_ms": held.deadline_ms,
        }
        return _answer({"holding": _values(held), "invoice": invoice}, held)


def _key(file: Path) -> bytes:
    return bytes.fromhex(file.read_text(encoding="ascii").strip())


async def _service(request: Request) -> Service:
    return cast(Service, request.app.state.service)


Here = Annotated[Service, Depends(_service)]


async def _claims(service: Here, authorization: Annotated[str, Header()]) -> dict[str, Any]:
    return service.people.claims(authorization)


async def _operator(claims: Annotated[dict[str, Any], Depends(_claims)]) -> dict[str, Any]:
    if "operator" not in claims["roles"]:
        raise TokenRefused
    return claims


Driver = Annotated[dict[str, Any], Depends(_claims)]
Operator = Annotated[dict[str, Any], Depends(_operator)]
RequestId = Annotated[str, Header(alias="Idempotency-Key")]
Version = Annotated[str, Header(alias="If-Match")]

router = APIRouter()


def create_app() -> FastAPI:
    """The app of one worker."""
    app = FastAPI(lifespan=_lifespan)
    app.include_router(router)
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(TokenRefused, _token_refused)
    app.add_exception_handler(PatternInvalid, _pattern_invalid)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.service = Service()
    yield
    await app.state.service.store.close()


async def _refused(_: Request, error: Exception) -> Response:
    return JSONResponse(
        {"type": f"urn:problem:{error}", "server_time_ms": _now_ms()}, STATUS.get(str(error), 409)
    )


async def _token_refused(_: Request, __: Exception) -> Response:
    return JSONResponse({"type": "urn:problem:token_invalid"}, 401)


async def _pattern_invalid(_: Request, __: Exception) -> Response:
    return JSONResponse({"type": "urn:problem:pattern_invalid"}, 422)


@router.get("/v1/marks")
async def search(
    here: Here,
    pattern: Annotated[str, Query(max_length=64)],
    region: Annotated[str, Query(pattern=r"\d{2}")],
    seed: int = 0,
) -> Response:
    """A page of free marks."""
    found = await here.store.free(list(drawn(pattern, region, seed, PAGE)))
    return Response(orjson.dumps({"marks": [_found(mark) for mark in found]}), media_type=JSON)


@router.post("/v1/holds", status_code=201)
async def hold(here: Here, who: Driver, key: RequestId, wish: Wish) -> Response:
    """A driver's own hold."""
    return await here.hold(who["sub"], key, who["iin"], wish.mark)


@router.post("/v1/desk/holds", status_code=201)
async def desk_hold(here: Here, who: Operator, key: RequestId, wish: DeskWish) -> Response:
    """A citizen's hold, by an operator."""
    return await here.hold(who["sub"], key, wish.applicant.iin, wish.mark)


@router.post("/v1/holds/{mark}/payment", status_code=201)
async def pay(here: Here, who: Driver, key: RequestId, version: Version, mark: str) -> Response:
    """A driver's invoice."""
    return await here.begin_payment(who["sub"], key, who["iin"], mark, version)


@router.post("/v1/desk/holds/{mark}/payment", status_code=201)
async def desk_pay(
    here: Here, who: Operator, key: RequestId, version: Version, mark: str, body: ForCitizen
) -> Response:
    """A citizen's invoice, by an operator."""
    return await here.begin_payment(who["sub"], key, body.applicant.iin, mark, version)


@router.post("/v1/payments/notifications")
async def notify(here: Here, request: Request, x_signature: Annotated[str, Header()]) -> Response:
    """Money came: the only way to a mark of one's own."""
    body = await request.body()
    if not _is_signed(here.payment_key, body, x_signature):
        return JSONResponse({"type": "urn:problem:signature_invalid"}, 401)
    paid = Paid.model_validate_json(body)
    opened = _opened(here.reference_key, paid.reference)
    if opened is None:
        return JSONResponse({"outcome": "refund_due", "server_time_ms": _now_ms()})
    hold_id, mark, applicant, _ = opened
    outcome = await here.store.settle(paid.transaction, applicant, mark, hold_id, paid.amount_tiyn)
    return JSONResponse({"outcome": outcome, "mark": mark, "server_time_ms": _now_ms()})


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _found(mark: str) -> dict[str, Any]:
    digits, series, region = split(mark)
    return {
        "mark": mark,
        "display": f"{digits} {series} {region}",
        "digits": digits,
        "series": series,
        "region": region,
        "amount_tiyn": price_tiyn(mark),
    }


def _values(held: Held) -> dict[str, Any]:
    return {
        "mark": held.mark,
        "state": held.state,
        "hold_id": held.hold_id,
        "revision": held.revision,
        "deadline_ms": held.deadline_ms,
        "amount_tiyn": held.amount_tiyn,
        "currency": "KZT",
        "server_time_ms": held.server_time_ms,
    }


def _answer(values: dict[str, Any], held: Held) -> Response:
    etag = {"etag": f'"{held.hold_id}-{held.revision}"'}
    return Response(orjson.dumps(values), 201, etag, JSON)


def _sealed(key: bytes, facts: list[Any]) -> str:
    message = orjson.dumps(facts)
    seal = hmac.new(key, message, hashlib.sha256).digest()[:16]
    return base64.urlsafe_b64encode(seal + message).decode()


def _opened(key: bytes, reference: str) -> list[Any] | None:
    data = base64.urlsafe_b64decode(reference)
    seal, message = data[:16], data[16:]
    if not hmac.compare_digest(seal, hmac.new(key, message, hashlib.sha256).digest()[:16]):
        return None
    facts: list[Any] = orjson.loads(message)
    return facts


def _is_signed(key: bytes, body: bytes, signature: str) -> bool:
    moment, _, given = signature.removeprefix("t=").partition(",v1=")
    wanted = hmac.new(key, f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(given, wanted) and abs(time.time() - int(moment)) <= WINDOW_SECONDS
