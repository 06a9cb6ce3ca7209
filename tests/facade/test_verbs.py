"""The verbs through the whole way: Python, engine, functions in a real server, and back."""

import struct
from typing import Any

import pytest

from plate_core import (
    Act,
    ActRefused,
    Answer,
    BootContractBroken,
    DocumentConflict,
    InputInvalid,
    Inventory,
    Journal,
    JournalBroken,
    JournalReader,
    RuleBook,
)
from tests.facade.citizens import NOON_MS, PAYMENTS, Citizen, hold_row, official, payment_of
from tests.servers import StoreServer

AIGERIM, DANIYAR = Citizen("aigerim"), Citizen("daniyar")
POOL = "person_car.02"


async def _allot(inventory: Inventory, book: RuleBook, citizen: Citizen, text: str) -> Answer:
    """Holds, begins to pay, pays."""
    mark = book.parse(text)
    held = await citizen.hold(inventory, book, mark)
    assert held.live is not None
    [paying] = await inventory.begin_payment([(citizen.act(), mark, held.live.hold_id, held.live.revision)])
    assert paying.outcome == "payment_begun"
    [allotted] = await inventory.confirm([(citizen.act(), mark, payment_of(held, f"paid-{text}"))])
    assert allotted.outcome == "allotted"
    return allotted


async def test_from_hold_to_allotted_and_back(inventory: Inventory, book: RuleBook) -> None:
    """The whole life that is served: held, extended, paid, allotted, cancelled, refunded."""
    mark = book.parse("777AAA02")
    held = await AIGERIM.hold(inventory, book, mark)
    assert (held.outcome, held.done, held.mark) == ("held", True, mark)
    live = held.live
    assert live is not None
    assert (live.state, live.applicant, live.applicant_kind) == ("held", AIGERIM.pseudonym, "person")
    assert (live.amount_tiyn, live.acquired, live.channel) == (123_262_500, "chosen", "portal")
    assert live.deadline_ms == held.server_time_ms + 15 * 60_000
    assert held.context == {"deadline_reason": "ttl"}
    [extended] = await inventory.extend([(AIGERIM.act(), mark, live.hold_id, live.revision)])
    assert (extended.outcome, extended.revision) == ("extended", held.revision + 1)
    assert extended.live is not None
    row = (AIGERIM.act(), mark, live.hold_id, extended.live.revision)
    [paying] = await inventory.begin_payment([row])
    assert paying.live is not None
    assert (paying.outcome, paying.live.state) == ("payment_begun", "paying")
    [allotted] = await inventory.confirm([(AIGERIM.act(), mark, payment_of(held, "t-1"))])
    assert (allotted.outcome, allotted.context) == ("allotted", {"payment": "settled"})
    assert allotted.live is not None
    assert (allotted.live.state, allotted.live.deadline_ms) == ("allotted", 0)
    [(owned, record)] = await inventory.read_applicant(AIGERIM.pseudonym)
    assert (owned, record.state) == (mark, "allotted")
    [cancelled] = await inventory.cancel([(AIGERIM.act(), mark, live.hold_id, allotted.live.revision)])
    assert (cancelled.outcome, cancelled.context["payment"]) == ("cancelled", "refund_due")
    refund = {"provider": "bank", "transaction": "t-1"}
    [refunded] = await inventory.confirm_refund([(PAYMENTS.act(), mark, refund)])
    assert (refunded.outcome, refunded.context["payment"]) == ("refunded", "refunded")
    [payment] = await inventory.payments(mark)
    assert (payment["state"], payment["reason"], payment["transaction"]) == ("refunded", "cancelled", "t-1")
    [read] = await inventory.read([mark])
    assert (read.outcome, read.live) == ("read", None)
    assert read.context["planes"] == {"taken": False, "issued": False, "withheld": False}


