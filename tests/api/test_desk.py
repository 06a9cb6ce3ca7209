"""At the desk and on a channel's screen: the same acts for a citizen, in the operator's name, and batches."""

from pathlib import Path
from typing import Any

import pytest

from plateapi.settings import Settings
from tests.api.conftest import Service, served
from tests.personas import Person, new_bin, new_iin, new_key
from tests.servers import new_server, remove_server


async def ask(person: Person, path: str, iin: str, version: str | None = None, **body: Any) -> Any:
    """An act at the desk for the citizen with this IIN."""
    return await person.ask(
        "POST", f"/v1/desk/{path}", version=version, json={"applicant": {"iin": iin}, **body}
    )


async def test_an_operator_does_it_for_a_citizen(service: Service) -> None:
    """From hold to ownership and back at the desk; the citizen finds at home what was done for him."""
    operator, citizen = service.people.operator(), service.people.driver()
    mark = service.mark()
    held = await ask(operator, "holds", citizen.iin, mark=mark)
    assert held.status_code == 201, held.text
    assert (held.json()["channel"], held.json()["office"]) == ("desk", "tson-almaty-1")
    assert [hold["mark"] for hold in (await citizen.holdings())["holds"]] == [mark]
    seen = await ask(operator, "holdings", citizen.iin)
    assert [hold["mark"] for hold in seen.json()["holds"]] == [mark]
    extended = await ask(operator, f"holds/{mark}/extension", citizen.iin, held.headers["etag"])
    assert extended.status_code == 200, extended.text
    begun = await ask(operator, f"holds/{mark}/payment", citizen.iin, extended.headers["etag"])
    assert begun.status_code == 201, begun.text
    assert (await service.paid(begun.json()["invoice"])).json()["outcome"] == "allotted"
    [owned] = (await citizen.holdings())["allotments"]
    version = f'"{owned["hold_id"]}-{owned["revision"]}"'
    cancelled = await ask(operator, f"allotments/{mark}/cancellation", citizen.iin, version)
    assert (cancelled.status_code, cancelled.json()["payment"]) == (200, "refund_due")


async def test_a_hold_at_home_is_released_at_the_desk(service: Service) -> None:
    """The desk acts on whatever the citizen has."""
    citizen = service.people.driver()
    mark, held = await service.held(citizen)
    gone = await ask(service.people.operator(), f"holds/{mark}/release", citizen.iin, held.headers["etag"])
    assert (gone.status_code, gone.json()["outcome"]) == (200, "released")


async def test_two_operators_serve_one_limit(service: Service) -> None:
    """The citizen's limit is his own, whoever serves him."""
    iin = new_iin()
    for number in range(3):
        operator = service.people.operator(f"operator-{number}")
        assert (await ask(operator, "holds", iin, mark=service.mark())).status_code == 201
    fourth = await ask(service.people.service(), "holds", iin, mark=service.mark())
    assert (fourth.status_code, fourth.json()["type"]) == (429, "urn:plates:problem:limit_reached")


async def test_an_entity_comes_with_its_representative(service: Service) -> None:
    """A BIN needs the IIN of the person who acts for it."""
    operator, bin_number, iin = service.people.operator(), new_bin(), new_iin()
    path = "/v1/desk/holds"
    applicant = {"bin": bin_number, "representative_iin": iin}
    held = await operator.ask("POST", path, json={"applicant": applicant, "mark": "234BC05"})
    assert held.status_code == 201, held.text
    for wrong in ({"bin": bin_number}, {"bin": bin_number, "iin": iin}, {}, {"representative_iin": iin}):
        answer = await operator.ask("POST", path, json={"applicant": wrong, "mark": "235BC05"})
        assert (answer.status_code, answer.json()["type"]) == (422, "urn:plates:problem:request_invalid")
        assert iin not in answer.text
        assert bin_number not in answer.text


async def test_a_key_is_the_operators_own(service: Service) -> None:
    """The same key for two citizens is two requests: the second is refused, not answered as the first."""
    operator, key, mark = service.people.operator(), new_key(), service.mark()
    body = {"applicant": {"iin": new_iin()}, "mark": mark}
    assert (await operator.ask("POST", "/v1/desk/holds", key=key, json=body)).status_code == 201
    other = {**body, "applicant": {"iin": new_iin()}}
    again = await operator.ask("POST", "/v1/desk/holds", key=key, json=other)
    assert again.json()["type"] == "urn:plates:problem:request_id_reused"


