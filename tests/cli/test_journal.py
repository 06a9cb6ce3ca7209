"""`plates journal`: what is on disk, as lines that other tools read."""

import json
from pathlib import Path

from plate_core import Inventory, Journal, RuleBook
from plateapi.keeper.journaling import POOLS_WITHOUT_MARKS, journal_round
from tests.cli.commands import plates
from tests.facade.citizens import PAYMENTS, Citizen, official


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