async def test_a_released_hold_is_free_for_others(inventory: Inventory, book: RuleBook) -> None:
    """Released is free; the same applicant waits a while."""
    mark = book.parse("123ABC02")
    held = await AIGERIM.hold(inventory, book, mark)
    assert held.live is not None
    [released] = await inventory.release([(AIGERIM.act(), mark, held.live.hold_id, held.live.revision)])
    assert (released.outcome, released.live) == ("released", None)
    again = await AIGERIM.hold(inventory, book, mark)
    assert again.outcome == "cooling_down"
    assert again.context["retry_at_ms"] > again.server_time_ms
    other = await DANIYAR.hold(inventory, book, mark)
    assert other.outcome == "held"


async def test_one_id_has_one_effect_and_one_answer(inventory: Inventory, book: RuleBook) -> None:
    """A repeated request is answered as before; the same id for another mark is refused."""
    mark, other = book.parse("123ABC02"), book.parse("124ABC02")
    first = await AIGERIM.hold(inventory, book, mark, "my-own-request")
    again = await AIGERIM.hold(inventory, book, mark, "my-own-request")
    assert (again.outcome, again.revision, again.server_time_ms) == (
        first.outcome,
        first.revision,
        first.server_time_ms,
    )
    assert first.live is not None
    assert again.live is not None
    assert (again.live.hold_id, again.live.deadline_ms) == (first.live.hold_id, first.live.deadline_ms)
    reused = await AIGERIM.hold(inventory, book, other, "my-own-request")
    assert (reused.outcome, reused.done) == ("request_id_reused", False)
    scoped = await DANIYAR.hold(inventory, book, other, "my-own-request")
    assert scoped.outcome == "held"


async def test_a_list_spans_pools_and_keeps_its_order(inventory: Inventory, book: RuleBook) -> None:
    """Each item has its own outcome, in the caller's order, repeated marks and applicants included."""
    texts = ["123ABC02", "123ABC03", "123ABC02", "123AB02", "124ABC02"]
    people = [AIGERIM, AIGERIM, DANIYAR, Citizen("factory", kind="entity"), AIGERIM]
    rows = [
        hold_row(book, citizen.act(), book.parse(text)) for citizen, text in zip(people, texts, strict=True)
    ]
    answers = await inventory.hold(rows)
    assert [answer.mark.text for answer in answers] == texts
    assert [answer.outcome for answer in answers] == ["held", "held", "held_by_another", "held", "held"]
    assert answers[2].live is None, "nobody learns who has a mark"
    fourth = await AIGERIM.hold(inventory, book, book.parse("125ABC02"))
    assert fourth.outcome == "limit_reached"
    assert fourth.context["retry_at_ms"] > 0


async def test_more_items_than_a_batch_holds(inventory: Inventory, book: RuleBook) -> None:
    """A thousand items of one call are cut into batches and answered in order."""
    marks = [book.mark_at(POOL, 1024 * row + 5) for row in range(1_000)]
    rows = [
        hold_row(book, Citizen(f"citizen-{number}").act(), mark) for number, mark in enumerate(marks, start=1)
    ]
    answers = await inventory.hold(rows)
    assert [answer.mark for answer in answers] == marks
    assert {answer.outcome for answer in answers} == {"held"}
    assert [answer.revision for answer in answers] == list(
        range(answers[0].revision, answers[0].revision + 1_000)
    )


async def test_an_ordinary_mark_is_assigned(inventory: Inventory, book: RuleBook) -> None:
    """The first candidate that is to be had, at the price of a mark that was not chosen."""
    taken, free = book.parse("123ABC02"), book.parse("124ABC02")
    await DANIYAR.hold(inventory, book, taken)
    quote = book.quote(free, acquired="assigned", at_ms=NOON_MS)
    row = (AIGERIM.act(), [taken, free], quote["tariff"], quote["amount_tiyn"])
    [answer] = await inventory.assign_next([row])
    assert (answer.outcome, answer.mark) == ("held", free)
    assert answer.live is not None
    assert (answer.live.acquired, answer.live.amount_tiyn) == ("assigned", 1_211_000)
    row = (AIGERIM.act(), [taken, free], quote["tariff"], quote["amount_tiyn"])
    [none_left] = await inventory.assign_next([row])
    assert (none_left.done, none_left.mark) == (False, taken)


