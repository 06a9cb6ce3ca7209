"""The wire to the store cut below TCP, for requests, for replies or for both, while requests come in copies.

A reply that is lost was a request that took effect; a request that is lost is sent again by the kernel, or
never arrives. Either way it is unknown, until it is asked for again. The control drops the ids.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from proof.copies import Copies
from proof.cut_wire import FAR, cut_wire
from proof.experiment import Course, Experiment, Size, Tally
from proof.proxy import Odds, Proxy
from tests.servers import StoreServer


def run(course: Course) -> Tally:
    """Every copy of a request has its id."""
    return asyncio.run(Copies(course, over_wire, same_id=True).run())


def sabotage(course: Course) -> Tally:
    """Every copy is a request of its own."""
    return asyncio.run(Copies(course, over_wire, same_id=False).run())


@asynccontextmanager
async def over_wire(server: StoreServer, seed: int) -> AsyncIterator[tuple[str, Counter[str]]]:
    """The store at the far end of a wire; what passes on from there meets no other fault."""
    calm = Odds(reset=0, silence=0, swallow=0, again=0)
    relay = Proxy(lambda: asyncio.open_unix_connection(str(server.socket)), seed, calm)
    async with cut_wire(seed) as wire:
        listening = await asyncio.start_server(relay.serve, sock=wire.listen())
        try:
            yield f"redis://{FAR}:{listening.sockets[0].getsockname()[1]}", wire.happened
        finally:
            listening.close()
            await relay.end()


EXPERIMENT = Experiment(
    name="network_cut",
    promise="one-way and full partitions below TCP: one effect a request, equal answers, "
    "nothing unknown for good",
    control="the ids are dropped: each copy is a new request",
    unit="requests",
    run=run,
    sabotage=sabotage,
    full=Size(2_000, 200),
    short=Size(200, 40),
    needs=("root", "ip", "nft"),
)
