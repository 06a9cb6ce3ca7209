"""The short way of hot routes: from the server to the envelope to the endpoint, past the framework's layers.

FastAPI and Starlette wrap a request six times: twice for errors, for telemetry, for a limit of bodies, for an
exit stack of dependencies, and once more around the route. A hot route needs none of it but the way from an
exception to its problem, and that is the same table for all (``errors.py``).

Deliberately not here: what a hot route is (``room.py``), and its endpoint. The routes stand in the app as
well, for whatever does not come this way: HEAD, and a method that is not theirs.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from fastapi import FastAPI, Request, Response
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from plateapi.edge.errors import EXPECTED, answer_with_problem

Endpoint = Callable[[Request], Awaitable[Response]]

ENDPOINT_KEY: Final = "plates.endpoint"


class Shortcut:
    """Finds a request's hot route by its method and path."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._fixed: dict[tuple[str, str], Endpoint] = {
            (method, route.path): route.endpoint
            for route in routes
            if not route.param_convertors
            for method in route.methods or ()
            if method != "HEAD"
        }
        self._with_parts = [route for route in routes if route.param_convertors]

    def endpoint(self, scope: Scope) -> Endpoint | None:
        """The endpoint, with the path's parts put into the scope."""
        fixed = self._fixed.get((scope["method"], scope["path"]))
        if fixed is not None:
            return fixed
        if scope["method"] == "HEAD":
            return None
        for route in self._with_parts:
            match, found = route.matches(scope)
            if match is Match.FULL:
                scope.update(found)
                endpoint: Endpoint = route.endpoint
                return endpoint
        return None


async def serve_hot(scope: Scope, receive: Receive, send: Send) -> None:
    """The hot route's answer, or its problem."""
    request = Request(scope, receive, send)
    try:
        response = await scope[ENDPOINT_KEY](request)
    except EXPECTED as error:
        response = await answer_with_problem(request, error)
    await response(scope, receive, send)


class ShortcutApp(FastAPI):
    """The app, with a short way for those routes that are asked most."""

    shortcut: Shortcut
    short_way: ASGIApp  # `serve_hot` in its envelope
    door: ASGIApp  # the turnstile, and behind it `serve`

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Through the door, whichever way it goes on from there."""
        await self.door(scope, receive, send)

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The short way where there is one; whatever is no request of HTTP goes the long one."""
        endpoint = self.shortcut.endpoint(scope) if scope["type"] == "http" else None
        if endpoint is None:
            await super().__call__(scope, receive, send)
        else:
            scope["app"], scope[ENDPOINT_KEY] = self, endpoint
            await self.short_way(scope, receive, send)
