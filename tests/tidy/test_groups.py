"""Tests that share a service share a process: the check that refuses a run whose groups were lost."""

from types import SimpleNamespace
from typing import Any

import pytest

from tests.conftest import pytest_collection_modifyitems


def item(nodeid: str, *, grouped: bool) -> Any:
    """A collected test, as far as the check looks at it."""
    return SimpleNamespace(nodeid=nodeid, get_closest_marker=lambda _name: object() if grouped else None)


def config(*, loadgroup: bool) -> Any:
    """A run that is spread by groups, or one that is not."""
    return SimpleNamespace(option=SimpleNamespace(loadgroup=loadgroup))


def test_a_lost_group_stops_the_run() -> None:
    """The id carries no group although the test has one: the first such test is named."""
    with pytest.raises(RuntimeError, match=r"groups of 1 tests, tests/api/x.py::test_a first"):
        pytest_collection_modifyitems(
            config(loadgroup=True),
            [item("tests/api/x.py::test_a", grouped=True), item("tests/law/y.py::test_b", grouped=False)],
        )


def test_kept_groups_and_runs_without_groups_pass() -> None:
    """A group that stands in the id is kept; one process alone needs none."""
    pytest_collection_modifyitems(
        config(loadgroup=True), [item("tests/api/x.py::test_a@api-redis", grouped=True)]
    )
    pytest_collection_modifyitems(config(loadgroup=False), [item("tests/api/x.py::test_a", grouped=True)])
