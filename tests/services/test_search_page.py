"""A page of a search, written in Rust, held to the shape that the API declares and to what the law says."""

import itertools
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import pytest_asyncio

from plate_core import (
    Found,
    Inventory,
    Mark,
    MciUnknown,
    NoTariffInForce,
    NotOffered,
    Replica,
    ReplicaWriter,
    RuleBook,
    read_law,
)
from plateapi.drivers.schemas import FoundShape, PageShape, cursor_bytes
from plateapi.law import begin_of_day_ms
from plateapi.shapes import mark_values
from tests.cli.waiting import wait_until
from tests.facade.citizens import DAY, Citizen, official, open_country
from tests.lasting_law import PATTERNS
from tests.servers import StoreServer

AGE_MS = 17
ORDERS = ["number", "price", "beauty", "shuffle"]
# Marks with several tags, marks of each state, marks that nobody may choose, and none at all.
PATTERNS_LOOKED_FOR = ["777 AAA", "12? ABC", "555*", "7*7", "123 ABC 02", None]
PAGES_MAX = 3
TARIFF = "tariffs/kz-2026.toml"
KEPT_BACK = '[[rule]]\nid = "kept_back"\nacquired = "chosen"\ndigits = "555"\nnot_offered = true\n'


@pytest.fixture(scope="module")
def law() -> RuleBook:
    """The country's law, but with digits that are not offered, and a price of a quarter of an index more."""
    files = dict(read_law(PATTERNS))
    tariff = files[TARIFF].decode().replace('id = "ordinary"\nmci = "10"', 'id = "ordinary"\nmci = "10.25"')
    files[TARIFF] = tariff.replace("[[rule]]", f'{KEPT_BACK}clause = "tax_code"\n\n[[rule]]', 1).encode()
    return RuleBook.compile(list(files.items()))


@pytest_asyncio.fixture
async def replica(store: StoreServer, law: RuleBook, tmp_path: Path) -> AsyncIterator[Replica]:
    """The bitmaps of a country in which a mark is taken, one withheld and one issued."""
    inventory = Inventory.open(store.url, law)
    await open_country(inventory, law, law.pools())
    taken, withheld, issued = (law.parse(f"{digits}ABC02") for digits in (123, 124, 125))
    held = await Citizen("aigerim").hold(inventory, law, taken)
    assert held.done
    await inventory.withhold(official(), [withheld], "by rule")
    imported = issued.ordinal.to_bytes(4, "little")
    await inventory.import_issued(official(channel="registry"), issued.pool, imported)
    writer = ReplicaWriter.start(store.url, tmp_path / "planes", law)
    try:
        wait_until(lambda: writer.health()["ready"])
        yield Replica.open(tmp_path / "planes", law)
    finally:
        writer.stop()
        inventory.close()


def pages(replica: Replica, **wanted: Any) -> Iterator[Found]:
    """The first pages of a search."""
    after = None
    for _ in range(PAGES_MAX):
        found = replica.search(on=DAY, after=after, limit=9, **wanted)
        yield found
        after = found.next
        if after is None:
            return


def page_of(law: RuleBook, replica: Replica, found: Found) -> PageShape:
    """The page as the law and the bitmaps say it, mark by mark."""
    in_force = law.tariff_in_force(begin_of_day_ms(DAY))
    assert in_force is not None
    return PageShape(
        count=found.count,
        marks=[entry_of(law, mark, replica.state(mark)) for mark in found.marks],
        next=orjson.loads(found.page_json(AGE_MS))["next"],
        tariff=in_force["revision"],
        age_ms=AGE_MS,
    )


def entry_of(law: RuleBook, mark: Mark, state: Any) -> FoundShape:
    """One mark, classified and quoted by itself."""
    [(tier, tags)] = law.classify([mark], on=DAY)
    try:
        quote = law.quote(mark, at_ms=begin_of_day_ms(DAY))
    except NotOffered:
        quote = {"tier": None, "mci": None, "amount_tiyn": None}
    assert quote["tier"] == tier
    return FoundShape(
        **mark_values(mark),
        state=state,
        tags=tags,
        tier=tier,
        mci=quote["mci"],
        amount_tiyn=quote["amount_tiyn"],
    )


async def test_a_page_has_one_shape_whoever_writes_it(replica: Replica, law: RuleBook) -> None:
    """The same text as the shape's, in each order, of all marks and of free ones, page after page."""
    seen: list[PageShape] = []
    for pattern, order, free_only in itertools.product(PATTERNS_LOOKED_FOR, ORDERS, (True, False)):
        wanted: dict[str, Any] = {"pattern": pattern, "order": order, "free_only": free_only, "seed": 7}
        for found in pages(replica, formats=["person_car", "entity_car"], regions=["02", "17"], **wanted):
            page = page_of(law, replica, found)
            assert found.page_json(AGE_MS) == orjson.dumps(page.model_dump())
            assert found.next == (None if page.next is None else cursor_bytes(page.next))
            seen.append(page)
    marks = [mark for page in seen for mark in page.marks]
    assert {mark.state for mark in marks} == {"free", "taken", "withheld", "issued"}
    assert {mark.format for mark in marks} == {"person_car", "entity_car"}
    assert {mark.region for mark in marks} == {"02", "17"}
    assert {len(mark.tags) for mark in marks} >= {0, 1, 2}
    assert {mark.digits for mark in marks if mark.tier is None} == {"555"}
    assert "10.25" in {mark.mci for mark in marks}
    assert {page.next is None for page in seen} == {True, False}
    assert not all(page.marks for page in seen)


async def test_a_page_without_a_price_is_refused(replica: Replica) -> None:
    """Of a day without a tariff always; of a day without an index where a mark would have a price."""
    with pytest.raises(NoTariffInForce):
        replica.search(on="2001-01-01").page_json(AGE_MS)
    with pytest.raises(MciUnknown):
        replica.search(on="2027-01-01").page_json(AGE_MS)
    sold_out = replica.search(pattern="123 ABC 02", on="2027-01-01")
    assert PageShape.model_validate_json(sold_out.page_json(AGE_MS)).marks == []
