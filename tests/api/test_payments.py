"""Money: what buys a mark, what goes back and why, what is refused; never two owners, never unrecorded."""

import asyncio
import hashlib
from dataclasses import replace
from typing import Any

import orjson
import pytest

from plateapi.keeper.journaling import REFUSALS_POOL
from plateapi.payments.schemas import SettlementShape
from plateapi.services.note_refused_notification import LINES_A_SECOND, RefusalNotes
from tests.api.conftest import Service, until
from tests.personas import new_key


async def recorded(service: Service, mark: str) -> list[dict[str, Any]]:
    """The payments that the store has for a mark."""
    return list(await service.engine.inventory.payments(service.engine.book.parse(mark)))


async def test_told_twice_paid_once(service: Service) -> None:
    """The provider repeats itself, also at the same moment: one effect, one answer, one record."""
    mark, invoice, _ = await service.paying(service.people.driver())
    transaction = new_key()
    answers = await asyncio.gather(*(service.paid(invoice, transaction=transaction) for _ in range(5)))
    assert {answer.content for answer in answers} == {answers[0].content}
    assert SettlementShape.model_validate(answers[0].json()).outcome == "allotted"
    assert [payment["state"] for payment in await recorded(service, mark)] == ["settled"]


async def test_a_second_payment_goes_back(service: Service) -> None:
    """What was paid for is paid for; the second money has its own record."""
    mark, invoice, _ = await service.paying(service.people.driver())
    assert (await service.paid(invoice)).json()["outcome"] == "allotted"
    second = await service.paid(invoice)
    assert (second.status_code, second.json()["outcome"], second.json()["reason"]) == (
        200,
        "refund_due",
        "already_paid",
    )
    assert sorted(payment["state"] for payment in await recorded(service, mark)) == ["refund_due", "settled"]


@pytest.mark.parametrize("difference", [-1, 1])
async def test_a_wrong_amount_buys_nothing(service: Service, difference: int) -> None:
    """A tiyn less or more: the money goes back, the hold stays, and the right amount still buys."""
    aigerim = service.people.driver()
    mark, invoice, _ = await service.paying(aigerim)
    wrong = await service.paid(invoice, amount_tiyn=invoice["amount_tiyn"] + difference)
    assert (wrong.status_code, wrong.json()["outcome"], wrong.json()["reason"]) == (
        200,
        "refund_due",
        "wrong_amount",
    )
    assert [hold["state"] for hold in (await aigerim.holdings())["holds"]] == ["paying"]
    assert (await service.paid(invoice)).json()["outcome"] == "allotted"
    assert len(await recorded(service, mark)) == 2


async def test_one_transaction_is_one_payment(service: Service) -> None:
    """The same transaction with another amount is not the same notification, and changes nothing."""
    _, invoice, _ = await service.paying(service.people.driver())
    transaction = new_key()
    await service.paid(invoice, transaction=transaction)
    other = await service.paid(invoice, transaction=transaction, amount_tiyn=1)
    assert (other.status_code, other.json()["type"]) == (422, "urn:plates:problem:request_id_reused")


async def test_late_money_buys_a_mark_that_is_still_free(service: Service) -> None:
    """The hold has run out, nobody else came, the price is the same: the mark is his after all."""
    aigerim, mark, invoice = await _run_out(service, "18")
    late = await service.paid(invoice)
    assert (late.json()["outcome"], late.json()["late"]) == ("allotted", True), late.text
    assert [one["mark"] for one in (await aigerim.holdings())["allotments"]] == [mark]


async def test_late_money_for_a_mark_that_is_gone_goes_back(service: Service) -> None:
    """Somebody else holds it by now: it stays his, and the money goes back."""
    _, mark, invoice = await _run_out(service, "18")
    other = service.people.driver("other")
    assert (await other.hold(mark)).status_code == 201
    late = await service.paid(invoice)
    assert (late.json()["outcome"], late.json()["reason"]) == ("refund_due", "late_mark_gone")
    assert [hold["mark"] for hold in (await other.holdings())["holds"]] == [mark]


async def test_late_money_confirms_a_hold_made_anew(service: Service) -> None:
    """The same person holds it anew at the same price: his new hold is paid by the old invoice."""
    await service.configure("18", cooldown_ms=0)
    aigerim, mark, invoice = await _run_out(service, "18")
    assert (await aigerim.hold(mark)).status_code == 201
    assert (await service.paid(invoice)).json()["outcome"] == "allotted"
    mine = await aigerim.holdings()
    assert ([one["mark"] for one in mine["allotments"]], mine["holds"]) == ([mark], [])


