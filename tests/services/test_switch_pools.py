"""The switches of pools: what they stop, what goes on meanwhile, and that nobody's turn is lost."""

import asyncio
import itertools
from pathlib import Path

import pytest

from plate_core import Inventory, Journal, JournalReader, PlateError, RuleBook
from plateapi.services.switch_pools import Switch, Turn, switch_pools
from tests.facade.citizens import Citizen, official, open_country, payment_of
from tests.servers import StoreServer

ALMATY, ASTANA = "person_car.02", "person_car.01"

AIGERIM, BOLAT, CHINGIZ = Citizen("aigerim"), Citizen("bolat"), Citizen("chingiz")

_numbers = itertools.count(1)


def turn(switch: Switch, on: bool, reason: str = "a queue at the desks") -> Turn:
    """Somebody on duty turns a switch."""
    return Turn(switch, on, "dana", reason, f"turn-{next(_numbers):06d}")


async def test_a_pause_stops_holds_in_the_hold_itself_and_nothing_else(
    store: StoreServer, book: RuleBook
) -> None:
    """Whoever holds already pays and gives back; the hold that was refused succeeds after the resume."""
    inventory = Inventory.open(store.url, book)
    try:
        await open_country(inventory, book, [ALMATY, ASTANA])
        paid, given_back, wanted = (book.parse(text) for text in ("101ABC02", "102ABC02", "103ABC02"))
        held = await AIGERIM.hold(inventory, book, paid)
        other = await BOLAT.hold(inventory, book, given_back)
        await switch_pools(inventory, book, [ALMATY], turn("paused", on=True))
        refused = await CHINGIZ.hold(inventory, book, wanted, "hold-103")
        assert refused.outcome == "pool_paused"
        assert (await CHINGIZ.hold(inventory, book, book.parse("103ABC01"))).outcome == "held"
        assert held.live is not None
        assert other.live is not None
        row = (AIGERIM.act(), paid, held.live.hold_id, held.live.revision)
        [begun] = await inventory.begin_payment([row])
        [allotted] = await inventory.confirm([(AIGERIM.act(), paid, payment_of(begun, "t-1"))])
        [gone] = await inventory.release([(BOLAT.act(), given_back, other.live.hold_id, other.live.revision)])
        assert (begun.done, allotted.outcome, gone.outcome) == (True, "allotted", "released")
        await switch_pools(inventory, book, [ALMATY], turn("paused", on=False))
        assert (await CHINGIZ.hold(inventory, book, wanted, "hold-103")).outcome == "held"
    finally:
        inventory.close()


async def test_the_journal_says_who_turned_what_and_why(
    store: StoreServer, book: RuleBook, tmp_path: Path
) -> None:
    """A line a pool, with the settings that stand after it and the reason last."""
    inventory = Inventory.open(store.url, book)
    try:
        await open_country(inventory, book, [ALMATY])
        await switch_pools(inventory, book, [ALMATY], turn("read_only", True, "диск журнала меняют"))
        journal = Journal.open(tmp_path)
        journal.append(ALMATY, await inventory.feed(ALMATY, "0-0", 100))
        journal.sync()
        journal.close()
    finally:
        inventory.close()
    [founded, turned] = JournalReader(tmp_path).transitions(ALMATY)
    assert (turned["verb"], turned["actor"]) == ("configure", "dana")
    assert "\nread_only=1\n" in turned["note"]
    assert turned["note"].endswith("\nreason=диск журнала меняют\n")
    assert "\nread_only=0\n" in founded["note"]
    assert "reason=" not in founded["note"]


async def test_two_writers_never_lose_each_others_settings(store: StoreServer, book: RuleBook) -> None:
    """A keeper brings times while somebody pauses and resumes: after every round both stand."""
    keeper, duty = Inventory.open(store.url, book), Inventory.open(store.url, book)
    try:
        await open_country(keeper, book, [ALMATY])
        for number in range(40):
            paused, hold_ttl_ms = number % 2 == 0, 60_000 + number
            await asyncio.gather(
                keeper.configure_pools(official(), {ALMATY: {"hold_ttl_ms": hold_ttl_ms}}),
                switch_pools(duty, book, [ALMATY], turn("paused", paused)),
                keeper.configure_limits({"live_holds_person": 1 + number}),
                duty.configure_limits({"operator_daily_cap": 100 + number}),
            )
            found, limits = await keeper.pool_settings(ALMATY), await keeper.limits()
            assert (found["paused"], found["hold_ttl_ms"]) == (paused, hold_ttl_ms)
            assert (limits["live_holds_person"], limits["operator_daily_cap"]) == (1 + number, 100 + number)
    finally:
        keeper.close()
        duty.close()


async def test_freezing_freezes_permits_too_until_the_last_pool_is_thawed(
    store: StoreServer, book: RuleBook
) -> None:
    """A hold must never outlive its permit, or its applicant could take more than his limit."""
    inventory = Inventory.open(store.url, book)
    try:
        await open_country(inventory, book, [ALMATY, ASTANA])
        await switch_pools(inventory, book, [ALMATY, ASTANA], turn("frozen", on=True))
        assert (await inventory.limits())["frozen"]
        await switch_pools(inventory, book, [ALMATY], turn("frozen", on=False))
        assert (await inventory.limits())["frozen"], "Astana is frozen still"
        await switch_pools(inventory, book, [ASTANA], turn("frozen", on=False))
        assert not (await inventory.limits())["frozen"]
    finally:
        inventory.close()


async def test_a_switch_founds_no_pool(store: StoreServer, book: RuleBook) -> None:
    """A pool that the store lost is named, and nothing is turned: a founded one would sell its marks anew."""
    inventory = Inventory.open(store.url, book)
    try:
        await open_country(inventory, book, [ALMATY])
        with pytest.raises(PlateError) as lost:
            await switch_pools(inventory, book, [ALMATY, ASTANA], turn("paused", on=True))
        assert (lost.value.slug, lost.value.context["pools"]) == ("pools_unknown", [ASTANA])
        assert await inventory.pool_settings(ASTANA) == {}
        assert not (await inventory.pool_settings(ALMATY))["paused"]
    finally:
        inventory.close()
