"""Requests over a network that misbehaves, each sent one to five times at once over several connections.

However often a request arrives, and in whatever order, it has one effect, and everybody who asks hears the
same; what is unknown is asked for again until it is known. The control drops the ids: each copy is new.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from proof.copies import Copies
from proof.experiment import Course, Experiment, Size, Tally
from proof.proxy import running_proxy
from tests.servers import StoreServer


def run(course: Course) -> Tally:
    """Every copy of a request has its id."""
    return asyncio.run(Copies(course, through_proxy, same_id=True).run())


def sabotage(course: Course) -> Tally:
    """Every copy is a request of its own."""
    return asyncio.run(Copies(course, through_proxy, same_id=False).run())


@asynccontextmanager
async def through_proxy(server: StoreServer, seed: int) -> AsyncIterator[tuple[str, Counter[str]]]:
    """The store behind the proxy of this seed."""
    async with running_proxy(lambda: asyncio.open_unix_connection(str(server.socket)), seed) as proxy:
        yield f"redis://127.0.0.1:{proxy.port}", proxy.happened


EXPERIMENT = Experiment(
    name="network",
    promise="resets, silences, partitions, latency, calls sent again and out of order, replies swallowed: "
    "one effect a request, equal answers, nothing unknown for good",
    control="the ids are dropped: each copy is a new request",
    unit="requests",
    run=run,
    sabotage=sabotage,
    full=Size(10_000, 500),
    short=Size(300, 60),
)