async def _run_out(service: Service, region: str) -> tuple[Any, str, dict[str, Any]]:
    """A driver whose begun payment has run out: driver, mark, invoice."""
    await service.configure(region, payment_window_ms=1_000)
    await service.engine.inventory.lease_expiry(service.engine.clock.now_ms() + 60_000)
    driver = service.people.driver()
    mark, invoice, _ = await service.paying(driver, service.mark(region))

    async def gone() -> bool:
        return not (await driver.holdings())["holds"]

    await until(gone)
    return driver, mark, invoice


async def test_money_that_nobody_can_place_is_recorded(service: Service) -> None:
    """A reference not of our making: recorded, to be paid back, and answered the same when told again."""
    notice = {"reference": "made elsewhere", "amount_tiyn": 4_300}
    transaction = new_key()
    first = await service.paid(notice, transaction=transaction)
    assert (first.status_code, first.json()["outcome"], first.json()["reason"]) == (
        200,
        "refund_due",
        "unknown_hold",
    )
    assert first.json()["mark"] is None
    again = await service.paid(notice, transaction=transaction)
    assert again.json()["outcome"] == "refund_due"


async def test_money_that_nobody_can_place_is_paid_back(service: Service) -> None:
    """Its refund is confirmed where it stands, once; a refund of money that never came is of nothing."""
    paid = {"reference": "made elsewhere", "amount_tiyn": 4_300}
    transaction = new_key()
    await service.paid(paid, transaction=transaction)
    refund = {"event": "refunded", "reference": "made elsewhere"}
    first = await service.notify({**refund, "transaction": transaction})
    assert (first.status_code, first.json()["outcome"], first.json()["mark"]) == (200, "refunded", None)
    again = await service.notify({**refund, "transaction": transaction})
    assert again.json()["outcome"] == "refunded"
    unknown = await service.notify({**refund, "transaction": new_key()})
    assert (unknown.status_code, unknown.json()["type"]) == (404, "urn:plates:problem:payment_unknown")


async def test_a_reference_of_another_hold_pays_that_hold(service: Service) -> None:
    """Who pays another's invoice pays the other's mark; nobody can pay himself into another's hold."""
    payer, owner = service.people.driver("payer"), service.people.driver("owner")
    mark, invoice, _ = await service.paying(owner)
    assert (await service.paid(invoice)).json()["mark"] == mark
    assert [one["mark"] for one in (await owner.holdings())["allotments"]] == [mark]
    assert (await payer.holdings())["allotments"] == []


@pytest.mark.parametrize(
    ("options", "slug"),
    [
        ({"x_signature": None}, "signature_missing"),
        ({"x_signature": "t=1,v1=" + "0" * 64}, "signature_invalid"),
        ({"x_signature": "nonsense"}, "signature_invalid"),
        ({"age_seconds": 400}, "notification_stale"),
        ({"age_seconds": -400}, "notification_stale"),
    ],
)
async def test_what_is_not_signed_is_not_believed(
    service: Service, options: dict[str, Any], slug: str
) -> None:
    """It buys nothing, says why, and is a line of the journal with its hash and not with its words."""
    with_room(service)
    aigerim = service.people.driver()
    mark, invoice, _ = await service.paying(aigerim)
    before = await refusals(service)
    notice = {
        "event": "paid",
        "transaction": new_key(),
        "reference": invoice["reference"],
        "amount_tiyn": invoice["amount_tiyn"],
        "paid_at_ms": 0,
    }
    answer = await service.notify(notice, **options)
    assert (answer.status_code, answer.json()["type"]) == (401, f"urn:plates:problem:{slug}")
    assert answer.headers["www-authenticate"] == "Signature"
    assert (await aigerim.holdings())["allotments"] == []
    assert await recorded(service, mark) == []
    [line] = (await refusals(service))[len(before) :]
    assert (line["verb"], line["actor"], line["channel"]) == (
        "refuse_notification",
        "payment-unverified",
        "payment",
    )
    body = orjson.dumps(notice)
    assert orjson.loads(line["note"]) == {
        "why": slug,
        "count": 1,
        "bytes": len(body),
        "sha256": hashlib.sha256(body).hexdigest(),
    }


