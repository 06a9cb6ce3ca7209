"""Double start and orphaned servers: never two servers on one data directory.

Three processes start the embedded store of one directory: all at once; or after the one that started it was
killed and left it an orphan; or when the server itself was killed. Then each claims the same mark over the
connection that it got. The control gives each process a lock of its own: two servers run, and both say yes.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from plateapi.store import StoreRefused, stop_store
from plateapi.store.directory import DataDirectory
from proof.experiment import Course, Experiment, Fault, Size, Tally

ROOT: Final = Path(__file__).resolve().parents[2]
STARTERS: Final = 3
MARK: Final = "777AAA02"
WAYS: Final = ("at once", "orphaned", "server killed")


def run(course: Course) -> Tally:
    """With the lock that the server inherits."""
    return _trials(course, private_lock=False)


def sabotage(course: Course) -> Tally:
    """With a lock of his own for each."""
    return _trials(course, private_lock=True)


def _trials(course: Course, *, private_lock: bool) -> Tally:
    tally = Tally()
    with _crew(private_lock=private_lock) as crew:
        for done, seed in enumerate(course.seeds, 1):
            data_dir = course.directory / str(seed)
            try:
                # With private locks nobody finds an orphan; in the other ways servers end each other.
                # A refused start breaks the promise, and is no sign of what the lock prevents: the control
                # must show a second server, or a mark that two were given.
                refused, doubled = _start(crew, data_dir, seed, ["orphaned"] if private_lock else WAYS)
                found = doubled if private_lock else refused + doubled
                tally.faults += [Fault(seed, sentence) for sentence in found]
            finally:
                _end_servers(data_dir)
            tally.tried += 1
            course.progress(done)
    return tally


def _start(
    crew: list[_Starter], data_dir: Path, seed: int, ways: Sequence[str]
) -> tuple[list[str], list[str]]:
    """One way of starting more than once: which starts were refused, and what there is twice after it."""
    chance = random.Random(seed)
    chance.shuffle(crew)
    match chance.choice(ways):
        case "orphaned":
            crew[0].ask(start=str(data_dir))
            crew[0].answer()
            crew[0] = crew[0].replaced()
        case "server killed":
            crew[0].ask(start=str(data_dir))
            os.kill(crew[0].answer()["pid"], signal.SIGKILL)
        case _:
            pass
    started = _ask_all(crew, start=str(data_dir))
    servers = _servers(data_dir)
    refused = [f"a start was refused: {one['refused']}" for one in started if "refused" in one]
    doubled = []
    if len(servers) > 1:
        doubled.append(f"{len(servers)} servers run on one data directory: {servers}")
    claims = sum(one["claimed"] for one in _ask_all(crew, claim=MARK))
    if claims > 1:
        doubled.append(f"{claims} of {len(crew)} were told that {MARK} is theirs")
    if not servers or not claims:
        refused.append(f"{len(servers)} servers run, and {claims} were told that {MARK} is theirs")
    return refused, doubled


def _ask_all(crew: Sequence[_Starter], **asked: str) -> list[dict[str, Any]]:
    """All at the same moment, then the answers."""
    for starter in crew:
        starter.ask(**asked)
    return [starter.answer() for starter in crew]


def _servers(data_dir: Path) -> list[int]:
    """The servers that run on a directory's configuration, by what the kernel says of each process."""
    configuration = os.fsencode((DataDirectory(data_dir).store / "valkey.conf").resolve())
    socket = os.fsencode(DataDirectory(data_dir).socket)
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            # A server writes its socket into its title once it has read its configuration.
            words = (entry / "cmdline").read_bytes()
            if b"valkey-server" in words and (configuration in words or socket in words):
                found.append(int(entry.name))
    return found


def _end_servers(data_dir: Path) -> None:
    """In order where there is one that listens to us; what is left of a muddle is killed."""
    if len(_servers(data_dir)) == 1:
        with suppress(StoreRefused):
            stop_store(data_dir)
    for pid in _servers(data_dir):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@contextmanager
def _crew(*, private_lock: bool) -> Iterator[list[_Starter]]:
    crew = [_Starter(private_lock=private_lock) for _ in range(STARTERS)]
    try:
        yield crew
    finally:
        for starter in crew:
            starter.end()


class _Starter:
    """A process of ``proof/starter.py``."""

    def __init__(self, *, private_lock: bool) -> None:
        self.private_lock = private_lock
        self._process = subprocess.Popen(
            [sys.executable, "-m", "proof.starter", *(["--private-lock"] if private_lock else [])],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, **asked: str) -> None:
        """Tell it what to do; it begins at once."""
        if self._process.stdin is None:
            raise ValueError("a starter without a pipe")
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        """What came of it."""
        if self._process.stdout is None:
            raise ValueError("a starter without a pipe")
        return dict(json.loads(self._process.stdout.readline()))

    def replaced(self) -> _Starter:
        """Kill -9, and another in its place."""
        self.end()
        return _Starter(private_lock=self.private_lock)

    def end(self) -> None:
        """Kill -9."""
        self._process.kill()
        self._process.communicate()


EXPERIMENT = Experiment(
    name="double_start",
    promise="double starts and orphaned servers: never two servers on one data directory",
    control="each process takes a lock that nobody else knows: two servers acknowledge one mark",
    unit="starts",
    run=run,
    sabotage=sabotage,
    full=Size(100, 10),
    short=Size(3, 1),
)
