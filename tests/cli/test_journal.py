"""`plates journal`: what is on disk, as lines that other tools read."""

import asyncio
import functools
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from plate_core import Inventory, InventoryError, Journal, JournalState, RuleBook, verify_journal
from plateapi.cli.equality import refuse_difference
from plateapi.cli.exits import Exit
from plateapi.cli.telling import CommandFailed
from plateapi.keeper.journaling import POOLS_WITHOUT_MARKS, journal_round
from plateapi.keeper.seal import signing_key, trusted_keys
from plateapi.settings import Settings
from tests.cli.commands import plates
from tests.facade.citizens import PAYMENTS, Citizen, official
from tests.servers import StoreServer


async def test_an_export_tells_of_documents_and_refusals(inventory: Inventory, tmp_path: Path) -> None:
    """A document has its content, as text or else in base64; a refused notification has its reason."""
    await inventory.put_document(official(), "tariff/draft/1", "тариф".encode(), expected_version=0)
    await inventory.put_document(official(), "raw", b"\xff", expected_version=0)
    await inventory.note_refusals([(PAYMENTS.act(), "why")])
    journal = Journal.open(tmp_path / "journal")
    await journal_round(inventory, journal, POOLS_WITHOUT_MARKS)
    journal.close()
    file = tmp_path / "export.ndjson"
    ran = plates("journal", "export", str(file), "--json", data_dir=tmp_path)
    assert ran.line == {"transitions": 3, "file": str(file)}
    lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    assert [(line["pool"], line["revision"], line["verb"]) for line in lines] == [
        ("documents", 1, "put_document"),
        ("documents", 2, "put_document"),
        ("refused_notifications", 1, "refuse_notification"),
    ]
    assert [line["document"] for line in lines] == [
        {"name": "tariff/draft/1", "version": 1, "content": "тариф"},
        {"name": "raw", "version": 1, "content_base64": "/w=="},
        None,
    ]
    assert lines[2]["note"] == "why"


async def test_show_and_export_name_each_steps_representative(
    inventory: Inventory, book: RuleBook, tmp_path: Path
) -> None:
    """The one who held and the one who gave back, each as a pseudonym beside the entity's own."""
    first, second = Citizen("aigerim"), Citizen("bolat")
    company, later = (Citizen("kazteh", kind="entity", represented_by=who) for who in (first, second))
    held = await company.hold(inventory, book, book.parse("777AA02"))
    assert held.live is not None
    row = (later.act(), held.mark, held.live.hold_id, held.live.revision)
    assert [answer.outcome for answer in await inventory.release([row])] == ["released"]
    journal = Journal.open(tmp_path / "journal")
    await journal_round(inventory, journal, ["entity_car.02"])
    journal.close()
    entity, names = company.pseudonym.hex(), [who.pseudonym.hex() for who in (first, second)]
    shown = plates("journal", "show", "777AA02", data_dir=tmp_path)
    assert [line.split("  ")[-1] for line in shown.out.splitlines()[2:]] == [
        f"{entity} by {name}" for name in names
    ]
    file = tmp_path / "export.ndjson"
    plates("journal", "export", str(file), "--json", data_dir=tmp_path)
    lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    acts = [(line["on_behalf"], line["representative"]) for line in lines if line["mark"]]
    assert acts == [(entity, name) for name in names]


async def test_an_export_as_parquet_has_the_same_rows(
    inventory: Inventory, book: RuleBook, tmp_path: Path
) -> None:
    """Typed columns, a row a transition; the name of the file or the option says which it is."""
    await Citizen("aigerim").hold(inventory, book, book.parse("777AAA02"))
    await inventory.put_document(official(), "tariff/draft/1", "тариф".encode(), expected_version=0)
    journal = Journal.open(tmp_path / "journal")
    await journal_round(inventory, journal, ["person_car.02", *POOLS_WITHOUT_MARKS])
    journal.close()
    lines, table = tmp_path / "export.ndjson", tmp_path / "export.parquet"
    plates("journal", "export", str(lines), "--json", data_dir=tmp_path)
    ran = plates("journal", "export", str(table), "--json", data_dir=tmp_path)
    rows = pq.read_table(table).to_pylist()
    told = [json.loads(line) for line in lines.read_text("utf-8").splitlines()]
    assert ran.line["transitions"] == len(rows) == len(told) == 3
    for row, line in zip(rows, told, strict=True):
        same = (
            "pool",
            "revision",
            "verb",
            "mark",
            "state",
            "hold",
            "applicant",
            "amount_tiyn",
            "actor",
            "note",
        )
        assert [row[name] for name in same] == [line[name] for name in same]
        assert int(row["server_time"].timestamp() * 1_000) == line["server_ms"]
    assert [row["document_content"] for row in rows] == [None, None, "тариф"]
    forced = tmp_path / "export.any"
    plates("journal", "export", str(forced), "--format", "parquet", data_dir=tmp_path)
    assert pq.read_table(forced).num_rows == 3


