"""Fixtures of the facade's tests: an inventory over each real server."""

from collections.abc import AsyncIterator

import pytest_asyncio

from plate_core import Inventory, RuleBook
from tests.facade.citizens import open_country
from tests.servers import StoreServer

POOLS = ["person_car.02", "person_car.03", "entity_car.02"]


@pytest_asyncio.fixture
async def inventory(store: StoreServer, book: RuleBook) -> AsyncIterator[Inventory]:
    """An inventory over an empty store with three pools on sale."""
    opened = Inventory.open(store.url, book)
    try:
        await open_country(opened, book, POOLS)
        yield opened
    finally:
        opened.close()
