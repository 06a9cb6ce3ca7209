"""A thousand numbers through everything, crashes included: none of them in any byte that was written.

A whole service runs on a directory of its own, with its access log on and its log at `debug`. Workers, keeper
and store are killed in between. Then every file is searched, and every answer, whatever it was.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import socket
import tempfile
import time
import urllib.parse
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx

from loadtests.identity import Provider
from loadtests.service import export_journal, running_service
from plateapi.cli.up.runfile import RunFile
from plateapi.store.directory import DataDirectory
from proof import careless_api
from proof.api_process import api_process, worker_pids
from proof.canaries import CanarySearch, Found
from proof.canary_visits import Canary, Visits
from proof.experiment import Course, Experiment, Fault, Figure, Size, Tally
from tests.lasting_law import light_law

AT_ONCE: Final = 12
HELD: Final = 201
FAULT_OF_OURS: Final = 500
READY_SECONDS: Final = 60.0
# What dies, one after the other, while canaries visit.
KILLED: Final = ("api", "keeper", "store")
TALKATIVE: Final = {
    "PLATES_PATTERNS_DIR": str(light_law()),
    "PLATES_ACCESS_LOG": "true",
    "PLATES_LOG_LEVEL": "debug",
    "PLATES_OPERATOR_DAILY_CAP": "10000",
}


def run(course: Course) -> Tally:
    """Through `plates up` as a whole, killed piece by piece."""
    # A unix socket's path is short, so the directory is not deep.
    with tempfile.TemporaryDirectory(prefix="canaries-", dir=course.directory.parent) as place:
        directory = Path(place)
        # One worker more takes as long to start as the rest of a short form.
        workers = 1 if course.is_short else 2
        with running_service(directory, workers=workers, settings=TALKATIVE) as address:
            round_ = _Round(course, address, directory)
            asyncio.run(round_.visit(course.seeds, [_Kill(directory, killed) for killed in KILLED]))
            round_.look_at_core_dumps()
            round_.read_figures()
            export_journal(directory, directory / "exported-journal.jsonl")
        return round_.search(directory)


def sabotage(course: Course) -> Tally:
    """Through an API whose log tells what it is asked."""
    return _through_api(course, "proof.careless_api")


def _through_api(course: Course, module: str) -> Tally:
    settings = TALKATIVE | {careless_api.LOG: str(course.directory / "careless.log")}
    with api_process(course.directory, command=[module], workers=1, settings=settings) as api:
        round_ = _Round(course, api.address, course.directory)
        asyncio.run(round_.visit(course.seeds, []))
        round_.read_figures()
        round_.look_at(api.store.directory)
    return round_.search(course.directory)


@dataclass
class _Kill:
    """One process of a service that dies in the midst."""

    directory: Path
    name: str

    def strike(self) -> None:
        """A worker dies by a fault of its own, as one that would leave a core dump; the others by kill -9."""
        if self.name == "api":
            os.kill(next(iter(service_processes(self.directory)["worker"])), signal.SIGSEGV)
        else:
            os.kill(next(iter(service_processes(self.directory)[self.name])), signal.SIGKILL)


def service_processes(directory: Path) -> dict[str, list[int]]:
    """What runs of a service, by what it is."""
    found = RunFile.read(directory)
    if found is None:
        raise RuntimeError("the service does not run")
    store = DataDirectory(directory).lock.read_text("ascii")
    return {
        "up": [found.pid],
        "keeper": [found.groups["keeper"]],
        "api": [found.groups["api"]],
        "worker": worker_pids(found.groups["api"]),
        "store": [int(store)],
    }


def whole_service(directory: Path) -> dict[str, list[int]]:
    """What runs of it, once each that was killed has come back."""
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until:
        with suppress(OSError, ValueError):
            found = service_processes(directory)
            if all(pids and all(Path(f"/proc/{pid}").exists() for pid in pids) for pids in found.values()):
                return found
        time.sleep(0.05)
    raise RuntimeError("what was killed did not come back")


@dataclass
class _Round:
    """All visits to one service, and what was found."""

    course: Course
    address: str
    directory: Path
    done: int = 0
    answers: int = 0
    faults: list[Fault] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.canaries = {
            number: canary for canary in map(Canary, self.course.seeds) for number in canary.numbers
        }
        self.searcher = CanarySearch(self.canaries)
        self.provider = Provider.of(self.directory)

    async def visit(self, seeds: Sequence[int], kills: Sequence[_Kill]) -> None:
        """So many at once, and few enough that each death comes when some are done and others are not."""
        left = list(seeds)
        parts = len(kills) + 1
        strikes = {len(left) * (parts - number) // parts: kill for number, kill in enumerate(kills, 1)}
        at_once = min(AT_ONCE, -(-len(left) // parts))
        async with httpx.AsyncClient(base_url=self.address, timeout=READY_SECONDS) as client:

            async def next_ones() -> None:
                while left:
                    if kill := strikes.pop(len(left), None):
                        kill.strike()
                    await self._one(client, Canary(left.pop()))

            await asyncio.gather(*(next_ones() for _ in range(at_once)))

    async def _one(self, client: httpx.AsyncClient, canary: Canary) -> None:
        """One canary's visits, over and over until its hold is taken: something may be dead just now."""
        until = time.monotonic() + READY_SECONDS
        while time.monotonic() < until:
            chance = random.Random(canary.seed)
            try:
                visits = Visits(client, self.provider, canary, chance).all()
                first = await anext(visits)
                self._look(first)
                if first.status_code != HELD:
                    await asyncio.sleep(0.1)
                    continue
                async for answer in visits:
                    self._look(answer)
            except httpx.TransportError:
                await asyncio.sleep(0.1)
                continue
            await asyncio.to_thread(self._speak_no_http, canary.iin)
            break
        else:
            self.faults.append(Fault(canary.seed, "its hold was never taken, so it was not tried"))
        self.done += 1
        self.course.progress(self.done)

    def _look(self, answer: httpx.Response) -> None:
        """No answer repeats a number, not even to him who sent it."""
        self.answers += 1
        if answer.status_code == FAULT_OF_OURS:
            self.faults.append(Fault(self.course.seeds.start, f"{answer.request.url.path} was answered 500"))
        written = "\r\n".join(f"{name}: {value}" for name, value in answer.headers.items()).encode()
        where = f"the answer {answer.status_code} to {answer.request.method} {answer.request.url.path}"
        self._note(self.searcher.in_bytes(written + b"\r\n" + answer.content, where))

    def _speak_no_http(self, number: str) -> None:
        """What a server says and logs of a request that is none."""
        url = urllib.parse.urlsplit(self.address)
        with suppress(OSError), socket.create_connection((url.hostname or "", url.port or 0), 5) as line:
            line.sendall(f"GET /{number} HTP/9\r\n{number}\r\n\r\n".encode())
            line.settimeout(5)
            self._note(self.searcher.in_bytes(line.recv(65_536), "the answer to what is no HTTP"))

    def look_at_core_dumps(self) -> None:
        """A dump of memory would hold every number of the last minutes."""
        for name, pids in whole_service(self.directory).items():
            for pid in pids:
                limits = Path(f"/proc/{pid}/limits").read_text("ascii").splitlines()
                core = next(line for line in limits if line.startswith("Max core file size"))
                if core.split()[4:6] != ["0", "0"]:
                    self.faults.append(
                        Fault(self.course.seeds.start, f"{name} may leave a core dump: {core}")
                    )

    def read_figures(self) -> None:
        """What anybody may read while it runs."""
        for path in ("/metrics", "/readyz", "/v1/pools", "/openapi.json"):
            answer = httpx.get(self.address + path, timeout=READY_SECONDS)
            self._note(self.searcher.in_bytes(answer.content, path))

    def look_at(self, directory: Path) -> None:
        """Every file of it."""
        self._note(self.searcher.in_files(directory))

    def search(self, directory: Path) -> Tally:
        """Every file that is left, and what it all came to."""
        self.look_at(directory)
        figures = [
            Figure("answers searched", self.answers, ""),
            Figure("searched", self.searcher.bytes_read / 1e6, "MB"),
        ]
        return Tally(self.done, self.faults, figures)

    def _note(self, found: Iterable[Found]) -> None:
        self.faults += [
            Fault(self.canaries[one.number].seed, f"{one.number} stands in {one.where} ({one.form})")
            for one in found
        ]


EXPERIMENT = Experiment(
    name="canary_iins",
    promise="1,000 IINs and BINs through everything, crashes included: in no byte written, answered or told",
    control="an API whose log tells paths and tokens",
    unit="canaries",
    run=run,
    sabotage=sabotage,
    full=Size(1_000, 10),
    short=Size(9, 2),
)
