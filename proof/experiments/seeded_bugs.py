"""Mistakes are put into our own code, one after the other, and the test that is meant for each must find it.

The tree is copied without what is built; the copy runs on the core with faults that can be planted. First the
tests run on it as it is and must pass, then each runs with its mistake and must fail: fail, not break.

The control is a change that is no mistake and a mistake whose test looks elsewhere: they are not caught.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from proof.experiment import Course, Experiment, Fault, Size, Tally
from proof.planted import ROOT, SABOTAGE, planted_core
from proof.seeded import BUGS, HARMLESS, Bug

TREE: Final = ("plateapi", "patterns", "tests", "loadtests", "proof", "bench", "docs", "plate_core/python")
FILES: Final = ("pyproject.toml",)
# Need no server, so they are what the short form looks at.
QUICK: Final = ("exp_far_ahead", "believe_past_the_end", "take_a_part_for_the_end")
# All plugins that there are take as long to be imported as the rest.
PLUGINS: Final = ("-p", "pytest_asyncio.plugin", "-p", "xdist.plugin")
PASSED, FAILED = 0, 1
# Each in a copy of its own, for a mistake is in the whole copy.
AT_A_TIME: Final = 2
# A test that waits for ever is not one that fails; where all run at once they may take their time.
HANGS: Final = -1
PATIENCE_SECONDS: Final = 300.0


def run(course: Course) -> Tally:
    """Every mistake is caught by its own test, which passes without it."""
    bugs = [bug for bug in BUGS if bug.name in QUICK] if course.is_short else BUGS
    chosen = [bugs[seed % len(bugs)] for seed in course.seeds]
    copies = [Copy.of(course.directory / f"tree-{number}") for number in range(AT_A_TIME)]
    tally = Tally()
    if (code := copies[0].test({bug.test for bug in chosen})) != PASSED:
        sentence = f"without any mistake the tests do not pass: pytest said {code}"
        tally.faults.append(Fault(BUGS.index(chosen[0]), sentence))
    with ThreadPoolExecutor(AT_A_TIME) as beside:
        parts = [beside.submit(copy.missed, chosen[number::AT_A_TIME]) for number, copy in enumerate(copies)]
        missed = [bug for part in parts for bug in part.result()]
    for bug in missed:
        sentence = f"{bug.name} was not caught by {bug.test}: {bug.mistake}"
        tally.faults.append(Fault(BUGS.index(bug), sentence))
    tally.tried = len(chosen)
    course.progress(tally.tried)
    return tally


def sabotage(course: Course) -> Tally:
    """What is no mistake is not caught, and neither is one that nobody looks for."""
    copy = Copy.of(course.directory / "tree")
    chosen = [(seed, HARMLESS[seed % len(HARMLESS)]) for seed in course.seeds]
    missed = [Fault(seed, f"{bug.name} was not caught") for seed, bug in chosen if not copy.catches(bug)]
    return Tally(len(chosen), missed)


@dataclass(frozen=True, slots=True)
class Copy:
    """The tree as it is, where mistakes can be made."""

    root: Path

    @classmethod
    def of(cls, root: Path) -> Copy:
        """A copy of what tests read, over the core with faults."""
        for folder in TREE:
            ignored = shutil.ignore_patterns("*.so", "__pycache__")
            shutil.copytree(ROOT / folder, root / folder, ignore=ignored)
        for file in FILES:
            shutil.copy(ROOT / file, root / file)
        (root / "plate_core/python/plate_core/_plate_core.abi3.so").symlink_to(planted_core())
        return cls(root)

    def catches(self, bug: Bug) -> bool:
        """Whether the bug's test fails with it; a test that cannot run catches nothing."""
        if bug.is_planted:
            return self.test([bug.test], planted=bug.name) == FAILED
        with self._mistaken(bug):
            return self.test([bug.test]) == FAILED

    def missed(self, bugs: Iterable[Bug]) -> list[Bug]:
        """Which of these are not caught, one after the other."""
        return [bug for bug in bugs if not self.catches(bug)]

    def test(self, nodes: Iterable[str], *, planted: str = "") -> int:
        """Run these tests and say what pytest said."""
        command: Sequence[str] = [sys.executable, "-m", "pytest", "--quiet", "-x", *PLUGINS, *sorted(nodes)]
        environment = os.environ | {
            "PYTHONPATH": f"{self.root / 'plate_core/python'}:{self.root}",
            "CARGO_TARGET_DIR": os.environ.get("CARGO_TARGET_DIR", str(ROOT / "target")),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            SABOTAGE: planted,
        }
        where = {"cwd": self.root, "env": environment, "stdout": subprocess.DEVNULL}
        try:
            return subprocess.run(command, check=False, timeout=PATIENCE_SECONDS, **where).returncode
        except subprocess.TimeoutExpired:
            return HANGS

    @contextmanager
    def _mistaken(self, bug: Bug) -> Iterator[None]:
        file = self.root / bug.file
        text = file.read_text(encoding="utf-8")
        _replace(file, bug.made_in(text))
        try:
            yield
        finally:
            _replace(file, text)


def _replace(file: Path, text: str) -> None:
    """Write a file of Python anew; what was compiled of it would be believed for the rest of the second."""
    file.write_text(text, encoding="utf-8")
    shutil.rmtree(file.parent / "__pycache__", ignore_errors=True)


EXPERIMENT = Experiment(
    name="seeded_bugs",
    promise="every mistake that is put into our own code is caught by the test that is meant for it",
    control="a change that is no mistake, and a mistake whose test looks elsewhere: they are not caught",
    unit="mistakes",
    run=run,
    sabotage=sabotage,
    full=Size(len(BUGS), len(HARMLESS)),
    short=Size(len(QUICK), 1),
)
