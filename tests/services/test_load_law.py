"""The law is brought into a store once, by difference, and leaves alone what people decided."""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from plate_core import Act
from plateapi.engine import Engine
from plateapi.law import Law, PublishedTariff
from plateapi.services.load_law import bring_settings, found_pools, load_law, moment_ms
from plateapi.services.withhold_by_law import DOCUMENT, Brought
from plateapi.settings import Settings
from tests.servers import StoreServer

SERIES = re.compile(r"series = \[[^\]]*\]")


def small_law(directory: Path, *series: str) -> Path:
    """The country's law with other withheld series: two pools would be enough, but a law has forty."""
    if directory.exists():
        shutil.rmtree(directory)
    law = shutil.copytree(Settings().patterns_dir, directory)
    listed = ", ".join(f'"{word}"' for word in series)
    person = law / "withheld" / "person_car.toml"
    person.write_text(SERIES.sub(f"series = [{listed}]", person.read_text("utf-8"), count=1), "utf-8")
    return law


@asynccontextmanager
async def engine(store: StoreServer, law: Path, **settings: object) -> AsyncIterator[Engine]:
    """An engine on this store and this law."""
    chosen = Settings(redis_url=store.url, patterns_dir=law, data_dir=law.parent / "var", **settings)  # type: ignore[arg-type]
    opened = await Engine.open(chosen, watch=False)
    try:
        yield opened
    finally:
        await opened.close()


async def is_withheld(engine: Engine, *texts: str) -> list[bool]:
    """Whether the store withholds these marks."""
    answers = await engine.inventory.read([engine.law.base.parse(text) for text in texts])
    return [bool(answer.context["planes"]["withheld"]) for answer in answers]


async def revision(engine: Engine, pool: str = "person_car.02") -> int:
    """The pool's counter: it stands still when nothing happens."""
    [answer] = await engine.inventory.read([engine.law.base.mark_at(pool, 1)])
    return answer.revision


async def hold(engine: Engine, text: str) -> str:
    """Somebody asks for a mark: the outcome."""
    mark = engine.law.base.parse(text)
    quote = engine.law.base.quote(mark, at_ms=engine.clock.now_ms())
    act = Act(request_id=f"hold-{text}", caller="driver-1", channel="portal", applicant=bytes(range(16)))
    [answer] = await engine.inventory.hold([(act, mark, quote["tariff"], quote["amount_tiyn"])])
    return answer.outcome


async def test_a_new_store_knows_the_law_and_a_second_time_nothing_happens(
    store: StoreServer, tmp_path: Path
) -> None:
    """Withheld marks are refused, others are held; bringing it again advances no pool."""
    law = small_law(tmp_path / "law", "SEX", "KAL")
    told: list[str] = []
    async with engine(store, law) as first:
        await load_law(first, told.append)
        assert await is_withheld(first, "001SEX02", "999KAL20", "777AAA02") == [True, True, False]
        assert await hold(first, "333SEX02") == "mark_withheld"
        assert await hold(first, "333SEY02") == "held"
        before = [await revision(first, pool) for pool in first.law.base.pools()]
        # Two series of persons' marks, and the two that the law withholds of entities'.
        assert any("79 920" in line for line in told), told
    told.clear()
    async with engine(store, law) as second:
        await load_law(second, told.append)
        assert [await revision(second, pool) for pool in second.law.base.pools()] == before
    assert told == []


async def test_a_changed_law_is_brought_by_its_difference(store: StoreServer, tmp_path: Path) -> None:
    """What is given free is on sale again, what is new is withheld, what stays is not touched."""
    async with engine(store, small_law(tmp_path / "law", "SEX", "KAL")) as before:
        await load_law(before)
    told: list[str] = []
    async with engine(store, small_law(tmp_path / "law", "KAL", "LOX")) as after:
        await load_law(after, told.append)
        assert await is_withheld(after, "001SEX02", "001KAL02", "001LOX02") == [False, True, True]
        assert await hold(after, "001SEX02") == "held"
    assert any("39 960" in line for line in told), told


async def test_a_mark_in_somebodys_hands_stays_there_and_is_tried_again(
    store: StoreServer, tmp_path: Path
) -> None:
    """The conflict is told; after the release the next start withholds the mark."""
    async with engine(store, small_law(tmp_path / "law", "KAL")) as before:
        await load_law(before)
        assert await hold(before, "100LOX02") == "held"
    told: list[str] = []
    async with engine(store, small_law(tmp_path / "law", "KAL", "LOX")) as after:
        await load_law(after, told.append)
        assert [line for line in told if line.startswith("100LOX02 is to be withheld")]
        assert await is_withheld(after, "100LOX02", "101LOX02") == [False, True]
        mark = after.law.base.parse("100LOX02")
        [found] = await after.inventory.read_applicant(bytes(range(16)))
        act = Act(request_id="release-1", caller="driver-1", channel="portal", applicant=bytes(range(16)))
        [answer] = await after.inventory.release([(act, mark, found[1].hold_id, found[1].revision)])
        assert answer.outcome == "released"
        await load_law(after, told.append)
        assert await is_withheld(after, "100LOX02") == [True]


