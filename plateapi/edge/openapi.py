"""The whole surface as one OpenAPI page: FastAPI's routes, the hot ones beside them, and what the gate adds.

FastAPI knows the bodies and parameters of its own routes. Roles, the Idempotency-Key, If-Match, ETags and
every problem with an example come from the declarations, the same for both kinds of route, so that a client
cannot tell them apart. The page is committed (docs/reference/openapi.json), and a test holds it to the app.
"""

import inspect
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from plateapi.edge.room import Declared, Open, Room
from plateapi.problems import MEDIA_TYPE, PROBLEMS, problem_body

REF: Final = "#/components/schemas/{model}"
BEARER: Final = "bearer"
SIGNATURE: Final = "signature"

DESCRIPTION: Final = """\
Allocates state registration marks: search, price with reasons, hold, pay, own.

Whatever changes something carries an `Idempotency-Key` of its caller's making: the same key has one effect
and one answer for at least a day beyond its hold's end. Acts on a thing name the version they were decided
on (`If-Match`). Refusals are problems (RFC 9457) in Kazakh, Russian and English by `Accept-Language`; decide
by `type`, show the rest. Times are milliseconds since the epoch, money is tiyn.
"""

# Any request may meet these, whatever its route.
COMMON_PROBLEMS: Final = ("internal_error", "store_unavailable", "store_overloaded")
CHANGE_PROBLEMS: Final = (
    "idempotency_key_missing",
    "idempotency_key_invalid",
    "request_id_reused",
    "outcome_unknown",
    "read_only",
)

PROBLEM_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "title": "Problem",
    "description": "RFC 9457. Facts that go with the problem stand beside these members.",
    "required": ["type", "title", "status", "detail", "action"],
    "properties": {
        "type": {"type": "string", "description": "urn:plates:problem:<slug>, stable"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "action": {"type": "string", "description": "What to do next"},
        "instance": {"type": "string", "description": "urn:plates:request:<id>, for the support desk"},
    },
    "additionalProperties": True,
}

KEY_PARAMETER: Final[dict[str, Any]] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "Of the caller's making; send the same one when you repeat the request.",
    "schema": {"type": "string", "pattern": "^[!-~]{8,120}$"},
    "example": "0f8fad5b-d9cb-469f-a165-70867728950e",
}
VERSION_PARAMETER: Final[dict[str, Any]] = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "description": "The ETag of what was read before deciding.",
}
ETAG_HEADER: Final[dict[str, Any]] = {
    "description": "Version of what is shown; If-Match of acts on it.",
    "schema": {"type": "string"},
}


