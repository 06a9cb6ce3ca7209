"""The OpenAPI page: valid, complete, with examples, and the same for hot routes as for the others."""

from typing import Any

import orjson
import pytest
from openapi_spec_validator import validate
from openapi_spec_validator.validation.exceptions import OpenAPIValidationError

from plateapi.app import all_rooms
from plateapi.edge.room import Declared, Open
from plateapi.problems import PROBLEMS
from plateapi.reference import openapi_page


@pytest.fixture(scope="module")
def page() -> dict[str, Any]:
    return orjson.loads(openapi_page())


def shown() -> list[Declared]:
    """Every route that the page shows."""
    every = [declared for room in all_rooms(demo=True) for declared in room.declared]
    return [declared for declared in every if declared.options.get("include_in_schema", True)]


def test_the_page_is_valid(page: dict[str, Any]) -> None:
    """By the standard's own schema, references included."""
    validate(page)


def test_a_page_with_a_fault_is_seen(page: dict[str, Any]) -> None:
    """The validator refuses a page with a parameter that stands nowhere."""
    broken = orjson.loads(orjson.dumps(page))
    del broken["paths"]["/v1/holds"]["post"]["parameters"][0]["in"]
    with pytest.raises(OpenAPIValidationError):
        validate(broken)


@pytest.mark.parametrize("declared", shown(), ids=lambda one: f"{one.method} {one.path}")
def test_every_route_is_described(declared: Declared, page: dict[str, Any]) -> None:
    """Roles, headers and every declared problem with an example stand at each operation."""
    operation = page["paths"][declared.path][declared.method.lower()]
    assert operation["summary"]
    assert operation["description"]
    assert operation["x-roles"] == declared.role_names
    assert ("security" in operation) == (declared.roles is not Open.ANYONE)
    headers = {one["name"]: one for one in operation.get("parameters", ()) if one["in"] == "header"}
    assert ("Idempotency-Key" in headers) == declared.changes
    assert ("If-Match" in headers) == (declared.version is not None)
    assert all(one["required"] for one in headers.values())
    for slug in declared.problems:
        answer = operation["responses"][str(PROBLEMS[slug].status)]
        assert slug in answer["content"]["application/problem+json"]["examples"]
    assert str(declared.status) in operation["responses"]


def test_every_change_needs_a_key() -> None:
    """Every method but GET declares a key, but for questions and notifications, which are named here."""
    without = {declared.path for declared in shown() if declared.method != "GET" and not declared.changes}
    assert without == {"/v1/desk/holdings", "/v1/tariff-validations", "/v1/payments/notifications"}


def test_bodies_have_examples(page: dict[str, Any]) -> None:
    """What a client sends is shown by example in every schema of a JSON body."""
    for declared in shown():
        body = page["paths"][declared.path][declared.method.lower()].get("requestBody")
        if body is None or "application/json" not in body["content"]:
            continue
        name = body["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        assert page["components"]["schemas"][name].get("examples"), name
