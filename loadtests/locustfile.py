"""The launch: drivers who search and reserve, operators at desks, and an admin who publishes in the middle.

One user class a kind of person. A refusal that the rules foresee (somebody was faster) is an answer, not a
failure; a 5xx, a missing answer or an unknown outcome is. Whatever anybody was told goes to ``telling.py``
for the check at the end. Run by ``loadtests/launch.py``, which starts the server and judges.
"""

from __future__ import annotations

import itertools
import os
import random
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from locust import FastHttpUser, between, constant, events, task
from locust.contrib.fasthttp import FastResponse

from loadtests.identity import Provider, make_iin
from loadtests.telling import ALLOTTED, BEGUN, HELD, RELEASED, Teller

DATA_DIR = Path(os.environ["LAUNCH_DATA_DIR"])
TOLD_DIR = Path(os.environ["LAUNCH_TOLD_DIR"])
SECONDS = float(os.environ["LAUNCH_SECONDS"])
SEED = int(os.environ.get("LAUNCH_SEED", "1"))
TARIFF = Path(os.environ["LAUNCH_TARIFF"])

ALMATY = timezone(timedelta(hours=5))
GONE = 410  # `hold_expired`
# On the opening morning everybody wants the same forty, whatever the search says by then.
WANTED = [
    f"{digits}{series}{region}"
    for digits in ("001", "007", "100", "777", "888")
    for series in ("AAA", "BBB")
    for region in ("01", "02", "05", "17")
]
WANTED_SHARE = 0.4
PATTERNS = ("777", "7*7", "001", "00?", "aaa", "aba", "??? AAA", "777 ???", "*77 A?A", "123", "5?5", "900")
PERSONS = itertools.count(random.Random(SEED).randrange(1_000))
OFFICES = ("01-001", "02-003", "05-010", "17-002")

teller = Teller(TOLD_DIR)
provider = Provider.of(DATA_DIR)


class Person(FastHttpUser):
    """What everybody does: ask, with a token and a request id, and keep the answer."""

    abstract = True
    token = ""
    name = ""
    network_timeout = 30.0
    connection_timeout = 30.0

    def on_start(self) -> None:
        """Draw this user's own luck from the seed."""
        self.luck = random.Random(f"{SEED}-{next(PERSONS)}")
        self.requests = itertools.count()

    def ask(
        self,
        method: str,
        path: str,
        *,
        label: str,
        refusals: tuple[int, ...] = (),
        request: str = "",
        deadline_ms: int | None = None,
        **options: Any,  # noqa: ANN401  # what the HTTP client takes
    ) -> tuple[int, dict[str, Any], FastResponse]:
        """Ask once; statuses in ``refusals`` are answers like any other.

        A hold may be gone at its deadline, which a change of tariff cuts, and not one millisecond before.
        """
        headers = {"Authorization": f"Bearer {self.token}", "Accept-Language": "en"}
        headers |= options.pop("headers", {})
        if request:
            headers["Idempotency-Key"] = request
        with self.client.request(
            method, path, name=label, headers=headers, catch_response=True, **options
        ) as response:
            body = response.json() if response.content else {}
            is_due = deadline_ms is not None and body.get("server_time_ms", 0) >= deadline_ms
            if response.status_code in refusals or (response.status_code == GONE and is_due):
                response.success()
        return response.status_code, body, response

    def new_request(self) -> str:
        """A request id of this person's own."""
        return f"{self.name}-{next(self.requests)}-{self.luck.randrange(1 << 30):08x}"

    def wished_marks(self) -> list[str]:
        """Marks found by a pattern, in the order of this person's taste."""
        query = f"pattern={self.luck.choice(PATTERNS).replace(' ', '%20')}"
        region = f"{self.luck.randrange(1, 21):02}"
        shuffle = f"&order=shuffle&seed={self.luck.randrange(5)}"
        _, page, _ = self.ask("GET", f"/v1/marks?{query}&region={region}{shuffle}", label="search")
        found = [mark["mark"] for mark in page.get("marks", [])]
        dream = [self.luck.choice(WANTED)] if self.luck.random() < WANTED_SHARE else []
        return dream + found

    def pay(self, invoice: dict[str, Any], mark: str) -> str | None:
        """Pay an invoice through the payment side; the transaction when the money bought the mark."""
        body = {"reference": invoice["reference"], "amount_tiyn": invoice["amount_tiyn"]}
        status, paid, _ = self.ask(
            "POST", "/demo/payments", label="pay", request=self.new_request(), json=body
        )
        if status != 201:
            return None
        answer = paid["answer"]
        transaction = paid["transaction"]
        teller.plain(self.name, transaction, mark, answer.get("outcome", answer.get("type", "")))
        return transaction if answer.get("outcome") == ALLOTTED else None


