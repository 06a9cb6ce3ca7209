"""The facade keeps its promises: one class a refusal, a true stub, a docstring for every public name."""

import inspect
import subprocess
import sys

import pytest

import plate_core
from plate_core import errors
from plate_core.errors import PlateError
from tests.conftest import ROOT

CLASSES = [
    found
    for _, found in inspect.getmembers(errors, inspect.isclass)
    if issubclass(found, PlateError) and found.__module__ == errors.__name__
]


def test_every_class_has_a_slug_of_its_own() -> None:
    """A slug names one class."""
    slugs = [found.SLUG for found in CLASSES]
    assert len(slugs) == len(set(slugs)) >= 20
    assert all(slug == slug.lower() and " " not in slug for slug in slugs)


@pytest.mark.parametrize("found", CLASSES, ids=lambda found: found.__name__)
def test_an_error_carries_slug_sentence_and_facts(found: type[PlateError]) -> None:
    """The class's slug unless another is given; the sentence is what people read; facts are a dictionary."""
    plain = found("a sentence")
    assert (plain.slug, plain.detail, str(plain), plain.context, plain.faults) == (
        found.SLUG,
        "a sentence",
        "a sentence",
        {},
        [],
    )
    full = found("a sentence", "another_slug", {"faults": [{"line": 1}], "limit": 3})
    assert (full.slug, full.context["limit"], len(full.faults)) == ("another_slug", 3, 1)
    assert found.__doc__


def test_the_facade_lists_what_it_offers() -> None:
    """`__all__` is sorted, complete, and nothing in it lacks a docstring."""
    assert plate_core.__all__ == sorted(plate_core.__all__)
    assert set(errors_of(plate_core)) == {found.__name__ for found in CLASSES}
    for name in plate_core.__all__:
        assert inspect.getdoc(getattr(plate_core, name)), name


def errors_of(module: object) -> list[str]:
    """The names of the refusals a module offers."""
    return [
        name for name, found in inspect.getmembers(module, inspect.isclass) if issubclass(found, PlateError)
    ]


def test_every_method_says_what_it_does() -> None:
    """Each public method and property of the core's classes has a docstring."""
    silent = [
        f"{name}.{member}"
        for name in plate_core.__all__
        if inspect.isclass(found := getattr(plate_core, name)) and not issubclass(found, BaseException)
        for member in vars(found)
        if not member.startswith("_") and not inspect.getdoc(getattr(found, member))
    ]
    assert silent == []


def test_the_stub_is_true() -> None:
    """Mypy's stubtest finds the stub and the built core of one mind."""
    found = subprocess.run(
        [sys.executable, "-m", "mypy.stubtest", "plate_core._plate_core", "--concise"],
        cwd=ROOT,
        env={"MYPYPATH": str(ROOT / "plate_core" / "python"), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (found.returncode, found.stdout) == (0, "")


def test_the_core_says_how_it_was_built() -> None:
    """Version, profile, the library it loads, and the layout of its data."""
    facts = plate_core.build()
    assert facts["profile"] in {"release", "debug"}
    assert facts["library"].startswith("plates_")
    assert facts["data_version"].isdigit()


def test_outcomes_stand_in_their_precedence() -> None:
    """The reference is a closed list: slugs once, the repeated request id first, the unknown last."""
    outcomes = plate_core.outcomes()
    slugs = [outcome["slug"] for outcome in outcomes]
    assert len(slugs) == len(set(slugs))
    assert (slugs[0], slugs[-1]) == ("request_id_reused", "unknown")
    assert all(outcome["done"] == (outcome["class"] == "done") for outcome in outcomes)
    assert all(outcome["sentence"] and outcome["user"] and outcome["support"] for outcome in outcomes)
    hold_order = ["withheld", "issued", "allotted", "held_by_you", "held_by_another", "cooling_down"]
    refused = [outcome["slug"] for outcome in outcomes if outcome["class"] in {"refused", "not_now"}]
    judged = [slug for slug in refused if slug.removeprefix("mark_") in hold_order]
    assert [slug.removeprefix("mark_") for slug in judged] == hold_order


def test_the_table_of_states_is_complete() -> None:
    """Every state meets every event exactly once, and what follows is a state or an outcome."""
    table = plate_core.lifecycle_table()
    states = {state for state, _, _ in table}
    events = {event for _, event, _ in table}
    assert len(table) == len(states) * len(events) == 13 * 22
    known = states | {"back"} | {outcome["slug"] for outcome in plate_core.outcomes()}
    assert {after for _, _, after in table} <= known
    assert ("free", "hold", "held") in table
    assert ("in_manufacture", "cancel", "manufacture_begun") in table
