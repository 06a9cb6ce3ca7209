"""Everything that one person's number can be sent with: where it belongs, and everywhere it does not.

Each request is a way in which a number has leaked from some service: a body that is refused and echoed, a
path in an access log, a header in a trace, a token in an error. Not here: what an issuer or a payment side
calls its own things (an office, a transaction); those names are theirs, and are kept as they are.
"""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final

import httpx

from loadtests.identity import Provider
from proof.canaries import entity_number, person_number

SERIES: Final = "BCDHJKPT"
JSON_TYPE: Final = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Canary:
    """A person, or an entity with the person who acts for it."""

    seed: int

    @property
    def is_entity(self) -> bool:
        """Every third one is."""
        return self.seed % 3 == 0

    @property
    def iin(self) -> str:
        """The person's."""
        return person_number(self.seed)

    @property
    def bin(self) -> str:
        """The entity's."""
        return entity_number(self.seed)

    @property
    def numbers(self) -> list[str]:
        """All that must be found nowhere."""
        return [self.iin, self.bin] if self.is_entity else [self.iin]

    @property
    def claims(self) -> dict[str, str]:
        """Of his token."""
        return {"iin": self.iin, "bin": self.bin} if self.is_entity else {"iin": self.iin}

    @property
    def body(self) -> dict[str, str]:
        """How an operator names him."""
        if self.is_entity:
            return {"bin": self.bin, "representative_iin": self.iin}
        return {"iin": self.iin}

    def mark(self, place: int) -> str:
        """A mark that nobody else wants: of four letters' worth for each canary."""
        number = self.seed * 8 + place
        rows, digits = divmod(number, 800)
        letters = "".join(SERIES[rows // 8**power % 8] for power in range(2 if self.is_entity else 3))
        return f"{digits + 100:03}{letters}{1 + rows // 512 % 17:02}"


@dataclass
class Visits:
    """All visits of one canary to a service; what was answered goes to whoever searches."""

    client: httpx.AsyncClient
    provider: Provider
    canary: Canary
    chance: random.Random
    keys: int = 0

    def token(self, role: str, **claims: str) -> dict[str, str]:
        """Headers of somebody in this role; the driver's subject is the number itself, as some issuers do."""
        subject = self.canary.iin if role == "driver" else f"{role}-of-office"
        return {"Authorization": f"Bearer {self.provider.token(subject, role, **claims)}"}

    def key(self) -> dict[str, str]:
        """A fresh Idempotency-Key."""
        self.keys += 1
        return {
            "Idempotency-Key": f"canary-{self.canary.seed}-{self.keys:04}-{self.chance.getrandbits(32):08x}"
        }

    async def all(self) -> AsyncIterator[httpx.Response]:
        """Every answer; the first is of the hold that shows that the number is believed."""
        driver = self.token("driver", **self.canary.claims)
        operator = self.token("operator", office="tson-1")
        service = self.token("service", channel="kiosk")
        async for answer in self._buy(driver):
            yield answer
        async for answer in self._at_the_desk(operator, service):
            yield answer
        async for answer in self._where_it_does_not_belong(driver, operator):
            yield answer
        async for answer in self._in_broken_bodies(driver, operator):
            yield answer
        async for answer in self._in_tokens():
            yield answer

    async def _buy(self, driver: dict[str, str]) -> AsyncIterator[httpx.Response]:
        held = await self._post("/v1/holds", {"mark": self.canary.mark(0)}, driver)
        yield held
        mark = f"/v1/holds/{self.canary.mark(0)}"
        version = {"If-Match": held.headers.get("etag", "")}
        extended = await self._post(f"{mark}/extension", None, driver | version)
        yield extended
        version = {"If-Match": extended.headers.get("etag", "")}
        begun = await self._post(f"{mark}/payment", None, driver | version)
        yield begun
        if begun.status_code == 201:
            invoice = begun.json()["invoice"]
            paid = {"reference": invoice["reference"], "amount_tiyn": invoice["amount_tiyn"]}
            yield await self._post("/demo/payments", paid, {})
        yield await self._post("/v1/holds", {"mark": self.canary.mark(1)}, driver)
        yield await self.client.get("/v1/holdings", headers=driver)

    async def _at_the_desk(
        self, operator: dict[str, str], service: dict[str, str]
    ) -> AsyncIterator[httpx.Response]:
        applicant = {"applicant": self.canary.body}
        held = await self._post("/v1/desk/holds", applicant | {"mark": self.canary.mark(2)}, operator)
        yield held
        version = {"If-Match": held.headers.get("etag", "")}
        yield await self._post(f"/v1/desk/holds/{self.canary.mark(2)}/release", applicant, operator | version)
        yield await self._post("/v1/desk/holdings", applicant, operator)
        items = [applicant | {"mark": self.canary.mark(place)} for place in (3, 0)]
        items.append({"mark": self.canary.mark(4), "applicant": {"iin": self.canary.iin[:-1]}})
        yield await self._post("/v1/hold-batches", {"items": items}, service)

    async def _where_it_does_not_belong(
        self, driver: dict[str, str], operator: dict[str, str]
    ) -> AsyncIterator[httpx.Response]:
        number = self.chance.choice(self.canary.numbers)
        encoded = "".join(f"%{byte:02X}" for byte in number.encode())
        for path in (
            f"/v1/marks/{number}",
            f"/v1/marks/{encoded}",
            f"/marks/{number}",
            f"/?q={number}&region={number}",
            f"/v1/marks?pattern={number}",
            f"/v1/marks?cursor={number}&region={number}&{number}=1",
            f"/v1/audit/marks/{number}",
            f"/{number}",
            f"/v1/tariffs/{number}",
        ):
            yield await self.client.get(path, headers=driver)
        for headers in (
            {"Idempotency-Key": f"of-{number}-{self.chance.getrandbits(16)}"},
            {"If-Match": number, "X-Request-Id": number, "User-Agent": number, "Traceparent": number},
            {
                "Accept-Language": number,
                "Cookie": f"iin={number}",
                "X-Forwarded-For": number,
                "Referer": number,
            },
        ):
            body = {"mark": self.canary.mark(1)}
            yield await self._post("/v1/holds", body, driver | self.key() | headers)
        yield await self._post(f"/v1/holds/{number}/payment", None, driver | {"If-Match": '"x"'})
        yield await self._post("/v1/desk/holds", {"mark": number, "applicant": self.canary.body}, operator)
        yield await self.client.request(number, "/v1/holds", headers=driver)

    async def _in_broken_bodies(
        self, driver: dict[str, str], operator: dict[str, str]
    ) -> AsyncIterator[httpx.Response]:
        number = self.chance.choice(self.canary.numbers)
        whole = json.dumps({"mark": self.canary.mark(5), "applicant": {"iin": number}})
        for text in (
            whole[: whole.index(number) + 12],
            whole.replace(f'"{number}"', number),
            json.dumps({"mark": self.canary.mark(5), number: number}),
            json.dumps({"mark": self.canary.mark(5), "applicant": {"iin": number, "bin": number}}),
            json.dumps([number]),
            number,
            json.dumps({"mark": number, "expected": {"tariff": number, "amount_tiyn": int(number)}}),
            whole.encode("utf-16").decode("latin-1"),
        ):
            for path, who in (("/v1/desk/holds", operator), ("/v1/holds", driver)):
                yield await self.client.post(path, content=text, headers=who | self.key() | JSON_TYPE)
        yield await self.client.post("/v1/desk/holds", data={"iin": number}, headers=operator | self.key())
        notice = {"event": "paid", "payer_iin": number, "reference": number}
        for headers in ({}, {"X-Signature": f"t=1,v1={number}"}):
            yield await self._post("/v1/payments/notifications", notice, headers)

    async def _in_tokens(self) -> AsyncIterator[httpx.Response]:
        number = self.canary.iin
        wrong = number[:-1] + str((int(number[-1]) + 1) % 10)
        for headers in (
            self.token("driver", iin=number, bin=number),
            self.token("driver", iin=f"{number} "),
            self.token("driver", iin=wrong, office=number),
            self.token("service", channel=number),
            {"Authorization": f"Bearer {number}"},
            {"Authorization": f"Basic {number}"},
        ):
            yield await self.client.get("/v1/holdings", headers=headers)

    async def _post(self, path: str, body: Any, headers: dict[str, str]) -> httpx.Response:  # noqa: ANN401
        content = b"" if body is None else json.dumps(body).encode()
        return await self.client.post(path, content=content, headers=self.key() | JSON_TYPE | headers)
