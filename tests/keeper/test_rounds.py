"""The keeper's rounds over a real store: journal, expiry, election."""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from plate_core import (
    Inventory,
    Journal,
    JournalBroken,
    JournalReader,
    ReplicaWriter,
    RuleBook,
    StoreUnavailable,
    verify_journal,
)
from plateapi.engine import Engine
from plateapi.keeper.activation import Activation
from plateapi.keeper.election import Election
from plateapi.keeper.expiry import Swept, sweep_pools
from plateapi.keeper.history import OwnHistory
from plateapi.keeper.journaling import (
    DOCUMENTS_A_READ,
    DOCUMENTS_POOL,
    POOLS_WITHOUT_MARKS,
    REFUSALS_POOL,
    UNPLACED_POOL,
    Journalled,
    journal_round,
)
from plateapi.keeper.process import Keeper
from plateapi.keeper.seal import signing_key, trusted_keys
from plateapi.keeper.status import KeeperStatus, read_status
from plateapi.keeper.trimming import Trimming
from plateapi.law import PUBLISHED_PREFIX
from plateapi.settings import Settings
from tests.facade.citizens import NOON_MS, PAYMENTS, Citizen, official, open_country
from tests.servers import StoreServer

POOL = "person_car.02"
AIGERIM = Citizen("aigerim")


def verbs(directory: Path) -> list[str]:
    """What the journal tells of the pool's marks, in order."""
    steps = JournalReader(directory).transitions(POOL)
    return [step["verb"] for step in steps if step["ordinal"] is not None]


@asynccontextmanager
async def working_keeper(settings: Settings) -> AsyncIterator[Keeper]:
    """A keeper at work on its rounds, for twenty seconds at most."""
    engine = await Engine.open(settings, watch=False)
    keeper = Keeper(
        settings=settings,
        inventory=engine.inventory,
        book=engine.law.base,
        activation=Activation(engine),
        status=KeeperStatus(pid=1),
        replica=ReplicaWriter.start(settings.redis_url, settings.replica_path, engine.law.base),
    )
    running = asyncio.create_task(keeper.run())
    try:
        async with asyncio.timeout(20):
            yield keeper
    finally:
        keeper.stopping.set()
        await running
        await engine.close()


async def written_and_trimmed(inventory: Inventory, journal: Journal, pools: Sequence[str]) -> Journalled:
    """One round, and after two turns nothing of it is in the feeds any more."""
    done = await journal_round(inventory, journal, pools)
    trimming = Trimming(inventory, done.heads, turn_seconds=1)
    for second in range(2):
        await trimming.trim({}, second)
    return done


async def feed_length(inventory: Inventory) -> int:
    """Entries of the pool that the store still keeps."""
    return len(await inventory.feed(POOL, "0-0", 1_000))


async def test_a_publication_that_nobody_approved_is_in_the_status(
    store: StoreServer, inventory: Inventory, tmp_path: Path
) -> None:
    """`plates doctor` reads it there, with the document's name."""
    name = f"{PUBLISHED_PREFIX}{'0' * 64}"
    await inventory.put_document(official(), name, b"{}", expected_version=0)
    async with working_keeper(Settings(data_dir=tmp_path, redis_url=store.url)) as keeper:
        while not keeper.status.tariff_error:  # noqa: ASYNC110  another task sets it
            await asyncio.sleep(0.01)
    status = read_status(tmp_path)
    assert status is not None
    assert name in status.tariff_error


async def test_what_is_on_disk_is_trimmed_and_nothing_else(
    inventory: Inventory, book: RuleBook, tmp_path: Path
) -> None:
    """A round writes every entry, two turns later the feed is empty; the next round has nothing to do."""
    await AIGERIM.hold(inventory, book, book.parse("777AAA02"))
    journal = Journal.open(tmp_path)
    done = await written_and_trimmed(inventory, journal, [POOL])
    assert (done.entries, done.more) == (2, False)  # the founding, and the hold
    assert verbs(tmp_path) == ["hold"]
    assert await feed_length(inventory) == 0
    assert (await journal_round(inventory, journal, [POOL])).entries == 0


