"""A driver's way: sees a price and why, holds, extends, releases, pays, owns, gives back."""

import asyncio
import re

import pytest

from tests.api.conftest import Service, until
from tests.personas import new_bin, new_iin, new_key


async def test_a_mark_with_its_price_and_why(service: Service) -> None:
    """The certificate: tier, every rule with the one that won, its clause, the tariff and the MCI."""
    answer = await service.people.nobody().get("/v1/marks/777aaa02")
    assert answer.status_code == 200
    mark = answer.json()
    assert (mark["mark"], mark["display"], mark["region"]) == ("777AAA02", "777 AAA 02", "02")
    certificate = mark["certificate"]
    assert certificate["price"] == {
        "mci": "285",
        "mci_value_tenge": 4325,
        "amount_tiyn": 123_262_500,
        "currency": "KZT",
    }
    [won] = [rule for rule in certificate["rules"] if rule["won"]]
    assert won["clause"]["kk"]
    assert len(certificate["tariff"]["revision"]) == 64


async def test_another_day_is_priced_by_its_own_law(service: Service) -> None:
    """A day whose tariff nobody knows says so; it is not priced by today's."""
    nobody = service.people.nobody()
    known = await nobody.get("/v1/marks/777AAA02", params={"on": "2026-06-01"})
    assert known.json()["certificate"]["on"] == "2026-06-01"
    unknown = await nobody.get("/v1/marks/777AAA02", params={"on": "2025-06-01"})
    assert (unknown.status_code, unknown.json()["type"]) == (409, "urn:plates:problem:no_tariff_in_force")
    assigned = await nobody.get("/v1/marks/123BCD02", params={"acquired": "assigned"})
    assert assigned.json()["certificate"]["price"]["mci"] == "2.8"


async def test_a_first_hold(service: Service) -> None:
    """The answer has the deadline, what set it, the price and an ETag that names hold and revision."""
    aigerim = service.people.driver()
    mark = service.mark()
    price = await service.price(mark)
    answer = await aigerim.hold(mark)
    assert answer.status_code == 201
    held = answer.json()
    assert held["mark"] == mark
    assert held["state"] == "held"
    assert held["amount_tiyn"] == price["amount_tiyn"]
    assert price["tariff"].startswith(held["tariff"])
    assert held["deadline_ms"] - held["server_time_ms"] == service.settings.hold_ttl_seconds * 1_000
    assert held["deadline_reason"] == "ttl"
    assert held["channel"] == "portal"
    assert answer.headers["etag"] == f'"{held["hold_id"]}-{held["revision"]}"'
    assert [hold["mark"] for hold in (await aigerim.holdings())["holds"]] == [mark]


async def test_the_same_request_twice_has_one_effect_and_one_answer(service: Service) -> None:
    """Repeated with its key, at once or later, it is answered word for word as the first time."""
    aigerim, mark, key = service.people.driver(), service.mark(), new_key()
    first, second = await asyncio.gather(aigerim.hold(mark, key=key), aigerim.hold(mark, key=key))
    third = await aigerim.hold(mark, key=key)
    assert first.status_code == 201
    assert first.content == second.content == third.content
    assert len((await aigerim.holdings())["holds"]) == 1


async def test_a_key_belongs_to_one_request_of_one_person(service: Service) -> None:
    """For another mark it is another request's; for another person it is another key."""
    aigerim, other, key = service.people.driver(), service.people.driver("other"), new_key()
    assert (await aigerim.hold(service.mark(), key=key)).status_code == 201
    again = await aigerim.hold(service.mark(), key=key)
    assert (again.status_code, again.json()["type"]) == (422, "urn:plates:problem:request_id_reused")
    assert (await other.hold(service.mark(), key=key)).status_code == 201


