"""Every exception becomes a problem: by its class, never by its text, and never with what the caller sent.

The core's errors, the services' refusals, a token that is not believed, a body that does not fit, what HTTP
itself says, and last whatever nobody expected: each has one way into the table of ``plateapi/problems.py``.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.types import Scope, Send

from plate_core import errors as core
from plate_core.errors import PlateError
from plateapi import metrics
from plateapi.identity import ApplicantIdInvalid, TokenRefused
from plateapi.languages import LANGUAGES, Language, negotiate
from plateapi.problems import MEDIA_TYPE, PROBLEMS, SLUG_BY_STATUS, problem_body, retry_after_seconds
from plateapi.refusals import Refused

# Hexadecimal digits of the id that each request is given, and the header that says it.
REQUEST_ID_LENGTH: Final = 16
REQUEST_ID_HEADER: Final = b"x-request-id"

# The most special class first: the first that fits names the slug.
SLUG_BY_CLASS: Final[tuple[tuple[type[PlateError], str], ...]] = (
    (core.MarkUnparseable, "mark_unparseable"),
    (core.PatternInvalid, "pattern_invalid"),
    (core.RuleBookInvalid, "tariff_invalid"),
    (core.CursorInvalid, "cursor_invalid"),
    (core.InputInvalid, "request_invalid"),
    (core.NoTariffInForce, "no_tariff_in_force"),
    (core.MciUnknown, "mci_unknown"),
    (core.PriceUnknown, "not_offered"),
    (core.StoreOverloaded, "store_overloaded"),
    (core.OutcomeUnknown, "outcome_unknown"),
    (core.DocumentConflict, "document_conflict"),
    (core.ReplicaUnavailable, "replica_unavailable"),
    (core.JournalBroken, "journal_unavailable"),
    (core.InventoryError, "store_unavailable"),
)

# Of the core's contexts, what a caller may see. Names of documents and settings stay inside.
CORE_FACTS: Final = (
    "acquired",
    "argument",
    "character",
    "expected",
    "faults",
    "first_known",
    "format",
    "format_names",
    "last_known",
    "length",
    "limit",
    "lowest",
    "on",
    "position",
    "reason",
    "region",
    "retry_after_ms",
    "rule",
    "templates",
)

# A field's name as our models write it. Whatever else stands in a path of pydantic's came from the caller.
FIELD_NAME: Final = re.compile(r"[a-z][a-z_]{0,39}")
CONSTRAINTS: Final = ("expected", "pattern", "ge", "gt", "le", "lt", "min_length", "max_length")


def problem_response(
    request: Request, slug: str, facts: Mapping[str, Any], headers: Mapping[str, str] | None = None
) -> Response:
    """The answer for a problem, in the asker's language."""
    metrics.problems(slug).inc()
    return written_problem(
        slug,
        negotiate(request.headers.get("accept-language")),
        facts,
        getattr(request.state, "request_id", None),
        headers or {},
        now_ms=_now_ms(request),
    )


def written_problem(
    slug: str,
    language: Language,
    facts: Mapping[str, Any],
    request_id: str | None,
    headers: Mapping[str, str],
    *,
    now_ms: int,
) -> Response:
    """A problem's status, headers and body (RFC 9457)."""
    instance = f"urn:plates:request:{request_id}" if request_id else None
    body = problem_body(slug, language, facts, instance=instance)
    out = {"content-language": language, "vary": "accept-language", "cache-control": "no-store", **headers}
    retry_after = retry_after_seconds(slug, facts, now_ms)
    if retry_after is not None:
        out["retry-after"] = str(retry_after)
    if PROBLEMS[slug].status == 401:
        out["www-authenticate"] = "Bearer" if slug.startswith("token") else "Signature"
    return Response(orjson.dumps(body), PROBLEMS[slug].status, out, MEDIA_TYPE)