async def test_what_is_signed_and_refused_is_a_line_too(service: Service) -> None:
    """Each verified notification that changes nothing has its line, with the provider's own transaction."""
    _, invoice, _ = await service.paying(service.people.driver())
    transaction, stranger = new_key(), new_key()
    await service.paid(invoice, transaction=transaction)
    before = await refusals(service)
    refund = {"event": "refunded", "reference": invoice["reference"]}
    for notice in (
        {"event": "paid", "transaction": new_key()},
        {"event": "refunded", "transaction": transaction, "reference": invoice["reference"]},
        {**refund, "transaction": stranger},
    ):
        assert (await service.notify(notice)).status_code >= 400
    await service.paid(invoice, transaction=transaction, amount_tiyn=1)
    await service.paid(invoice, amount_tiyn=1)  # Money: its line is that of its payment.
    lines = (await refusals(service))[len(before) :]
    notes = [orjson.loads(line["note"]) for line in lines]
    assert [(note["why"], note.get("transaction")) for note in notes] == [
        ("notification_invalid", None),
        ("not_refundable", transaction),
        ("payment_unknown", stranger),
        ("request_id_reused", transaction),
    ]
    assert {line["actor"] for line in lines} == {f"payment-{service.house.payment_side.name}"}


async def test_a_flood_of_forgeries_is_written_in_bounds(service: Service) -> None:
    """Sixty at once are refused one and all; none goes uncounted, and most share a line."""
    with_room(service)
    before = await refusals(service)
    forged = {"x_signature": "t=1,v1=" + "0" * 64}
    answers = await asyncio.gather(*(service.notify({"event": "paid"}, **forged) for _ in range(60)))
    assert {answer.status_code for answer in answers} == {401}
    # As at the end of the service: what was gathered is written.
    await service.house.refusal_notes.close()
    lines = (await refusals(service))[len(before) :]
    counts = [orjson.loads(line["note"])["count"] for line in lines]
    assert sum(counts) == 60
    assert LINES_A_SECOND <= counts.count(1) < 60


def with_room(service: Service) -> None:
    """Let a test's refusals have lines of their own, whatever the tests before it sent in this second."""
    service.app.state.house = replace(service.house, refusal_notes=RefusalNotes(service.engine))


async def refusals(service: Service) -> list[dict[str, Any]]:
    """The lines of refused notifications."""
    return await service.journalled(REFUSALS_POOL)


async def test_a_refund_of_what_stands_is_refused(service: Service) -> None:
    """Settled money is not paid back; a payment that nobody made is unknown."""
    _, invoice, _ = await service.paying(service.people.driver())
    transaction = new_key()
    await service.paid(invoice, transaction=transaction)
    refund = {"event": "refunded", "reference": invoice["reference"]}
    standing = await service.notify({**refund, "transaction": transaction})
    assert (standing.status_code, standing.json()["type"]) == (409, "urn:plates:problem:not_refundable")
    unknown = await service.notify({**refund, "transaction": new_key()})
    assert (unknown.status_code, unknown.json()["type"]) == (404, "urn:plates:problem:payment_unknown")


async def test_the_stand_in_pays_as_a_provider_would(service: Service) -> None:
    """It takes the money, signs, and goes through the notification's own door; twice is once."""
    aigerim, nobody, key = service.people.driver(), service.people.nobody(), new_key()
    mark, invoice, _ = await service.paying(aigerim)
    body = {"reference": invoice["reference"], "amount_tiyn": invoice["amount_tiyn"]}
    paid = await nobody.ask("POST", "/demo/payments", key=key, json=body)
    assert paid.status_code == 201, paid.text
    assert (paid.json()["status"], paid.json()["answer"]["outcome"]) == (200, "allotted")
    again = await nobody.ask("POST", "/demo/payments", key=key, json=body)
    assert again.json()["answer"] == paid.json()["answer"]
    assert [payment["state"] for payment in await recorded(service, mark)] == ["settled"]
    refund = {"reference": invoice["reference"], "transaction": paid.json()["transaction"]}
    refused = await nobody.ask("POST", "/demo/refunds", json=refund)
    assert refused.json()["answer"]["type"] == "urn:plates:problem:not_refundable"