async def test_a_named_price_is_part_of_the_request(service: Service) -> None:
    """Repeated with its price it is answered as before; with another price, or none, the key is used up."""
    aigerim, mark, key = service.people.driver(), service.mark(), new_key()
    amount = (await service.price(mark))["amount_tiyn"]
    first = await aigerim.hold(mark, key=key, expected={"amount_tiyn": amount})
    assert first.status_code == 201, first.text
    again = await aigerim.hold(mark, key=key, expected={"amount_tiyn": amount})
    assert (again.status_code, again.content) == (201, first.content)
    for expected in ({"amount_tiyn": amount + 1}, {"amount_tiyn": amount, "tariff": "ab" * 32}, {}):
        other = await aigerim.hold(mark, key=key, expected=expected)
        assert (other.status_code, other.json()["type"]) == (422, "urn:plates:problem:request_id_reused")


async def test_of_many_one_gets_the_mark(service: Service) -> None:
    """Thirty ask at the same moment: one holds it, and the others hear when to come back."""
    mark = service.mark()
    drivers = [service.people.driver(f"driver-{number}") for number in range(30)]
    answers = await asyncio.gather(*(driver.hold(mark) for driver in drivers))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 29
    for answer in answers:
        if answer.status_code == 409:
            problem = answer.json()
            assert problem["type"] == "urn:plates:problem:held_by_another"
            assert problem["retry_at_ms"] > problem["server_time_ms"]
            assert int(answer.headers["retry-after"]) > 0
            assert "holding" not in problem


async def test_my_own_hold_is_told_to_me_alone(service: Service) -> None:
    """Who asks again under a new key is told his own hold; nobody else is told whose it is."""
    aigerim = service.people.driver()
    mark, held = await service.held(aigerim)
    again = await aigerim.hold(mark)
    assert (again.status_code, again.json()["type"]) == (409, "urn:plates:problem:held_by_you")
    assert again.json()["holding"]["hold_id"] == held.json()["hold_id"]
    other = await service.people.driver("other").hold(mark)
    assert held.json()["hold_id"] not in other.text


async def test_extend_once_and_no_more(service: Service) -> None:
    """One extension by default; it changes the revision, and the old one is stale."""
    aigerim = service.people.driver()
    mark, held = await service.held(aigerim)
    extended = await aigerim.extend(mark, held.headers["etag"])
    assert extended.status_code == 200, extended.text
    assert extended.json()["extensions"] == 1
    assert extended.json()["deadline_ms"] >= held.json()["deadline_ms"]
    assert extended.json()["hold_id"] == held.json()["hold_id"]
    stale = await aigerim.extend(mark, held.headers["etag"])
    assert (stale.status_code, stale.json()["type"]) == (412, "urn:plates:problem:revision_stale")
    assert stale.json()["current_revision"] == extended.json()["revision"]
    more = await aigerim.extend(mark, extended.headers["etag"])
    assert (more.status_code, more.json()["type"]) == (409, "urn:plates:problem:extensions_used_up")


async def test_release_frees_the_mark_for_others(service: Service) -> None:
    """Another may have it at once; who let it go waits a while."""
    aigerim, other = service.people.driver(), service.people.driver("other")
    mark, held = await service.held(aigerim)
    key = new_key()
    gone = await aigerim.release(mark, held.headers["etag"], key=key)
    assert (gone.status_code, gone.json()["outcome"]) == (200, "released")
    assert (await aigerim.release(mark, held.headers["etag"], key=key)).content == gone.content
    assert (await aigerim.holdings())["holds"] == []
    again = await aigerim.hold(mark)
    assert (again.status_code, again.json()["type"]) == (429, "urn:plates:problem:cooling_down")
    assert (await other.hold(mark)).status_code == 201


async def test_nobody_releases_anothers_hold(service: Service) -> None:
    """Another's hold is answered as if there were none, whatever is known of it."""
    aigerim, other = service.people.driver(), service.people.driver("other")
    mark, held = await service.held(aigerim)
    answer = await other.release(mark, held.headers["etag"])
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:plates:problem:not_held")
    assert held.json()["hold_id"] not in answer.text
    assert len((await aigerim.holdings())["holds"]) == 1


async def test_three_holds_are_enough(service: Service) -> None:
    """The limit counts over all regions, says when the first ends, and a release makes room."""
    aigerim = service.people.driver()
    held = [await service.held(aigerim, service.mark(region)) for region in ("01", "02", "03")]
    fourth = await aigerim.hold(service.mark("04"))
    assert (fourth.status_code, fourth.json()["type"]) == (429, "urn:plates:problem:limit_reached")
    assert int(fourth.headers["retry-after"]) > 60
    mark, answer = held[0]
    assert (await aigerim.release(mark, answer.headers["etag"])).status_code == 200
    assert (await aigerim.hold(service.mark("04"))).status_code == 201


