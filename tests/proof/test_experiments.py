"""Every experiment in its short form: the promise holds, and its control does not."""

import subprocess
import sys
from pathlib import Path

import pytest

from proof.catalogue import all_experiments, experiment
from proof.experiment import Course, Experiment, Fault, Figure, Size, Tally
from proof.verdict import judge, missing_needs, replay

ROOT = Path(__file__).resolve().parents[2]
# Some found whole services, which takes minutes on a busy machine.
SECONDS_BOUND = 900


@pytest.mark.parametrize("one", all_experiments(), ids=lambda one: one.name)
def test_the_promise_holds_and_its_control_does_not(one: Experiment) -> None:
    """The short form of `make proof`; what fails names the seed that repeats it.

    In a process of its own, as `make proof` has it: clocks, locks, signals and whatever else a process has
    are what an experiment tampers with.
    """
    if missing := missing_needs(one):
        pytest.skip(f"needs {', '.join(missing)}")
    command = [sys.executable, "-m", "proof", "--only", one.name, "--short"]
    ran = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS_BOUND, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


# --- the judge itself ---------------------------------------------------------------------------------------


def tallied(faults: int = 0, *, missed: int = 0, value: float = 1.0) -> Experiment:
    """An experiment made up for the judge: so many faults, so many trials left out, a figure."""

    def run(course: Course) -> Tally:
        found = [Fault(course.seeds.start, "made up")] * faults
        return Tally(len(course.seeds) - missed, found, [Figure("wait", value, "s", at_most=5.0)])

    def sabotage(course: Course) -> Tally:
        return Tally(1, [Fault(course.seeds.start, "planted")])

    return Experiment("made_up", "it holds", "it does not", "trials", run, sabotage, Size(2, 1), Size(1, 1))


@pytest.mark.parametrize(
    ("made_up", "why_not"),
    [
        (tallied(), ""),
        (tallied(faults=2), "2 faults"),
        (tallied(missed=1), "only 1 of 2 trials were tried"),
        (tallied(value=6.0), "beyond its bound: wait 6 s"),
    ],
)
def test_the_judge_sees_what_is_wrong(made_up: Experiment, why_not: str) -> None:
    """Faults, trials that were left out and figures beyond their bound each keep it from passing."""
    assert judge(made_up, short=False, first_seed=1).why_not == why_not


def test_a_control_that_finds_nothing_fails_the_experiment() -> None:
    """A check that cannot fail proves nothing."""
    honest = tallied()
    blind = Experiment(
        "made_up", "it holds", "it does not", "trials", honest.run, honest.run, Size(1, 1), Size(1, 1)
    )
    assert (
        judge(blind, short=False, first_seed=1).why_not
        == "the control found nothing, so the promise was not tried"
    )


def test_what_breaks_or_cannot_be_run_does_not_pass() -> None:
    """An experiment that raises, and one whose tools are missing, are verdicts as well."""

    def broken(course: Course) -> Tally:
        raise OSError(f"no {course.seeds}")

    honest = tallied()
    size = Size(1, 1)
    breaks = Experiment("made_up", "", "", "trials", broken, honest.sabotage, size, size)
    assert judge(breaks, short=False, first_seed=1).why_not.startswith("broke:")
    lacks = Experiment(
        "made_up", "", "", "trials", honest.run, honest.sabotage, size, size, needs=("no-such-tool",)
    )
    assert judge(lacks, short=False, first_seed=1).why_not == "could not be run: needs no-such-tool"


def test_a_trial_is_repeated_by_its_seed_alone() -> None:
    """The seed that a fault names is the one that its trial is run with again."""
    assert [fault.seed for fault in replay(tallied(faults=1), 41)] == [41]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--only", "no_such"], "there is no experiment no_such; there are: "),
        (["--replay", "no_such:1"], "there is no experiment no_such; there are: "),
        (["--replay", "kill_store"], "a trial is named as experiment:seed"),
        (["--replay", "kill_store:x"], "a trial is named as experiment:seed"),
    ],
)
def test_a_slip_at_the_command_line_gets_a_sentence(words: list[str], said: str) -> None:
    """Exit code 2 and what to write instead; nothing is run."""
    ran = subprocess.run(
        [sys.executable, "-m", "proof", *words], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith(said)


def test_an_experiment_that_is_not_there_is_named_with_those_that_are() -> None:
    """A slip in a name gets the list."""
    with pytest.raises(KeyError, match=r"there is no experiment no_such; there are: .*kill_store"):
        experiment("no_such")
