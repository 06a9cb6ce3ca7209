"""Thousands of clients that trickle, or come all at once and say nothing: honest people hardly notice them.

The crowd is a process of its own (``proof/slow_crowd.py``); here honest people ask meanwhile, half of the
times over a connection that they keep, half over a new one, which has to get through the same door.
"""

from __future__ import annotations

import http.client
import itertools
import json
import random
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from loadtests.identity import Provider, make_iin
from proof.api_process import API, ApiProcess, api_process
from proof.experiment import Course, Experiment, Fault, Figure, Size, Tally

# What comes in which number, in turn.
CROWDS: Final = {"header": 2_000, "silent": 10_000, "body": 2_000}
# As many as a short form has of each.
SHORT_CROWD: Final = 150
P99_MS: Final = 300.0
CLOSED_SECONDS: Final = 10.0
SHORT_CLOSED_SECONDS: Final = 1.5
SHORT_TIMEOUT_MS: Final = 500
NEVER_MS: Final = 600_000
HONEST_AT_ONCE: Final = 4
# Nobody holds more than a thousand marks.
HONEST_PEOPLE: Final = 64
HONEST_PAUSE_SECONDS: Final = 0.02
ANSWER_SECONDS: Final = 10.0
WELL: Final = frozenset({200, 201})
# A worker is full for the quarter of a second in which it does not yet know who is slow to send his body.
TURNED_AWAY: Final = 503
COME_AGAIN_SECONDS: Final = 1.0


def run(course: Course) -> Tally:
    """The server as it is; a short form has shorter timeouts, so as not to wait for them."""
    return _trials(course, SHORT_TIMEOUT_MS if course.is_short else None)


def sabotage(course: Course) -> Tally:
    """The same server without timeouts, watched for as long as the promise allows."""
    return _trials(course, NEVER_MS)


def _trials(course: Course, timeout_ms: int | None) -> Tally:
    command, settings = [API], {"PLATES_LIVE_HOLDS_PERSON": "1000"}
    if timeout_ms is not None:
        command = ["proof.api_with_timeout", str(timeout_ms)]
        settings["PLATES_BODY_READ_SECONDS"] = str(timeout_ms / 1_000)
    tally = Tally()
    honest = Honest()
    slowest_seconds: dict[str, float] = {}
    workers = 1 if course.is_short else 2
    with api_process(course.directory, command=command, workers=workers, settings=settings) as api:
        honest.settle(api)
        for done, seed in enumerate(course.seeds, 1):
            kind = list(CROWDS)[seed % len(CROWDS)]
            faults, seconds = _trial(course, api, honest, kind, seed)
            tally.faults += faults
            slowest_seconds[kind] = max(slowest_seconds.get(kind, 0.0), seconds)
            tally.tried += 1
            course.progress(done)
    # A few requests on a busy machine have no 99th of a hundred; the full form has.
    p99_ms, again = (None, None) if course.is_short else (P99_MS, 0.02 * len(honest.waits_ms))
    tally.figures = [
        Figure("honest requests", len(honest.waits_ms), ""),
        Figure("of them told to come again", honest.turned_away, "", at_most=again),
        Figure("their p99", honest.p99_ms(), "ms", at_most=p99_ms),
        Figure("their median", statistics.median(honest.waits_ms), "ms"),
        *(
            Figure(f"slowest of {kind} closed after", seconds, "s", at_most=CLOSED_SECONDS)
            for kind, seconds in slowest_seconds.items()
        ),
    ]
    return tally


def _trial(
    course: Course, api: ApiProcess, honest: Honest, kind: str, seed: int
) -> tuple[list[Fault], float]:
    """One crowd, and what became of it and of the honest."""
    count, seconds = (
        (SHORT_CROWD, SHORT_CLOSED_SECONDS) if course.is_short else (CROWDS[kind], CLOSED_SECONDS)
    )
    words = [api.address, str(count), kind, str(seconds), str(seed)]
    if kind == "body":
        words.append(honest.tokens[0])
    with honest.asking(api, seed):
        crowd = subprocess.run(
            [sys.executable, "-m", "proof.slow_crowd", *words], capture_output=True, check=True
        )
    told = json.loads(crowd.stdout.splitlines()[-1])
    faults = [Fault(seed, sentence) for sentence in honest.take_failures()]
    if told["still_open"]:
        faults.append(
            Fault(seed, f"{told['still_open']} of {count} ({kind}) were still connected after {seconds:g} s")
        )
    if told["refused"]:
        faults.append(Fault(seed, f"{told['refused']} of {count} ({kind}) were not let in at all"))
    return faults, float(told["slowest_seconds"])