@pytest.mark.parametrize(
    ("changes", "outcome", "reason"),
    [
        ({"amount_tiyn": 1}, "refund_due", "wrong_amount"),
        ({"hold_id": "00" * 16}, "allotted", None),
        ({}, "allotted", None),
    ],
    ids=["wrong amount", "held anew by the same applicant", "right"],
)
async def test_money_is_always_somewhere(
    inventory: Inventory, book: RuleBook, changes: dict[str, Any], outcome: str, reason: str | None
) -> None:
    """Each payment is recorded, settled or to be refunded with a reason; told twice, it has one effect."""
    mark = book.parse("123ABC02")
    held = await AIGERIM.hold(inventory, book, mark)
    row = (AIGERIM.act(), mark, payment_of(held, "t-1", **changes))
    [first] = await inventory.confirm([row])
    [again] = await inventory.confirm([row])
    assert (first.outcome, first.done, first.context.get("refund_reason")) == (outcome, True, reason)
    assert (again.outcome, again.revision) == (first.outcome, first.revision)
    [payment] = await inventory.payments(mark)
    assert (payment["state"], payment["reason"]) == (
        "settled" if outcome == "allotted" else "refund_due",
        reason,
    )


async def test_money_for_anothers_mark_goes_back(inventory: Inventory, book: RuleBook) -> None:
    """Whoever pays for a hold that is gone, of a mark that somebody else has by now, gets his money back."""
    mark = book.parse("123ABC02")
    held = await AIGERIM.hold(inventory, book, mark)
    payment = payment_of(held, "t-1", hold_id="00" * 16)
    [answer] = await inventory.confirm([(DANIYAR.act(), mark, payment)])
    assert (answer.outcome, answer.context["refund_reason"]) == ("refund_due", "late_mark_gone")
    [read] = await inventory.read([mark])
    assert read.live is not None
    assert (read.live.applicant, read.live.state) == (AIGERIM.pseudonym, "held")


async def test_a_second_payment_goes_back(inventory: Inventory, book: RuleBook) -> None:
    """Paid twice by two transactions: the second is to be refunded."""
    allotted = await _allot(inventory, book, AIGERIM, "123ABC02")
    second = payment_of(allotted, "another")
    [answer] = await inventory.confirm([(AIGERIM.act(), allotted.mark, second)])
    assert (answer.outcome, answer.context["refund_reason"]) == ("refund_due", "already_paid")
    assert [payment["state"] for payment in await inventory.payments(allotted.mark)] == [
        "settled",
        "refund_due",
    ]


async def test_money_whose_mark_nobody_can_name_is_kept(inventory: Inventory) -> None:
    """It founds its own pool the first time, and is to be refunded; told twice, it has one effect."""
    payment = {"provider": "bank", "transaction": "t-9", "amount_tiyn": 5, "paid_at_ms": NOON_MS}
    first = await inventory.record_unplaced_payment(PAYMENTS.act(), payment)
    again = await inventory.record_unplaced_payment(PAYMENTS.act(), payment)
    assert (first["outcome"], first["done"]) == ("refund_due", True)
    assert (again["outcome"], again["revision"]) == ("refund_due", first["revision"])


async def test_money_whose_mark_nobody_can_name_is_paid_back(inventory: Inventory) -> None:
    """Before any came it is unknown; what came is refunded, and what was never paid stays unknown."""
    payment = {"provider": "bank", "transaction": "t-9", "amount_tiyn": 5, "paid_at_ms": NOON_MS}
    refund = {"provider": "bank", "transaction": "t-9"}
    early = await inventory.confirm_unplaced_refund(PAYMENTS.act(), refund)
    assert (early["outcome"], early["done"]) == ("payment_unknown", False)
    await inventory.record_unplaced_payment(PAYMENTS.act(), payment)
    refunded = await inventory.confirm_unplaced_refund(PAYMENTS.act(), refund)
    assert (refunded["outcome"], refunded["done"]) == ("refunded", True)
    other = await inventory.confirm_unplaced_refund(PAYMENTS.act(), {**refund, "transaction": "t-10"})
    assert other["outcome"] == "payment_unknown"


