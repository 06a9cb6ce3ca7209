"""Runs one experiment and judges it: the promise must hold, and its control must fail, in the same run."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from proof.experiment import SEEDS_APART, Course, Experiment, Fault, Run, Size, Tally

Progress = Callable[[str, int, int], None]


def say_nothing(_part: str, _done: int, _of: int) -> None:
    """Progress that nobody watches."""


@dataclass(slots=True)
class Verdict:
    """What came out of one experiment. ``why_not`` is empty where it passed."""

    experiment: Experiment
    first_seed: int
    is_short: bool
    honest: Tally = field(default_factory=Tally)
    control: Tally = field(default_factory=Tally)
    seconds: float = 0.0
    why_not: str = ""

    @property
    def passed(self) -> bool:
        """Whether the promise held and its control did not."""
        return not self.why_not

    def facts(self) -> dict[str, Any]:
        """The verdict as plain JSON."""
        return {
            "name": self.experiment.name,
            "promise": self.experiment.promise,
            "control": self.experiment.control,
            "unit": self.experiment.unit,
            "first_seed": self.first_seed,
            "short": self.is_short,
            "tried": self.honest.tried,
            "faults": [asdict(fault) for fault in self.honest.faults],
            "figures": [asdict(figure) | {"kept": figure.is_kept} for figure in self.honest.figures],
            "control_tried": self.control.tried,
            "control_faults": len(self.control.faults),
            "control_figures": [asdict(figure) for figure in self.control.figures],
            "seconds": round(self.seconds, 1),
            "passed": self.passed,
            "why_not": self.why_not,
        }


def judge(
    experiment: Experiment, *, short: bool, first_seed: int, progress: Progress = say_nothing
) -> Verdict:
    """Run it and its control. Whatever it raises is a verdict too, for the other experiments must run."""
    verdict = Verdict(experiment, first_seed, short)
    if missing := missing_needs(experiment):
        verdict.why_not = f"could not be run: needs {', '.join(missing)}"
        return verdict
    size = experiment.short if short else experiment.full
    begun = time.monotonic()
    try:
        verdict.honest = run_part(experiment.run, size.trials, verdict, "promise", progress)
        verdict.control = run_part(experiment.sabotage, size.control_trials, verdict, "control", progress)
    except Exception:
        verdict.why_not = "broke:\n" + traceback.format_exc()
    else:
        verdict.why_not = why_not(verdict, size)
    verdict.seconds = time.monotonic() - begun
    return verdict


def why_not(verdict: Verdict, size: Size) -> str:
    """Why this does not pass, or nothing."""
    if verdict.honest.tried < size.trials:
        return f"only {verdict.honest.tried} of {size.trials} {verdict.experiment.unit} were tried"
    if verdict.honest.faults:
        return f"{len(verdict.honest.faults)} faults"
    if beyond := [figure for figure in verdict.honest.figures if not figure.is_kept]:
        return "beyond its bound: " + ", ".join(
            f"{figure.name} {figure.value:.3g} {figure.unit}" for figure in beyond
        )
    if not verdict.control.faults:
        return "the control found nothing, so the promise was not tried"
    if beyond := [figure for figure in verdict.control.figures if not figure.is_kept]:
        return "the control found too little: " + ", ".join(
            f"{figure.name} {figure.value:.3g} {figure.unit}" for figure in beyond
        )
    return ""


def replay(experiment: Experiment, seed: int, *, control: bool = False) -> list[Fault]:
    """One trial again, by its seed."""
    verdict = Verdict(experiment, seed, is_short=False)
    run = experiment.sabotage if control else experiment.run
    return run_part(run, 1, verdict, "replay", say_nothing).faults


def run_part(run: Run, trials: int, verdict: Verdict, part: str, progress: Progress) -> Tally:
    """A run or its control in a directory of its own."""
    directory = Path(tempfile.mkdtemp(prefix="proof-"))
    seeds = range(verdict.first_seed, verdict.first_seed + trials)
    try:
        return run(
            Course(seeds, directory, lambda done: progress(part, done, trials), is_short=verdict.is_short)
        )
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def missing_needs(experiment: Experiment) -> list[str]:
    """What it needs and this machine does not have."""
    return [need for need in experiment.needs if not _is_there(need)]


def _is_there(need: str) -> bool:
    return os.geteuid() == 0 if need == "root" else shutil.which(need) is not None


def draw_first_seed() -> int:
    """A seed for a run that was given none; small enough to be read out."""
    return int.from_bytes(os.urandom(4), "big") % SEEDS_APART
