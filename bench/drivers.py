"""The binaries of `bench/native`: built when they are first asked for, run once a round, read as JSON."""

from __future__ import annotations

import functools
import json
import subprocess
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent


@functools.cache
def binary(name: str) -> Path:
    """Path of a binary; cargo builds it unless it is as new as its sources."""
    command = ["cargo", "build", "--release", "--package", "plate-bench", "--bin", name]
    built = subprocess.run(
        [*command, "--message-format", "json"], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
    )
    messages = [json.loads(line) for line in built.stdout.splitlines()]
    return Path(next(one["executable"] for one in messages if one.get("executable")))


def run_driver(name: str, *arguments: str, **numbers: float) -> dict[str, Any]:
    """What a binary measured: its one line.

    A binary that met a wrong answer says so and fails, and so does its case.
    """
    options = [f"{key}={value}" for key, value in numbers.items()]
    done = subprocess.run([binary(name), *arguments, *options], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured
