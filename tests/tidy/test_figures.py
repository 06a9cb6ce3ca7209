"""The promised figures: what a verdict is, and how a ratio of two sides is taken."""

import pytest

from bench.figures import FIGURES, Figure, Measured, interleaved, ratios


@pytest.mark.parametrize(
    ("promise", "value", "verdict"),
    [
        ({"at_least": 2.0}, 2.0, "met"),
        ({"at_least": 2.0}, 1.99, "short"),
        ({"at_most": 2.0}, 2.0, "met"),
        ({"at_most": 2.0}, 2.01, "short"),
        ({}, 1e9, "published"),
    ],
)
def test_a_verdict_is_by_the_promise(promise: dict[str, float], value: float, verdict: str) -> None:
    """At its bound a promise is kept; beyond it, it is not; without one there is none to keep."""
    assert Figure("f", "?", "ratio", **promise).verdict(value) == verdict


def test_the_median_of_the_rounds_counts() -> None:
    """One bad round moves neither the value nor the verdict."""
    measured = Measured(Figure("f", "?", "ratio", at_least=2.0), [2.1, 2.2, 0.1, 2.3, 2.2], {})
    assert (measured.value, measured.verdict) == (2.2, "met")
    assert measured.spread < 0.05


def test_sides_take_turns() -> None:
    """Every other round goes the other way round, so that neither side always comes first."""
    order: list[str] = []

    def side(name: str, cost: float) -> float:
        order.append(name)
        return cost

    costs = interleaved({"ours": lambda: side("ours", 2.0), "peer": lambda: side("peer", 8.0)}, rounds=3)
    assert order == ["ours", "peer", "peer", "ours", "ours", "peer"]
    assert ratios(costs["peer"], costs["ours"]) == [4.0, 4.0, 4.0]


def test_every_promise_says_what_it_answers() -> None:
    """No figure has two bounds, and each has a question and a unit."""
    for figure in FIGURES.values():
        assert figure.question
        assert figure.unit
        assert figure.at_least is None or figure.at_most is None, figure.name
