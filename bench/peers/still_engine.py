"""The service's own app over an engine that stands still: it asks neither the store nor the replica.

Everything else is as in production: the same app, server, middleware, authentication, body, quote and answer.
So the distance between the two is what the inventory and the replica cost a request. It is never mounted
anywhere else: it is another app, started by the bench alone.
"""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from fastapi import FastAPI

from plate_core import Act, Answer
from plateapi import app as service
from plateapi.engine import Engine
from plateapi.law import day_of

SAMPLE_MARK = "999ZZZ20"


class StillInventory:
    """Answers every hold with the answer of one that was made once."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    async def hold(self, items: Sequence[Any]) -> list[Answer]:
        """As many answers as items."""
        return [self._answer] * len(items)


class StillReplica:
    """Finds for every search what was found once."""

    def __init__(self, found: dict[str, Any]) -> None:
        self._found = found

    def search(self, **_: object) -> dict[str, Any]:
        """The page of marks."""
        return self._found

    def age_ms(self, now_ms: int) -> int:
        """No age."""
        return 0 * now_ms


def create_app() -> FastAPI:
    """The app of one worker."""
    app = service.create_app()
    opened = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with opened(app):
            house = app.state.house
            app.state.house = replace(house, engine=await stilled(house.engine))
            yield
            app.state.house = house

    app.router.lifespan_context = lifespan
    return app


async def stilled(engine: Engine) -> Engine:
    """A copy of the engine that remembers one hold and one page, and asks nobody any more."""
    mark = engine.book.parse(SAMPLE_MARK)
    quote = engine.book.quote(mark, at_ms=engine.clock.now_ms())
    act = Act(
        request_id="bench-still-engine",
        caller="bench",
        channel="portal",
        applicant=bytes(16),
        applicant_key_id=1,
    )
    (answer,) = await engine.inventory.hold([(act, mark, quote["tariff"], quote["amount_tiyn"])])
    if not answer.done:
        raise RuntimeError(f"the sample was not held: {answer.outcome}")
    page = {"pattern": "7*7", "formats": ("person_car",), "regions": ("02",), "limit": 20}
    found = engine.replica().search(**page, on=day_of(engine.clock.now_ms()))
    still: Any = copy.copy(engine)
    still.inventory = StillInventory(answer)
    replica = StillReplica(found)
    still.replica = lambda: replica
    return still