@dataclass
class Honest:
    """A few people who ask for prices and hold marks, and what they waited."""

    waits_ms: list[float] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    turned_away: int = 0
    _failures: list[str] = field(default_factory=list)
    _leaving: threading.Event = field(default_factory=threading.Event)
    _marks: Iterator[int] = field(default_factory=itertools.count)

    def settle(self, api: ApiProcess) -> None:
        """Everybody gets a token."""
        provider = Provider.of(api.directory)
        self.tokens = [
            provider.token(f"person-{number}", "driver", iin=make_iin(number))
            for number in range(HONEST_PEOPLE)
        ]

    @contextmanager
    def asking(self, api: ApiProcess, seed: int) -> Iterator[None]:
        """They ask, each at his own pace, for as long as it lasts."""
        self._leaving.clear()
        people = [
            threading.Thread(target=self._person, args=(api, random.Random(seed * 10 + number)))
            for number in range(HONEST_AT_ONCE)
        ]
        for person in people:
            person.start()
        try:
            yield
        finally:
            self._leaving.set()
            for person in people:
                person.join()

    def take_failures(self) -> list[str]:
        """What went wrong since the last time."""
        failures, self._failures = self._failures, []
        return failures

    def p99_ms(self) -> float:
        """Of a hundred, all but one waited no longer."""
        return statistics.quantiles(self.waits_ms, n=100)[-1]

    def _person(self, api: ApiProcess, chance: random.Random) -> None:
        kept = http.client.HTTPConnection(api.host, api.port, timeout=ANSWER_SECONDS)
        while not self._leaving.wait(chance.uniform(0, 2 * HONEST_PAUSE_SECONDS)):
            if chance.random() < 0.5:
                self._ask(kept, chance)
            else:
                anew = http.client.HTTPConnection(api.host, api.port, timeout=ANSWER_SECONDS)
                self._ask(anew, chance)
                anew.close()
        kept.close()

    def _ask(self, connection: http.client.HTTPConnection, chance: random.Random) -> None:
        """One request. Who is told to come again does so once, as the answer asks him to."""
        mark, is_hold = self._next_mark(), chance.random() < 0.5
        status = self._exchange(connection, chance.choice(self.tokens), mark, is_hold=is_hold)
        if status == TURNED_AWAY:
            self.turned_away += 1
            connection.close()  # Else the server may close it meanwhile; it is opened anew.
            time.sleep(COME_AGAIN_SECONDS)
            status = self._exchange(connection, chance.choice(self.tokens), mark, is_hold=is_hold)
        if status and status not in WELL:
            self._failures.append(f"an honest request was answered with {status}")

    def _exchange(
        self,
        connection: http.client.HTTPConnection,
        token: str,
        mark: str,
        *,
        is_hold: bool,
        is_again: bool = False,
    ) -> int:
        """The answer's status; 0 where there was none.

        A connection that was kept may be closed by the server in the moment of asking. Each of these requests
        may be sent again, and is, once, over a new connection, as RFC 9110 (9.2.2) has clients do.
        """
        was_open = connection.sock is not None
        headers = {"Authorization": f"Bearer {token}"}
        begun = time.perf_counter()
        try:
            if is_hold:
                headers |= {"Idempotency-Key": f"honest-{mark}", "Content-Type": "application/json"}
                connection.request("POST", "/v1/holds", json.dumps({"mark": mark}), headers)
            else:
                connection.request("GET", f"/v1/marks/{mark}", headers=headers)
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            if was_open and not is_again and isinstance(error, ConnectionError):
                return self._exchange(connection, token, mark, is_hold=is_hold, is_again=True)
            self._failures.append(f"an honest request failed with {type(error).__name__}")
            return 0
        self.waits_ms.append((time.perf_counter() - begun) * 1_000)
        return answer.status

    def _next_mark(self) -> str:
        rows, digits = divmod(next(self._marks), 999)
        return f"{digits + 1:03}BC{'ABCDEHKMOPTXY'[rows % 13]}{rows // 13 % 17 + 1:02}"


EXPERIMENT = Experiment(
    name="slow_clients",
    promise="2,000 trickle, 10,000 come at once: honest p99 <= 300 ms, all of them closed within 10 s",
    control="the same server without timeouts for headers and bodies",
    unit="crowds",
    run=run,
    sabotage=sabotage,
    full=Size(9, 2),
    short=Size(3, 1),
)
