"""People who hold, pay and give back over HTTP, and ask again under the same key for a definite answer.

They do as the contract tells a client to: what is not answered, or answered by 503 or 504, is asked again
with the same Idempotency-Key. What they were told stands in a ``Ledger``; what no client should ever meet
(a 500, a 503 that does not say when to come back) stands in ``complaints``. Whether what they were told is
true says ``audit``.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx

from loadtests.history.records import Told
from loadtests.identity import Provider, make_iin
from proof.told import Ledger

PEOPLE: Final = 16
PATIENCE_SECONDS: Final = 120.0
PAUSE_SECONDS: Final = 0.05
REQUEST_SECONDS: Final = 12.0
# What a client is told to ask again after.
AGAIN: Final = frozenset({503, 504})


class Unanswered(Exception):
    """Nothing definite was heard in all that time."""


@dataclass
class Callers:
    """So many people at one address.

    Attributes:
        marks: what they want, as texts; may be exchanged while they are at it.
        same_key: whether they ask again under the same key (a control says no).
        statuses: how often which status was answered; 0 counts connections that broke.
        complaints: answers that nobody should ever get.
        asked_again: how often a request was repeated.
    """

    client: httpx.AsyncClient
    provider: Provider
    random: random.Random
    marks: Sequence[str]
    people: int = PEOPLE
    name: str = "caller"
    same_key: bool = True
    ledger: Ledger = field(default_factory=Ledger)
    statuses: Counter[int] = field(default_factory=Counter)
    complaints: set[str] = field(default_factory=set)
    asked_again: int = 0
    stopping: bool = False
    _number: int = 0

    def __post_init__(self) -> None:
        """Everybody has a token of his own for the whole time."""
        self._tokens = {
            person: self.provider.token(
                f"{self.name}-{person}", "driver", iin=make_iin(person), channel="portal"
            )
            for person in range(1, self.people + 1)
        }

    # --- asking until the answer is definite ----------------------------------------------------------------

    async def ask(
        self, person: int, method: str, path: str, *, etag: str = "", json: Mapping[str, Any] | None = None
    ) -> tuple[str, httpx.Response]:
        """The key and the definite answer. Raises ``Unanswered`` when there is none for too long."""
        key = self._new_key()
        until = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        while True:
            answer = await self.ask_once(person, method, path, key, etag=etag, json=json)
            if answer is not None and not self._is_to_be_asked_again(answer):
                return key, answer
            if asyncio.get_running_loop().time() > until:
                raise Unanswered(f"{method} {path}, last {answer.status_code if answer else 'no connection'}")
            self.asked_again += 1
            if not self.same_key:
                key = self._new_key()
            await asyncio.sleep(PAUSE_SECONDS)

    async def ask_once(
        self,
        person: int,
        method: str,
        path: str,
        key: str,
        *,
        etag: str = "",
        json: Mapping[str, Any] | None = None,
    ) -> httpx.Response | None:
        """One request; None where the connection gave no answer."""
        headers = {"Authorization": f"Bearer {self._tokens[person]}", "Idempotency-Key": key}
        try:
            answer = await self.client.request(
                method, path, headers=headers | ({"If-Match": etag} if etag else {}), json=json
            )
        except httpx.TransportError:
            self.statuses[0] += 1
            return None
        self.statuses[answer.status_code] += 1
        if answer.status_code >= 500:
            self._complain(method, path, answer)
        return answer

    def _new_key(self) -> str:
        self._number += 1
        return f"{self.name}-{self._number:08}"

    @staticmethod
    def _is_to_be_asked_again(answer: httpx.Response) -> bool:
        if answer.status_code in AGAIN:
            return True
        # The stand-in of the payment side passes on what its notification was answered with.
        return answer.status_code == 201 and answer.json().get("status") in AGAIN

    def _complain(self, method: str, path: str, answer: httpx.Response) -> None:
        if answer.status_code not in AGAIN:
            self.complaints.add(f"{method} {path} was answered by {answer.status_code}: {answer.text[:200]}")
        elif "retry-after" not in answer.headers:
            self.complaints.add(f"{method} {path}: {answer.status_code} that does not say when to come back")

    # --- what people do -------------------------------------------------------------------------------------

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """All of them, one journey after another; in the end everybody finishes the one he is at."""
        self.stopping = False
        running = asyncio.gather(*(self._live(person) for person in self._tokens))
        try:
            yield
        finally:
            self.stopping = True
            await running

    async def _live(self, person: int) -> None:
        while not self.stopping:
            await self.journey(person)

    async def journey(self, person: int) -> None:
        """Hold a mark, or take the next ordinary one; then give it back, keep it longer, buy it, or leave."""
        if self.random.random() < 0.2:
            held = await self.assign(person)
        else:
            held = await self.hold(person, self.random.choice(self.marks))
        if held is None:
            await asyncio.sleep(PAUSE_SECONDS)
            return
        holding, etag = held
        follow: Callable[[int, Mapping[str, Any], str], Awaitable[None]] | None
        follow = self.random.choice([self.release, self.extend, self.buy, None])
        if follow is not None:
            await follow(person, holding, etag)

    async def hold(self, person: int, mark: str) -> tuple[Mapping[str, Any], str] | None:
        """A certain mark."""
        key, answer = await self.ask(person, "POST", "/v1/holds", json={"mark": mark})
        return self._note_holding(person, key, "held", mark, answer)

    async def assign(self, person: int) -> tuple[Mapping[str, Any], str] | None:
        """Whatever mark comes next."""
        wish = {"format": "person_car", "region": "01"}
        key, answer = await self.ask(person, "POST", "/v1/assignments", json=wish)
        return self._note_holding(person, key, "held", "", answer)

    async def extend(self, person: int, holding: Mapping[str, Any], etag: str) -> None:
        """Keep it longer."""
        key, answer = await self.ask(person, "POST", f"/v1/holds/{holding['mark']}/extension", etag=etag)
        self._note_holding(person, key, "extended", holding["mark"], answer)

    async def release(self, person: int, holding: Mapping[str, Any], etag: str) -> None:
        """Give it back."""
        key, answer = await self.ask(person, "DELETE", f"/v1/holds/{holding['mark']}", etag=etag)
        if answer.status_code != 200:
            self._note(person, key, _slug(answer), holding["mark"])
            return
        gone = answer.json()
        facts = {"revision": gone["revision"], "hold": holding["hold_id"]}
        self._note(person, key, "released", gone["mark"], server_ms=gone["server_time_ms"], **facts)

    async def buy(self, person: int, holding: Mapping[str, Any], etag: str) -> None:
        """Begin the payment and pay."""
        key, answer = await self.ask(person, "POST", f"/v1/holds/{holding['mark']}/payment", etag=etag)
        if answer.status_code != 201:
            self._note(person, key, _slug(answer), holding["mark"])
            return
        begun = answer.json()
        self._note_body(person, key, "payment_begun", begun["holding"])
        await self.pay(person, begun["invoice"], holding["mark"])

    async def pay(self, person: int, invoice: Mapping[str, Any], mark: str) -> None:
        """Pay an invoice through the stand-in of the payment side."""
        body = {"reference": invoice["reference"], "amount_tiyn": invoice["amount_tiyn"]}
        _, answer = await self.ask(person, "POST", "/demo/payments", json=body)
        paid = answer.json()
        if answer.status_code == 201:
            self._note(person, paid["transaction"], paid["answer"].get("outcome", "refused"), mark)

    # --- what they were told --------------------------------------------------------------------------------

    def _note_holding(
        self, person: int, key: str, outcome: str, mark: str, answer: httpx.Response
    ) -> tuple[Mapping[str, Any], str] | None:
        if answer.status_code not in (200, 201):
            self._note(person, key, _slug(answer), mark)
            return None
        holding = answer.json()
        self._note_body(person, key, outcome, holding)
        return holding, answer.headers["etag"]

    def _note_body(self, person: int, key: str, outcome: str, holding: Mapping[str, Any]) -> None:
        self._note(
            person,
            key,
            outcome,
            holding["mark"],
            revision=holding["revision"],
            hold=holding["hold_id"],
            server_ms=holding["server_time_ms"],
            deadline_ms=holding["deadline_ms"] or 0,
            amount_tiyn=holding["amount_tiyn"],
        )

    def _note(self, person: int, key: str, outcome: str, mark: str, **facts: Any) -> None:  # noqa: ANN401
        blank = {"revision": 0, "hold": "", "server_ms": 0, "deadline_ms": 0, "amount_tiyn": 0}
        self.ledger.told.append(
            Told(person=str(person), request=key, mark=mark, outcome=outcome, **(blank | facts))
        )


def _slug(answer: httpx.Response) -> str:
    """Why it was refused."""
    return str(answer.json().get("type", answer.status_code)).rpartition(":")[2]


@asynccontextmanager
async def called(
    address: str,
    data_dir: Path,
    seed: int,
    marks: Sequence[str],
    **options: Any,  # noqa: ANN401
) -> AsyncIterator[Callers]:
    """People who call a service whose data directory is this one."""
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=64, keepalive_expiry=2.0)
    async with httpx.AsyncClient(base_url=address, timeout=REQUEST_SECONDS, limits=limits) as client:
        yield Callers(client, Provider.of(data_dir), random.Random(seed), marks, **options)
