"""What goes around every request that is let in: id, time, size of its body, line in the log, the last catch.

A pure ASGI middleware: it costs about nothing, where one that wraps request and response costs 100 to 250 µs.
The log line holds the route's template, never the path, and nothing a caller sent: a path can hold an IIN by
mistake.
"""

import asyncio
import secrets
import time
import traceback
from typing import Any, Final, cast

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from plateapi import metrics
from plateapi.edge.errors import REQUEST_ID_HEADER, REQUEST_ID_LENGTH, problem_response
from plateapi.edge.room import METER_KEY, ROUTE_KEY

log = structlog.get_logger("plateapi.http")

# As ASGI writes them, in bytes and small letters: they go into every answer, and are made once.
SECURITY_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    # Answers are of the moment, and many are of one person; pages that may be kept say so themselves.
    (b"cache-control", b"no-store"),
)


# A method is the caller's text: only the known ones become a label or a log field.
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def new_request_id() -> str:
    """Made here and never taken over from the caller, who could write anything into our log with it."""
    return secrets.token_hex(REQUEST_ID_LENGTH // 2)


def count_request(route: str, method: str, status: int) -> None:
    """Count one answer for /metrics."""
    metrics.requests(route, _known(method), status).inc()


def log_request(route: str, method: str, status: int, request_id: str, **facts: object) -> None:
    """The line of one answer in the log."""
    log.info("request", request_id=request_id, route=route, method=_known(method), status=status, **facts)


def _known(method: str) -> str:
    return method if method in METHODS else "other"


class BodyMeter:
    """Counts a body as it is read, and stops it at the limit that the gate has set for its route.

    A body has its time as well, all of it together: the server's clock is for headers only, and whoever sends
    a byte now and then would keep his connection for ever.
    """

    def __init__(self, receive: Receive, limit: int, seconds: float) -> None:
        self._receive = receive
        self.limit = limit
        self._seconds = seconds
        self._late_at: float | None = None
        self._is_late = False
        self._read = 0
        self._is_whole = False

    async def receive(self) -> Message:
        """The next message. FastAPI passes only an ``HTTPException`` on while it reads a body."""
        if self._is_whole:  # What is waited for now is that the client goes, and he may stay.
            return await self._receive()
        message = await self._receive_in_time()
        self._is_whole = not message.get("more_body", False)
        if message["type"] == "http.request":
            self._read += len(message.get("body", b""))
            if self._read > self.limit:
                raise HTTPException(413)
        return message

    async def _receive_in_time(self) -> Message:
        """By hand: `asyncio.timeout` takes 3.8 µs and this 2.1, and nearly every body is there already."""
        loop, task = asyncio.get_running_loop(), cast("asyncio.Task[Any]", asyncio.current_task())
        if self._late_at is None:
            self._late_at = loop.time() + self._seconds
        self._is_late = False
        alarm = loop.call_at(self._late_at, self._cut_off, task)
        try:
            return await self._receive()
        except asyncio.CancelledError:
            # Whoever else has cancelled this request as well is not to be kept from it.
            if self._is_late and task.cancelling() == 1:
                raise HTTPException(408, headers={"connection": "close"}) from None
            raise
        finally:
            alarm.cancel()
            if self._is_late:
                task.uncancel()

    def _cut_off(self, task: "asyncio.Task[Any]") -> None:
        self._is_late = True
        task.cancel()


class Envelope:
    """The outermost of our layers behind the turnstile."""

    def __init__(
        self, app: ASGIApp, *, body_max_bytes: int, body_read_seconds: float, access_log: bool
    ) -> None:
        self._app = app
        self._body_max_bytes = body_max_bytes
        self._body_read_seconds = body_read_seconds
        self._access_log = access_log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; other kinds of connection pass by."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = time.perf_counter()
        method = scope["method"]
        if method == "HEAD":  # A GET whose body stays here: routes need not know of it.
            scope["method"] = "GET"
        request_id = new_request_id()
        # A copy: the server may hand the same state to every request.
        scope["state"] = {**scope.get("state", {}), "request_id": request_id}
        meter = scope[METER_KEY] = BodyMeter(receive, self._body_max_bytes, self._body_read_seconds)
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = message["headers"]
                given = {name for name, _ in headers}
                headers.append((REQUEST_ID_HEADER, request_id.encode()))
                headers.extend(header for header in SECURITY_HEADERS if header[0] not in given)
            elif method == "HEAD":
                message = {**message, "body": b""}
            await send(message)

        metrics.REQUESTS_IN_FLIGHT.inc()
        try:
            await self._app(scope, meter.receive, send_with_headers)
        except ClientDisconnect:
            log.info("client_gone", request_id=request_id)
        except Exception as error:  # The last catch: nothing may leave as a stack trace.
            log.error("request_failed", request_id=request_id, **_where(error))
            if status == 0:
                response = problem_response(Request(scope), "internal_error", {})
                await response(scope, meter.receive, send_with_headers)
        finally:
            metrics.REQUESTS_IN_FLIGHT.dec()
            self._note(scope, method, status, request_id, time.perf_counter() - begun)

    def _note(self, scope: Scope, method: str, status: int, request_id: str, seconds: float) -> None:
        route = scope.get(ROUTE_KEY, "unmatched")
        count_request(route, method, status)
        metrics.request_seconds(route, _known(method)).observe(seconds)
        if self._access_log:
            duration_ms = round(seconds * 1_000, 2)
            log_request(route, method, status, request_id, duration_ms=duration_ms, actor=_actor(scope))


def _actor(scope: Scope) -> str | None:
    """Who came, as a pseudonym: personal data is read under a name that can be asked about."""
    visit = scope["state"].get("visit")
    return None if visit is None or visit.role is None else visit.caller


def _where(error: BaseException) -> dict[str, Any]:
    """Kind and place of an unexpected error. Its text is left out: it may repeat what the caller sent."""
    frames = traceback.extract_tb(error.__traceback__)
    return {
        "error": type(error).__name__,
        "frames": [
            f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames[-8:]
        ],
    }
