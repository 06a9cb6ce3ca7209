"""The inventory, its engine's decisions and the keeper in one thread and a seeded world.

A trial is a world of a thousand steps (``plate_core/simulation``); after each step every promise is looked
at. A world has no kernel in it, so its seed repeats it byte for byte, and a part of the worlds is run twice
to see that. The control makes one mistake after the other, and each must be found.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from proof.experiment import Course, Experiment, Fault, Figure, Size, Tally
from tests.conftest import ROOT

STEPS: Final = 1_000
TWICE_MAX: Final = 500
SECONDS_MAX: Final = 60.0
# Where `make test-core` leaves it: optimised, and with its assertions on.
PROGRAM: Final = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug" / "simulate"


@dataclass(slots=True)
class Simulated:
    """What the program says of some seeds."""

    seeds: int
    hash: str
    faults: list[Fault] = field(default_factory=list)


def simulate(seeds: range, *options: str) -> Simulated:
    """Run the worlds of some seeds."""
    return read(output("--seeds", f"{seeds.start}..{seeds.stop}", *options))


def output(*options: str) -> str:
    """What the program prints. It ends with 1 where something did not hold; what that is, it has printed."""
    if not PROGRAM.exists():
        raise FileNotFoundError(f"{PROGRAM} is not built; run: make test-core")
    command = [str(PROGRAM), "--steps", str(STEPS), *options]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode not in (0, 1):
        raise RuntimeError(f"simulate ended with {ended.returncode}: {ended.stderr}")
    return ended.stdout


def read(text: str) -> Simulated:
    """The last line is the sum; before it stands each fault with the history of its mark."""
    *lines, last = text.splitlines()
    told = json.loads(last)
    return Simulated(told["seeds"], told["hash"], list(read_faults(lines)))


def read_faults(lines: Sequence[str]) -> list[Fault]:
    """Each fault with what stands beneath it."""
    faults: list[Fault] = []
    history: list[str] = []
    for line in lines:
        if line.startswith("seed "):
            history = []
            seed = int(line.removeprefix("seed ").partition(",")[0])
            faults.append(Fault(seed, line, history))
        else:
            history.append(line.strip())
    return faults


def run(course: Course) -> Tally:
    """The worlds as they are; of a single one, its whole trace."""
    if len(course.seeds) == 1:
        print(output("--seeds", str(course.seeds.start), "--trace"))
    begun = core_seconds()
    told = simulate(course.seeds)
    figures = [Figure("one core", core_seconds() - begun, "s", at_most=SECONDS_MAX)]
    course.progress(told.seeds)
    return Tally(told.seeds, told.faults + runs_that_differ(course.seeds), figures)


def core_seconds() -> float:
    """What the programs that ended have had of a core: a wait for other processes is not theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def runs_that_differ(seeds: range) -> list[Fault]:
    """Two runs of the same worlds are one run."""
    some = seeds[:TWICE_MAX]
    if simulate(some).hash == simulate(some).hash:
        return []
    return [Fault(some.start, f"two runs of the seeds {some.start} to {some.stop - 1} are not the same")]


def sabotage(course: Course) -> Tally:
    """One mistake after the other, each until it is found: how many worlds that took."""
    tally = Tally()
    mistakes = [line.partition("\t")[0] for line in output("--list").splitlines()]
    for mistake in mistakes:
        told = simulate(course.seeds, "--sabotage", mistake, "--faults", "1")
        tally.tried += told.seeds
        tally.faults += told.faults
        tally.figures.append(Figure(f"worlds until {mistake} is found", told.seeds, ""))
        course.progress(told.seeds)
    tally.figures.append(Figure("mistakes found", len(tally.faults), "", at_least=len(mistakes)))
    return tally


EXPERIMENT = Experiment(
    name="simulation",
    promise="Whatever crashes, gets lost, comes twice or sets a clock, every promise holds after each of a "
    "thousand steps, and a seed is one run.",
    control="One mistake at a time in store, worker or keeper (`simulate --list`); every one is found.",
    unit="worlds of 1,000 steps",
    run=run,
    sabotage=sabotage,
    # A mistake is looked for until it is found. The rarest, `give_permit_back_too_early`, shows in one world
    # of 87, so 600 worlds missed it once in a thousand runs; 5,000 miss it with a chance of e^-57.
    full=Size(10_000, 5_000),
    short=Size(300, 5_000),
)
