"""`python -m bench.worker URL FIRST HOLDS AT_ONCE`: a process with an engine of its own, as an API worker is.

Like one it takes long turns on the processor. It opens, says `ready`, begins when a line comes in, and says
`done` when every hold was answered as it must be. `Workers` starts some of them and lets them begin together.
"""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvloop

import plate_core
from bench.crowd import Buyers, Row, seconds
from plateapi.cli.up.turns import take_long_turns

ROOT = Path(__file__).resolve().parent.parent
LAW = ROOT / "patterns" / "kz"
# Each worker's wishes are numbered from another place, two numbers a wish.
APART = 1_000_000


class Workers:
    """Workers that are ready."""

    def __init__(self, processes: list[subprocess.Popen[str]]) -> None:
        self.processes = processes

    def work(self) -> None:
        """Begin together, and wait for the last."""
        for process in self.processes:
            assert process.stdin is not None
            process.stdin.write("begin\n")
            process.stdin.flush()
        for process in self.processes:
            assert _line(process) == "done", process.args


@contextmanager
def ready_workers(url: str, count: int, *, holds: int, at_once: int) -> Iterator[Workers]:
    """So many workers, which share the holds and the askers among them."""
    shared = [str(holds // count), str(at_once // count)]
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "bench.worker", url, str(number * APART), *shared],
            cwd=ROOT,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for number in range(count)
    ]
    try:
        for process in processes:
            assert _line(process) == "ready", process.args
        yield Workers(processes)
    finally:
        for process in processes:
            with process:
                process.terminate()


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


async def work(url: str, first: int, holds: int, at_once: int) -> None:
    """Hold, when told."""
    book = plate_core.load_rule_book(LAW)
    inventory = plate_core.Inventory.open(url, book)
    buyers = Buyers(book)
    buyers.numbers = itertools.count(first)

    async def hold(row: Row) -> str:
        (answer,) = await inventory.hold([row])
        return answer.outcome

    await inventory.server_time_ms()
    print("ready", flush=True)
    sys.stdin.readline()
    await seconds(hold, (buyers.wish() for _ in range(holds)), at_once)
    print("done", flush=True)
    inventory.close()


if __name__ == "__main__":
    take_long_turns()
    uvloop.run(work(sys.argv[1], *(int(number) for number in sys.argv[2:])))