class Driver(Person):
    """A stream of citizens, one after another, each with an IIN and a token of his own."""

    weight = 8
    wait_time = between(0.0, 0.2)

    @task
    def journey(self) -> None:
        """From the search to the mark that is his, or as far as he gets."""
        person = next(PERSONS) % 10_000
        self.name = f"driver-{person}"
        self.token = provider.token(self.name, "driver", iin=make_iin(person), channel="portal")
        for mark in self.wished_marks()[:3]:
            held = self.hold(mark)
            if held is not None:
                self.decide(held)
                return

    def hold(self, mark: str) -> tuple[dict[str, Any], str] | None:
        """Hold a mark; sometimes the connection is bad and the same request is sent twice."""
        request = self.new_request()
        body = {"mark": mark}
        status, answer, response = self.ask(
            "POST", "/v1/holds", label="hold", refusals=(409, 422, 429), request=request, json=body
        )
        if self.luck.random() < 0.05:
            again, repeated, _ = self.ask(
                "POST",
                "/v1/holds",
                label="hold (repeated)",
                refusals=(409, 422, 429),
                request=request,
                json=body,
            )
            if status == 201 and (again, repeated.get("hold_id")) != (201, answer["hold_id"]):
                events.request.fire(
                    request_type="CHECK",
                    name="one id, one answer",
                    response_time=0,
                    response_length=0,
                    exception=AssertionError(f"{status} then {again}"),
                )
        if status != 201:
            teller.plain(self.name, request, mark, str(answer.get("type", status)).rsplit(":", 1)[-1])
            return None
        teller.holding(self.name, request, HELD, answer)
        return answer, response.headers["etag"]

    def decide(self, held: tuple[dict[str, Any], str]) -> None:
        """Most pay, some give back, some just leave."""
        holding, etag = held
        luck = self.luck.random()
        mark = holding["mark"]
        if luck < 0.15:
            request = self.new_request()
            status, gone, _ = self.ask(
                "DELETE",
                f"/v1/holds/{mark}",
                label="release",
                request=request,
                deadline_ms=holding["deadline_ms"],
                headers={"If-Match": etag},
            )
            if status == 200:
                facts = {"revision": gone["revision"], "hold": holding["hold_id"]}
                teller.plain(self.name, request, mark, RELEASED, server_ms=gone["server_time_ms"], **facts)
        elif luck < 0.9:
            self.buy(holding, etag)

    def buy(self, holding: dict[str, Any], etag: str) -> None:
        """Begin the payment, pay, and look at what is his now."""
        request, mark = self.new_request(), holding["mark"]
        status, begun, _ = self.ask(
            "POST",
            f"/v1/holds/{mark}/payment",
            label="begin payment",
            request=request,
            deadline_ms=holding["deadline_ms"],
            headers={"If-Match": etag},
        )
        if status != 201:
            return
        teller.holding(self.name, request, BEGUN, begun["holding"])
        transaction = self.pay(begun["invoice"], mark)
        if transaction is None:
            return
        _, owned, _ = self.ask("GET", "/v1/holdings", label="own marks")
        for allotment in owned.get("allotments", []):
            if allotment["mark"] == mark:
                teller.holding(self.name, transaction, ALLOTTED, allotment)


class Operator(Person):
    """An operator at a desk, who serves one citizen after another in his own name and office."""

    weight = 2
    wait_time = between(0.1, 0.4)

    def on_start(self) -> None:
        """Sit down at a desk."""
        super().on_start()
        number = next(PERSONS)
        self.name = f"operator-{number}"
        office = OFFICES[number % len(OFFICES)]
        self.token = provider.token(self.name, "operator", office=office, channel="desk")

    @task
    def serve(self) -> None:
        """Hold and pay for a citizen who is present."""
        applicant = {"iin": make_iin(next(PERSONS) % 10_000)}
        for mark in self.wished_marks()[:2]:
            request = self.new_request()
            status, held, response = self.ask(
                "POST",
                "/v1/desk/holds",
                label="desk hold",
                refusals=(409, 422, 429),
                request=request,
                json={"mark": mark, "applicant": applicant},
            )
            if status != 201:
                teller.plain(self.name, request, mark, str(held.get("type", status)).rsplit(":", 1)[-1])
                continue
            teller.holding(self.name, request, HELD, held)
            self.pay_for(applicant, held, response.headers["etag"])
            return

    def pay_for(self, applicant: dict[str, str], holding: dict[str, Any], etag: str) -> None:
        """Begin the citizen's payment; the citizen pays, the operator cannot."""
        request, mark = self.new_request(), holding["mark"]
        status, begun, _ = self.ask(
            "POST",
            f"/v1/desk/holds/{mark}/payment",
            label="desk begin payment",
            request=request,
            deadline_ms=holding["deadline_ms"],
            headers={"If-Match": etag},
            json={"applicant": applicant},
        )
        if status == 201:
            teller.holding(self.name, request, BEGUN, begun["holding"])
            self.pay(begun["invoice"], mark)


class PricingAdmin(Person):
    """Publishes a new tariff in the middle of the launch; a second person approves it."""

    fixed_count = 1
    wait_time = constant(5)
    published = False

    def on_start(self) -> None:
        """Come to work, and look at the clock."""
        super().on_start()
        self.name = "admin"
        self.publish_at = time.monotonic() + SECONDS * 0.4

    @task
    def publish(self) -> None:
        """Once, in the middle: upload, preview, submit, and have it approved for a few seconds later."""
        if self.published or time.monotonic() < self.publish_at:
            return
        self.published = True
        self.token = provider.token("admin", "pricing_admin")
        hour = datetime.now(ALMATY) + timedelta(seconds=15)
        text = TARIFF.read_text(encoding="utf-8").replace("@DAY@", hour.date().isoformat())
        status, draft, response = self.ask(
            "POST",
            "/v1/tariff-drafts?file_name=launch.toml",
            label="upload tariff",
            request=self.new_request(),
            data=text.encode(),
            headers={"Content-Type": "application/toml"},
        )
        if status != 201:
            return
        path = f"/v1/tariff-drafts/{draft['draft']}"
        self.ask("GET", f"{path}/preview", label="preview tariff")
        _, _, response = self.ask(
            "POST",
            f"{path}/submission",
            label="submit tariff",
            request=self.new_request(),
            json={"from_ms": int(hour.timestamp() * 1000)},
            headers={"If-Match": response.headers["etag"]},
        )
        self.token = provider.token("approver", "pricing_approver")
        self.ask(
            "POST",
            f"{path}/approval",
            label="approve tariff",
            request=self.new_request(),
            json={"revision": draft["revision"]},
            headers={"If-Match": response.headers["etag"]},
        )
