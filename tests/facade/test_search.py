"""The machine's bitmaps through the facade: a follower of a real store, and a search held to a pattern."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from plate_core import (
    CursorInvalid,
    InputInvalid,
    Inventory,
    Mark,
    NoTariffInForce,
    PatternInvalid,
    PlateError,
    Replica,
    ReplicaUnavailable,
    ReplicaWriter,
    RuleBook,
)
from tests.facade.citizens import DAY, Citizen, official, open_country
from tests.servers import StoreServer, new_server, remove_server

AIGERIM = Citizen("aigerim")


@pytest_asyncio.fixture
async def country(
    store: StoreServer, book: RuleBook, tmp_path: Path
) -> AsyncIterator[tuple[Inventory, Replica, ReplicaWriter]]:
    """All pools on sale, and bitmaps that follow them."""
    inventory = Inventory.open(store.url, book)
    await open_country(inventory, book, book.pools())
    writer = ReplicaWriter.start(store.url, tmp_path / "planes", book)
    try:
        await _until(lambda: writer.health()["ready"])
        yield inventory, Replica.open(tmp_path / "planes", book), writer
    finally:
        writer.stop()
        inventory.close()


@pytest.fixture(scope="module")
def replica(book: RuleBook, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replica]:
    """The bitmaps of an empty country, where every mark but 000 is free."""
    path = tmp_path_factory.mktemp("still") / "planes"
    server = new_server("valkey")
    writer = None

    async def found() -> None:
        inventory = Inventory.open(server.url, book)
        await open_country(inventory, book, book.pools())
        inventory.close()

    try:
        asyncio.run(found())
        writer = ReplicaWriter.start(server.url, path, book)
        asyncio.run(_until(lambda: writer.health()["ready"]))
        yield Replica.open(path, book)
    finally:
        if writer is not None:
            writer.stop()
        remove_server(server)


async def _until(true: Any) -> None:
    """Waits for the follower, who is milliseconds behind."""
    for _ in range(2_000):
        if true():
            return
        await asyncio.sleep(0.005)
    pytest.fail("the bitmaps did not follow")


async def test_the_bitmaps_follow_the_store(
    country: tuple[Inventory, Replica, ReplicaWriter], book: RuleBook
) -> None:
    """Held, withheld and imported marks leave the search; a released one comes back."""
    inventory, replica, writer = country
    held, withheld, issued = (book.parse(text) for text in ("123ABC02", "124ABC02", "125ABC02"))
    free = book.parse("126ABC02")
    answer = await AIGERIM.hold(inventory, book, held)
    await inventory.withhold(official(), [withheld], "by rule")
    await inventory.import_issued(
        official(channel="registry"), issued.pool, issued.ordinal.to_bytes(4, "little")
    )
    await _until(lambda: replica.state(issued) == "issued")
    states = [replica.state(mark) for mark in (held, withheld, issued, free)]
    assert states == ["taken", "withheld", "issued", "free"]
    page = replica.search(pattern="12? ABC 02", on=DAY)
    assert [mark.digits for mark in page.marks] == ["120", "121", "122", "126", "127", "128", "129"]
    assert page.count == 7
    assert held not in replica.nearest(withheld, limit=20)
    assert answer.live is not None
    await inventory.release([(AIGERIM.act(), held, answer.live.hold_id, answer.live.revision)])
    await _until(lambda: replica.state(held) == "free")
    health = writer.health()
    assert (health["ready"], health["pools"], health["pools_missing"], health["error"]) == (True, 40, 0, None)
    assert replica.age_ms(await inventory.server_time_ms()) < 5_000


def test_filters_are_an_intersection(replica: Replica, book: RuleBook) -> None:
    """All filters must hold; counts are exact, and pages complete in every order."""
    filters: dict[str, Any] = {
        "pattern": "7??AAA*",
        "regions": ["02", "17"],
        "tiers": ["mirror_identical", "top_identical"],
        "on": DAY,
    }
    wanted = {
        mark
        for mark in book.pattern("7??AAA*").marks(100_000)
        if mark.region in {"02", "17"}
        and mark.format == "person_car"
        and book.explain(mark, on=DAY)["tier"] in {"mirror_identical", "top_identical"}
    }
    assert len(wanted) > 10
    for order in ("number", "price", "beauty", "shuffle"):
        found = _all_pages(replica, order=order, seed=7, limit=3, **filters)
        assert len(found) == len(wanted)
        assert set(found) == wanted
    tagged = _all_pages(replica, tags=["mirror_digits", "identical_letters"], limit=1_000, **filters)
    assert set(tagged) == {mark for mark in wanted if "mirror_digits" in book.explain(mark, on=DAY)["tags"]}
    dear = _all_pages(replica, amount_tiyn_min=100_000_000, limit=1_000, **filters)
    assert {mark.digits for mark in dear} == {"777"}


def _all_pages(replica: Replica, **query: Any) -> list[Mark]:
    found: list[Mark] = []
    after = None
    while True:
        page = replica.search(after=after, **query)
        found += page.marks
        after = page.next
        if after is None:
            assert page.count == len(found)
            return found


def test_orders_are_what_they_say(replica: Replica, book: RuleBook) -> None:
    """By number rising, by price rising, by beauty falling; a shuffle is the same for the same seed."""
    query: dict[str, Any] = {"pattern": "7?7 * 02", "on": DAY, "limit": 200}
    by_number = replica.search(order="number", **query).marks
    assert by_number == sorted(by_number)
    prices = [
        book.explain(mark, on=DAY)["price"]["amount_tiyn"]
        for mark in replica.search(order="price", **query).marks
    ]
    assert prices == sorted(prices)
    points = {tag["id"]: tag["beauty"] for tag in book.tags()}
    beauty = [
        sum(points[tag] for tag in book.explain(mark, on=DAY)["tags"])
        for mark in replica.search(order="beauty", **query).marks
    ]
    assert beauty == sorted(beauty, reverse=True)
    one, same, other = (replica.search(order="shuffle", seed=seed, **query).marks for seed in (1, 1, 2))
    assert one == same != other


def test_both_formats_are_searched_together(replica: Replica) -> None:
    """A list of formats means any of them."""
    page = replica.search(pattern="777*02", formats=["entity_car", "person_car"], on=DAY, limit=1_000)
    assert page.count == 26**3 + 26**2
    assert {mark.format for mark in page.marks} == {"person_car"}
    assert replica.search(pattern="777*02", formats=["entity_car"], on=DAY).count == 26**2


def test_likes_and_ordinary_marks_are_free(replica: Replica, book: RuleBook) -> None:
    """The nearest differ little; ordinary ones are offered as assigned, and seeds spread them."""
    mark = book.parse("777AAA02")
    nearest = replica.nearest(mark, limit=5)
    assert len(nearest) == 5
    assert mark not in nearest
    assert {other.region for other in nearest} == {"02"}
    some = replica.ordinary("person_car.02", limit=16, seed=1, on=DAY)
    assert len(set(some)) == 16
    assert {tier for tier, _ in book.classify(some, acquired="assigned", on=DAY)} == {"assigned"}
    assert some != replica.ordinary("person_car.02", limit=16, seed=2, on=DAY)


@pytest.mark.parametrize(
    ("error", "slug", "query"),
    [
        (PatternInvalid, "pattern_invalid", {"pattern": "("}),
        (InputInvalid, "region_unknown", {"regions": ["99"]}),
        (InputInvalid, "format_unknown", {"formats": ["motorcycle"]}),
        (InputInvalid, "tier_unknown", {"tiers": ["golden"]}),
        (InputInvalid, "tag_unknown", {"tags": ["lovely"]}),
        (InputInvalid, "order_unknown", {"order": "random"}),
        (InputInvalid, "date_invalid", {"on": "today"}),
        (InputInvalid, "limit_out_of_range", {"limit": 0}),
        (InputInvalid, "limit_out_of_range", {"limit": 1_001}),
        (CursorInvalid, "cursor_length", {"after": b"x"}),
        (CursorInvalid, "cursor_version", {"after": bytes(18)}),
        (NoTariffInForce, "no_tariff_in_force", {"on": "2001-01-01", "order": "price"}),
    ],
)
def test_a_search_that_cannot_be_meant_is_refused(
    replica: Replica, error: type[PlateError], slug: str, query: dict[str, Any]
) -> None:
    """Each cause has its class and its slug."""
    with pytest.raises(error) as refused:
        replica.search(**({"on": DAY} | query))
    assert refused.value.slug == slug


def test_a_cursor_belongs_to_its_search(replica: Replica) -> None:
    """With another pattern, order or seed it is refused; with another limit it goes on."""
    page = replica.search(pattern="7?7", on=DAY, limit=2)
    assert replica.search(pattern="7?7", on=DAY, limit=5, after=page.next).marks
    for changed in ({"pattern": "7?8"}, {"order": "price"}, {"free_only": False}):
        with pytest.raises(CursorInvalid) as refused:
            replica.search(**({"pattern": "7?7", "on": DAY, "after": page.next} | changed))
        assert refused.value.slug == "cursor_of_another_query"


async def test_one_writer_keeps_a_machines_file(
    country: tuple[Inventory, Replica, ReplicaWriter], store: StoreServer, book: RuleBook, tmp_path: Path
) -> None:
    """A second writer is refused by name; after the first has stopped it takes over, and readers notice."""
    _, replica, writer = country
    with pytest.raises(ReplicaUnavailable) as refused:
        ReplicaWriter.start(store.url, tmp_path / "planes", book)
    assert refused.value.slug == "another_writer"
    writer.stop()
    writer.stop()
    assert writer.health()["error"]
    second = ReplicaWriter.start(store.url, tmp_path / "planes", book)
    await _until(lambda: second.health()["ready"])
    assert replica.search(pattern="7?7 AAA 02", on=DAY).count == 10
    second.stop()


def test_planes_that_are_not_there_are_unavailable(book: RuleBook, tmp_path: Path) -> None:
    """Missing and foreign files are told apart."""
    with pytest.raises(ReplicaUnavailable) as missing:
        Replica.open(tmp_path / "planes", book)
    assert missing.value.slug == "planes_missing"
    (tmp_path / "planes").write_bytes(b"\0" * 10_000)
    with pytest.raises(ReplicaUnavailable) as foreign:
        Replica.open(tmp_path / "planes", book)
    assert foreign.value.slug == "not_planes"