async def test_what_is_on_disk_stays_for_replicas_to_read_and_not_for_longer(
    inventory: Inventory, book: RuleBook, tmp_path: Path
) -> None:
    """An entry leaves the feed with the turn after the one in which it came to the disk."""
    journal = Journal.open(tmp_path)
    trimming = Trimming(inventory, {}, turn_seconds=1)
    await trimming.trim({}, 0)
    await AIGERIM.hold(inventory, book, book.parse("777AAA02"))
    done = await journal_round(inventory, journal, [POOL])
    kept = []
    for durable, now_seconds in [(done.heads, 0.9), ({}, 1.0), ({}, 1.9), ({}, 2.0)]:
        await trimming.trim(durable, now_seconds)
        kept.append(await feed_length(inventory))
    assert kept == [2, 2, 2, 0]


async def test_a_keeper_that_ends_before_it_trims_writes_nothing_twice(
    inventory: Inventory, book: RuleBook, tmp_path: Path
) -> None:
    """What was durable is trimmed by the next keeper, which goes on behind it."""
    await AIGERIM.hold(inventory, book, book.parse("777AAA02"))
    journal = Journal.open(tmp_path)
    await journal_round(inventory, journal, [POOL])
    journal.close()
    assert await feed_length(inventory) == 2
    await AIGERIM.hold(inventory, book, book.parse("778AAA02"))
    journal = Journal.open(tmp_path)
    trimming = Trimming(inventory, {POOL: journal.head(POOL)}, turn_seconds=1)
    await journal_round(inventory, journal, [POOL])
    assert verbs(tmp_path) == ["hold", "hold"]
    for second in range(2):
        await trimming.trim({}, second)
    assert await feed_length(inventory) == 1


async def test_a_journal_that_is_too_old_is_refused_and_nothing_is_trimmed(
    inventory: Inventory, book: RuleBook, tmp_path: Path
) -> None:
    """Entries between the journal's end and the feed's beginning are missing: a gap is never bridged."""
    await AIGERIM.hold(inventory, book, book.parse("777AAA02"))
    await written_and_trimmed(inventory, Journal.open(tmp_path / "lost"), [POOL])
    await AIGERIM.hold(inventory, book, book.parse("778AAA02"))
    other = Journal.open(tmp_path / "other")
    with pytest.raises(JournalBroken) as refusal:
        await journal_round(inventory, other, [POOL])
    assert refusal.value.slug == "journal_gap"
    assert await feed_length(inventory) == 1


@pytest.mark.parametrize("founded", [True, False])
async def test_a_journal_ahead_of_its_store_is_refused(
    inventory: Inventory, book: RuleBook, store: StoreServer, tmp_path: Path, founded: bool
) -> None:
    """A store that was emptied, founded anew or not, is another history; its own is let pass."""
    journal = Journal.open(tmp_path / "journal")
    history = OwnHistory(inventory, journal, book.pools(), tmp_path / "foundings")
    await history.refuse_another()
    await AIGERIM.hold(inventory, book, book.parse("777AAA02"))
    await journal_round(history, journal, [POOL])
    await history.refuse_another()
    await AIGERIM.hold(inventory, book, book.parse("778AAA02"))
    await history.refuse_another()
    store.empty()
    await open_country(inventory, book, [POOL] if founded else [])
    with pytest.raises(JournalBroken) as refusal:
        await history.refuse_another()
    assert refusal.value.slug == "journal_ahead"
    assert refusal.value.context == {"pool": POOL, "journal_revision": 2, "store_revision": int(founded)}


async def refound(inventory: Inventory, book: RuleBook, store: StoreServer) -> None:
    """Empties the store behind its users, founds it anew, and lets it come further than the journal was."""
    store.empty()
    await open_country(inventory, book, [POOL])
    for mark in ("111BBB02", "222BBB02", "333BBB02"):
        await Citizen(f"of {mark}").hold(inventory, book, book.parse(mark))