async def test_marks_are_withheld_and_readmitted_across_pools(inventory: Inventory, book: RuleBook) -> None:
    """One request, an answer a mark in the caller's order, hundreds of marks in several pools."""
    marks = [
        book.parse(f"{number:03}ABC{region}") for number in range(1, 151) for region in ("03", "02", "03")
    ]
    act = official("withhold-them-all")
    first = await inventory.withhold(act, marks[:300:3] + marks[1:300:3], "a court's order")
    assert {answer.outcome for answer in first} == {"withheld"}
    assert [answer.mark for answer in first] == marks[:300:3] + marks[1:300:3]
    again = await inventory.withhold(act, marks[:300:3] + marks[1:300:3], "a court's order")
    assert [answer.revision for answer in again] == [answer.revision for answer in first]
    reused = await inventory.withhold(act, marks[:297:3] + marks[1:300:3], "a court's order")
    assert {answer.outcome for answer in reused} == {"request_id_reused"}
    refused = await AIGERIM.hold(inventory, book, marks[0])
    assert refused.outcome == "mark_withheld"
    readmitted = await inventory.readmit(official(), [marks[0]])
    assert [answer.outcome for answer in readmitted] == ["readmitted"]
    assert (await AIGERIM.hold(inventory, book, marks[0])).outcome == "held"


async def test_an_import_of_any_size_is_one_request(inventory: Inventory, book: RuleBook) -> None:
    """Counts over all parts, conflicts by ordinal, and the same counts again when it is repeated."""
    held = book.parse("005AAD02")
    await AIGERIM.hold(inventory, book, held)
    ordinals = [1024 * row + 5 for row in range(500)] + [1024 * 7]
    content = struct.pack(f"<{len(ordinals)}I", *ordinals)
    counts = await inventory.import_issued(official("import-0001", "registry"), POOL, content)
    assert counts == {
        "imported": 499,
        "already_imported": 0,
        "conflicts": [held.ordinal],
        "never_issued": [1024 * 7],
    }
    assert await inventory.import_issued(official("import-0001", "registry"), POOL, content) == counts
    anew = await inventory.import_issued(official(channel="registry"), POOL, content)
    assert (anew["imported"], anew["already_imported"], anew["conflicts"]) == (0, 499, [held.ordinal])
    [read] = await inventory.read([book.mark_at(POOL, 5)])
    assert read.context["planes"] == {"taken": False, "issued": True, "withheld": False}
    assert (await DANIYAR.hold(inventory, book, book.mark_at(POOL, 5))).outcome == "mark_issued"


async def test_a_pool_that_is_not_there_takes_nothing(inventory: Inventory, book: RuleBook) -> None:
    """An item says so as its outcome; an act as a whole is refused with the outcome as its slug."""
    answer = await AIGERIM.hold(inventory, book, book.parse("123ABC05"))
    assert (answer.outcome, answer.done) == ("pool_unknown", False)
    with pytest.raises(ActRefused) as refused:
        await inventory.import_issued(official(channel="registry"), "person_car.05", struct.pack("<I", 5))
    assert refused.value.slug == "pool_unknown"
    assert await inventory.pool_settings("person_car.05") == {}