async def test_the_price_that_was_seen_or_none(service: Service) -> None:
    """At the price named the mark is held; at another nothing is held, and the answer has the right one."""
    aigerim, mark = service.people.driver(), service.mark()
    price = await service.price(mark)
    wrong = await aigerim.hold(mark, expected={"amount_tiyn": price["amount_tiyn"] - 1})
    assert (wrong.status_code, wrong.json()["type"]) == (409, "urn:plates:problem:price_changed")
    assert wrong.json()["price"]["amount_tiyn"] == price["amount_tiyn"]
    other = await aigerim.hold(mark, expected={"tariff": "ab" * 32})
    assert other.json()["type"] == "urn:plates:problem:price_changed"
    expected = {"amount_tiyn": price["amount_tiyn"], "tariff": price["tariff"]}
    assert (await aigerim.hold(mark, expected=expected)).status_code == 201


async def test_from_hold_to_ownership(service: Service) -> None:
    """Pay, be notified, own it: the money settles, and the mark is nobody else's."""
    aigerim = service.people.driver()
    mark, held = await service.held(aigerim)
    begun = await aigerim.pay(mark, held.headers["etag"])
    assert begun.status_code == 201, begun.text
    invoice, holding = begun.json()["invoice"], begun.json()["holding"]
    assert holding["state"] == "paying"
    assert invoice["amount_tiyn"] == held.json()["amount_tiyn"]
    assert invoice["pay_before_ms"] == holding["deadline_ms"]
    settled = await service.paid(invoice)
    assert settled.status_code == 200, settled.text
    assert (settled.json()["outcome"], settled.json()["mark"]) == ("allotted", mark)
    mine = await aigerim.holdings()
    assert mine["holds"] == []
    assert [(one["mark"], one["state"], one["deadline_ms"]) for one in mine["allotments"]] == [
        (mark, "allotted", None)
    ]
    other = await service.people.driver("other").hold(mark)
    assert (other.status_code, other.json()["type"]) == (409, "urn:plates:problem:mark_allotted")


async def test_the_invoice_can_be_seen_again(service: Service) -> None:
    """The same request gives the same invoice; another begin is refused, and the hold is not extended."""
    aigerim = service.people.driver()
    mark, held = await service.held(aigerim)
    key = new_key()
    first = await aigerim.pay(mark, held.headers["etag"], key=key)
    again = await aigerim.pay(mark, held.headers["etag"], key=key)
    assert first.json()["invoice"] == again.json()["invoice"]
    second = await aigerim.pay(mark, first.headers["etag"])
    assert second.json()["type"] == "urn:plates:problem:payment_already_begun"
    extended = await aigerim.extend(mark, first.headers["etag"])
    assert extended.json()["type"] == "urn:plates:problem:payment_already_begun"


async def test_an_allotment_can_be_given_back(service: Service) -> None:
    """Before manufacture: the mark is free, and the money goes back until the payment side says it did."""
    aigerim = service.people.driver()
    mark, invoice, _ = await service.paying(aigerim)
    transaction = new_key()
    assert (await service.paid(invoice, transaction=transaction)).json()["outcome"] == "allotted"
    [owned] = (await aigerim.holdings())["allotments"]
    version = f'"{owned["hold_id"]}-{owned["revision"]}"'
    gone = await aigerim.cancel(mark, version)
    assert (gone.status_code, gone.json()["outcome"], gone.json()["payment"]) == (
        200,
        "cancelled",
        "refund_due",
    )
    assert (await aigerim.holdings())["allotments"] == []
    refund = {"event": "refunded", "transaction": transaction, "reference": invoice["reference"]}
    refunded = await service.notify(refund)
    assert (refunded.status_code, refunded.json()["outcome"]) == (200, "refunded")
    assert (await service.people.driver("other").hold(mark)).status_code == 201