async def journalled_hold(inventory: Inventory, book: RuleBook, directory: Path) -> OwnHistory:
    """A founding and a hold that are on disk, and the history they belong to."""
    journal = Journal.open(directory / "journal")
    history = OwnHistory(inventory, journal, [POOL, UNPLACED_POOL], directory / "foundings")
    await history.refuse_another()
    await AIGERIM.hold(inventory, book, book.parse("777AAA02"))
    await journal_round(history, journal, [POOL, *POOLS_WITHOUT_MARKS])
    return history


@pytest.mark.parametrize("asked", ["before the round", "in the round", "by the next keeper"])
async def test_a_store_founded_anew_beyond_the_journals_end_is_refused(
    inventory: Inventory, book: RuleBook, store: StoreServer, tmp_path: Path, asked: str
) -> None:
    """Its revisions follow the journal's without a gap; only the founding tells that they are another's."""
    history = await journalled_hold(inventory, book, tmp_path)
    journal = history.journal
    await refound(inventory, book, store)
    ways = {
        "before the round": history.refuse_another,
        "in the round": lambda: journal_round(history, journal, [POOL, *POOLS_WITHOUT_MARKS]),
        "by the next keeper": OwnHistory(inventory, journal, [POOL], tmp_path / "foundings").refuse_another,
    }
    with pytest.raises(JournalBroken) as refusal:
        await ways[asked]()
    assert refusal.value.slug == "journal_pool_refounded"
    assert refusal.value.context["pool"] == POOL
    assert verbs(tmp_path / "journal") == ["hold"]
    assert await feed_length(inventory) == 4  # the new founding and its three holds, not trimmed


async def test_without_the_memory_two_histories_would_be_joined(
    inventory: Inventory, book: RuleBook, store: StoreServer, tmp_path: Path
) -> None:
    """The control of the test above: feeds taken as they are follow each other, and nothing is noticed."""
    journal = (await journalled_hold(inventory, book, tmp_path)).journal
    await refound(inventory, book, store)
    await journal_round(inventory, journal, [POOL])
    assert verbs(tmp_path / "journal") == ["hold", "hold", "hold"]


async def test_documents_are_refused_with_the_pools_of_their_store(
    inventory: Inventory, book: RuleBook, store: StoreServer, tmp_path: Path
) -> None:
    """Nobody founds the documents' pool: the pools of marks say that the store is another one."""
    history = await journalled_hold(inventory, book, tmp_path)
    await refound(inventory, book, store)
    await inventory.put_document(official(), "draft-1", b"another store's", expected_version=0)
    with pytest.raises(JournalBroken) as refusal:
        await history.feeds([(DOCUMENTS_POOL, "0-0", 10)])
    assert refusal.value.slug == "journal_pool_refounded"


async def test_a_pool_that_was_never_journalled_may_be_founded_anew(
    inventory: Inventory, book: RuleBook, store: StoreServer, tmp_path: Path
) -> None:
    """There is no history yet that it could be joined to."""
    journal = Journal.open(tmp_path / "journal")
    history = OwnHistory(inventory, journal, [POOL], tmp_path / "foundings")
    await history.refuse_another()
    await refound(inventory, book, store)
    await journal_round(history, journal, [POOL])
    assert verbs(tmp_path / "journal") == ["hold"] * 3


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"person_car.02": "long ago"}'])
async def test_a_damaged_memory_of_foundings_is_no_empty_one(
    inventory: Inventory, tmp_path: Path, content: bytes
) -> None:
    """Journalling stops by name; a memory that is not there is that of a new journal."""
    memory = tmp_path / "foundings"
    journal = Journal.open(tmp_path / "journal")
    await OwnHistory(inventory, journal, [POOL], memory).refuse_another()
    memory.write_bytes(content)
    with pytest.raises(JournalBroken) as refusal:
        OwnHistory(inventory, journal, [POOL], memory)
    assert refusal.value.slug == "journal_foundings_damaged"


