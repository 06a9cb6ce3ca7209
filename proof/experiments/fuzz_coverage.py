"""libFuzzer against everything that reads what others wrote, led by what its inputs reach in our own code.

The readers and what must hold of them are those of the experiment ``fuzz`` (``plate_core/fuzz``); here an
input that reaches a new edge of the core is kept and changed further. A trial is one reader, by its seed,
from the known inputs on: the law's files, marks, patterns, bytes that an inventory wrote. The same seed makes
the same inputs, and what is found brings its input. No input may take ten seconds either.

The control plants a panic behind marks that begin with 613QZ, one in 676,000. Blind chance gets as many
inputs and must not meet it, so what finds it is the coverage.

Deliberately not here: a corpus that grows from run to run. `make fuzz FUZZED=patterns` has one, for hours.
"""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from proof.experiment import Course, Experiment, Fault, Figure, Size, Tally
from proof.experiments import fuzz
from tests.conftest import ROOT

PROGRAM: Final = fuzz.PROGRAM.with_name("fuzz_coverage")
# Inputs a trial: as many as a reader takes in some ten seconds. Whoever compiles the whole law takes few.
INPUTS: Final = {
    "marks": 750_000,
    "patterns": 25_000,
    "tariffs": 15_000,
    "laws": 300,
    "amounts": 1_000_000,
    "ids": 1_000_000,
    "settings": 500_000,
    "entries": 500_000,
    "records": 400_000,
    "payments": 600_000,
    "pools": 500_000,
}
# The first of these are what the program of `make test-core` has: it is built without the inventory.
TEXTS: Final = 5
SHORT_PART: Final = 100
# What is read is hardly longer than this; a longer input is only slower.
BYTES_MAX: Final = {"marks": 24, "patterns": 200, "amounts": 24, "ids": 48}
# Half of the searches find it by then; the others got stuck elsewhere, and another seed is quicker.
CONTROL_INPUTS: Final = 400_000
# A mark, and one more.
MARK_BYTES: Final = 9
EXECUTIONS_LEAST: Final = 5_000_000
CORE_SECONDS_MAX: Final = 240.0
TRIAL_SECONDS_MAX: Final = 60
# A crash, an input that takes too long, too much memory: libFuzzer's exit codes.
FOUND: Final = (77, 70, 71)


@dataclass(frozen=True, slots=True)
class Ended:
    """What came of one trial."""

    executions: int
    edges: int
    faults: list[Fault]


def write_known(directory: Path) -> None:
    """The known inputs and words of each reader."""
    if not PROGRAM.exists():
        raise FileNotFoundError(f"{PROGRAM} is not built; run: make test-core")
    command = [str(fuzz.PROGRAM), "--law", str(ROOT / "patterns/kz"), "--write-corpus", str(directory)]
    subprocess.run(command, check=True)


def search(
    target: str, seed: int, inputs: int, directory: Path, *, bytes_max: int = 0, planted: str = ""
) -> Ended:
    """One reader gets inputs until there are enough or one of them shows a fault."""
    artifact, learned = directory / f"found-{target}-{seed}", directory / f"learned-{target}-{seed}"
    learned.mkdir()
    command = [
        str(PROGRAM),
        # 0 would be a seed of libFuzzer's own.
        f"-seed={seed + 1}",
        f"-runs={inputs}",
        f"-max_len={bytes_max or BYTES_MAX.get(target, 0)}",
        f"-max_total_time={TRIAL_SECONDS_MAX}",
        f"-dict={directory / target}.dict",
        f"-exact_artifact_path={artifact}",
        # How near a comparison came is coverage too; few changes at once keep what was reached.
        *("-use_value_profile=1", "-mutate_depth=2", "-timeout=10", "-reload=0", "-print_final_stats=1"),
        # What it learns goes to the first folder, so that each trial begins with the known inputs alone.
        str(learned),
        str(directory / target),
    ]
    told = os.environ | {"PLATES_FUZZ_TARGET": target, "PLATES_FUZZ_LAW": str(ROOT / "patterns/kz")}
    if planted:
        told["PLATES_FUZZ_PLANTED"] = planted
    ended = subprocess.run(command, env=told, capture_output=True, check=False, cwd=directory)
    said = ended.stderr.decode(errors="replace")
    if ended.returncode not in (0, *FOUND):
        raise RuntimeError(f"fuzz_coverage ended with {ended.returncode}: {said[-2_000:]}")
    faults = [fault_of(target, seed, said, artifact)] if ended.returncode else []
    return Ended(number(r"number_of_executed_units: (\d+)", said), number(r" cov: (\d+)", said), faults)


