"""Inputs made at random against everything that reads what others wrote (``plate_core/fuzz``).

Marks, patterns, amounts, days and the law's files as people write them; entries, records, payments and
settings as they are packed. Nothing may panic, and what was read is the same when it is written and read
again. The control plants a panic behind the marks with digits 777.

Deliberately not here: search led by coverage (``fuzz_coverage.py``). Here the generators know the languages
(``plate_core/simulation/src/fuzz``), and each reader must have read a good part of what it was given.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
from pathlib import Path
from typing import Any, Final

from proof.experiment import Course, Experiment, Fault, Figure, Size, Tally
from tests.conftest import ROOT

EXECUTIONS_A_SEED: Final = 5_000
CORE_SECONDS_MAX: Final = 150.0
# A tariff is tried once in 20,000, because the whole law is compiled with it.
READ_LEAST: Final = 0.000_002
# Where `make test-core` leaves it: optimised, with overflow checks and assertions.
PROGRAM: Final = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug" / "fuzz"


def fuzz(seeds: range, *options: str) -> tuple[list[Fault], dict[str, Any]]:
    """The faults of some seeds, and what the program counted."""
    if not PROGRAM.exists():
        raise FileNotFoundError(f"{PROGRAM} is not built; run: make test-core")
    command = [str(PROGRAM), "--law", str(ROOT / "patterns/kz"), "--executions", str(EXECUTIONS_A_SEED)]
    command += ["--seeds", f"{seeds.start}..{seeds.stop}", *options]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode not in (0, 1):
        # An overflowed stack ends the program, and no seed is told.
        fault = Fault(seeds.start, f"fuzz ended with {ended.returncode}", ended.stderr.splitlines()[-5:])
        return [fault], {"seeds": 0, "executions": 0, "read": {}}
    *lines, last = ended.stdout.splitlines()
    return [Fault(seed_of(line), line) for line in lines], json.loads(last)


def seed_of(line: str) -> int:
    """The seed that a line of a fault names."""
    return int(line.removeprefix("seed ").partition(":")[0])


def run(course: Course) -> Tally:
    """Everything that reads, as it is."""
    begun = core_seconds()
    faults, counted = fuzz(course.seeds)
    executions = counted["executions"]
    course.progress(len(course.seeds))
    figures = [
        Figure("executions", executions, ""),
        Figure("one core", core_seconds() - begun, "s", at_most=CORE_SECONDS_MAX),
    ]
    if not course.is_short and len(course.seeds) > 1:
        least = min(counted["read"].values(), default=0) / max(executions, 1)
        figures.append(Figure("read by the least", least, "of all", at_least=READ_LEAST))
    return Tally(counted["seeds"], faults, figures)


def core_seconds() -> float:
    """What the programs that ended have had of a core."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def sabotage(course: Course) -> Tally:
    """A panic is planted in one reader."""
    faults, counted = fuzz(course.seeds, "--planted", "common")
    course.progress(len(course.seeds))
    return Tally(counted["seeds"], faults)


EXPERIMENT = Experiment(
    name="fuzz",
    promise="Whatever a parser, a compiler or an unpacker is given, nothing panics, and what was read is the "
    "same when it is written and read again.",
    control="A panic is planted behind the marks with digits 777.",
    unit=f"times {EXECUTIONS_A_SEED:,} inputs",
    run=run,
    sabotage=sabotage,
    full=Size(1_400, 100),
    short=Size(12, 24),
)
