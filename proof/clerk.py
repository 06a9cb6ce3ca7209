"""A process with an engine of its own that does what others ask, as a worker of the API: killed and paused.

Run as ``python -m proof.clerk URL``. It reads a request a line and writes its answer, each as JSON, and has
as many under way as it was given. Not here: HTTP, identity, and asking again; that is the caller's.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self

from plate_core import Act, Inventory, PlateError, RuleBook, load_rule_book
from tests.lasting_law import PATTERNS

ROOT: Final = Path(__file__).resolve().parent.parent
# The verbs that name one mark, and those that name many.
OF_ONE: Final = frozenset({"hold", "release", "extend", "begin_payment", "confirm"})


# --- the process --------------------------------------------------------------------------------------------


async def serve(inventory: Inventory, book: RuleBook) -> None:
    """Until nobody asks any more."""
    loop = asyncio.get_running_loop()
    under_way: set[asyncio.Task[None]] = set()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        task = asyncio.create_task(do(inventory, book, json.loads(line)))
        under_way.add(task)
        task.add_done_callback(under_way.discard)
    await asyncio.gather(*under_way)


async def do(inventory: Inventory, book: RuleBook, asked: Mapping[str, Any]) -> None:
    """One request and its answer; the answer of a request that could not be made is its error."""
    act = Act(
        request_id=asked["request"],
        caller=asked["caller"],
        channel=asked["channel"],
        applicant=asked["person"].to_bytes(16, "big"),
        applicant_key_id=1,
    )
    marks = [book.parse(mark) for mark in asked["marks"]]
    row = (act, marks[0] if asked["verb"] in OF_ONE else marks, *asked["rest"])
    try:
        [answer] = await getattr(inventory, asked["verb"])([row])
        told = {"outcome": answer.outcome, "hold": answer.live.hold_id if answer.live else ""}
    except PlateError as error:
        told = {"outcome": error.slug, "hold": ""}
    print(json.dumps({"request": asked["request"], **told}), flush=True)


def main() -> None:
    """Open the engine and serve."""
    book = load_rule_book(PATTERNS)
    # Small calls: whatever happens to this process falls between many of them.
    inventory = Inventory.open(sys.argv[1], book, options={"batch_items_max": 8})
    print("ready", flush=True)
    asyncio.run(serve(inventory, book))


# --- whoever asks it ----------------------------------------------------------------------------------------


class Clerk:
    """One such process; ``environment`` is on top of ours."""

    def __init__(self, url: str, environment: Mapping[str, str] | None = None) -> None:
        """Start it, and wait until it is ready."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "proof.clerk", url],
            cwd=ROOT,
            env=os.environ | dict(environment or {}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._said().readline()

    def ask(self, request: str, person: int, verb: str, marks: Sequence[str], *rest: Any) -> None:  # noqa: ANN401
        """Give it a request; ``rest`` is the verb's row after the marks."""
        channel = "payment" if verb == "confirm" else "portal"
        asked = {
            "request": request,
            "caller": "payments" if verb == "confirm" else f"crowd-driver-{person}",
            "channel": channel,
            "person": person,
            "verb": verb,
            "marks": marks,
            "rest": rest,
        }
        if self._process.stdin is None:
            raise ValueError("a clerk without a pipe")
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()

    def answer(self) -> dict[str, str]:
        """The next answer, of whichever request it is."""
        return dict(json.loads(self._said().readline()))

    def pause(self) -> None:
        """SIGSTOP."""
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT."""
        self._process.send_signal(signal.SIGCONT)

    def killed(self) -> list[dict[str, str]]:
        """Kill -9; what it had said by then."""
        self._process.kill()
        lines, _ = self._process.communicate()
        return [json.loads(line) for line in lines.splitlines() if line.endswith("}")]

    def _said(self) -> IO[str]:
        if self._process.stdout is None:
            raise ValueError("a clerk without a pipe")
        return self._process.stdout

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self.resume()
            self._process.kill()
        self._process.communicate()


if __name__ == "__main__":
    main()
