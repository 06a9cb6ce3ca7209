"""What an experiment is: a promise, a run in which it must hold, and a sabotaged run in which it must not.

A zero proves nothing by itself, for a check that cannot fail finds nothing either. So each experiment brings
its control, and both are judged together (``verdict.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

# Seeds of trials that follow each other; a run's first seed is given or drawn.
SEEDS_APART: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Fault:
    """Something lost or wrong.

    Attributes:
        seed: of the trial that found it; `make replay SEED=name:seed` repeats that trial alone.
        sentence: what is wrong, for people.
        history: the least that shows it, a line an event, oldest first.
    """

    seed: int
    sentence: str
    history: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Figure:
    """A promised time or size, measured while the promise was tried."""

    name: str
    value: float
    unit: str
    at_most: float | None = None
    at_least: float | None = None

    @property
    def is_kept(self) -> bool:
        """Whether it is within its bounds; a figure without any is published only.

        >>> Figure("ready", 4.0, "s", at_most=5.0).is_kept, Figure("found", 0.5, "", at_least=0.99).is_kept
        (True, False)
        """
        if self.at_most is not None and self.value > self.at_most:
            return False
        return self.at_least is None or self.value >= self.at_least


@dataclass(slots=True)
class Tally:
    """What a run came to: how often it was tried, what was found wrong, what was measured."""

    tried: int = 0
    faults: list[Fault] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Count another trial's with these."""
        self.tried += other.tried
        self.faults += other.faults
        self.figures += other.figures


@dataclass(frozen=True, slots=True)
class Size:
    """How many trials a run has, and its control."""

    trials: int
    control_trials: int


@dataclass(frozen=True, slots=True)
class Course:
    """One run's circumstances.

    Attributes:
        seeds: one a trial; a trial takes all its randomness from ``random.Random(seed)``.
        directory: a fresh one, removed afterwards; on a real disk.
        progress: called after each trial with the number of trials done.
        is_short: whether this is the short form, as `make test` runs it.
    """

    seeds: range
    directory: Path
    progress: Callable[[int], None]
    is_short: bool


Run = Callable[[Course], Tally]


@dataclass(frozen=True, slots=True)
class Experiment:
    """A promise and how it is tried.

    Attributes:
        name: a slug; also the name of its file.
        promise: the sentence that must hold.
        control: what the sabotaged run does; the same check must fail there.
        unit: what `tried` counts.
        run: the promise is tried; no fault may be found.
        sabotage: the same with a fault in it; at least one must be found.
        needs: commands that must be there (a package's, or `root` for the superuser).
        full, short: how many trials.
    """

    name: str
    promise: str
    control: str
    unit: str
    run: Run
    sabotage: Run
    full: Size
    short: Size
    needs: tuple[str, ...] = ()