async def test_settings_are_changed_one_by_one(inventory: Inventory, book: RuleBook) -> None:
    """What is not named stays, what is out of bounds changes nothing, and each change is journalled."""
    before = await inventory.pool_settings(POOL)
    entries = await inventory.feed(POOL, "0-0", 100)
    await inventory.configure_pools(official(), {POOL: {"holds_stopped": True}})
    assert await inventory.pool_settings(POOL) == before | {"holds_stopped": True}
    assert len(await inventory.feed(POOL, "0-0", 100)) == len(entries) + 1
    assert (await AIGERIM.hold(inventory, book, book.parse("123ABC02"))).outcome == "holds_stopped"
    with pytest.raises(InputInvalid) as refused:
        await inventory.configure_pools(official(), {POOL: {"hold_ttl_ms": 1}})
    assert (refused.value.slug, refused.value.context["settings"][0][0]) == ("setting_invalid", "hold_ttl_ms")
    with pytest.raises(InputInvalid) as unknown:
        inventory.configure_pools(official(), {POOL: {"hold_ttl": 1}})
    assert unknown.value.slug == "setting_unknown"
    assert await inventory.pool_settings(POOL) == before | {"holds_stopped": True}


async def test_limits_follow_the_pools(inventory: Inventory) -> None:
    """A longer hold lengthens the permits by itself; the numbers are changed by name."""
    before = await inventory.limits()
    await inventory.configure_pools(official(), {POOL: {"hold_ttl_ms": 7_200_000}})
    await inventory.configure_limits({"live_holds_person": 5})
    after = await inventory.limits()
    assert after["hold_permit_ms"] > 7_200_000 > before["hold_permit_ms"]
    assert (before["live_holds_person"], after["live_holds_person"]) == (3, 5)
    with pytest.raises(InputInvalid) as refused:
        await inventory.configure_limits({"live_holds_person": 0})
    assert refused.value.slug == "setting_invalid"


async def test_documents_are_compared_and_set(inventory: Inventory) -> None:
    """Two writers of one version: one wins, the other learns which version stands."""
    assert await inventory.get_document("draft-1") is None
    assert await inventory.put_document(official(), "draft-1", b"one", expected_version=0) == 1
    assert await inventory.put_document(official(), "draft-1", b"two", expected_version=1) == 2
    with pytest.raises(DocumentConflict) as refused:
        await inventory.put_document(official(), "draft-1", b"mine", expected_version=1)
    assert refused.value.context == {"expected_version": 1, "found_version": 2}
    assert await inventory.get_document("draft-1") == (2, b"two")
    await inventory.put_document(official(), "other", b"", expected_version=0)
    assert await inventory.list_documents("draft-") == [("draft-1", 2)]


async def test_a_document_is_refused_for_its_length_and_for_a_backlog(inventory: Inventory) -> None:
    """One byte too long is a fault of the caller; too many that wait for the journal are not now."""
    with pytest.raises(InputInvalid) as long:
        await inventory.put_document(official(), "draft", bytes((1 << 20) + 1), expected_version=0)
    assert long.value.slug == "text_too_long"
    for version in range(256):
        await inventory.put_document(official(), "draft", b"", expected_version=version)
    with pytest.raises(ActRefused) as backlogged:
        await inventory.put_document(official(), "draft", b"", expected_version=256)
    assert (backlogged.value.slug, backlogged.value.context) == ("feed_backlogged", {"pool": "documents"})
    assert await inventory.get_document("draft") == (256, b"")


async def test_one_holder_has_a_lease(inventory: Inventory) -> None:
    """Taken, renewed, refused to another, given back."""
    assert await inventory.take_lease("keeper", "a", 60_000)
    assert await inventory.take_lease("keeper", "a", 60_000)
    assert not await inventory.take_lease("keeper", "b", 60_000)
    assert not await inventory.give_lease("keeper", "b")
    assert await inventory.give_lease("keeper", "a")
    assert await inventory.take_lease("keeper", "b", 60_000)


