"""One Locust process of a launch day: its share of the plan, travelled to the last application.

A refusal that the rules foresee (somebody was faster, a hold was cut by a change of tariff and not a
millisecond before) is an answer, and the citizen goes on to his next wish; anything else is a failure. The
same steps in Rust: `bench/native/src/launch/journey.rs`. Started by `day_locust.py`.
"""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import os
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from geventhttpclient import HTTPClient
from geventhttpclient.client import HTTPSocketPoolResponse
from locust import User, constant, events, task
from locust.contrib.fasthttp import FAILURE_EXCEPTIONS
from locust.env import Environment
from locust.exception import StopUser

from loadtests.telling import BEGUN, HELD, Teller

SHARE, SHARES = int(os.environ["DAY_SHARE"]), int(os.environ["DAY_SHARES"])
KEY = bytes.fromhex(os.environ["DAY_PAYMENT_KEY"])
TRIES_MAX = 16
PATIENCE_SECONDS = 30.0
SHOWN = 10

with Path(os.environ["DAY_PLAN"]).open(encoding="utf-8") as plan:
    LINE = [json.loads(line) for line in itertools.islice(plan, SHARE, None, SHARES)][::-1]

teller = Teller(file=Path(os.environ["DAY_TOLD"]))
journeys: Counter[str] = Counter()
statuses: defaultdict[str, Counter[str]] = defaultdict(Counter)
latencies_ms: defaultdict[str, list[float]] = defaultdict(list)
failures: list[str] = []
moments: list[float] = []
busy: set[int] = set()


class Failed(Exception):
    """An answer that no rule foresees; the sentence is kept."""


class Citizen(User):
    """Whoever is next in the line, with one connection of his own.

    He speaks through the client that Locust's `FastHttpUser` is built on. Its layers for cookies, redirects
    and URLs, of which nobody here has any, are a third of what a request costs the generator, and it
    shares the processors with what it measures.
    """

    wait_time = constant(0)

    def on_start(self) -> None:
        """Come in."""
        self.client = HTTPClient.from_url(
            self.host,
            headers={"Accept-Language": "en"},
            connection_timeout=PATIENCE_SECONDS,
            network_timeout=PATIENCE_SECONDS,
        )
        busy.add(id(self))

    @task
    def travel(self) -> None:
        """One application, from the search to the mark."""
        if not LINE:
            busy.discard(id(self))
            if not busy:
                self.environment.runner.quit()
            raise StopUser
        self.journey = LINE.pop()
        self.asked = itertools.count(1)
        try:
            journeys["allotted" if any(map(self.buy, self.wishes())) else "went_home"] += 1
        except Failed as failed:
            journeys["failed"] += 1
            failures.append(str(failed))

    def wishes(self) -> list[str]:
        """The dream, then what the search finds."""
        status, page, _ = self.ask("search", "GET", self.journey["search"])
        if status != 200:
            raise Failed(f"search: {status} {page}")
        return [*self.journey["wishes"], *(found["mark"] for found in page["marks"])][:TRIES_MAX]

    def buy(self, mark: str) -> bool:
        """From the hold to the mark that is his; False when the rules refused."""
        key, person = self.new_key(), self.journey["person"]
        who = {"applicant": self.journey["applicant"]} if self.journey["applicant"] else {}
        status, held, response = self.ask("hold", "POST", self.journey["holds"], key, {"mark": mark, **who})
        if status in {409, 422, 429}:
            teller.plain(person, key, mark, str(held["type"]).rpartition(":")[2])
            return False
        if status != 201:
            raise Failed(f"hold: {status} {held}")
        teller.holding(person, key, HELD, held)
        key, path = self.new_key(), f"{self.journey['holds']}/{held['mark']}/payment"
        etag = {"If-Match": response["etag"]}
        status, begun, _ = self.ask("begin payment", "POST", path, key, who or None, etag)
        if status == 410 and begun["server_time_ms"] >= held["deadline_ms"]:
            return False
        if status != 201:
            raise Failed(f"begin payment: {status} {begun}")
        teller.holding(person, key, BEGUN, begun["holding"])
        return self.pay(begun["invoice"], begun["holding"])

    def pay(self, invoice: dict[str, Any], holding: dict[str, Any]) -> bool:
        """The payment side's signed word."""
        transaction, now = self.new_key(), time.time()
        body = {
            "event": "paid",
            "transaction": transaction,
            "reference": invoice["reference"],
            "amount_tiyn": invoice["amount_tiyn"],
            "paid_at_ms": int(now * 1_000),
        }
        data = json.dumps(body).encode()
        mac = hmac.new(KEY, f"{int(now)}.".encode() + data, hashlib.sha256).hexdigest()
        signed = {"X-Signature": f"t={int(now)},v1={mac}", "Content-Type": "application/json"}
        status, settled, _ = self.ask(
            "notify", "POST", "/v1/payments/notifications", headers=signed, data=data
        )
        if status != 200:
            raise Failed(f"notify: {status} {settled}")
        teller.plain(self.journey["person"], transaction, holding["mark"], settled["outcome"])
        if settled["outcome"] == "allotted":
            return True
        if settled["server_time_ms"] < holding["deadline_ms"]:
            raise Failed(f"notify: {settled}")
        return False

    def new_key(self) -> str:
        """A request id of this journey's own."""
        return f"{self.journey['key']}-{next(self.asked)}"

    def ask(
        self,
        label: str,
        method: str,
        path: str,
        key: str = "",
        body: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        data: bytes = b"",
    ) -> tuple[int, Any, HTTPSocketPoolResponse]:
        """Ask once, and keep the book."""
        headers = dict(headers or {})
        if not data:
            headers["Authorization"] = f"Bearer {self.journey['token']}"
        if key:
            headers["Idempotency-Key"] = key
        if body is not None:
            headers["Content-Type"], data = "application/json", json.dumps(body).encode()
        begun = time.time()
        try:
            response = self.client.request(method, path, data, headers)
            content = response.read()
        except FAILURE_EXCEPTIONS as error:
            self.note(label, method, begun, 0, error)
            raise Failed(f"{label}: {error!r}") from error
        ended = self.note(label, method, begun, len(content), None)
        moments[:] = [moments[0] if moments else begun, ended]
        statuses[label][str(response.status_code)] += 1
        latencies_ms[label].append((ended - begun) * 1_000)
        return response.status_code, json.loads(content) if content else {}, response

    def note(self, label: str, method: str, begun: float, length: int, error: Exception | None) -> float:
        """Tell Locust of one answer; when it came."""
        ended = time.time()
        self.environment.events.request.fire(
            request_type=method,
            name=label,
            response_time=(ended - begun) * 1_000,
            response_length=length,
            exception=error,
            context={},
        )
        return ended


@events.quitting.add_listener
def add_up(environment: Environment, **_: object) -> None:
    """Leave the books where `day_locust.py` finds them."""
    del environment
    books = {
        "begun": moments[0],
        "ended": moments[1],
        "failed": len(failures) + journeys["went_home"],
        "failures": failures[:SHOWN],
        "journeys": journeys,
        "statuses": statuses,
        "latencies_ms": latencies_ms,
    }
    Path(os.environ["DAY_SUMMARY"]).write_text(json.dumps(books), encoding="utf-8")
