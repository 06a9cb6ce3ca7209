"""The people of the tests: who they are, which token they bear, and how they speak to the API.

A test says ``aigerim.hold("777AAA02")`` and reads like the act it tests; nobody passes raw tokens around.
The IINs are made up, with a right check digit and a day of birth that no one has.
"""

import itertools
import uuid
from dataclasses import dataclass, field
from typing import Any

import httpx

from plateapi.identity import LocalIssuer
from plateapi.people import Role

# The check digit's weights (docs/domain.md, section 4).
WEIGHTS = (range(1, 12), (3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2))

_numbers = itertools.count(1)


def check_digit(eleven: str) -> int | None:
    """The twelfth digit of an IIN or BIN; ``None`` where the eleven can have none."""
    for weights in WEIGHTS:
        rest = sum(int(digit) * weight for digit, weight in zip(eleven, weights, strict=True)) % 11
        if rest != 10:
            return rest
    return None


def new_iin() -> str:
    """An IIN that was not used before in this run."""
    return _numbered("990231")


def new_bin() -> str:
    """A BIN that was not used before: registered in May 2018, a resident entity, its head unit."""
    return _numbered("180540")


def _numbered(head: str) -> str:
    while True:
        eleven = f"{head}{next(_numbers):05d}"
        digit = check_digit(eleven)
        if digit is not None:
            return f"{eleven}{digit}"


def new_key() -> str:
    """An Idempotency-Key."""
    return str(uuid.uuid4())


@dataclass
class Person:
    """Somebody with a token, at his client."""

    name: str
    client: httpx.AsyncClient
    token: str | None
    iin: str = ""
    language: str = "en"
    headers: dict[str, str] = field(default_factory=dict)

    async def ask(
        self,
        method: str,
        path: str,
        *,
        key: str | None = None,
        version: str | None = None,
        **options: Any,
    ) -> httpx.Response:
        """One request as this person. ``key`` is the Idempotency-Key (made anew unless given)."""
        headers = {"accept-language": self.language, **self.headers, **options.pop("headers", {})}
        if self.token is not None:
            headers.setdefault("authorization", f"Bearer {self.token}")
        if method != "GET":
            headers.setdefault("idempotency-key", key or new_key())
        if version is not None:
            headers["if-match"] = version
        return await self.client.request(method, path, headers=headers, **options)

    async def get(self, path: str, **options: Any) -> httpx.Response:
        """Read something."""
        return await self.ask("GET", path, **options)

    async def hold(self, mark: str, *, key: str | None = None, **body: Any) -> httpx.Response:
        """Hold a mark for himself."""
        return await self.ask("POST", "/v1/holds", key=key, json={"mark": mark, **body})

    async def extend(self, mark: str, version: str, *, key: str | None = None) -> httpx.Response:
        """Extend his hold."""
        return await self.ask("POST", f"/v1/holds/{mark}/extension", key=key, version=version)

    async def release(self, mark: str, version: str, *, key: str | None = None) -> httpx.Response:
        """Release his hold."""
        return await self.ask("DELETE", f"/v1/holds/{mark}", key=key, version=version)

    async def pay(self, mark: str, version: str, *, key: str | None = None) -> httpx.Response:
        """Begin to pay for his hold."""
        return await self.ask("POST", f"/v1/holds/{mark}/payment", key=key, version=version)

    async def cancel(self, mark: str, version: str, *, key: str | None = None) -> httpx.Response:
        """Give his allotment back."""
        path = f"/v1/allotments/{mark}/cancellation"
        return await self.ask("POST", path, key=key, version=version)

    async def holdings(self) -> dict[str, Any]:
        """What he has."""
        answer = await self.get("/v1/holdings")
        assert answer.status_code == 200, answer.text
        return answer.json()


@dataclass
class People:
    """Everybody, each with a token of the local issuer."""

    issuer: LocalIssuer
    client: httpx.AsyncClient

    def driver(self, name: str = "aigerim", *, iin: str | None = None, **claims: Any) -> Person:
        """A driver with an IIN of her own."""
        iin = iin or new_iin()
        return self._person(name, [Role.DRIVER], iin=iin, **claims)

    def operator(self, name: str = "bauyrzhan", office: str = "tson-almaty-1") -> Person:
        """An operator at a desk."""
        return self._person(name, [Role.OPERATOR], office=office)

    def service(self, name: str = "egov-mobile", channel: str = "egov_mobile") -> Person:
        """The service account of a channel."""
        return self._person(name, [Role.SERVICE], channel=channel)

    def admin(self, name: str = "dana") -> Person:
        """A pricing admin."""
        return self._person(name, [Role.PRICING_ADMIN])

    def approver(self, name: str = "yerlan") -> Person:
        """A pricing approver."""
        return self._person(name, [Role.PRICING_APPROVER])

    def both(self, name: str = "madina") -> Person:
        """Somebody who may write tariffs and approve them, though not her own."""
        return self._person(name, [Role.PRICING_ADMIN, Role.PRICING_APPROVER])

    def auditor(self, name: str = "saule") -> Person:
        """An auditor."""
        return self._person(name, [Role.AUDITOR])

    def nobody(self) -> Person:
        """A passer-by without a token."""
        return Person("nobody", self.client, None)

    def stranger(self, roles: list[Role], name: str = "stranger") -> Person:
        """Somebody with these roles and whatever claims they need."""
        claims = {"iin": new_iin(), "office": "tson-1"} if Role.OPERATOR in roles else {"iin": new_iin()}
        if Role.SERVICE in roles:
            claims["channel"] = "kiosk"
        return self._person(name, roles, **claims)

    def _person(self, name: str, roles: list[Role], **claims: Any) -> Person:
        token = self.issuer.mint(name, roles, **claims)
        return Person(name, self.client, token, iin=claims.get("iin", ""))
