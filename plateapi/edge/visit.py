"""One request as the gate let it in: who came, in which role, under which request id."""

import re
from dataclasses import dataclass
from typing import Annotated, Final, cast

from fastapi import Depends, Request
from starlette.datastructures import Headers

from plateapi import metrics
from plateapi.edge.house import House
from plateapi.identity import TokenRefused
from plateapi.people import Actor, Applicant, Errand, Role
from plateapi.refusals import Refused

IDEMPOTENCY_KEY: Final = "idempotency-key"
IF_MATCH: Final = "if-match"
# The core takes 8 to 128 visible ASCII characters; eight are kept for the number of an item in a batch.
KEY_FORM: Final = re.compile(r"[!-~]{8,120}")


@dataclass(frozen=True, slots=True)
class Visit:
    """What a route knows of its caller."""

    house: House
    request_id: str = ""  # the Idempotency-Key; empty where nothing is changed
    if_match: str = ""
    known_actor: Actor | None = None
    role: Role | None = None  # the one of the route's roles in which he acts

    @property
    def actor(self) -> Actor:
        """The bearer of the token. Only routes with roles have one."""
        if self.known_actor is None:
            raise RuntimeError("a route without roles asks who came")
        return self.known_actor

    @property
    def own_applicant(self) -> Applicant:
        """The driver himself."""
        if self.actor.applicant is None:
            raise RuntimeError("a route of another role asks for the driver")
        return self.actor.applicant

    @property
    def caller(self) -> str:
        """The actor's name in the journal, and the scope of his request ids."""
        if self.role is None:
            raise RuntimeError("a route without roles asks who came")
        return self.actor.caller(self.role)

    def errand(self, applicant: Applicant | None = None) -> Errand:
        """The mutation that this request asks for."""
        return Errand(
            request_id=self.request_id,
            caller=self.caller,
            channel=self.actor.channel,
            office=self.actor.office,
            applicant=applicant,
        )


def visit_of(request: Request) -> Visit:
    """The visit that the gate has let in."""
    return cast(Visit, request.state.visit)


async def _visit_here(request: Request) -> Visit:
    """Async although it waits for nothing: a plain function FastAPI would ask in another thread."""
    return visit_of(request)


Here = Annotated[Visit, Depends(_visit_here)]


def bearer(house: House, headers: Headers) -> Actor:
    """The bearer of the token in the Authorization header. Refused: ``token_missing`` and the like."""
    given = headers.getlist("authorization")
    if not given:
        raise Refused("token_missing")
    if len(given) > 1:
        # Proxies and servers differ on which of two counts, so neither does.
        raise Refused("token_invalid")
    scheme, _, token = given[0].partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Refused("token_missing")
    misses = house.tokens.misses
    try:
        # Blanks alone may stand around it (RFC 6750): `strip()` would take any language's, and a tab.
        actor = house.tokens.actor(token.strip(" "))
    except TokenRefused:
        metrics.tokens("refused").inc()
        raise
    metrics.tokens("verified" if house.tokens.misses > misses else "remembered").inc()
    return actor


def idempotency_key(headers: Headers) -> str:
    """The request id of the caller's making. Refused: ``idempotency_key_missing``, ``..._invalid``."""
    given = headers.getlist(IDEMPOTENCY_KEY)
    if not given:
        raise Refused("idempotency_key_missing")
    if len(given) != 1 or KEY_FORM.fullmatch(given[0]) is None:
        raise Refused("idempotency_key_invalid")
    return given[0]


def if_match(headers: Headers) -> str:
    """The version that the caller has seen. Refused: ``if_match_missing``, ``if_match_invalid``."""
    given = headers.getlist(IF_MATCH)
    if not given:
        raise Refused("if_match_missing")
    if len(given) != 1:
        raise Refused("if_match_invalid")
    return given[0]
