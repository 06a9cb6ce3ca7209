"""How many requests a worker is at work on at a time: one more is told at once to come again.

Without a bound a worker that is asked for more than it can do keeps everybody waiting, and serves, a second
late, people who have gone. Refused is what was not begun, so nothing was done; whoever watches the service,
and the payment side with its word about money, are let in always. A request whose body is still on its way
is not work: else a few slow senders would keep everybody out.

Not here: what a request that is let in gets (``envelope.py``).
"""

import time
from collections.abc import Callable
from functools import partial
from itertools import takewhile
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from plateapi.edge.envelope import SECURITY_HEADERS, count_request, log_request, new_request_id
from plateapi.edge.errors import PreparedProblem

ALWAYS_LET_IN: Final = frozenset({"/healthz", "/readyz", "/metrics", "/v1/payments/notifications"})
# A body that was sent with its head is there at once, even in a busy worker.
SLOW_SECONDS: Final = 0.25
# What stands in the log and in /metrics instead of a route: looking for it would be work.
TURNED_AWAY: Final = "turned_away"


class Crowd:
    """Who is in: shared by every way into the app, for they all end at the same loop."""

    def __init__(self, *, at_work_max: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.at_work = 0
        self._at_work_max = at_work_max
        self._clock = clock
        # Whose body is on its way, and since when: the longest first.
        self._sending: dict[object, float] = {}
        # Who has been sending for so long that he is not counted until his body is whole.
        self._slow: set[object] = set()

    def enter(self) -> object:
        """Let somebody in; what is given back stands for him."""
        self.at_work += 1
        return object()

    def leave(self, guest: object) -> None:
        """He has his answer, or has gone."""
        if guest in self._slow:
            self._slow.remove(guest)
        else:
            self._sending.pop(guest, None)
            self.at_work -= 1

    async def receive_body(self, guest: object, receive: Receive) -> Message:
        """Receive for somebody who may be slow to send: his time is that of the whole body.

        By each part's own time, whoever sends a byte a second would be at work most of the time.
        """
        if guest not in self._slow:
            self._sending.setdefault(guest, self._clock())
        message = await receive()
        if not message.get("more_body", False):
            self._has_sent(guest)
        return message

    def _has_sent(self, guest: object) -> None:
        self._sending.pop(guest, None)
        if guest in self._slow:
            self._slow.remove(guest)
            self.at_work += 1

    def is_full(self) -> bool:
        """Whether nobody more is let in; whoever is slow to send is no longer counted, until he has sent."""
        if self.at_work < self._at_work_max:
            return False
        slow = self._clock() - SLOW_SECONDS
        # The longest stands first: a full worker asks this at each refusal, and mostly looks at one.
        for guest, _ in list(takewhile(lambda sending: sending[1] < slow, self._sending.items())):
            del self._sending[guest]
            self._slow.add(guest)
            self.at_work -= 1
        return self.at_work >= self._at_work_max


class Turnstile:
    """Lets so many in. It stands outermost, before both ways through the app.

    Whoever is turned away gets what the envelope gives everybody, an id, its headers, a count and a line in
    the log, but from here and with nothing else done, not even the time taken: with twice as many as can be
    served, half of them are refused, and each refusal takes of the loop what a hold would need.
    """

    def __init__(self, app: ASGIApp, *, crowd: Crowd, access_log: bool) -> None:
        self._app = app
        self._crowd = crowd
        self._access_log = access_log
        self._refusal = PreparedProblem("store_overloaded", SECURITY_HEADERS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or turn it away."""
        crowd = self._crowd
        if scope["type"] != "http" or scope["path"] in ALWAYS_LET_IN:
            await self._app(scope, receive, send)
            return
        if crowd.is_full():
            await self._turn_away(scope, send)
            return
        guest = crowd.enter()
        try:
            await self._app(scope, partial(crowd.receive_body, guest, receive), send)
        finally:
            crowd.leave(guest)

    async def _turn_away(self, scope: Scope, send: Send) -> None:
        request_id, method, status = new_request_id(), scope["method"], self._refusal.status
        count_request(TURNED_AWAY, method, status)
        if self._access_log:
            log_request(TURNED_AWAY, method, status, request_id)
        await self._refusal.answer(scope, request_id, send)
