"""A worker is at work on so many requests; one more is told to come again, and nobody slow keeps it shut."""

import asyncio
from dataclasses import dataclass, field
from typing import Any, cast

import orjson
import pytest
import structlog
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from plateapi import metrics
from plateapi.app import all_rooms
from plateapi.edge import envelope
from plateapi.edge.envelope import SECURITY_HEADERS
from plateapi.edge.errors import PreparedProblem, problem_response
from plateapi.edge.shortcut import ShortcutApp
from plateapi.edge.turnstile import ALWAYS_LET_IN, SLOW_SECONDS, TURNED_AWAY, Crowd, Turnstile
from plateapi.languages import LANGUAGES
from tests.api.conftest import Service

AT_WORK_MAX = 2


@dataclass
class Worker:
    """A turnstile before an app that reads its body and works until it may end."""

    now: float = 0.0
    may_end: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        crowd = Crowd(at_work_max=AT_WORK_MAX, clock=lambda: self.now)
        self.turnstile = Turnstile(self._work, crowd=crowd, access_log=False)

    async def _work(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await self.may_end.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})

    def ask(
        self, path: str = "/v1/holds", body: asyncio.Event | None = None, *, method: str = "POST"
    ) -> "asyncio.Task[list[Message]]":
        """One request, whose body comes at once or when the event says so."""
        return asyncio.create_task(self._exchange(path, body, method))

    async def _exchange(self, path: str, body: asyncio.Event | None, method: str) -> list[Message]:
        sent: list[Message] = []

        async def receive() -> Message:
            if body is not None:
                await body.wait()
            return {"type": "http.request", "body": b""}

        await self.turnstile(_scope(path) | {"method": method}, receive, _keeping(sent))
        return sent


def _scope(path: str, language: str = "en") -> dict[str, Any]:
    class App:
        """What a problem looks for the store's time in; a worker that starts has none."""

        class state:  # noqa: N801  as Starlette names it
            """Nothing yet."""

    headers = [(b"accept-language", language.encode())]
    state = {"request_id": "0123456789abcdef"}
    return {"type": "http", "method": "POST", "path": path, "headers": headers, "app": App, "state": state}


async def _settle() -> None:
    """Let every task run until it waits."""
    for _ in range(5):
        await asyncio.sleep(0)


def _status(sent: list[Message]) -> int:
    return int(sent[0]["status"])


async def test_one_more_is_told_to_come_again_and_then_served() -> None:
    """503 with Retry-After and the problem that says nothing was done; when one has left, there is room."""
    worker = Worker()
    inside = [worker.ask() for _ in range(AT_WORK_MAX)]
    await _settle()
    refused = await worker.ask()
    assert _status(refused) == 503
    assert dict(refused[0]["headers"])[b"retry-after"] == b"1"
    problem = orjson.loads(refused[1]["body"])
    assert (problem["type"], problem["title"]) == ("urn:plates:problem:store_overloaded", "Too much at once")
    worker.may_end.set()
    assert [_status(sent) for sent in await asyncio.gather(*inside)] == [200] * AT_WORK_MAX
    assert _status(await worker.ask()) == 200


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_refusal_is_the_problem_that_anybody_would_write(language: str) -> None:
    """What is written beforehand is the table's problem byte for byte, with each request's own id."""
    scope = _scope("/v1/holds", language)
    as_written = problem_response(Request(scope), "store_overloaded", {})
    request_id = "0123456789abcdef"
    ids = (b"x-request-id", request_id.encode())
    common = [(b"x-frame-options", b"DENY"), (b"cache-control", b"what the problem says itself stands")]
    prepared = PreparedProblem("store_overloaded", common)
    for _ in range(2):
        sent: list[Message] = []
        await prepared.answer(scope, request_id, _keeping(sent))
        assert _status(sent) == as_written.status_code
        assert sent[0]["headers"] == [*as_written.raw_headers, common[0], ids]
        assert sent[1]["body"] == as_written.body
        assert request_id.encode() in sent[1]["body"]
        sent[0]["headers"].append((b"x-of-this-answer", b"only"))


