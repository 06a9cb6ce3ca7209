"""A service at a store that is full, as people meet it: over HTTP.

New holds are refused whole, one by one and in batches, by 503 that says when to come back; what is held is
bought and given back, and what has come to its end is ended. With memory again the same requests are granted.
The keeper does not run here: what it does to what is due is done in its place.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from loadtests.identity import Provider, make_iin
from plate_core import Act, Inventory, PlateError, load_rule_book
from plateapi.keeper.expiry import sweep_pools
from proof.api_process import ApiProcess
from tests.lasting_law import light_law

SALE: Final = "person_car.01"
BRIEF_SALE: Final = "person_car.02"
BRIEF_MS: Final = 1_000
LEASE_MS: Final = 60_000
ASKED_SECONDS: Final = 15.0
# Who does what; each is another person.
BUYER, GIVER, FORGETFUL, LATE, FIRST_OF_BATCH = 1, 2, 3, 4, 5
BATCH: Final = 5


@dataclass
class FullStore:
    """One service, and what was wrong with its answers."""

    api: ApiProcess
    client: httpx.AsyncClient
    inventory: Inventory
    faults: list[str] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.provider = Provider.of(self.api.directory)

    async def fill_and_go_on(self) -> None:
        """From the holds that were made in time to those that are refused and made good."""
        await self._make_brief()
        bought, given = await self._hold(BUYER, "111AAA01"), await self._hold(GIVER, "112AAA01")
        await self._hold(FORGETFUL, "113AAA02")
        with self.api.store.client() as store:
            used = store.info("memory")["used_memory"]
            store.config_set("maxmemory", used)
            await self._expect_refusals()
            await self._buy("111AAA01", bought)
            self._expect(await self._ask(GIVER, "DELETE", "/v1/holds/112AAA01", etag=given), 200)
            await self._expect_end()
            store.config_set("maxmemory", used << 4)
        await self._hold(LATE, "113AAA02")
        self._expect(await self._hold_late(), 201)
        self._expect(await self._hold_batch(), 200)

    async def _make_brief(self) -> None:
        act = Act(request_id="make-brief", caller="keeper", channel="keeper")
        await self.inventory.configure_pools(act, {BRIEF_SALE: {"hold_ttl_ms": BRIEF_MS}})
        await self.inventory.lease_expiry(await self.inventory.server_time_ms() + LEASE_MS)

    async def _hold(self, person: int, mark: str) -> str:
        """A hold made in time; its version."""
        answer = await self._ask(person, "POST", "/v1/holds", json={"mark": mark})
        self._expect(answer, 201)
        return answer.headers.get("etag", "")

    async def _hold_late(self) -> httpx.Response:
        return await self._ask(LATE, "POST", "/v1/holds", json={"mark": "114AAA01"}, key="late-hold-0001")

    async def _hold_batch(self) -> httpx.Response:
        """A channel asks for several people at once."""
        items = [
            {"mark": f"{digits}AAA01", "applicant": {"iin": make_iin(person)}}
            for person, digits in enumerate(range(120, 120 + BATCH), FIRST_OF_BATCH)
        ]
        return await self._ask(0, "POST", "/v1/hold-batches", json={"items": items}, key="late-batch-0001")

    async def _expect_refusals(self) -> None:
        """Refused, with the moment to come back; and nothing of it is in the store."""
        for answer in (await self._hold_late(), await self._hold_batch()):
            self._expect(answer, 503)
            if not answer.headers.get("retry-after", "").isdigit():
                self.faults.append(f"{answer.request.url.path}: 503 that does not say when to come back")
        wanted = ["114AAA01", *(f"{digits}AAA01" for digits in range(120, 120 + BATCH))]
        book = load_rule_book(light_law())
        for found in await self.inventory.read([book.parse(text) for text in wanted]):
            if found.live is not None:
                self.faults.append(f"{found.mark.text} was refused and is held")

    async def _buy(self, mark: str, etag: str) -> None:
        begun = await self._ask(BUYER, "POST", f"/v1/holds/{mark}/payment", etag=etag)
        self._expect(begun, 201)
        if begun.status_code != 201:
            return
        invoice = begun.json()["invoice"]
        body = {"reference": invoice["reference"], "amount_tiyn": invoice["amount_tiyn"]}
        self._expect(await self._ask(BUYER, "POST", "/demo/payments", json=body), 201)
        found = await self._ask(BUYER, "GET", "/v1/holdings")
        if [one["mark"] for one in found.json().get("allotments", [])] != [mark]:
            self.faults.append(f"who has paid is told {found.text}")

    async def _expect_end(self) -> None:
        """The hold of the one who forgot it is ended; after that another may have the mark."""
        until, why = asyncio.get_running_loop().time() + 2 * BRIEF_MS / 1_000, "it was never due"
        while asyncio.get_running_loop().time() < until:
            try:
                if (await sweep_pools(self.inventory, [BRIEF_SALE])).expired:
                    break
            except PlateError as error:
                why = error.slug
            await asyncio.sleep(0.05)
        else:
            self.faults.append(f"a hold did not end at the limit: {why}")

    async def _ask(
        self,
        person: int,
        method: str,
        path: str,
        *,
        key: str = "",
        etag: str = "",
        json: Mapping[str, Any] | None = None,
    ) -> httpx.Response:
        """Once. Person 0 is a channel."""
        claims = {"iin": make_iin(person)} if person else {"channel": "kiosk"}
        token = self.provider.token(f"caller-{person}", "driver" if person else "service", **claims)
        headers = {"Authorization": f"Bearer {token}"}
        if method != "GET":
            headers["Idempotency-Key"] = key or f"key-{next(self._numbers):08}"
        if etag:
            headers["If-Match"] = etag
        return await self.client.request(method, path, headers=headers, json=json)

    def _expect(self, answer: httpx.Response, status: int) -> None:
        if answer.status_code != status:
            asked = f"{answer.request.method} {answer.request.url.path}"
            self.faults.append(
                f"{asked} was answered {answer.status_code}, not {status}: {answer.text[:200]}"
            )


async def faults_at_a_full_store(api: ApiProcess) -> list[str]:
    """What was wrong, from the first hold to those that are made good."""
    inventory = Inventory.open(api.store.url, load_rule_book(light_law()))
    try:
        async with httpx.AsyncClient(base_url=api.address, timeout=ASKED_SECONDS) as client:
            full = FullStore(api, client, inventory)
            await full.fill_and_go_on()
            return full.faults
    finally:
        inventory.close()