@pytest.mark.parametrize("lost", [True, False])
async def test_a_keeper_joins_nothing_to_a_journal_that_is_ahead(
    inventory: Inventory, book: RuleBook, store: StoreServer, tmp_path: Path, lost: bool
) -> None:
    """Its rounds fail and say why, and neither the journal nor the new store's feed is touched."""
    settings = Settings(
        redis_url=store.url, data_dir=tmp_path, keeper_watch_seconds=0.05, feed_trim_seconds=0
    )
    await inventory.check_contract()
    await AIGERIM.hold(inventory, book, book.parse("777AAA02"))
    journal = Journal.open(settings.journal_dir)
    await journal_round(inventory, journal, [POOL])
    journal.close()
    if lost:
        store.empty()
        await inventory.check_contract()
        await open_country(inventory, book, [POOL])
    else:
        await AIGERIM.hold(inventory, book, book.parse("778AAA02"))
    async with working_keeper(settings) as keeper:
        while not (keeper.status.journal_error or keeper.status.journalled_entries):
            await inventory.server_time_ms()
    assert verbs(tmp_path / "journal") == ["hold"] * (1 if lost else 2)
    assert ("was emptied" in keeper.status.journal_error) is lost
    if lost:
        assert await feed_length(inventory) == 1  # the new founding, not trimmed


async def test_a_round_that_is_refused_writes_nothing(
    inventory: Inventory, book: RuleBook, store: StoreServer, tmp_path: Path
) -> None:
    """A pool with a gap stops the journal, and the entries of the others before it stay out of it as well."""
    settings = Settings(redis_url=store.url, data_dir=tmp_path, keeper_watch_seconds=0.05)
    company, gapped = Citizen("kazteh", kind="entity", represented_by=AIGERIM), "entity_car.02"
    await inventory.check_contract()
    await company.hold(inventory, book, book.parse("777AA02"))
    await written_and_trimmed(inventory, Journal.open(tmp_path / "elsewhere"), [gapped])
    await company.hold(inventory, book, book.parse("778AA02"))
    assert await feed_length(inventory) > 0
    async with working_keeper(settings) as keeper:
        assert keeper.pools.index(POOL) < keeper.pools.index(gapped)
        while not keeper.status.journal_error:
            await inventory.server_time_ms()
    assert "are missing" in keeper.status.journal_error
    assert list(JournalReader(settings.journal_dir).transitions()) == []


@pytest.mark.parametrize("lost", [True, False])
async def test_a_keeper_notices_another_store_behind_its_open_journal(
    inventory: Inventory, book: RuleBook, store: StoreServer, tmp_path: Path, lost: bool
) -> None:
    """It stops journalling and says why, round after round; its own store's next holds it journals."""
    settings = Settings(
        redis_url=store.url, data_dir=tmp_path, keeper_watch_seconds=0.05, feed_trim_seconds=0
    )
    await inventory.check_contract()
    await AIGERIM.hold(inventory, book, book.parse("777AAA02"))
    async with working_keeper(settings) as keeper:
        while keeper.status.journalled_entries == 0 or await feed_length(inventory):
            await inventory.server_time_ms()
        before = keeper.status.journalled_entries
        if lost:
            await refound(inventory, book, store)
        else:
            await AIGERIM.hold(inventory, book, book.parse("778AAA02"))
        while not keeper.status.journal_error and keeper.status.journalled_entries == before:
            await inventory.server_time_ms()
    assert verbs(settings.journal_dir) == ["hold"] * (1 if lost else 2)
    assert ("emptied or is another one" in keeper.status.journal_error) is lost


