"""Histories as files, and the checker that reads millions of operations (`bench/native/src/history`)."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from loadtests.generator import built
from loadtests.history.records import Finding, Step, Told, read_steps, read_told

PATIENCE_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Report:
    """What a check came to."""

    told: int
    steps: int
    read_seconds: float  # of all the seconds
    seconds: float
    findings: list[Finding]


def check_files(told: Path, journal: Path, *, live_holds_max: int, undisturbed: bool = False) -> Report:
    """As ``check.check_all``, of files."""
    command: list[str] = [str(built("history")), str(told), str(journal), str(live_holds_max)]
    command += ["undisturbed"] if undisturbed else []
    ran = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
    if ran.returncode != 0:
        raise RuntimeError(ran.stderr)
    found: dict[str, Any] = json.loads(ran.stdout)
    return Report(**found | {"findings": [Finding(**finding) for finding in found["findings"]]})


def write_history(told: Iterable[Told], steps: Iterable[Step], directory: Path) -> tuple[Path, Path]:
    """Answers and transitions, one JSON object a line: the two files."""
    files = directory / "told.ndjson", directory / "journal.ndjson"
    for file, records in zip(files, (told, steps), strict=True):
        with file.open("w", encoding="utf-8") as lines:
            lines.writelines(json.dumps(asdict(record)) + "\n" for record in records)
    return files


def read_mark(mark: str, told: Path, journal: Path) -> tuple[list[Told], list[Step]]:
    """Of two large files what is about one mark."""
    return list(read_told([told], about=mark)), list(read_steps(journal, about=mark))
