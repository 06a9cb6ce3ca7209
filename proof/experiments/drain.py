"""A stop under load: whoever was being served has his answer, and the end comes soon.

    frozen   the store stands still while requests are at work; the stop comes; the store goes on
    busy     the stop comes in the midst of people who ask and ask
    worker   one worker alone is stopped, as when it is replaced; the other serves on

What was sent before the stop over a connection that was in use is answered, always. What comes later may find
the door closed: that is said by the connection, and nothing was begun. The control is kill -9.
"""

from __future__ import annotations

import http.client
import itertools
import json
import os
import random
import signal
import threading
import time
from dataclasses import dataclass, field
from typing import Final

from loadtests.identity import Provider, make_iin
from proof.api_process import ApiProcess, api_process
from proof.experiment import Course, Experiment, Fault, Figure, Size, Tally

KINDS: Final = ("frozen", "busy", "worker")
PEOPLE: Final = 24
HELD: Final = 201
STOPPED_SECONDS: Final = 10.0
ANSWER_SECONDS: Final = 15.0
# Until every request is at work in the worker, and how long the store stands still after the stop.
SETTLING_SECONDS: Final = 0.5
FROZEN_SECONDS: Final = 0.5


def run(course: Course) -> Tally:
    """Stop in order."""
    return _trials(course, signal.SIGTERM)


def sabotage(course: Course) -> Tally:
    """Stop by force."""
    return _trials(course, signal.SIGKILL)


def _trials(course: Course, stop: signal.Signals) -> Tally:
    tally, slowest_seconds, answered, at_work = Tally(), 0.0, 0, 0
    for done, seed in enumerate(course.seeds, 1):
        directory = course.directory / str(seed)
        directory.mkdir()
        kind = KINDS[seed % len(KINDS)]
        settings = {"PLATES_LIVE_HOLDS_PERSON": "1000"}
        with api_process(directory, workers=1 + (kind == "worker"), settings=settings) as api:
            trial = _Trial(api, kind, seed, stop)
            trial.go()
        tally.faults += trial.faults()
        tally.tried += 1
        slowest_seconds = max(slowest_seconds, trial.seconds)
        answered += sum(asked.status == HELD for asked in trial.asked)
        at_work += trial.at_work
        course.progress(done)
    tally.figures = [
        Figure("answered", answered, ""),
        Figure("of them at work when the stop came", at_work, ""),
        Figure("slowest stop", slowest_seconds, "s", at_most=STOPPED_SECONDS),
    ]
    return tally


@dataclass
class _Asked:
    """One request: when it was sent, whether its connection had been in use, and what was answered."""

    sent_at: float
    in_use: bool
    answered_at: float = 0.0
    status: int = 0
    failed_with: str = ""


@dataclass
class _Trial:
    """One stop."""

    api: ApiProcess
    kind: str
    seed: int
    stop: signal.Signals
    asked: list[_Asked] = field(default_factory=list)
    stopped_at: float = 0.0
    seconds: float = 0.0

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)
        self._numbers = itertools.count()
        self._leaving = threading.Event()
        provider = Provider.of(self.api.directory)
        self._tokens = [
            provider.token(f"person-{number}", "driver", iin=make_iin(number)) for number in range(PEOPLE)
        ]

    def go(self) -> None:
        """People come, the stop comes, people go."""
        people = [threading.Thread(target=self._person, args=(token,)) for token in self._tokens]
        for person in people:
            person.start()
        self._until_everybody_was_served()
        if self.kind == "frozen":
            self.api.store.pause()
            time.sleep(SETTLING_SECONDS)
        else:
            time.sleep(self._chance.uniform(0.0, SETTLING_SECONDS))
        self._stop()
        self._leaving.set()
        for person in people:
            person.join()

    def _until_everybody_was_served(self) -> None:
        until = time.monotonic() + ANSWER_SECONDS
        while sum(asked.in_use for asked in list(self.asked)) < PEOPLE and time.monotonic() < until:
            time.sleep(0.01)

    def _stop(self) -> None:
        """The stop, and how long it took."""
        whom = self.api.workers() if self.kind == "worker" else [self.api.process.pid]
        if self.kind == "worker":
            whom = whom[:1]
        elif self.stop == signal.SIGKILL:
            whom = [*self.api.workers(), *whom]  # Its workers would live on without it.
        self.stopped_at = time.monotonic()
        for pid in whom:
            os.kill(pid, self.stop)
        if self.kind == "frozen":
            time.sleep(FROZEN_SECONDS)
            self.api.store.resume()
        if self.kind == "worker":
            time.sleep(1.0)
            return
        self.api.process.wait(ANSWER_SECONDS)
        self.seconds = time.monotonic() - self.stopped_at

    def _person(self, token: str) -> None:
        """Asks for one mark after the other over one connection, until it ends or the house is closed."""
        connection = http.client.HTTPConnection(self.api.host, self.api.port, timeout=ANSWER_SECONDS)
        in_use = False
        while not self._leaving.is_set():
            asked = self._ask(connection, token, in_use=in_use)
            in_use = asked.status == HELD
            if not asked.status and self.kind != "worker":
                return
        connection.close()

    def _ask(self, connection: http.client.HTTPConnection, token: str, *, in_use: bool) -> _Asked:
        row, digits = divmod(next(self._numbers), 999)
        mark = f"{digits + 1:03}BC{'ABCDEHKMOPTXY'[row % 13]}{row // 13 % 17 + 1:02}"
        headers = {
            "Authorization": f"Bearer {token}",
            "Idempotency-Key": f"drain-{mark}",
            "Content-Type": "application/json",
        }
        asked = _Asked(float("inf"), in_use)
        try:
            connection.request("POST", "/v1/holds", json.dumps({"mark": mark}), headers)
            asked.sent_at = time.monotonic()
            self.asked.append(asked)
            answer = connection.getresponse()
            answer.read()
            asked.status, asked.answered_at = answer.status, time.monotonic()
        except (OSError, http.client.HTTPException) as error:
            asked.failed_with = type(error).__name__
            connection.close()
        return asked

    @property
    def at_work(self) -> int:
        """How many were answered after the stop that had been sent before it."""
        return sum(asked.sent_at < self.stopped_at < asked.answered_at for asked in self.asked)

    def faults(self) -> list[Fault]:
        """Who was being served and has no answer, or a bad one; and a stop that met nobody."""
        if self.stop == signal.SIGTERM and not self.at_work:
            return [Fault(self.seed, f"{self.kind}: nothing was at work when the stop came: not tried")]
        return [
            Fault(self.seed, f"{self.kind}: a request at work ended with {asked.failed_with or asked.status}")
            for asked in self.asked
            if (asked.status not in {0, HELD})
            or (not asked.status and asked.in_use and asked.sent_at < self.stopped_at)
        ]


EXPERIMENT = Experiment(
    name="drain",
    promise="a stop under load: every request at work is answered, and all is over within 10 s",
    control="the stop is kill -9",
    unit="stops",
    run=run,
    sabotage=sabotage,
    full=Size(9, 3),
    short=Size(1, 1),
)
