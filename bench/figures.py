"""The promised figures, how one is measured, and what it came to.

    figures.toml   which figures there are, with their promises
    interleaved    two or more sides, measured turn by turn in one run
    Measured       the median of the rounds, their spread, and the verdict

A machine that is shared is slow for seconds at a time. So the sides of a ratio take turns, in an order that
turns round each time; each round has its own ratio, and the median of the rounds counts. Absolute figures are
the median of rounds as well, and hold only for the machine that is named beside them.

Not here: the cases (`test_*.py`), the table and the files (`conftest.py`), comparing two runs (`compare.py`).
"""

from __future__ import annotations

import statistics
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).resolve().parent
# Fewer rounds, and one bad one moves the median.
ROUNDS: Final = 9


@dataclass(frozen=True, slots=True)
class Figure:
    """A promise.

    Attributes:
        name: by which its case records it.
        question: what it answers.
        unit: `ratio`, or one of this machine's.
        at_least: not less, if that is promised.
        at_most: not more, if that is promised.
    """

    name: str
    question: str
    unit: str
    at_least: float | None = None
    at_most: float | None = None

    @property
    def promise(self) -> str:
        """The promise as the table prints it."""
        if self.at_least is not None:
            return f">= {self.at_least:g}"
        return "published" if self.at_most is None else f"<= {self.at_most:g}"

    def verdict(self, value: float) -> str:
        """`met`, `short`, or `published` where nothing is promised.

        >>> Figure("f", "?", "ratio", at_least=2.0).verdict(1.99)
        'short'
        """
        if self.at_least is None and self.at_most is None:
            return "published"
        short = (self.at_least is not None and value < self.at_least) or (
            self.at_most is not None and value > self.at_most
        )
        return "short" if short else "met"


def read_figures(path: Path = HERE / "figures.toml") -> dict[str, Figure]:
    """Every promised figure by its name."""
    with path.open("rb") as file:
        return {name: Figure(name=name, **fields) for name, fields in tomllib.load(file).items()}


FIGURES: Final = read_figures()


@dataclass(frozen=True, slots=True)
class Measured:
    """What a figure came to.

    Attributes:
        rounds: one value a round, in the order in which they were taken.
        facts: what belongs beside it: sizes, versions, the absolute values of the sides.
    """

    figure: Figure
    rounds: Sequence[float]
    facts: Mapping[str, Any]

    @property
    def value(self) -> float:
        """The median of the rounds."""
        return statistics.median(self.rounds)

    @property
    def spread(self) -> float:
        """Half the distance between the quartiles, as a share of the median; 0 for a single round."""
        if len(self.rounds) < 2 or self.value == 0:
            return 0.0
        low, _, high = statistics.quantiles(self.rounds, n=4, method="inclusive")
        return (high - low) / 2 / abs(self.value)

    @property
    def verdict(self) -> str:
        """Whether the promise is kept."""
        return self.figure.verdict(self.value)

    def record(self) -> dict[str, Any]:
        """As JSON keeps it."""
        return {
            **{name: value for name, value in asdict(self.figure).items() if value is not None},
            "value": self.value,
            "spread": self.spread,
            "rounds": list(self.rounds),
            "verdict": self.verdict,
            "facts": dict(self.facts),
        }


def interleaved(sides: Mapping[str, Callable[[], float]], rounds: int = ROUNDS) -> dict[str, list[float]]:
    """What each side cost in each round: the sides take turns, and every other round in the other order.

    A side is called without arguments and says what an operation of it cost, in the unit that all share.

    >>> interleaved({"a": lambda: 1.0, "b": lambda: 2.0}, rounds=2)
    {'a': [1.0, 1.0], 'b': [2.0, 2.0]}
    """
    costs: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(rounds):
        names = list(sides) if number % 2 == 0 else list(reversed(sides))
        for name in names:
            costs[name].append(sides[name]())
    return costs


def ratios(over: Sequence[float], under: Sequence[float]) -> list[float]:
    """The ratio of each round.

    >>> ratios([4.0, 9.0], [2.0, 3.0])
    [2.0, 3.0]
    """
    return [one / other for one, other in zip(over, under, strict=True)]


def dearest(costs: Mapping[str, Sequence[float]], than: str) -> list[float]:
    """The ratio of each round, of whichever other side was the dearest in it to this one.

    >>> dearest({"one": [2.0, 2.0], "two": [3.0, 2.0], "four": [2.0, 5.0]}, than="one")
    [1.5, 2.5]
    """
    others = (rounds for name, rounds in costs.items() if name != than)
    return ratios([max(in_round) for in_round in zip(*others, strict=True)], costs[than])