async def test_a_cut_journal_is_seen_by_its_witness(
    inventory: Inventory, book: RuleBook, tmp_path: Path
) -> None:
    """Verified as it is; cut with its checkpoints it is believed without the witness only."""
    directory = tmp_path / "journal"
    public = plates("journal", "key", "--json", data_dir=tmp_path).line["public_key"]
    journal = Journal.open(directory, signing_key=bytes.fromhex((tmp_path / "keys/journal.key").read_text()))
    for number, mark in enumerate(("777AAA02", "778AAA02"), 1):
        await Citizen(mark).hold(inventory, book, book.parse(mark))
        await journal_round(inventory, journal, ["person_car.02"])
        assert journal.checkpoint(number)
    journal.close()
    ran = plates("journal", "verify", "--json", data_dir=tmp_path)
    assert (ran.code, ran.line["entries_unsigned"], ran.line["checkpoints"]) == (0, 0, 2)
    witness = tmp_path / "witness.hex"
    witness.write_text(ran.line["last_checkpoint"])
    assert (
        plates("journal", "verify", "--witness", str(witness), "--key", public, data_dir=tmp_path).code == 0
    )
    first = (directory / "checkpoints.signed").read_bytes()[:200]
    (directory / "checkpoints.signed").write_bytes(first)
    with (directory / "0000000001.journal").open("r+b") as segment:
        segment.truncate(int.from_bytes(first[24:32], "little"))
    assert plates("journal", "verify", data_dir=tmp_path).code == 0
    seen = plates("journal", "verify", "--json", "--witness", ran.line["last_checkpoint"], data_dir=tmp_path)
    assert (seen.code, seen.line["type"]) == (Exit.BROKEN, "urn:plates:problem:checkpoints_cut")
    odd = plates("journal", "verify", "--json", "--witness", "zz", data_dir=tmp_path)
    assert (odd.code, odd.line["type"]) == (Exit.INVALID, "urn:plates:problem:hexadecimal_invalid")


async def test_a_lost_store_is_restored_and_no_other(
    store: StoreServer, inventory: Inventory, book: RuleBook, tmp_path: Path
) -> None:
    """The hold and its answer are there again; a store that has anything is refused and left as it was."""
    citizen, mark = Citizen("aigerim"), book.parse("777AAA02")
    held = await citizen.hold(inventory, book, mark)
    assert held.live is not None
    settings = Settings(data_dir=tmp_path, redis_url=store.url)
    journal = Journal.open(settings.journal_dir, signing_key=signing_key(settings))
    await journal_round(inventory, journal, [*book.pools(), *POOLS_WITHOUT_MARKS])
    journal.close()
    settings.genesis_path.write_text("0123456789abcdef\n")
    restore = functools.partial(plates, "restore", "--json", data_dir=tmp_path, PLATES_REDIS_URL=store.url)
    refused = await asyncio.to_thread(restore)
    assert (refused.code, refused.line["type"]) == (Exit.REFUSED, "urn:plates:problem:store_not_empty")
    store.empty()
    done = await asyncio.to_thread(restore)
    assert (done.code, done.line["records"]) == (0, 1)
    assert settings.genesis_path.read_text().strip() == done.line["store"] != "0123456789abcdef"
    await inventory.load_functions()
    [answer] = await inventory.read([mark])
    assert answer.live is not None
    assert (answer.live.hold_id, answer.live.revision) == (held.live.hold_id, held.live.revision)


async def test_a_journal_without_its_key_is_restored_by_its_public_key(
    store: StoreServer, inventory: Inventory, book: RuleBook, tmp_path: Path
) -> None:
    """A copy that came without `keys` is refused, and with the key named it is believed from then on."""
    await Citizen("aigerim").hold(inventory, book, book.parse("777AAA02"))
    settings = Settings(data_dir=tmp_path, redis_url=store.url)
    journal = Journal.open(settings.journal_dir, signing_key=signing_key(settings))
    await journal_round(inventory, journal, [*book.pools(), *POOLS_WITHOUT_MARKS])
    journal.checkpoint(1)
    journal.close()
    public = trusted_keys(settings)[0].hex()
    settings.journal_key_path.unlink()
    store.empty()
    restore = functools.partial(plates, "restore", "--json", data_dir=tmp_path, PLATES_REDIS_URL=store.url)
    refused = await asyncio.to_thread(restore)
    assert (refused.code, refused.line["type"]) == (Exit.BROKEN, "urn:plates:problem:checkpoint_key_unknown")
    done = await asyncio.to_thread(restore, "--key", public)
    assert (done.code, done.line["records"]) == (0, 1)
    assert plates("journal", "verify", data_dir=tmp_path).code == 0
    assert trusted_keys(settings)[1].hex() == public


