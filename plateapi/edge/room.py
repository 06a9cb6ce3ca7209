"""How a room declares its routes: each with its roles, and with the problems it may answer.

``roles`` is a required argument, so a route without a declaration does not even import; a test reads the
source for it besides. Before an endpoint runs, and before its body is read, the gate checks token and role,
the Idempotency-Key of whatever changes something, If-Match where a version is named, and the body's kind.

A *hot* route is the same for its readers (it stands in the OpenAPI page), but is a plain Starlette route: it
parses and answers by itself, which costs a third of what FastAPI's own path does (docs/decisions).
"""

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, TypeVar

from fastapi import FastAPI, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.routing import Route

from plateapi.edge.visit import Visit, bearer, idempotency_key, if_match
from plateapi.people import Role
from plateapi.refusals import Refused

F = TypeVar("F", bound=Callable[..., Any])
HotEndpoint = Callable[[Request, Visit], Awaitable[Response]]

JSON: Final = "application/json"
CHANGING: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
ROUTE_KEY: Final = "plates.route"
METER_KEY: Final = "plates.body_meter"


class Version(Enum):
    """What a version looks like, by what it is a version of."""

    HOLDING = r'^"[0-9a-f]{32}-\d{1,15}"$'
    DRAFT = r'^"\d{1,15}"$'


class Open(Enum):
    """Routes that need no token, each for a reason of its own."""

    ANYONE = "anyone: what it shows is public"
    SIGNED = "the payment side: its signature over the body is checked instead"


Access = Sequence[Role] | Open


@dataclass(frozen=True, slots=True)
class Hot:
    """What FastAPI would know of a route: the models of a hot one, for the OpenAPI page."""

    answer: type[BaseModel]
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    path: type[BaseModel] | None = None


@dataclass(frozen=True, slots=True)
class Declared:
    """One route as its room declared it."""

    method: str
    path: str
    endpoint: Callable[..., Any]
    roles: Access
    tag: str
    problems: Sequence[str] = ()
    changes: bool = False  # needs an Idempotency-Key
    version: Version | None = None  # needs If-Match, with such an ETag
    reads: str | None = None  # content type of its body
    body_limit: str = "body_max_bytes"  # the setting that bounds its body
    status: int = 200
    etag: bool = False  # its answer has an ETag
    hot: Hot | None = None
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The operation's name."""
        return self.endpoint.__name__

    @property
    def role_names(self) -> list[str]:
        """The roles, for people and for the OpenAPI page."""
        return [self.roles.name.lower()] if isinstance(self.roles, Open) else [str(r) for r in self.roles]


class Room:
    """The routes of one kind of person."""

    def __init__(self, tag: str, description: str) -> None:
        self.tag = tag
        self.description = description
        self.declared: list[Declared] = []

    def route(
        self,
        method: str,
        path: str,
        *,
        roles: Access,
        problems: Sequence[str] = (),
        changes: bool | None = None,
        version: Version | None = None,
        reads: str | None = None,
        body_limit: str = "body_max_bytes",
        status: int = 200,
        etag: bool = False,
        hot: Hot | None = None,
        **options: Any,  # noqa: ANN401  # FastAPI's own: summary, response_model, ...
    ) -> Callable[[F], F]:
        """Declare a route. Every method but GET ``changes`` something, unless the route denies it."""

        def declare(endpoint: F) -> F:
            self.declared.append(
                Declared(
                    method=method,
                    path=path,
                    endpoint=endpoint,
                    roles=roles,
                    tag=self.tag,
                    problems=problems,
                    changes=method in CHANGING if changes is None else changes,
                    version=version,
                    reads=reads,
                    body_limit=body_limit,
                    status=status,
                    etag=etag,
                    hot=hot,
                    options=options,
                )
            )
            return endpoint

        return declare

    def furnish(self, app: FastAPI) -> list[Route]:
        """Put the routes into the app, the hot ones where they are found first; these are given back."""
        hot = [_hot_route(declared) for declared in self.declared if declared.hot]
        cold = [_gated_route(declared) for declared in self.declared if not declared.hot]
        app.router.routes[:] = [*hot, *app.router.routes, *cold]
        return hot


def let_in(request: Request, declared: Declared) -> Visit:
    """The gate. Refuses before anything of the body is read."""
    scope = request.scope
    scope[ROUTE_KEY] = declared.path
    house = request.app.state.house
    headers = request.headers
    actor, role = None, None
    if not isinstance(declared.roles, Open):
        actor = bearer(house, headers)
        role = next((role for role in declared.roles if role in actor.roles), None)
        if role is None:
            raise Refused("role_missing", roles=declared.role_names)
    if declared.reads is not None and _media_type(headers.get("content-type", "")) != declared.reads:
        raise Refused("content_type_unsupported", expected=declared.reads)
    if declared.reads is not None:
        scope[METER_KEY].limit = getattr(house.settings, declared.body_limit)
    visit = Visit(
        house=house,
        request_id=idempotency_key(headers) if declared.changes else "",
        if_match=if_match(headers) if declared.version is not None else "",
        known_actor=actor,
        role=role,
    )
    request.state.visit = visit
    return visit


def _media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


class GatedRoute(APIRoute):
    """A FastAPI route behind the gate."""

    declared: Declared

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, with the gate before it."""
        handler = super().get_route_handler()

        async def gated(request: Request) -> Response:
            let_in(request, self.declared)
            return await handler(request)

        return gated


def _gated_route(declared: Declared) -> GatedRoute:
    route = GatedRoute(
        declared.path,
        declared.endpoint,
        methods=[declared.method],
        status_code=declared.status,
        tags=[declared.tag],
        operation_id=declared.name,
        **declared.options,
    )
    route.declared = declared
    return route


def _hot_route(declared: Declared) -> Route:
    endpoint: HotEndpoint = declared.endpoint

    async def gated(request: Request) -> Response:
        return await endpoint(request, let_in(request, declared))

    return Route(declared.path, gated, methods=[declared.method], name=declared.name, include_in_schema=False)
