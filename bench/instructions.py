"""Instructions of the pure core, counted by callgrind: they repeat where time does not.

    python -m bench.instructions OUT.json     counts everything twice and writes the counts

A count belongs to a compiler and a build, so both stand beside it. Two counts of one build that differ are no
counts: hash tables with random seeds may move them by a little, and `REPEATS_WITHIN` says by how much.
Not here: what is counted (`native/src/bin/instructions.rs`), and comparing two files (`compare.py`).
"""

from __future__ import annotations

import json
import platform
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from bench.drivers import ROOT, binary

PREFIX: Final = "measured_"
# Two counts of the same build differ by no more than this share of themselves.
REPEATS_WITHIN: Final = 0.001
UNIT: Final = "instructions"


class CountsDiffer(RuntimeError):
    """Two counts of one build were not the same."""


def counted(profile: str) -> dict[str, int]:
    """The measured functions in a profile of callgrind, each with all that it called.

    A function is named where it stands first and has a number from then on; what a call cost altogether
    stands two lines below the function that was called.
    """
    names = dict(re.findall(rf"^c?fn=\((\d+)\) \S*{PREFIX}([a-z_]+)", profile, re.MULTILINE))
    calls = re.findall(r"^cfn=\((\d+)\).*\ncalls=1 .*\n\S+ (\d+)$", profile, re.MULTILINE)
    return {names[number]: int(cost) for number, cost in calls if number in names}


def count() -> dict[str, int]:
    """Every measured function with its instructions, in the order in which they were called."""
    with tempfile.TemporaryDirectory() as directory:
        profile = Path(directory) / "profile"
        subprocess.run(
            [
                "valgrind",
                "--tool=callgrind",
                f"--callgrind-out-file={profile}",
                "--collect-atstart=no",
                f"--toggle-collect=*{PREFIX}*",
                binary("instructions"),
            ],
            check=True,
            capture_output=True,
        )
        return counted(profile.read_text(encoding="utf-8"))


def count_twice() -> dict[str, int]:
    """The counts, where two runs agree on them; raises `CountsDiffer` where they do not."""
    first, second = count(), count()
    differing = {
        name: (value, second.get(name))
        for name, value in first.items()
        if abs(value - second.get(name, 0)) > REPEATS_WITHIN * value
    }
    if differing or not first:
        raise CountsDiffer(f"two counts of the same build differ: {differing}")
    return first


def circumstances() -> dict[str, Any]:
    """What a count means nothing without."""
    return {
        "rustc": output_of("rustc", "--version"),
        "valgrind": output_of("valgrind", "--version"),
        "machine": platform.machine(),
        "commit": output_of("git", "describe", "--always", "--dirty"),
    }


def output_of(*command: str) -> str:
    """What a command prints, in one line."""
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()


def main(out: Path) -> None:
    """Count, print and write."""
    counts = count_twice()
    figures = [
        {"name": name, "unit": UNIT, "value": value, "rounds": [value]} for name, value in counts.items()
    ]
    out.write_text(json.dumps({"circumstances": circumstances(), "figures": figures}, indent=1) + "\n")
    for name, value in counts.items():
        print(f"{name:<28}{value:>14,}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
