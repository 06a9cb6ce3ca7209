"""A publication that is not what was approved changes no price, whoever wrote it into the store."""

import secrets
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
import pytest_asyncio

from plate_core import Act
from plateapi import metrics
from plateapi.engine import Engine
from plateapi.law import Law, PublishedTariff, begin_of_day_ms, day_of
from plateapi.services.check_tariff import CheckedTariff, compile_tariff
from plateapi.settings import Settings
from tests.servers import StoreServer
from tests.tariffs import tariff_text

TODAY = day_of(time.time_ns() // 1_000_000)
GENUINE = tariff_text("kz-genuine", TODAY, ordinary="11")
OTHER = tariff_text("kz-genuine", TODAY, ordinary="1")


@pytest_asyncio.fixture
async def engine(store: StoreServer, tmp_path: Path) -> AsyncIterator[Engine]:
    """An engine over an empty store; nobody publishes behind its back."""
    opened = await Engine.open(Settings(redis_url=store.url, data_dir=tmp_path), watch=False)
    yield opened
    await opened.close()


def published(engine: Engine, content: str) -> PublishedTariff:
    """As the second person's approval writes it, in force since this morning."""
    checked = compile_tariff(Law(engine.law.base), "a.toml", content)
    assert isinstance(checked, CheckedTariff), checked
    from_ms = begin_of_day_ms(TODAY)
    people = ("a" * 32, "a" * 32, "b" * 32)
    return PublishedTariff(
        checked.revision, checked.tariff_id, TODAY, from_ms, "a.toml", content, *people, from_ms, "d"
    )


async def write(engine: Engine, name: str, content: bytes, *, over: int = 0) -> None:
    """Past the service, as whoever has the store's password."""
    act = Act(request_id=secrets.token_hex(8), caller="nobody", channel="portal")
    await engine.inventory.put_document(act, name, content, expected_version=over)


def price(engine: Engine) -> str:
    """How many MCI an ordinary mark costs now."""
    book = engine.law.at(engine.clock.now_ms())
    return str(book.quote(book.parse("123ABC02"), at_ms=engine.clock.now_ms())["mci"])


def refusals() -> float:
    """What the metric says."""
    [metric] = metrics.PUBLISHED_TARIFFS_REFUSED.collect()
    return float(metric.samples[0].value)


FORGERIES = {
    "another text": lambda tariff: replace(tariff, content=OTHER).dump(),
    "a text that is none": lambda tariff: replace(tariff, content="tier = 1").dump(),
    "another revision": lambda tariff: replace(tariff, revision="0" * 64).dump(),
    "another id": lambda tariff: replace(tariff, tariff_id="kz-2026").dump(),
    "an hour of another day": lambda tariff: replace(tariff, from_ms=tariff.from_ms - 1).dump(),
    "a day of another kind": lambda tariff: replace(tariff, from_ms="now").dump(),
    "fields that are none": lambda tariff: orjson.dumps({"revision": tariff.revision}),
    "no JSON": lambda _: b"\xff",
}


@pytest.mark.parametrize("forgery", FORGERIES)
async def test_a_forged_publication_is_refused_and_the_old_tariff_stays(engine: Engine, forgery: str) -> None:
    """It is told of once, by the name of the document; the genuine one of that name is in force."""
    tariff, before = published(engine, GENUINE), refusals()
    assert price(engine) == "10"
    await write(engine, tariff.document, FORGERIES[forgery](tariff))
    assert await engine.read_law()
    assert price(engine) == "10"
    assert list(engine.law.published) == []
    assert list(engine.tariffs_refused) == [tariff.document]
    assert not await engine.read_law()
    assert refusals() == before + 1
    await write(engine, tariff.document, tariff.dump(), over=1)
    await engine.read_law()
    assert (price(engine), engine.tariffs_refused) == ("11", {})


async def test_a_tariff_in_force_outlives_what_is_written_over_it(engine: Engine) -> None:
    """A worker keeps the text that it knew, and still takes what is published genuinely beside it."""
    tariff = published(engine, GENUINE)
    await write(engine, tariff.document, tariff.dump())
    await engine.read_law()
    assert price(engine) == "11"
    await write(engine, tariff.document, replace(tariff, content=OTHER).dump(), over=1)
    await engine.read_law()
    assert price(engine) == "11"
    assert tariff.document in engine.tariffs_refused
    later = replace(published(engine, OTHER), from_ms=tariff.from_ms + 1)
    await write(engine, later.document, later.dump())
    await engine.read_law()
    assert price(engine) == "1"
    assert tariff.document in engine.tariffs_refused


async def test_a_worker_that_starts_later_refuses_it_as_well(engine: Engine, store: StoreServer) -> None:
    """The start is not refused: what is in the files is in force."""
    tariff = published(engine, GENUINE)
    await write(engine, tariff.document, replace(tariff, content=OTHER).dump())
    late = await Engine.open(engine.settings, watch=False)
    try:
        assert price(late) == "10"
        assert list(late.tariffs_refused) == [tariff.document]
    finally:
        await late.close()