class PreparedProblem:
    """A problem without facts, written once a language: only the request's id is put into each answer.

    For what is refused by the thousand while a worker is full: what refusing costs, holding goes without.
    """

    # Of a request id's length, so that the content's length is right, and of no letter that one has.
    _ID_HERE: Final = "#" * REQUEST_ID_LENGTH

    def __init__(self, slug: str, headers: Sequence[tuple[bytes, bytes]] = ()) -> None:
        """``headers`` are those that every answer has, but for the request's id."""
        self._count = metrics.problems(slug).inc
        self.status = PROBLEMS[slug].status
        self._written: dict[Language, tuple[list[tuple[bytes, bytes]], bytes, bytes]] = {}
        for language in LANGUAGES:
            answer = written_problem(slug, language, {}, self._ID_HERE, {}, now_ms=0)
            before, _, after = bytes(answer.body).partition(self._ID_HERE.encode())
            given = {name for name, _ in answer.raw_headers}
            common = [header for header in headers if header[0] not in given]
            self._written[language] = ([*answer.raw_headers, *common], before, after)

    async def answer(self, scope: Scope, request_id: str, send: Send) -> None:
        """Answer a request of HTTP, as :func:`problem_response` in its envelope would."""
        self._count()
        asked = next((value for name, value in scope["headers"] if name == b"accept-language"), b"")
        headers, before, after = self._written[negotiate(asked.decode("latin-1"))]
        id_here = request_id.encode()
        named = [*headers, (REQUEST_ID_HEADER, id_here)]
        body = b"" if scope["method"] == "HEAD" else before + id_here + after
        await send({"type": "http.response.start", "status": self.status, "headers": named})
        await send({"type": "http.response.body", "body": body})


def _now_ms(request: Request) -> int:
    house = getattr(request.app.state, "house", None)
    return 0 if house is None else house.engine.clock.now_ms()


def problem_of(error: Exception) -> tuple[str, dict[str, Any]]:
    """Slug and facts of an exception; ``internal_error`` for one that nobody expected."""
    slug, facts = "internal_error", dict[str, Any]()
    match error:
        case Refused():
            slug, facts = error.slug, error.facts
        case TokenRefused():
            slug = error.slug
        case ApplicantIdInvalid():
            slug = "applicant_id_invalid"
            facts = {"errors": [{"field": error.number_kind, "code": error.fault}]}
        case RequestValidationError() | ValidationError():
            slug, facts = invalid(error.errors())
        case PlateError():
            slug = _core_slug(error)
            facts = {name: error.context[name] for name in CORE_FACTS if name in error.context}
        case HTTPException():
            slug = SLUG_BY_STATUS.get(error.status_code, "body_unreadable")
    return slug, facts


def _core_slug(error: PlateError) -> str:
    """The core's own slug where the table has it (``region_unknown``), else its class's."""
    if isinstance(error, core.InputInvalid | core.ActRefused) and error.slug in PROBLEMS:
        return error.slug
    return next((slug for kind, slug in SLUG_BY_CLASS if isinstance(error, kind)), "internal_error")


def invalid(errors: Iterable[Any]) -> tuple[str, dict[str, Any]]:
    """``request_invalid`` with each field and what was expected: never the value, never pydantic's words."""
    found = list(errors)
    if any(error["type"] == "json_invalid" for error in found):
        return "body_unreadable", {}
    return "request_invalid", {
        "errors": [
            {
                "field": ".".join(_part(part) for part in error["loc"]),
                "code": error["type"],
                **_constraints(error.get("ctx", {})),
            }
            for error in found
        ]
    }


def _part(part: object) -> str:
    """A part of a field's path: ours as it is, a position as it is, the caller's own name masked."""
    if isinstance(part, int):
        return str(part)
    return part if isinstance(part, str) and FIELD_NAME.fullmatch(part) else "?"


def _constraints(context: Mapping[str, Any]) -> dict[str, Any]:
    """What was expected, as the model declares it."""
    return {
        name: context[name]
        for name in CONSTRAINTS
        if name in context and isinstance(context[name], (str, int, float))
    }


async def answer_with_problem(request: Request, error: Exception) -> Response:
    """Starlette's handler for every exception that is expected."""
    slug, facts = problem_of(error)
    headers = error.headers if isinstance(error, HTTPException) else None
    return problem_response(request, slug, facts, headers)


EXPECTED: Final = (
    Refused,
    TokenRefused,
    ApplicantIdInvalid,
    RequestValidationError,
    ValidationError,
    PlateError,
    HTTPException,
)


def register(app: FastAPI) -> None:
    """Answer each expected kind of exception with its problem. The rest is the envelope's."""
    for kind in EXPECTED:
        app.add_exception_handler(kind, answer_with_problem)
