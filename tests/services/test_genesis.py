"""The store of a journal is known again; an emptied or another one is refused, and never founded."""

from pathlib import Path

import pytest

from plate_core import BootContractBroken, Inventory, Journal, PlateError
from plateapi.cli.doctor import _contract
from plateapi.engine import Engine
from plateapi.genesis import known_store, look_at_store
from plateapi.keeper.activation import Activation
from plateapi.keeper.journaling import journal_round
from plateapi.services.load_law import bring_settings, found_pools, load_law
from tests.servers import StoreServer
from tests.services.test_load_law import engine, small_law

POOL = "person_car.02"


async def journalled(opened: Engine) -> None:
    """Founds the pools, and writes what they did."""
    await found_pools(opened)
    journal = Journal.open(opened.settings.journal_dir)
    await journal_round(opened.inventory, journal, [POOL])
    journal.close()


def size(store: StoreServer) -> int:
    """Keys in the store."""
    with store.client() as client:
        return int(client.dbsize())


async def refusal(store: StoreServer, law: Path) -> dict[str, str]:
    """The one fault with which an engine does not open, which is the doctor's finding too."""
    with pytest.raises(BootContractBroken) as refused:
        async with engine(store, law):
            pass
    [fault] = refused.value.context["faults"]
    assert fault["setting"] == "genesis"
    assert "give the URL" in fault["mend"]
    return dict(fault)


async def test_an_emptied_store_is_refused_by_all_and_founded_by_none(
    store: StoreServer, tmp_path: Path
) -> None:
    """After the first boot the store is known; emptied, neither a boot nor the doctor writes into it."""
    law = small_law(tmp_path / "law", "KAL")
    async with engine(store, law) as first:
        assert known_store(first.settings) is None
        await load_law(first)
        settings, book = first.settings, first.law.base
        assert known_store(settings) == first.store_id
    async with engine(store, law) as again:
        assert again.store_id == first.store_id
    store.empty()
    assert (await refusal(store, law))["found"] == "nothing"
    [finding] = await _contract(store.url, book, settings)
    assert (finding.subject, finding.judgement) == ("store: genesis", "fault")
    assert size(store) == 0


async def test_another_store_is_refused(store: StoreServer, tmp_path: Path) -> None:
    """One that was founded elsewhere, or anew, is not ours."""
    law = small_law(tmp_path / "law", "KAL")
    async with engine(store, law) as first:
        await load_law(first)
    store.empty()
    async with engine(store, small_law(tmp_path / "elsewhere" / "law", "KAL")) as other:
        another = other.store_id
    fault = await refusal(store, law)
    assert (fault["found"], fault["needed"]) == (another, first.store_id)


async def test_a_journal_without_a_note_still_refuses_an_empty_store(
    store: StoreServer, tmp_path: Path
) -> None:
    """The store beside a journal is taken for its own while it has a certificate, and is noted at boot."""
    law = small_law(tmp_path / "law", "KAL")
    async with engine(store, law) as first:
        await journalled(first)
        settings, book = first.settings, first.law.base
    assert known_store(settings) is None
    async with engine(store, law) as again:
        assert again.store_id == first.store_id
    store.empty()
    assert str(settings.journal_dir) in (await refusal(store, law))["needed"]
    [finding] = await _contract(store.url, book, settings)
    assert (finding.subject, finding.judgement) == ("store: genesis", "fault")
    assert size(store) == 0


async def test_looking_at_a_new_store_founds_nothing(store: StoreServer, tmp_path: Path) -> None:
    """The doctor may be asked before the first start, and changes nothing."""
    law = small_law(tmp_path / "law", "KAL")
    async with engine(store, law) as opened:
        settings, book = opened.settings, opened.law.base
    store.empty()
    inventory = Inventory.open(store.url, book)
    await look_at_store(inventory, settings)
    assert size(store) == 0
    with store.client() as client:
        client.config_set("appendfsync", "everysec")
    try:
        with pytest.raises(BootContractBroken) as refused:
            await look_at_store(inventory, settings)
    finally:
        with store.client() as client:
            client.config_set("appendfsync", "always")
        inventory.close()
    assert [fault["setting"] for fault in refused.value.context["faults"]] == ["appendfsync"]


async def test_only_a_boot_founds_pools(store: StoreServer, tmp_path: Path) -> None:
    """The keeper tells the pools that are there, refuses to make those that are not, and asks again."""
    async with engine(store, small_law(tmp_path / "law", "KAL")) as opened:
        keeper = Activation(opened)
        for _ in range(2):
            with pytest.raises(PlateError) as refused:
                await keeper.follow()
            assert refused.value.slug == "pools_unknown"
            assert refused.value.context["pools"] == opened.law.base.pools()
        assert await opened.inventory.pool_settings(POOL) == {}
        await found_pools(opened)
        await keeper.follow()
        assert (await opened.inventory.pool_settings(POOL))["tariffs"]
        assert await bring_settings(opened) == 0