def of_texts(seed: int) -> int:
    """A seed near this one whose trial reads texts; in the full form it is the same trial, and longer.

    >>> of_texts(22), of_texts(32)
    (24, 24)
    """
    return seed - seed % len(INPUTS) + seed % TEXTS


def number(pattern: str, said: str) -> int:
    """The last number of that kind which libFuzzer told."""
    return int((re.findall(pattern, said) or ["0"])[-1])


def fault_of(target: str, seed: int, said: str, artifact: Path) -> Fault:
    """What libFuzzer says of an input, and that input, as text and in hexadecimal digits."""
    panic = re.search(r"panicked at .*\n(.*)", said)
    why = panic or re.search(r"ERROR: libFuzzer: (.*)", said)
    found = artifact.read_bytes() if artifact.exists() else b""
    shown = [repr(found.decode(errors="replace")), f"hexadecimal: {found.hex()}"]
    return Fault(seed, f"{target}: {why[1] if why else 'libFuzzer ended early'}", shown)


def run(course: Course) -> Tally:
    """Every reader in turn."""
    write_known(course.directory)
    tally, executions, edges, begun = Tally(), 0, 0, fuzz.core_seconds()
    for seed in map(of_texts, course.seeds) if course.is_short else course.seeds:
        target = tuple(INPUTS)[seed % len(INPUTS)]
        inputs = INPUTS[target] // (SHORT_PART if course.is_short else 1)
        ended = search(target, seed, inputs, course.directory)
        tally.add(Tally(1, ended.faults))
        executions += ended.executions
        edges += ended.edges
        course.progress(tally.tried)
    is_whole = len(course.seeds) >= len(INPUTS)
    tally.figures = [
        Figure("executions", executions, "", at_least=EXECUTIONS_LEAST if is_whole else None),
        Figure("edges reached, by each reader", edges, ""),
        Figure("one core", fuzz.core_seconds() - begun, "s", at_most=CORE_SECONDS_MAX),
    ]
    return tally


def sabotage(course: Course) -> Tally:
    """A panic is planted where coverage leads and chance does not: each seed until it is found once."""
    write_known(course.directory)
    tally, executions = Tally(), 0
    for seed in course.seeds:
        ended = search("marks", seed, CONTROL_INPUTS, course.directory, bytes_max=MARK_BYTES, planted="rare")
        tally.add(Tally(1, ended.faults))
        executions += ended.executions
        course.progress(tally.tried)
        if ended.faults:
            break
    first, blind_seeds = course.seeds.start, 1 + executions // fuzz.EXECUTIONS_A_SEED
    blind, _ = fuzz.fuzz(range(first, first + blind_seeds), "--planted", "rare")
    tally.figures = [
        Figure("executions until it is found", executions, ""),
        Figure("found by blind chance among as many of all kinds", len(blind), "", at_most=0),
    ]
    return tally


EXPERIMENT = Experiment(
    name="fuzz_coverage",
    promise="libFuzzer, led by coverage, finds no input at which a parser, a compiler or an unpacker panics, "
    "takes long, or reads what it wrote as something else.",
    control="A panic is planted behind one mark of 676,000; blind chance does not meet it.",
    unit="searches of one reader",
    run=run,
    sabotage=sabotage,
    full=Size(11, 24),
    short=Size(5, 24),
)