async def test_a_hold_runs_out(service: Service) -> None:
    """Past its deadline every act on it is refused as expired, swept or not, and it is not shown."""
    region = "20"
    await service.configure(region, hold_ttl_ms=1_000)
    await service.engine.inventory.lease_expiry(service.engine.clock.now_ms() + 60_000)
    aigerim = service.people.driver()
    mark, held = await service.held(aigerim, service.mark(region))

    async def gone() -> bool:
        return not (await aigerim.holdings())["holds"]

    await until(gone)
    for late in (
        await aigerim.extend(mark, held.headers["etag"]),
        await aigerim.pay(mark, held.headers["etag"]),
    ):
        assert (late.status_code, late.json()["type"]) == (410, "urn:plates:problem:hold_expired")
    assert (await service.people.driver("other").hold(mark)).status_code == 201


async def test_an_entity_holds_entities_marks(service: Service) -> None:
    """A legal entity chooses among its own format, a person among his; neither among the other's."""
    entity = service.people.driver("director", bin_number=new_bin())
    person = service.people.driver()
    assert (await entity.hold("456BC02")).status_code == 201
    wrong = await person.hold("457BC02")
    assert (wrong.status_code, wrong.json()["type"]) == (422, "urn:plates:problem:format_not_for_applicant")
    other = await entity.hold(service.mark())
    assert other.json()["type"] == "urn:plates:problem:format_not_for_applicant"


async def test_a_person_is_one_person_at_every_channel(service: Service) -> None:
    """Two tokens of two channels with one IIN are one applicant: one limit, one list."""
    iin = new_iin()
    at_home = service.people.driver("aigerim", iin=iin)
    on_the_road = service.people.driver("aigerim-mobile", iin=iin, channel="egov_mobile")
    mark, _ = await service.held(at_home)
    [hold] = (await on_the_road.holdings())["holds"]
    assert (hold["mark"], hold["channel"]) == (mark, "portal")
    _, second = await service.held(on_the_road)
    assert second.json()["channel"] == "egov_mobile"


@pytest.mark.parametrize(
    ("switch", "slug", "status"),
    [
        ({"paused": True}, "pool_paused", 503),
        ({"holds_stopped": True}, "holds_stopped", 503),
        ({"read_only": True}, "read_only", 503),
        ({"opens_at_ms": 4_000_000_000_000}, "not_open", 503),
    ],
)
async def test_a_region_that_is_stopped_says_not_now(
    service: Service, switch: dict[str, object], slug: str, status: int
) -> None:
    """Each switch by its name, with when to come back; the same request succeeds afterwards."""
    region = "19"
    driver, mark, key = service.people.driver(), service.mark("19"), new_key()
    await service.configure(region, **switch)
    stopped = await driver.hold(mark, key=key)
    assert (stopped.status_code, stopped.json()["type"]) == (status, f"urn:plates:problem:{slug}")
    assert int(stopped.headers["retry-after"]) >= 1

    async def shown() -> bool:
        pools = (await service.people.nobody().get("/v1/pools")).json()["pools"]
        ready = (await service.people.nobody().get("/readyz")).json()
        [found] = [pool for pool in pools if pool["pool"] == f"person_car.{region}"]
        return bool(
            found["standing"] == slug and ready["pools_not_on_sale"].get(f"person_car.{region}") == slug
        )

    await until(shown)
    await service.configure(region, paused=False, holds_stopped=False, read_only=False, opens_at_ms=0)
    assert (await driver.hold(mark, key=key)).status_code == 201


