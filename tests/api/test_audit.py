"""An auditor sees one mark's whole life: who did what, for whom, from where, in which order."""

from typing import Any

from plate_core import Journal
from plateapi.keeper.journaling import journal_round
from tests.api.conftest import Service
from tests.personas import new_bin, new_iin


async def journalled(service: Service) -> None:
    """What the keeper does: the feeds' entries on disk."""
    journal = Journal.open(service.settings.journal_dir)
    try:
        pools = service.engine.law.base.pools()
        while (await journal_round(service.engine.inventory, journal, pools)).more:
            pass
    finally:
        journal.close()


async def test_a_marks_whole_life(service: Service) -> None:
    """From first hold to sale: each step with actor, applicant, office, channel, revision and money."""
    citizen, operator = service.people.driver(), service.people.operator("gulnar", "tson-astana-2")
    mark, held = await service.held(citizen)
    await citizen.release(mark, held.headers["etag"])
    applicant = {"applicant": {"iin": new_iin()}}
    again = await operator.ask("POST", "/v1/desk/holds", json={**applicant, "mark": mark})
    begun = await operator.ask(
        "POST", f"/v1/desk/holds/{mark}/payment", version=again.headers["etag"], json=applicant
    )
    await service.paid(begun.json()["invoice"])
    await journalled(service)
    answer = await service.people.auditor().get(f"/v1/audit/marks/{mark}")
    assert answer.status_code == 200, answer.text
    trace = answer.json()
    assert [one["verb"] for one in trace["history"]] == [
        "hold",
        "release",
        "hold",
        "begin_payment",
        "confirm",
    ]
    assert [one["channel"] for one in trace["history"]] == ["portal", "portal", "desk", "desk", "payment"]
    actors = [one["actor"].partition("-")[0] for one in trace["history"]]
    assert actors == ["driver", "driver", "operator", "operator", "payment"]
    assert trace["history"][2]["office"] == "tson-astana-2"
    assert trace["history"][0]["on_behalf"] != trace["history"][2]["on_behalf"]
    revisions = [one["revision"] for one in trace["history"]]
    assert revisions == sorted(set(revisions))
    assert trace["history"][-1]["payment"]["state"] == "settled"
    assert (trace["live"]["state"], trace["live"]["applicant"]) == (
        "allotted",
        trace["history"][2]["on_behalf"],
    )
    assert [payment["state"] for payment in trace["payments"]] == ["settled"]


def behalves(lines: list[dict[str, Any]]) -> list[tuple[str, str, str | None]]:
    """Of each transition what was done, for whom, and who represented him."""
    return [(line["verb"], line["on_behalf"], line["representative"]) for line in lines]


async def test_each_step_names_the_representative_who_acted(service: Service) -> None:
    """An entity may send another person each time, over each way: the journal says who it was.

    A person acts for himself, and nobody represents him.
    """
    operator, bin_number = service.people.operator(), new_bin()
    first, second, third = new_iin(), new_iin(), new_iin()
    pseudonyms = service.house.pseudonyms
    entity = pseudonyms.entity(bin_number, first).pseudonym.hex()
    names = {iin: pseudonyms.person(iin).pseudonym.hex() for iin in (first, second, third)}
    mark = "345BC05"
    desk = {"applicant": {"bin": bin_number, "representative_iin": first}}
    held = await operator.ask("POST", "/v1/desk/holds", json={**desk, "mark": mark})
    assert held.status_code == 201, held.text
    clerk = service.people.driver("clerk", iin=second, bin_number=bin_number)
    longer = await clerk.ask("POST", f"/v1/holds/{mark}/extension", version=held.headers["etag"])
    assert longer.status_code == 200, longer.text
    desk["applicant"]["representative_iin"] = third
    begun = await operator.ask(
        "POST", f"/v1/desk/holds/{mark}/payment", version=longer.headers["etag"], json=desk
    )
    assert begun.status_code == 201, begun.text
    await service.paid(begun.json()["invoice"])
    await journalled(service)
    trace = (await service.people.auditor().get(f"/v1/audit/marks/{mark}")).json()
    expected = [
        ("hold", entity, names[first]),
        ("extend", entity, names[second]),
        ("begin_payment", entity, names[third]),
        ("confirm", entity, names[third]),
    ]
    assert behalves(trace["history"]) == expected
    assert trace["live"]["representative"] == names[first]
    own, _ = await service.held(service.people.driver())
    await journalled(service)
    alone = (await service.people.auditor().get(f"/v1/audit/marks/{own}")).json()
    assert [line["representative"] for line in alone["history"]] == [None]
    assert alone["live"]["representative"] is None


async def test_a_mark_nobody_touched_has_no_history(service: Service) -> None:
    """Free, without a record, without a line."""
    await journalled(service)
    trace = (await service.people.auditor().get(f"/v1/audit/marks/{service.mark()}")).json()
    assert (trace["history"], trace["live"], trace["payments"]) == ([], None, [])
    assert trace["planes"] == {"taken": False, "issued": False, "withheld": False}


async def test_the_journal_knows_no_person(service: Service) -> None:
    """Neither the journal on disk nor what an auditor is shown holds an IIN, nor a token's subject."""
    citizen = service.people.driver("erlan-subject")
    mark, _ = await service.held(citizen)
    await journalled(service)
    shown = await service.people.auditor().get(f"/v1/audit/marks/{mark}")
    assert citizen.iin not in shown.text
    written = b"".join(
        path.read_bytes() for path in sorted(service.settings.journal_dir.rglob("*")) if path.is_file()
    )
    assert written
    for secret in (citizen.iin.encode(), b"erlan-subject"):
        assert secret not in written