async def test_the_journal_goes_on_with_the_pools_whose_primary_is_there(
    inventory: Inventory, book: RuleBook, tmp_path: Path
) -> None:
    """Of a cluster some primary is gone: the others' entries are written and trimmed, if they are its own."""
    gone = "person_car.01"

    class Partial:
        """The store, of which one pool's primary does not answer."""

        async def feeds(self, places: Sequence[tuple[str, str, int]]) -> list[list[tuple[str, bytes]]]:
            entries = await inventory.feeds(places)
            return [
                [] if pool == gone else of_pool for (pool, *_), of_pool in zip(places, entries, strict=True)
            ]

        async def heads(self, pools: Sequence[str]) -> list[dict[str, Any] | None]:
            if gone in pools:
                raise StoreUnavailable("its primary is gone", "store_unavailable")
            return await inventory.heads(pools)

        async def trim_feed(self, pool: str, through: str) -> int:
            if pool == gone:
                raise StoreUnavailable("its primary is gone", "store_unavailable")
            return await inventory.trim_feed(pool, through)

    await AIGERIM.hold(inventory, book, book.parse("777AAA02"))
    store, pools, memory = Partial(), [gone, POOL], tmp_path / "foundings"
    journal = Journal.open(tmp_path / "journal")
    done = await journal_round(OwnHistory(store, journal, pools, memory), journal, pools)
    assert list(done.heads) == [POOL]
    trimming = Trimming(store, {gone: "1-0", **done.heads}, turn_seconds=0)
    await trimming.trim({}, 0.0)
    await trimming.trim({}, 1.0)
    assert await feed_length(inventory) == 0
    memory.write_text(f'{{"{POOL}": 1}}')
    await AIGERIM.hold(inventory, book, book.parse("778AAA02"))
    with pytest.raises(JournalBroken) as refusal:
        await journal_round(OwnHistory(store, journal, pools, memory), journal, pools)
    assert refusal.value.slug == "journal_pool_refounded"


async def test_money_that_nobody_can_place_is_journalled_too(inventory: Inventory, tmp_path: Path) -> None:
    """The pool of unplaced money has a feed, and the journal keeps its payment."""
    payment = {"provider": "bank", "transaction": "lost-1", "amount_tiyn": 5, "paid_at_ms": NOON_MS}
    recorded = await inventory.record_unplaced_payment(PAYMENTS.act(), payment)
    assert recorded["outcome"] == "refund_due"
    await journal_round(inventory, Journal.open(tmp_path), [UNPLACED_POOL])
    steps = list(JournalReader(tmp_path).transitions(UNPLACED_POOL))
    assert [step["payment"]["transaction"] for step in steps if step["payment"]] == ["lost-1"]


async def test_every_writing_of_a_document_is_journalled(inventory: Inventory, tmp_path: Path) -> None:
    """Twenty writings are twenty lines, read a few at a time; the last of them is what the store has."""
    for version in range(20):
        content = f"draft {version}".encode()
        await inventory.put_document(official(), "draft-1", content, expected_version=version)
    journal = Journal.open(tmp_path)
    first = await written_and_trimmed(inventory, journal, [DOCUMENTS_POOL])
    assert (first.entries, first.more) == (DOCUMENTS_A_READ, True)
    rest = await written_and_trimmed(inventory, journal, [DOCUMENTS_POOL])
    assert (rest.entries, rest.more) == (20 - DOCUMENTS_A_READ, False)
    assert await inventory.feed(DOCUMENTS_POOL, "0-0", 100) == []
    told = [step["document"] for step in JournalReader(tmp_path).transitions(DOCUMENTS_POOL)]
    assert [document["version"] for document in told] == list(range(1, 21))
    assert (told[-1]["version"], told[-1]["content"]) == await inventory.get_document("draft-1")


async def test_a_lost_writing_of_a_document_is_found(inventory: Inventory, tmp_path: Path) -> None:
    """A journal that lacks what the feed has dropped already refuses to go on."""
    await inventory.put_document(official(), "draft-1", b"one", expected_version=0)
    await inventory.trim_feed(DOCUMENTS_POOL, "1-0")
    await inventory.put_document(official(), "draft-1", b"two", expected_version=1)
    with pytest.raises(JournalBroken) as refusal:
        await journal_round(inventory, Journal.open(tmp_path), [DOCUMENTS_POOL])
    assert refusal.value.slug == "journal_gap"
    assert len(await inventory.feed(DOCUMENTS_POOL, "0-0", 100)) == 1