async def test_a_store_that_differs_is_not_served(
    store: StoreServer, inventory: Inventory, book: RuleBook, tmp_path: Path
) -> None:
    """It names the mark. Before the damage the store is well; and without a journal nothing is compared."""
    mark = book.parse("777AAA02")
    await Citizen("aigerim").hold(inventory, book, mark)
    settings = Settings(data_dir=tmp_path, redis_url=store.url)
    said: list[str] = []
    journal = Journal.open(settings.journal_dir, signing_key=signing_key(settings))
    done = await journal_round(inventory, journal, ["person_car.02"])
    journal.close()
    for pool, head in done.heads.items():
        await inventory.trim_feed(pool, head)
    await refuse_difference(inventory, book, settings, said.append, embedded=True)
    assert "1 records" in said[-1]
    with store.client() as client:
        client.hdel("{person_car.02}:live", mark.ordinal.to_bytes(4, "little"))
    with pytest.raises(CommandFailed, match="777 AAA 02") as refused:
        await refuse_difference(inventory, book, settings, said.append, embedded=True)
    assert (refused.value.slug, refused.value.exit_code) == ("store_differs_from_journal", Exit.NOT_STARTED)
    elsewhere = Settings(data_dir=tmp_path / "elsewhere", redis_url=store.url)
    await refuse_difference(inventory, book, elsewhere, said.append, embedded=False)
    assert "not compared" in said[-1]
    with pytest.raises(CommandFailed, match="goes on from a later one"):
        await refuse_difference(inventory, book, elsewhere, said.append, embedded=True)


async def test_a_key_without_a_pool_is_not_served(
    store: StoreServer, inventory: Inventory, book: RuleBook, tmp_path: Path
) -> None:
    """A record under a name that one changed byte made, in a shared store as in one's own; else it starts."""
    settings = Settings(data_dir=tmp_path, redis_url=store.url)
    said: list[str] = []
    for embedded in (True, False):
        with store.client() as client:
            client.hset("{parson_car.02}:live", b"\7\0\0\0", b"a record")
        with pytest.raises(CommandFailed, match=r"parson_car\.02: the store has a key") as refused:
            await refuse_difference(inventory, book, settings, said.append, embedded=embedded)
        (difference,) = refused.value.facts["differences"]
        assert (difference["slug"], difference["ordinal"]) == ("key_unknown", None)
        with store.client() as client:
            client.delete("{parson_car.02}:live")
        await refuse_difference(inventory, book, settings, said.append, embedded=embedded)


async def test_long_readings_end_where_nobody_waits(inventory: Inventory, tmp_path: Path) -> None:
    """What `heed` raises ends a verification and a replay; a state that was halted is not compared with."""
    journal = Journal.open(tmp_path / "journal")
    await journal_round(inventory, journal, ["person_car.02"])
    journal.close()
    heard: list[int] = []

    def heed(entries: int) -> None:
        heard.append(entries)
        raise InterruptedError

    for read in (verify_journal, JournalState.of, functools.partial(JournalState.of, for_restoring=True)):
        with pytest.raises(InterruptedError):
            read(tmp_path / "journal", heed=heed)
    assert heard == [1, 1, 1]
    state = JournalState.of(tmp_path / "journal")
    assert (await inventory.compare(state))["differences"] == []
    state.halt()
    with pytest.raises(InventoryError) as halted:
        await inventory.compare(state)
    assert halted.value.slug == "interrupted"


async def test_a_machine_that_stood_by_starts_again(
    store: StoreServer, inventory: Inventory, book: RuleBook, tmp_path: Path
) -> None:
    """Its journal ends where another machine's went on: beside a shared store that is told, and not refused.

    A store of this machine alone has no other keeper; and what differs in another pool is still refused.
    """
    pools = [*book.pools(), *POOLS_WITHOUT_MARKS]
    machines = [Settings(data_dir=tmp_path / name, redis_url=store.url) for name in ("first", "second")]
    await Citizen("aigerim").hold(inventory, book, book.parse("777AAA03"))
    for settings, text in zip(machines, ("777AAA02", "778AAA02"), strict=True):
        await Citizen(text).hold(inventory, book, book.parse(text))
        journal = Journal.open(settings.journal_dir, signing_key=signing_key(settings))
        done = await journal_round(inventory, journal, pools)
        journal.close()
    await inventory.trim_feed("person_car.02", done.heads["person_car.02"])
    said: list[str] = []
    refuse = functools.partial(refuse_difference, inventory, book, machines[0], said.append)
    await refuse(embedded=False)
    assert "not compared: person_car.02" in said[0]
    with pytest.raises(CommandFailed, match="goes on from a later one"):
        await refuse(embedded=True)
    with store.client() as client:
        client.delete("{person_car.03}:live")
    with pytest.raises(CommandFailed, match="777 AAA 03"):
        await refuse(embedded=False)
