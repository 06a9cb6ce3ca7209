"""When a store that was killed counts as ready, as the experiments measure it."""

from __future__ import annotations

import asyncio

from plate_core import RuleBook
from proof.crowd import LIVE_HOLDS_PERSON, opened_sale, until_ready
from tests.servers import StoreServer, new_server, remove_server

# While it reads its files the server looks at its clients once in 1,024 commands: three looks, 0.3 s apart.
COMMANDS = 3_100
LOAD_DELAY_US = 300


def test_a_store_that_still_reads_its_files_is_not_ready(book: RuleBook) -> None:
    """It tells the time then and nothing else; whoever waits until it is ready waits for what it holds."""
    server = new_server("valkey")
    try:
        held = asyncio.run(_limits_after_slow_start(server, book))
    finally:
        remove_server(server)
    assert held["live_holds_person"] == LIVE_HOLDS_PERSON


async def _limits_after_slow_start(server: StoreServer, book: RuleBook) -> dict[str, object]:
    async with opened_sale(server.url, book) as inventory:
        with server.client() as client, client.pipeline(transaction=False) as many:
            for number in range(COMMANDS):
                many.set(f"ballast:{number}", "")
            many.execute()
        server.kill()
        server.settings["key-load-delay"] = str(LOAD_DELAY_US)
        starting = asyncio.create_task(asyncio.to_thread(server.start))
        await until_ready(inventory)
        limits = await inventory.limits()
        await starting
        return dict(limits)