async def test_many_feeds_are_read_as_each_of_them_alone(inventory: Inventory, book: RuleBook) -> None:
    """A list a place, in order, each after its own id and no longer than asked; an unknown pool has none."""
    await _allot(inventory, book, AIGERIM, "777AAA02")
    whole = await inventory.feed(POOL, "0-0", 1_000)
    places = [("moon.01", "0-0", 9), (POOL, "0-0", 2), (POOL, "2-0", 9), (POOL, whole[-1][0], 9)]
    assert await inventory.feeds(places) == [[], whole[:2], whole[2:], []]
    assert await inventory.feeds([]) == []


async def test_the_feed_becomes_the_journal(inventory: Inventory, book: RuleBook, tmp_path: Any) -> None:
    """Entries are read, kept, trimmed, and tell a mark's whole history afterwards."""
    allotted = await _allot(inventory, book, AIGERIM, "777AAA02")
    entries = await inventory.feed(POOL, "0-0", 1_000)
    journal = Journal.open(tmp_path / "journal")
    assert journal.head(POOL) == "0-0"
    assert journal.append(POOL, entries) == len(entries)
    journal.sync()
    assert journal.append(POOL, entries) == 0
    assert journal.head(POOL) == entries[-1][0]
    assert await inventory.trim_feed(POOL, journal.head(POOL)) == len(entries)
    assert await inventory.feed(POOL, "0-0", 1_000) == []
    reader = JournalReader(tmp_path / "journal")
    history = reader.history(allotted.mark)
    assert [step["verb"] for step in history] == ["hold", "begin_payment", "confirm"]
    assert [step["live"].state for step in history] == ["held", "paying", "allotted"]
    assert history[-1]["payment"]["state"] == "settled"
    assert (history[-1]["payment"]["before"], history[0]["payment"]) == (None, None)
    assert history[0]["on_behalf"] == AIGERIM.pseudonym.hex()
    steps = list(reader.transitions())
    assert [step["revision"] for step in steps] == list(range(1, len(steps) + 1))
    assert steps[0]["ordinal"] is None
    assert list(reader.transitions("person_car.03")) == []
    assert list(journal.transitions(POOL)) != []
    with pytest.raises(JournalBroken) as locked:
        Journal.open(tmp_path / "journal")
    assert locked.value.slug == "journal_locked"
    journal.close()
    journal.close()
    with pytest.raises(JournalBroken) as closed:
        journal.sync()
    assert closed.value.slug == "journal_closed"
    Journal.open(tmp_path / "journal").close()


async def test_a_store_is_founded_once_and_known_again(inventory: Inventory) -> None:
    """The birth certificate stays; another store than the known one is refused."""
    born = await inventory.check_contract()
    assert await inventory.check_contract(born["id"]) == born
    with pytest.raises(BootContractBroken) as refused:
        await inventory.check_contract("0123456789abcdef")
    [fault] = refused.value.context["faults"]
    assert fault["found"] == born["id"]


async def test_settings_that_can_lose_marks_are_refused(inventory: Inventory, store: StoreServer) -> None:
    """Every fault at once, with what was found, what is needed, and the line that mends it."""
    with store.client() as client:
        client.config_set("appendfsync", "everysec")
        client.config_set("maxmemory-policy", "allkeys-lru")
    try:
        with pytest.raises(BootContractBroken) as refused:
            await inventory.check_contract()
    finally:
        with store.client() as client:
            client.config_set("appendfsync", "always")
            client.config_set("maxmemory-policy", "noeviction")
    found = {fault["setting"]: fault for fault in refused.value.context["faults"]}
    assert set(found) == {"appendfsync", "maxmemory-policy"}
    assert (found["appendfsync"]["found"], found["appendfsync"]["needed"]) == ("everysec", "always")
    assert "CONFIG SET appendfsync always" in found["appendfsync"]["mend"]