async def test_settings_reach_every_pool_and_leave_switches_alone(store: StoreServer, tmp_path: Path) -> None:
    """A changed time is brought everywhere; a pool that an operator paused stays paused."""
    law = small_law(tmp_path / "law", "KAL")
    async with engine(store, law) as before:
        await load_law(before)
        act = Act(request_id="pause-one", caller="operator-1", channel="desk")
        await before.inventory.configure_pools(act, {"person_car.02": {"paused": True}})
    told: list[str] = []
    async with engine(store, law, hold_ttl_seconds=60, live_holds_person=7) as after:
        await load_law(after, told.append)
        for pool in after.law.base.pools():
            found = await after.inventory.pool_settings(pool)
            assert found["hold_ttl_ms"] == 60_000
            assert found["paused"] is (pool == "person_car.02")
            assert [revision_[:16] for revision_, _ in found["tariffs"]] == [
                entry.revision[:16] for entry in after.law.timeline()
            ]
        assert (await after.inventory.limits())["live_holds_person"] == 7
    assert told == ["40 pools told what is in force"]


def published(number: int, from_ms: int) -> PublishedTariff:
    """A publication as the timeline knows it; nobody compiles it."""
    return PublishedTariff(
        revision=f"{number:064x}",
        tariff_id=f"kz-{number}",
        in_force_from="2026-01-01",
        from_ms=from_ms,
        file_name="",
        content="",
        author="",
        submitted_by="",
        approved_by="",
        approved_at_ms=number,
        draft="",
    )


async def test_pools_are_not_told_of_the_past(store: StoreServer, tmp_path: Path) -> None:
    """After 300 publications, more than a pool has room for, it knows the one in force and those to come."""
    async with engine(store, small_law(tmp_path / "law", "KAL")) as opened:
        await found_pools(opened)
        now_ms = opened.clock.now_ms()
        past = [published(number, now_ms - 1_000 * (301 - number)) for number in range(1, 301)]
        ahead = [published(number, now_ms + 3_600_000 * (number - 300)) for number in (301, 302)]
        opened.law = Law(opened.law.base, [*past, *ahead])
        assert await bring_settings(opened) == 40
        found = await opened.inventory.pool_settings("person_car.02")
        told = [past[-1], *ahead]
        assert found["tariffs"] == [(tariff.revision[:16], tariff.from_ms) for tariff in told]
        assert {tariff.from_ms for tariff in ahead} <= set(found["cuts_ms"])
        assert min(found["cuts_ms"]) > now_ms
        assert len(opened.law.timeline()) == 303  # the list of all tariffs keeps the file's and every one
        assert await bring_settings(opened) == 0


async def test_two_who_bring_the_law_at_once_bring_it_once(store: StoreServer, tmp_path: Path) -> None:
    """Both end well, and the marks are withheld."""
    law = small_law(tmp_path / "law", "KAL")
    async with engine(store, law) as one, engine(store, law) as other:
        await asyncio.gather(load_law(one), load_law(other))
        assert await is_withheld(one, "001KAL02", "001KAM02") == [True, False]
        found = await one.inventory.get_document(DOCUMENT)
        assert found is not None
        assert Brought.load(found[1]).book == one.law.base.revision


@pytest.mark.parametrize(
    "ordinals", [frozenset(), frozenset({0}), frozenset({1, 1_023, 17_998_000}), frozenset(range(1, 66_000))]
)
def test_what_was_brought_survives_its_document(ordinals: frozenset[int]) -> None:
    """Ordinals come back as they were, and rows of neighbours take next to no room."""
    content = Brought.of("a" * 64, {"person_car.02": ordinals}).dump()
    loaded = Brought.load(content)
    assert loaded.book == "a" * 64
    assert loaded.ordinals("person_car.02") == ordinals
    assert loaded.ordinals("person_car.01") == frozenset()
    assert len(content) < 1_000


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", 0), ("2026-01-05T09:00:00+05:00", 1_767_585_600_000), ("2026-01-05T09:00:00", 1_767_585_600_000)],
)
def test_opening_hours_are_the_countrys_own_time(text: str, expected: int) -> None:
    """With a zone or without; empty is long ago."""
    assert moment_ms(text) == expected


async def test_permits_last_as_long_as_the_settings_ask_from_the_first_day(
    store: StoreServer, tmp_path: Path
) -> None:
    """Short holds have short permits: one whose end is lost heals 5 s after its hold, not after a default."""
    times = {"hold_ttl_seconds": 60, "extension_seconds": 30, "payment_window_seconds": 90}
    async with engine(store, small_law(tmp_path / "law", "KAL"), **times) as opened:
        await found_pools(opened)
        await bring_settings(opened)
        limits = await opened.inventory.limits()
        found = [limits[f"{what}_permit_ms"] for what in ("hold", "extension", "payment")]
        assert found == [65_000, 35_000, 95_000]
