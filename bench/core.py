"""The core's side of a figure: a program in Rust that is asked for a round and answers with what it came to.

It stays between rounds, so that a peer in Python takes its turn between two of them on the same data.
Not here: what is asked and how it is asserted (`native/src/bin/core_figures.rs`).
"""

from __future__ import annotations

import json
import subprocess
from types import TracebackType

from bench.drivers import binary


class Core:
    """The running program; `with Core() as core: core.ask("count")["us"]`."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [binary("core_figures")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, question: str, argument: str = "") -> dict[str, float]:
        """One round of a question; a program that ended says why on its error stream, and this raises."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{question} {argument}".rstrip() + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, f"{question}: a wrong answer ended the program, exit code {self.process.wait()}"
        numbers: dict[str, float] = json.loads(answer)
        return numbers

    def __enter__(self) -> Core:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.communicate()