@pytest.mark.parametrize(
    ("language", "paused", "early", "place"),
    [
        ("en", "Paused for a while", "Not on sale yet", "Ulytau"),
        ("ru", "Временно приостановлено", "Выбор ещё не открыт", "Ұлытау"),
        ("kk", "Уақытша тоқтатылған", "Таңдау әлі ашылған жоқ", "Ұлытау"),
    ],
)
async def test_the_pages_say_what_is_not_on_sale(
    service: Service, language: str, paused: str, early: str, place: str
) -> None:
    """Above the search and the mark of that region, by its name; nothing is said above another region."""
    region, nobody = "20", service.people.nobody()
    opens_at_ms = service.engine.clock.now_ms() + 3_600_000

    async def says(sentence: str, path: str) -> bool:
        page = await nobody.get(f"{path}lang={language}")
        assert page.status_code == 200, page.text
        notice = re.search(r'<aside class="notice"[^>]*>(.*?)</aside>', page.text, re.DOTALL)
        return notice is not None and sentence in notice[1] and place in notice[1]

    for sentence, switch in (
        (paused, {"paused": True}),
        (early, {"paused": False, "opens_at_ms": opens_at_ms}),
    ):
        await service.configure(region, **switch)
        for path in (f"/?region={region}&", "/?", f"/marks/123AAZ{region}?"):
            await until(lambda path=path, sentence=sentence: says(sentence, path))
        assert 'class="notice"' not in (await nobody.get("/?region=02")).text
    await service.configure(region, opens_at_ms=0)

    async def silent() -> bool:
        return 'class="notice"' not in (await nobody.get("/")).text

    await until(silent)


async def test_the_pages_search_on_while_the_store_is_silent(service: Service) -> None:
    """They say that nobody knows whether a mark can be held, and show what is free."""

    async def page() -> str:
        found = await service.people.nobody().get("/?region=02&lang=en")
        assert found.status_code == 200, found.text
        return str(found.text)

    async def told() -> bool:
        return "Whether a mark can be held just now is not known." in await page()

    assert not await told()
    service.server.pause()
    try:
        await until(told)
        assert "Free marks:" in await page()
    finally:
        service.server.resume()

    async def known_again() -> bool:
        return not await told()

    await until(known_again)


async def test_the_opening_hour_is_said_where_it_is_known(service: Service) -> None:
    """A refusal before the opening says when, by moment and by Retry-After; so does the list of pools."""
    region = "19"
    opens_at_ms = service.engine.clock.now_ms() + 3_600_000
    await service.configure(region, opens_at_ms=opens_at_ms)
    early = await service.people.driver().hold(service.mark(region))
    assert (early.json()["type"], early.json()["retry_at_ms"]) == (
        "urn:plates:problem:not_open",
        opens_at_ms,
    )
    assert 3_500 < int(early.headers["retry-after"]) <= 3_601

    async def shown() -> bool:
        pools = (await service.people.nobody().get("/v1/pools")).json()["pools"]
        return any(pool["region"] == region and pool["opens_at_ms"] == opens_at_ms for pool in pools)

    await until(shown)
    await service.configure(region, opens_at_ms=0)


async def test_a_pause_lets_whoever_holds_already_pay_and_give_back(service: Service) -> None:
    """In a paused region a payment settles and a release is done; new holds are refused until it ends."""
    region = "19"
    payer, giver, late = (service.people.driver(name) for name in ("payer", "giver", "late"))
    mark, invoice, _ = await service.paying(payer, service.mark(region))
    given_back, held = await service.held(giver, service.mark(region))
    wanted, key = service.mark(region), new_key()
    await service.configure(region, paused=True)
    assert (await late.hold(wanted, key=key)).json()["type"] == "urn:plates:problem:pool_paused"
    assert (await service.paid(invoice)).json()["outcome"] == "allotted"
    assert [one["mark"] for one in (await payer.holdings())["allotments"]] == [mark]
    assert (await giver.release(given_back, held.headers["etag"])).status_code == 200
    await service.configure(region, paused=False)
    assert (await late.hold(wanted, key=key)).status_code == 201


@pytest.mark.parametrize(
    ("language", "word"),
    [("kk-KZ, ru;q=0.5", "нөмір"), ("ru", "забронирован"), ("en", "mark"), ("de", "нөмір")],
)
async def test_refusals_speak_the_askers_language(service: Service, language: str, word: str) -> None:
    """Kazakh, Russian or English; Kazakh where none of them is named."""
    mark, _ = await service.held(service.people.driver())
    other = service.people.driver("other")
    other.language = language
    answer = await other.hold(mark)
    assert word in answer.json()["title"]
    assert answer.headers["content-language"] == language[:2].replace("de", "kk")
    assert answer.headers["content-type"] == "application/problem+json"
