"""Every bad input gets the problem that names it, in full, and none is a fault of ours."""

from pathlib import Path

import pytest

from plate_core import load_rule_book
from plateapi.law import Law
from plateapi.problems import PROBLEMS
from plateapi.services.check_tariff import CheckedTariff, compile_tariff
from tests.api.bad_headers import headers
from tests.api.bad_inputs import Bad, acts, applicants, bodies, marks, searches
from tests.api.bad_patterns import patterns
from tests.api.bad_tariffs import GOOD, tariffs
from tests.api.conftest import Service
from tests.personas import Person

CASES = [*bodies(), *marks(), *searches(), *applicants(), *acts(), *tariffs(), *patterns(), *headers()]


def person(service: Service, who: str) -> Person:
    """The one who sends it."""
    found: Person = getattr(service.people, who)()
    return found


@pytest.mark.parametrize("bad", CASES, ids=[bad.cause.replace(" ", "_") for bad in CASES])
async def test_bad_input_is_named(service: Service, bad: Bad) -> None:
    """Status, slug, the field or the fault; a problem in form; never a 500."""
    answer = await person(service, bad.who).ask(bad.method, bad.path, **bad.options)
    assert (answer.status_code, answer.headers["content-type"]) == (bad.status, "application/problem+json"), (
        answer.text
    )
    problem = answer.json()
    assert problem["type"] == f"urn:plates:problem:{bad.slug}", answer.text
    assert problem["status"] == bad.status == PROBLEMS[bad.slug].status
    assert problem["title"]
    assert problem["action"]
    if bad.field_named is not None:
        named = [error["field"].removeprefix("body.").removeprefix("query.") for error in problem["errors"]]
        assert bad.field_named in [one.removeprefix("path.") for one in named]
    if bad.fault is not None:
        assert bad.fault in [fault["code"] for fault in problem["faults"]]
        assert all(fault["line"] >= 1 and fault["column"] >= 1 for fault in problem["faults"])


def test_the_causes_are_distinct() -> None:
    """At least a hundred causes, none twice."""
    causes = [bad.cause for bad in CASES]
    assert len(set(causes)) == len(causes) >= 100


def test_the_control_is_good() -> None:
    """What the bad tariffs are made from compiles, so that each fault is its own."""
    law = Law(load_rule_book(Path(__file__).resolve().parents[2] / "patterns" / "kz"))
    assert isinstance(compile_tariff(law, "good.toml", GOOD), CheckedTariff)