async def test_refused_notifications_are_journalled(inventory: Inventory, tmp_path: Path) -> None:
    """They are lines like any other, and leave the feed when they are on disk."""
    await inventory.note_refusals([(PAYMENTS.act(), "one"), (PAYMENTS.act(), "two")])
    await written_and_trimmed(inventory, Journal.open(tmp_path), [REFUSALS_POOL])
    steps = list(JournalReader(tmp_path).transitions(REFUSALS_POOL))
    assert [(step["revision"], step["verb"], step["note"]) for step in steps] == [
        (1, "refuse_notification", "one"),
        (2, "refuse_notification", "two"),
    ]
    assert await inventory.feed(REFUSALS_POOL, "0-0", 100) == []


async def test_nothing_expires_while_nobody_vouches_for_the_clock(
    inventory: Inventory, book: RuleBook
) -> None:
    """Holds past their deadline end with the guard's lease, and not before it.

    The deadline is a change of price a moment ahead, because no hold is shorter than a second; the store's
    own clock is asked until it has come.
    """
    soon_ms = await inventory.server_time_ms() + 200
    await inventory.configure_pools(official(), {POOL: {"cuts_ms": [soon_ms], "clock_guard": True}})
    held = await AIGERIM.hold(inventory, book, book.parse("777AAA02"))
    assert held.live is not None
    assert held.live.deadline_ms == soon_ms
    while await inventory.server_time_ms() < soon_ms:
        pass
    assert (await sweep_pools(inventory, [POOL])).expired == 0
    await inventory.lease_expiry(await inventory.server_time_ms() + 60_000)
    assert (await sweep_pools(inventory, [POOL])).expired == 1
    assert (await sweep_pools(inventory, [POOL])).expired == 0


class DueHolds:
    """Queues of deadlines: True for a hold that is over, False for one given back or bought before it."""

    outcome = "expired"

    def __init__(self, due: dict[str, list[bool]]) -> None:
        self.due = due

    async def sweep(self, pool: str, limit: int = 128) -> tuple[Sequence["DueHolds"], bool]:
        if pool not in self.due:
            raise StoreUnavailable("its primary is gone")
        looked_at, self.due[pool] = self.due[pool][:limit], self.due[pool][limit:]
        return [self] * sum(looked_at), len(looked_at) == limit


async def test_a_backlog_of_one_pool_is_swept_at_once() -> None:
    """A pool is swept until nothing is due there, also where whole batches were given back before."""
    due = {
        "person_car.01": [True, True, False] * 100,
        "person_car.02": [],
        "person_car.03": [False] * 500 + [True] * 28,
    }
    assert await sweep_pools(DueHolds(due), list(due)) == Swept(expired=228, more=False)
    assert not any(due.values())


async def test_a_round_of_sweeping_comes_to_its_end() -> None:
    """What would hold up the journal is left for the next round; each pool has had one sweep."""
    due = {"person_car.01": [True] * 1_000, "person_car.02": [True] * 100}
    rounds = [await sweep_pools(DueHolds(due), list(due), sweeps=3) for _ in range(3)]
    assert rounds == [
        Swept(4 * 128 + 100, more=True),
        Swept(1_000 - 4 * 128, more=False),
        Swept(0, more=False),
    ]


async def test_a_pool_whose_server_is_gone_keeps_no_other_from_being_swept() -> None:
    """It is named and due again; only where no server answers is the round a failure."""
    due = {"person_car.02": [True] * 200}
    swept = await sweep_pools(DueHolds(due), ["person_car.01", "person_car.02"])
    assert swept == Swept(200, more=False, missed=("person_car.01",))
    with pytest.raises(StoreUnavailable):
        await sweep_pools(DueHolds(due), ["person_car.01"])


async def test_one_keeper_is_active_and_another_takes_over(inventory: Inventory) -> None:
    """The second stands by until the first withdraws; then it is active at once."""
    first, second = Election(inventory, 60_000), Election(inventory, 60_000)
    assert await first.stand()
    assert not await second.stand()
    assert await first.stand()
    await second.withdraw()
    assert not await second.stand()
    await first.withdraw()
    assert await second.stand()
    assert not await first.stand()


