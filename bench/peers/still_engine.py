"""The service's own app over an engine that stands still: it asks neither the store nor the replica.

Everything else is as in production: the same app, server, middleware, authentication, body, quote and answer.
A search's marks are found once and remembered; each page of them is classified, priced and written anew.
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

from plate_core import Act, Answer, Found, Replica
from plateapi import app as service
from plateapi.engine import Engine

SAMPLE_MARK = "999ZZZ20"


class StillInventory:
    """Answers every hold with the answer of one that was made once."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    async def hold(self, items: Sequence[Any]) -> list[Answer]:
        """As many answers as items."""
        return [self._answer] * len(items)


class StillReplica:
    """Finds for every search what it found the first time, so that the answers are the same to the byte."""

    def __init__(self, replica: Replica) -> None:
        self._replica = replica
        self._found: dict[object, Found] = {}

    def search(self, **wanted: Any) -> Found:  # noqa: ANN401  # what a search may name
        """What was found; the page of it is not written yet."""
        key = (wanted["pattern"], *map(tuple, (wanted["formats"], wanted["regions"])))
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = self._replica.search(**wanted)
        return found

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
    still: Any = copy.copy(engine)
    still.inventory = StillInventory(answer)
    replica = StillReplica(engine.replica())
    still.replica = lambda at_ms=None: replica
    return still