async def test_whoever_is_turned_away_gets_what_everybody_gets() -> None:
    """An id of his own, the headers of every answer, one count; and to a HEAD no body."""
    worker = Worker()
    inside = [worker.ask() for _ in range(AT_WORK_MAX)]
    await _settle()
    counted = metrics.requests(TURNED_AWAY, "POST", 503)._value
    before = counted.get()
    refusals = [await worker.ask() for _ in range(2)]
    assert counted.get() == before + 2
    headers = [dict(refused[0]["headers"]) for refused in refusals]
    assert all(header.items() >= dict(SECURITY_HEADERS).items() for header in headers)
    assert headers[0][b"x-request-id"] != headers[1][b"x-request-id"]
    assert headers[0][b"x-request-id"] in refusals[0][1]["body"]
    [_, head_body] = await worker.ask(method="HEAD")
    assert head_body["body"] == b""
    worker.may_end.set()
    await asyncio.gather(*inside)


def _keeping(sent: list[Message]) -> Send:
    async def send(message: Message) -> None:
        sent.append(message)

    return send


@pytest.mark.parametrize("path", sorted(ALWAYS_LET_IN))
async def test_who_watches_and_who_was_paid_are_let_in(path: str) -> None:
    """A full worker still says how it is, and hears of money; each of these paths is a route."""
    worker = Worker()
    inside = [worker.ask() for _ in range(AT_WORK_MAX)]
    await _settle()
    watching = worker.ask(path)
    worker.may_end.set()
    assert _status(await watching) == 200
    await asyncio.gather(*inside)
    assert path in {declared.path for room in all_rooms(demo=False) for declared in room.declared}


async def test_slow_senders_keep_nobody_out() -> None:
    """Whose body does not come is counted for a moment only, and again from when it has come."""
    worker, body = Worker(), asyncio.Event()
    slow = [worker.ask(body=body) for _ in range(AT_WORK_MAX)]
    await _settle()
    assert _status(await worker.ask()) == 503
    worker.now += SLOW_SECONDS * 2
    honest = worker.ask()
    await _settle()
    assert not honest.done()
    body.set()
    await _settle()
    assert _status(await worker.ask()) == 503
    worker.may_end.set()
    assert [_status(sent) for sent in await asyncio.gather(honest, *slow)] == [200] * (AT_WORK_MAX + 1)


async def test_a_byte_now_and_then_is_slow_as_well() -> None:
    """Each part comes soon, and the body never: its sender is not counted until he has sent all of it."""
    now = 0.0
    crowd = Crowd(at_work_max=1, clock=lambda: now)
    guest = crowd.enter()

    async def send_part() -> Message:
        return {"type": "http.request", "body": b"x", "more_body": True}

    async def send_last() -> Message:
        return {"type": "http.request", "body": b"x"}

    for _ in range(3):
        await crowd.receive_body(guest, send_part)
        now += SLOW_SECONDS * 0.6
    assert not crowd.is_full()
    await crowd.receive_body(guest, send_part)
    assert not crowd.is_full()
    await crowd.receive_body(guest, send_last)
    assert crowd.is_full()
    crowd.leave(guest)
    assert not crowd.is_full()


async def test_a_full_worker_turns_away_before_both_ways(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hot and cold routes and a path that is none, each with an id that the log has; health is still told."""
    app = cast(ShortcutApp, service.app)
    door = cast(Turnstile, app.door)
    monkeypatch.setattr(door, "_access_log", True)
    monkeypatch.setattr(door._crowd, "is_full", lambda: True)
    log = structlog.testing.CapturingLogger()
    monkeypatch.setattr(envelope, "log", log)
    answers = [await service.client.get(path) for path in ("/v1/marks", "/v1/rule-book", "/nowhere")]
    assert [answer.status_code for answer in answers] == [503] * 3
    lines = [call.kwargs for call in log.calls]
    assert [line["request_id"] for line in lines] == [answer.headers["x-request-id"] for answer in answers]
    assert {line["route"] for line in lines} == {TURNED_AWAY}
    assert (await service.client.get("/healthz")).status_code == 200
    monkeypatch.undo()
    assert (await service.client.get("/v1/marks")).status_code == 200