async def test_a_status_that_cannot_be_written_ends_no_keeper(
    store: StoreServer, inventory: Inventory, book: RuleBook, tmp_path: Path
) -> None:
    """A full disk takes no status: the keeper goes on with its rounds, and speaks when there is room."""
    in_the_way = tmp_path / "keeper.json.1"
    in_the_way.mkdir()
    settings = Settings(redis_url=store.url, data_dir=tmp_path, keeper_watch_seconds=0.05)
    async with working_keeper(settings) as keeper:
        while not keeper.status.active:
            await inventory.server_time_ms()
        await AIGERIM.hold(inventory, book, book.parse("777AAA02"))
        while not keeper.status.journalled_entries:
            await inventory.server_time_ms()
        assert not (tmp_path / "keeper.json").exists()
        in_the_way.rmdir()
        while not (tmp_path / "keeper.json").exists():
            await inventory.server_time_ms()


async def test_a_baseline_that_cannot_be_written_stops_no_expiry(
    store: StoreServer, inventory: Inventory, tmp_path: Path
) -> None:
    """A full disk takes no baseline: the right to expire is renewed and taken back all the same."""
    in_the_way = tmp_path / f"clock-baseline.json.{os.getpid()}"
    in_the_way.mkdir()
    settings = Settings(redis_url=store.url, data_dir=tmp_path, keeper_watch_seconds=0.05)
    async with working_keeper(settings) as keeper:
        while not keeper.status.expiry_leased:
            await inventory.server_time_ms()
        in_the_way.rmdir()
        while not (tmp_path / "clock-baseline.json").exists():
            await inventory.server_time_ms()


async def test_a_keeper_that_hears_nothing_says_no_expiry_is_leased(
    store: StoreServer, inventory: Inventory, tmp_path: Path
) -> None:
    """What it renewed in an earlier round is not told on while the store is gone."""
    settings = Settings(redis_url=store.url, data_dir=tmp_path, keeper_watch_seconds=0.05)
    async with working_keeper(settings) as keeper:
        while not keeper.status.expiry_leased:
            await inventory.server_time_ms()
        store.kill()
        try:
            while keeper.status.expiry_leased:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            status = read_status(tmp_path)
        finally:
            store.restart()
        assert status is not None
        assert (status.active, status.expiry_leased) == (True, False)


async def test_a_keeper_that_slept_past_its_lease_believes_nothing(inventory: Inventory) -> None:
    """Stopped and continued, it asks before it writes or trims: another may have taken over."""
    now_ms = [0.0]
    sleeper = Election(inventory, 60_000, clock_ms=lambda: now_ms[0])
    assert await sleeper.stand()
    assert sleeper.active
    now_ms[0] = 59_999.0
    assert sleeper.active
    now_ms[0] = 60_000.0
    assert not sleeper.active


def test_a_key_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """The journal refuses by name, as with a key that cannot be read, and the keeper tries again."""
    (tmp_path / "keys").write_bytes(b"in the way")
    with pytest.raises(JournalBroken, match=r"journal\.key: cannot be made: File exists") as refusal:
        signing_key(Settings(data_dir=tmp_path))
    assert refusal.value.slug == "journal_key_refused"


async def test_a_keeper_signs_what_it_journals(
    store: StoreServer, inventory: Inventory, tmp_path: Path
) -> None:
    """With the key that it made, readable by nobody else; at its end nothing is left unsigned."""
    settings = Settings(data_dir=tmp_path, redis_url=store.url, journal_checkpoint_seconds=0.01)
    async with working_keeper(settings) as keeper:
        while not keeper.status.journalled_entries:
            await inventory.server_time_ms()
    assert settings.journal_key_path.stat().st_mode & 0o777 == 0o600
    found = verify_journal(settings.journal_dir, keys=trusted_keys(settings))
    assert found["entries_unsigned"] == 0
    assert found["checkpoints"] >= 1