async def test_an_operator_has_a_days_work(tmp_path: Path) -> None:
    """Past his cap an operator is refused, until local midnight; his colleague is not."""
    server = new_server("valkey")
    try:
        settings = Settings(data_dir=tmp_path, redis_url=server.url, operator_daily_cap=2, access_log=False)
        async with served(settings, server) as strict:
            operator, colleague = strict.people.operator("busy"), strict.people.operator("rested")
            for _ in range(2):
                assert (await ask(operator, "holds", new_iin(), mark=strict.mark())).status_code == 201
            third = await ask(operator, "holds", new_iin(), mark=strict.mark())
            slug = "urn:plates:problem:operator_cap_reached"
            assert (third.status_code, third.json()["type"]) == (429, slug)
            assert 0 < int(third.headers["retry-after"]) <= 24 * 60 * 60
            assert (await ask(colleague, "holds", new_iin(), mark=strict.mark())).status_code == 201
    finally:
        remove_server(server)


def batch(*items: tuple[str, str]) -> dict[str, Any]:
    """A batch of holds: (IIN, mark) each."""
    return {"items": [{"applicant": {"iin": iin}, "mark": mark} for iin, mark in items]}


async def test_a_hundred_holds_in_one_request(service: Service) -> None:
    """Each for an applicant of its own, each judged for itself, all answered in order."""
    kiosk = service.people.service("kiosk-7", "kiosk")
    wanted = [(new_iin(), service.mark("07")) for _ in range(100)]
    answer = await kiosk.ask("POST", "/v1/hold-batches", json=batch(*wanted))
    assert answer.status_code == 200, answer.text
    results = answer.json()["results"]
    assert answer.json()["held"] == 100
    assert [result["holding"]["mark"] for result in results] == [mark for _, mark in wanted]
    assert {result["holding"]["channel"] for result in results} == {"kiosk"}


async def test_one_bad_item_spoils_no_other(service: Service) -> None:
    """An item that is refused has its own problem, in the asker's language, beside holds that succeed."""
    kiosk, iin = service.people.service(), new_iin()
    kiosk.language = "ru"
    good, taken = service.mark(), service.mark()
    await service.held(service.people.driver(), taken)
    items = batch(
        (iin, good),
        (new_iin(), taken),
        ("900101300018", service.mark()),
        (new_iin(), "nonsense"),
        (iin, good),
    )
    answer = await kiosk.ask("POST", "/v1/hold-batches", json=items)
    results = answer.json()["results"]
    assert [result["status"] for result in results] == [201, 409, 422, 422, 409]
    assert [result["problem"] and result["problem"]["type"].rpartition(":")[2] for result in results] == [
        None,
        "held_by_another",
        "applicant_id_invalid",
        "mark_unparseable",
        "held_by_you",
    ]
    assert "забронирован" in results[1]["problem"]["title"]
    assert "900101300018" not in answer.text


async def test_a_batch_repeated_is_answered_the_same(service: Service) -> None:
    """The batch's key covers every item; in another order it is another request."""
    kiosk, key = service.people.service(), new_key()
    items = batch((new_iin(), service.mark()), (new_iin(), service.mark()))
    first = await kiosk.ask("POST", "/v1/hold-batches", key=key, json=items)
    again = await kiosk.ask("POST", "/v1/hold-batches", key=key, json=items)
    assert first.json()["held"] == 2
    assert first.content == again.content
    turned = await kiosk.ask("POST", "/v1/hold-batches", key=key, json={"items": items["items"][::-1]})
    assert [result["status"] for result in turned.json()["results"]] == [422, 422]


async def test_a_named_price_is_part_of_a_batch_item(service: Service) -> None:
    """An item that names another price than the first time is another request; its neighbour is not."""
    kiosk, key = service.people.service(), new_key()
    body = batch((new_iin(), service.mark()), (new_iin(), service.mark()))
    prices = [await service.price(item["mark"]) for item in body["items"]]
    for item, price in zip(body["items"], prices, strict=True):
        item["expected"] = {"amount_tiyn": price["amount_tiyn"]}
    first = await kiosk.ask("POST", "/v1/hold-batches", key=key, json=body)
    again = await kiosk.ask("POST", "/v1/hold-batches", key=key, json=body)
    assert (first.json()["held"], again.content) == (2, first.content)
    body["items"][1]["expected"]["amount_tiyn"] += 1
    other = (await kiosk.ask("POST", "/v1/hold-batches", key=key, json=body)).json()["results"]
    assert [result["status"] for result in other] == [201, 422]
    assert other[1]["problem"]["type"] == "urn:plates:problem:request_id_reused"


@pytest.mark.parametrize("count", [0, 101])
async def test_a_batch_has_its_bounds(service: Service, count: int) -> None:
    """None is no batch, and more than a hundred are too many."""
    items = batch(*[(new_iin(), "777AAA02")] * count)
    answer = await service.people.service().ask("POST", "/v1/hold-batches", json=items)
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:plates:problem:request_invalid")
