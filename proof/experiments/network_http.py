"""The same bad network between HTTP clients and the API: each hold in one to five copies, all at once.

A client that hears nothing, or is told to come again, sends the same Idempotency-Key again. All copies are
told of the same hold, and the mark is taken once. The control gives each sending a key of its own: people are
refused what they already have.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
from granian.constants import Interfaces
from granian.server.embed import Server

from loadtests.history.records import Step
from loadtests.identity import Provider, make_iin
from plate_core import Mark
from plateapi.app import create_app
from plateapi.engine import Engine
from plateapi.services.load_law import bring_settings, found_pools
from plateapi.settings import Settings
from proof.audit import history_of, read_feeds
from proof.crowd import POOLS, some_marks
from proof.experiment import Course, Experiment, Fault, Figure, Size, Tally
from proof.proxy import Odds, Proxy, running_proxy
from tests.lasting_law import light_law
from tests.servers import new_server, remove_server

COPIES_MOST: Final = 5
REQUESTS_AT_ONCE: Final = 12
APART_SECONDS: Final = 0.03
# A client gives up an answer after this and asks again, for a minute.
TIMEOUT_SECONDS: Final = 2.0
PATIENCE_SECONDS: Final = 60.0
PAUSE_SECONDS: Final = 0.05
ODDS: Final = Odds(reset=0.04, silence=0.04, swallow=0.04, again=0)
COME_AGAIN: Final = frozenset({429, 500, 502, 503, 504})
PEOPLE: Final = 1_000_000

Answer = tuple[int, str, str, int]


def run(course: Course) -> Tally:
    """Every copy has the request's key."""
    return asyncio.run(_Trials(course, same_key=True).run())


def sabotage(course: Course) -> Tally:
    """Every sending has a key of its own."""
    return asyncio.run(_Trials(course, same_key=False).run())


@dataclass
class _Trials:
    """All requests of a run, to one API behind one proxy."""

    course: Course
    same_key: bool
    heard: dict[int, set[Answer]] = field(default_factory=lambda: defaultdict(set))
    faults: list[Fault] = field(default_factory=list)
    asked_again: int = 0

    async def run(self) -> Tally:
        """What was wrong."""
        place = self.course.directory
        async with _serving(place) as engine:
            self.provider = Provider.of(place)
            marks = dict(
                zip(self.course.seeds, some_marks(engine.law.base, len(self.course.seeds)), strict=True)
            )
            socket = str(place / "api.sock")
            seed = self.course.seeds.start
            async with running_proxy(lambda: asyncio.open_unix_connection(socket), seed, ODDS) as proxy:
                turns = asyncio.Semaphore(REQUESTS_AT_ONCE)
                await asyncio.gather(*(self._send(proxy, seed, mark, turns) for seed, mark in marks.items()))
            await self._judge(engine, marks)
        figures = [Figure(name, count, "") for name, count in sorted(proxy.happened.items())]
        figures.append(Figure("asked again", self.asked_again, ""))
        return Tally(len(marks), self.faults, figures)

    async def _send(self, proxy: Proxy, seed: int, mark: Mark, turns: asyncio.Semaphore) -> None:
        """All copies of one request at once, each over a connection of its own."""
        chance = random.Random(seed)
        person = seed % PEOPLE
        token = self.provider.token(f"driver-{person}", "driver", iin=make_iin(person))

        async def copy(number: int) -> None:
            await asyncio.sleep(chance.uniform(0, APART_SECONDS))
            until = asyncio.get_running_loop().time() + PATIENCE_SECONDS
            for attempt in range(1_000):
                key = f"network-{seed}" + ("" if self.same_key else f"-{number}-{attempt}")
                answer = await _post(
                    proxy.port, mark, {"authorization": f"Bearer {token}", "idempotency-key": key}
                )
                if answer is not None:
                    self.heard[seed].add(answer)
                    return
                self.asked_again += 1
                if asyncio.get_running_loop().time() > until:
                    break
                await asyncio.sleep(PAUSE_SECONDS)
            self.faults.append(Fault(seed, f"a copy of the hold of {mark.text} was never answered"))

        async with turns:
            await asyncio.gather(*(copy(number) for number in range(chance.randint(1, COPIES_MOST))))
        self.course.progress(len(self.heard))

    async def _judge(self, engine: Engine, marks: dict[int, Mark]) -> None:
        """Equal answers, and one taking of each mark."""
        steps = await read_feeds(engine.inventory, engine.law.base, POOLS, self.course.directory / "network")
        by_mark: dict[str, list[Step]] = defaultdict(list)
        for step in steps:
            by_mark[step.mark].append(step)
        for seed, mark in marks.items():
            for sentence in _wrong(self.heard[seed], by_mark[mark.text]):
                self.faults.append(Fault(seed, f"{mark.text}: {sentence}", history_of(mark.text, (), steps)))


async def _post(port: int, mark: Mark, headers: dict[str, str]) -> Answer | None:
    """What a definite answer says; none where the client must ask again."""
    try:
        async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS, verify=False) as client:
            url = f"http://127.0.0.1:{port}/v1/holds"
            answer = await client.post(url, json={"mark": mark.text}, headers=headers)
    except httpx.HTTPError:
        return None
    told: dict[str, Any] = answer.json()
    if answer.status_code in COME_AGAIN or told.get("state") == "unknown":
        return None
    return (
        answer.status_code,
        told.get("hold_id", told.get("type", "")),
        told["mark"],
        told.get("revision", 0),
    )


def _wrong(heard: set[Answer], steps: Sequence[Step]) -> list[str]:
    """What is wrong with one request, by its copies' answers and by the feed."""
    found = []
    if len(heard) != 1:
        found.append(f"the copies of a hold were answered differently: {sorted(heard)}")
    if any(status != 201 for status, *_ in heard):
        found.append("it was refused, although nobody else wanted it")
    taken = [step.hold for step in steps if step.verb == "hold"]
    if taken != [hold for _, hold, *_ in heard]:
        found.append(f"the feed has the holds {taken}")
    return found


@asynccontextmanager
async def _serving(place: Path) -> AsyncIterator[Engine]:
    """The whole API under its own server, on a unix socket in ``place``."""
    store = new_server("valkey")
    try:
        settings = Settings(
            data_dir=place,
            redis_url=store.url,
            patterns_dir=light_law(),
            log_level="error",
            access_log=False,
        )
        app = create_app(settings)
        async with app.router.lifespan_context(app):
            engine: Engine = app.state.house.engine
            await found_pools(engine)
            await bring_settings(engine)
            server = Server(app, uds=place / "api.sock", interface=Interfaces.ASGI, log_enabled=False)
            serving = asyncio.create_task(server.serve())
            try:
                await _until_there(place / "api.sock")
                yield engine
            finally:
                server.stop()
                await serving
    finally:
        remove_server(store)


async def _until_there(socket: Path) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not os.path.exists(socket):  # noqa: ASYNC110, ASYNC240, PTH110  the server has no event for it
            await asyncio.sleep(0.01)


EXPERIMENT = Experiment(
    name="network_http",
    promise="the same network between clients and the API: copies of a request are told the same, and it "
    "takes one mark once",
    control="the keys are dropped: each sending is a new request",
    unit="requests",
    run=run,
    sabotage=sabotage,
    full=Size(1_000, 100),
    short=Size(20, 10),
)
