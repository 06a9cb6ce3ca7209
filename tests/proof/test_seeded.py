"""The mistakes of the experiment `seeded_bugs` still fit the code that they were written for."""

import pytest

from proof.planted import ROOT
from proof.seeded import BUGS, HARMLESS, IN_PYTHON, Bug, PlaceMissing


@pytest.mark.parametrize("bug", IN_PYTHON + HARMLESS, ids=lambda bug: bug.name)
def test_a_mistake_has_its_place(bug: Bug) -> None:
    """Its place stands in its file exactly once, and the mistake changes it."""
    text = (ROOT / bug.file).read_text(encoding="utf-8")
    assert bug.made_in(text) != text


def test_a_place_that_is_gone_is_told() -> None:
    """Code that has moved must not make a mistake harmless in silence."""
    with pytest.raises(PlaceMissing, match=IN_PYTHON[0].name):
        IN_PYTHON[0].made_in("another text")


def test_there_are_enough_of_them() -> None:
    """Fifteen at least, in Lua, Rust and Python; each has a name of its own."""
    assert len({bug.name for bug in BUGS}) == len(BUGS) >= 15