async def test_sweeping_what_is_not_due_ends_nothing(inventory: Inventory, book: RuleBook) -> None:
    """A live hold is left alone, frozen or not; ids are swept in rounds that end."""
    await AIGERIM.hold(inventory, book, book.parse("123ABC02"))
    assert await inventory.sweep(POOL) == ([], False)
    await inventory.configure_pools(official(), {POOL: {"frozen": True}})
    assert await inventory.sweep(POOL) == ([], False)
    await inventory.lease_expiry(await inventory.server_time_ms() + 10_000)
    cursor = await inventory.sweep_ids()
    while cursor:
        cursor = await inventory.sweep_ids(cursor)


@pytest.mark.parametrize(
    ("slug", "fields"),
    [
        ("request_id_invalid", {"request_id": "short"}),
        ("request_id_invalid", {"request_id": "x" * 129}),
        ("request_id_invalid", {"request_id": "with a blank"}),
        ("request_id_invalid", {"request_id": "кириллица"}),
        ("name_invalid", {"caller": ""}),
        ("name_invalid", {"caller": "x" * 121}),
        ("name_invalid", {"office": "line\nbreak"}),
        ("channel_unknown", {"channel": "fax"}),
        ("pseudonym_invalid", {"applicant": b"short"}),
        ("pseudonym_invalid", {"applicant": bytes(16), "representative": bytes(15)}),
        ("applicant_kind_unknown", {"applicant": bytes(16), "applicant_kind": "cat"}),
    ],
)
def test_an_act_that_cannot_be_meant_is_refused(slug: str, fields: dict[str, Any]) -> None:
    """Each field has its bounds; what was given is not repeated."""
    right = {"request_id": "request-1", "caller": "driver-1", "channel": "portal"}
    with pytest.raises(InputInvalid) as refused:
        Act(**(right | fields))
    assert refused.value.slug == slug
    assert refused.value.context["argument"] in fields


def test_an_act_names_its_request_only_by_hash() -> None:
    """The id is scoped to the caller, and neither appears in what is printed."""
    one = Act(request_id="request-1", caller="driver-1", channel="portal")
    other = Act(request_id="request-1", caller="driver-2", channel="portal")
    assert one.id != other.id
    assert len(one.id) == 32
    assert "driver-1" not in repr(one)


@pytest.mark.parametrize(
    ("slug", "ask"),
    [
        ("hold_id_invalid", lambda it, mark: it.extend([(AIGERIM.act(), mark, "zz", 1)])),
        ("revision_invalid", lambda it, mark: it.hold([(AIGERIM.act(), mark, "zz", 1)])),
        ("applicant_missing", lambda it, mark: it.hold([(official(), mark, "0" * 16, 1)])),
        ("candidates_invalid", lambda it, mark: it.assign_next([(AIGERIM.act(), [], "0" * 16, 1)])),
        ("candidates_invalid", lambda it, mark: it.assign_next([(AIGERIM.act(), [mark] * 17, "0" * 16, 1)])),
        ("payment_incomplete", lambda it, mark: it.confirm([(AIGERIM.act(), mark, {"provider": "bank"})])),
        ("ordinals_invalid", lambda it, mark: it.import_issued(official(), POOL, b"123")),
        ("ordinals_invalid", lambda it, mark: it.import_issued(official(), POOL, b"")),
        ("pool_unknown", lambda it, mark: it.sweep("person_car.99")),
        ("pool_unknown", lambda it, mark: it.configure_pools(official(), {"moon": {}})),
        ("entry_id_invalid", lambda it, mark: it.feed(POOL, "yesterday", 1)),
        ("entry_id_invalid", lambda it, mark: it.feeds([(POOL, "yesterday", 1)])),
        ("pseudonym_invalid", lambda it, mark: it.read_applicant(b"x")),
    ],
)
async def test_what_cannot_be_meant_is_refused_before_anything_is_sent(
    inventory: Inventory, book: RuleBook, slug: str, ask: Any
) -> None:
    """The call itself raises, with the slug of what is wrong."""
    with pytest.raises(InputInvalid) as refused:
        ask(inventory, book.parse("123ABC02"))
    assert refused.value.slug == slug
    assert inventory.backlog == 0
