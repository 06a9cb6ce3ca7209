"""Running `plates` as a person would, with an environment of its own: in this process, or in one of its own.

In this process it is the same command without the third of a second that Python takes to begin.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from plateapi.cli.app import app

ROOT = Path(__file__).resolve().parents[2]
PLATES = Path(sys.executable).parent / "plates"


@dataclass(frozen=True)
class Ran:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Standard output as JSON, one object a line."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def line(self) -> dict[str, Any]:
        """The only line of output."""
        [line] = self.lines
        return line


def environment(data_dir: Path, changes: Mapping[str, str]) -> dict[str, str]:
    """What a command finds around it: nothing of this machine's own settings, and the law of the tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PLATES_")}
    kept["PLATES_PATTERNS_DIR"] = os.environ["PLATES_PATTERNS_DIR"]
    return kept | {"PLATES_DATA_DIR": str(data_dir), "COLUMNS": "200", **changes}


def plates(*words: str, data_dir: Path, **changes: str) -> Ran:
    """Run `plates` in this process."""
    wanted = environment(data_dir, changes)
    hidden = {name: None for name in os.environ if name not in wanted}
    ended = CliRunner().invoke(app, list(words), env=wanted | hidden, prog_name="plates")
    if ended.exception is not None and not isinstance(ended.exception, SystemExit):
        raise ended.exception
    return Ran(ended.exit_code, ended.stdout, ended.stderr)


def plates_process(*words: str, data_dir: Path, **changes: str) -> Ran:
    """Run `plates` in a process of its own, to its end."""
    ended = subprocess.run(
        [PLATES, *words],
        cwd=ROOT,
        env=environment(data_dir, changes),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return Ran(ended.returncode, ended.stdout, ended.stderr)