def describe(app: FastAPI, rooms: Sequence[Room], version: str) -> dict[str, Any]:
    """The OpenAPI page of the app."""
    page = get_openapi(title="Plates", version=version, description=DESCRIPTION, routes=app.routes)
    schemas = page.setdefault("components", {}).setdefault("schemas", {})
    for leftover in ("HTTPValidationError", "ValidationError"):
        schemas.pop(leftover, None)
    schemas["Problem"] = PROBLEM_SCHEMA
    page["components"]["examples"] = {
        slug: {"value": problem_body(slug, "en", {})} for slug in sorted(PROBLEMS)
    }
    page["components"]["securitySchemes"] = {
        BEARER: {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
        SIGNATURE: {"type": "apiKey", "in": "header", "name": "X-Signature"},
    }
    page["tags"] = [{"name": room.tag, "description": room.description} for room in rooms if _shown(room)]
    for declared in (declared for room in rooms for declared in _shown(room)):
        operations = page["paths"].setdefault(declared.path, {})
        if declared.hot is not None:
            operations[declared.method.lower()] = _hot_operation(declared, schemas)
        _complete(operations[declared.method.lower()], declared)
    page["paths"] = dict(sorted(page["paths"].items()))
    page["components"]["schemas"] = dict(sorted(schemas.items()))
    return page


def _shown(room: Room) -> list[Declared]:
    return [declared for declared in room.declared if declared.options.get("include_in_schema", True)]


def _hot_operation(declared: Declared, schemas: dict[str, Any]) -> dict[str, Any]:
    """What FastAPI would have written of a hot route."""
    hot = declared.hot
    if hot is None:
        raise RuntimeError("not a hot route")
    operation: dict[str, Any] = {
        "tags": [declared.tag],
        "summary": declared.options.get("summary", declared.name),
        "description": inspect.getdoc(declared.endpoint) or "",
        "operationId": declared.name,
        "responses": {str(declared.status): {"description": "Done", "content": _json(hot.answer, schemas)}},
    }
    if hot.body is not None:
        operation["requestBody"] = {"required": True, "content": _json(hot.body, schemas)}
    parameters = [*_parameters("path", hot.path), *_parameters("query", hot.query)]
    if parameters:
        operation["parameters"] = parameters
    return operation


def _json(model: type[BaseModel], schemas: dict[str, Any]) -> dict[str, Any]:
    """A reference to the model's schema, which is put among the others."""
    schema = model.model_json_schema(ref_template=REF)
    schemas.update(schema.pop("$defs", {}))
    schemas[model.__name__] = schema
    return {"application/json": {"schema": {"$ref": REF.format(model=model.__name__)}}}


def _parameters(place: str, model: type[BaseModel] | None) -> Iterable[dict[str, Any]]:
    if model is None:
        return
    schema = model.model_json_schema(ref_template=REF)
    for name, described in schema["properties"].items():
        parameter = {key: value for key, value in described.items() if key not in {"description", "examples"}}
        one: dict[str, Any] = {
            "name": name,
            "in": place,
            "required": name in schema.get("required", ()),
            "schema": parameter,
        }
        if "description" in described:
            one["description"] = described["description"]
        if described.get("examples"):
            one["example"] = described["examples"][0]
        yield one


def _complete(operation: dict[str, Any], declared: Declared) -> None:
    """What the gate adds to an operation: who may, which headers, which problems."""
    operation["x-roles"] = declared.role_names
    if declared.roles is Open.SIGNED:
        operation["security"] = [{SIGNATURE: []}]
    elif not isinstance(declared.roles, Open):
        operation["security"] = [{BEARER: []}]
    parameters = operation.setdefault("parameters", [])
    if declared.changes:
        parameters.append(KEY_PARAMETER)
    if declared.version is not None:
        form = {"type": "string", "pattern": declared.version.value}
        parameters.append({**VERSION_PARAMETER, "schema": form})
    if not parameters:
        del operation["parameters"]
    responses = operation["responses"]
    responses.pop("422", None)
    if declared.etag:
        responses[str(declared.status)]["headers"] = {"ETag": ETAG_HEADER}
    for status, slugs in sorted(_problems_by_status(declared).items()):
        responses[str(status)] = _problem_answer(slugs)


def _problems_by_status(declared: Declared) -> dict[int, list[str]]:
    slugs = [*declared.problems, *COMMON_PROBLEMS]
    if not isinstance(declared.roles, Open):
        slugs += ["token_missing", "token_invalid", "token_expired", "role_missing"]
    if declared.changes:
        slugs += CHANGE_PROBLEMS
    if declared.version is not None:
        slugs += ["if_match_missing", "if_match_invalid"]
    if declared.reads is not None:
        slugs += ["content_type_unsupported", "body_too_large", "body_too_slow", "body_unreadable"]
    by_status: dict[int, list[str]] = defaultdict(list)
    for slug in dict.fromkeys(slugs):
        by_status[PROBLEMS[slug].status].append(slug)
    return by_status


def _problem_answer(slugs: Sequence[str]) -> dict[str, Any]:
    return {
        "description": ", ".join(slugs),
        "content": {
            MEDIA_TYPE: {
                "schema": {"$ref": REF.format(model="Problem")},
                "examples": {slug: {"$ref": f"#/components/examples/{slug}"} for slug in slugs},
            }
        },
    }
