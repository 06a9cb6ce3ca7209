"""Searching: patterns as people type them, terms, prices, orders, pages, and the way from find to hold."""

import asyncio
from typing import Any

import pytest
from starlette.datastructures import QueryParams

from plateapi.drivers.searching import REPEATED, query_values
from plateapi.law import DAY_MS, day_of
from tests.api.conftest import Service, until
from tests.personas import new_key
from tests.tariffs import tariff_text


async def search(service: Service, **query: Any) -> dict[str, Any]:
    """A page."""
    answer = await service.people.nobody().get("/v1/marks", params=query)
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.json()
    return page


@pytest.mark.parametrize(
    "query",
    [
        b"",
        b"pattern=7%2A7+%D0%B0%D0%B0%D0%B0&region=02&region=03&limit=3&limit=4&limit=5",
        b"region=02&tag=&tag=a+b&=x&order",
        b"pattern=a=b&pattern&&limit=%zz;1&%66ormat=%E2%82&pattern=\xd1\x8f",
    ],
)
def test_a_query_is_read_as_the_framework_reads_it(query: bytes) -> None:
    """Names in their order, blanks, escapes, bytes that are no text; what is repeated is a list."""
    params = QueryParams(query)
    as_lists = {name: params.getlist(name) for name in params}
    alone = {name: given[0] for name, given in as_lists.items() if len(given) == 1 and name not in REPEATED}
    read = query_values(query)
    assert read == as_lists | alone
    assert list(read) == list(params)


async def test_a_pattern_finds_and_counts(service: Service) -> None:
    """Every mark of a pattern in one region, each with its price and why it is beautiful."""
    page = await search(service, pattern="7?7 AAA", region="17", limit=20)
    assert page["count"] == len(page["marks"]) == 10
    assert page["next"] is None
    assert {mark["mark"] for mark in page["marks"]} == {f"7{digit}7AAA17" for digit in range(10)}
    by_mark = {mark["mark"]: mark for mark in page["marks"]}
    assert (by_mark["777AAA17"]["mci"], by_mark["777AAA17"]["amount_tiyn"]) == ("285", 123_262_500)
    assert by_mark["727AAA17"]["tags"]
    assert all(mark["state"] == "free" for mark in page["marks"])
    assert len(page["tariff"]) == 64


@pytest.mark.parametrize("typed", ["777 ааа 17", "777aaa17", "KZ 777AAA 17"])
async def test_people_type_as_they_do(service: Service, typed: str) -> None:
    """Cyrillic look-alikes, lower case, a leading KZ."""
    answer = await service.people.nobody().get(f"/v1/marks/{typed}")
    assert answer.json()["mark"] == "777AAA17"


async def test_pages_follow_on_one_another(service: Service) -> None:
    """Page by page every mark once, in order, and as many as were counted."""
    query = {"pattern": "1?3 BB?", "region": "16", "limit": 40}
    page = await search(service, **query)
    seen = [mark["mark"] for mark in page["marks"]]
    count = page["count"]
    while page["next"]:
        page = await search(service, **query, after=page["next"])
        seen += [mark["mark"] for mark in page["marks"]]
    assert len(seen) == len(set(seen)) == count == 10 * 26


async def test_a_cursor_belongs_to_its_search(service: Service) -> None:
    """Another search refuses it instead of beginning somewhere."""
    first = await search(service, pattern="1?3 BB?", region="16", limit=5)
    answer = await service.people.nobody().get(
        "/v1/marks", params={"pattern": "2?4 BB?", "region": "16", "limit": 5, "after": first["next"]}
    )
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:plates:problem:cursor_invalid")


async def test_prices_bound_and_order(service: Service) -> None:
    """Cheapest first, none beyond the bound; a tier alone finds what belongs to it."""
    page = await search(service, region="15", order="price", limit=100, pattern="?0? CC?")
    amounts = [mark["amount_tiyn"] for mark in page["marks"]]
    assert amounts == sorted(amounts)
    bound = amounts[0]
    cheap = await search(service, region="15", amount_tiyn_max=bound, pattern="?0? CC?", limit=100)
    assert {mark["amount_tiyn"] for mark in cheap["marks"]} == {bound}
    assert cheap["count"] < page["count"]
    mirror = await search(service, region="15", tier="mirror", limit=100, pattern="* CC?")
    assert {mark["tier"] for mark in mirror["marks"]} == {"mirror"}


async def test_a_shuffle_is_its_seed(service: Service) -> None:
    """The same seed, the same order; another seed, another."""
    query = {"pattern": "??? DD?", "region": "14", "order": "shuffle", "limit": 20}
    one, again, other = [await search(service, **query, seed=seed) for seed in (7, 7, 8)]
    texts = [[mark["mark"] for mark in page["marks"]] for page in (one, again, other)]
    assert texts[0] == texts[1] != texts[2]
    assert one["count"] == other["count"]


async def test_a_held_mark_leaves_the_search(service: Service) -> None:
    """Soon after the hold it is taken, in the search and on its own page; after the release free again."""
    aigerim = service.people.driver()
    mark, held = await service.held(aigerim, service.mark("13"))
    query = {"pattern": mark[:3] + " " + mark[3:6], "region": "13"}

    async def taken() -> bool:
        return (await search(service, **query))["count"] == 0

    await until(taken)
    all_of_them = await search(service, **query, free_only=False)
    assert [one["state"] for one in all_of_them["marks"]] == ["taken"]
    assert (await service.people.nobody().get(f"/v1/marks/{mark}")).json()["state"] == "taken"
    await aigerim.release(mark, held.headers["etag"])

    async def free() -> bool:
        return (await search(service, **query))["count"] == 1

    await until(free)


async def test_a_refusal_names_the_nearest(service: Service) -> None:
    """Whoever comes too late is shown free marks like the one he wanted, with prices, and can hold one."""
    mark, _ = await service.held(service.people.driver(), service.mark("13"))
    other = service.people.driver("other")

    async def shown() -> list[dict[str, Any]]:
        refused = await other.hold(mark, key=new_key())
        assert refused.json()["type"] == "urn:plates:problem:held_by_another"
        nearest: list[dict[str, Any]] = refused.json()["nearest"]
        return nearest if mark not in [one["mark"] for one in nearest] else []

    nearest = await until(shown)
    assert len(nearest) == 5
    assert all(one["amount_tiyn"] > 0 and len(one["tariff"]) == 64 for one in nearest)
    assert all(one["mark"][-2:] == "13" for one in nearest)
    wanted = nearest[0]
    held = await other.hold(wanted["mark"], expected={"amount_tiyn": wanted["amount_tiyn"]})
    assert held.status_code == 201, held.text


async def test_nearest_of_its_own(service: Service) -> None:
    """Asked for by itself, as many as are wanted, and never the mark itself when it is taken."""
    answer = await service.people.nobody().get("/v1/marks/777AAA13/nearest", params={"limit": 12})
    assert answer.status_code == 200
    assert len(answer.json()["nearest"]) == 12


async def test_an_ordinary_mark_is_given(service: Service) -> None:
    """Assigned and not chosen, at the lowest price, at the desk too; of twenty at once no two get one."""
    aigerim, key = service.people.driver(), new_key()
    body = {"format": "person_car", "region": "12"}
    given = await aigerim.ask("POST", "/v1/assignments", key=key, json=body)
    assert given.status_code == 201, given.text
    assert (given.json()["acquired"], given.json()["amount_tiyn"]) == ("assigned", 1_211_000)
    again = await aigerim.ask("POST", "/v1/assignments", key=key, json=body)
    assert again.content == given.content
    drivers = [service.people.driver(f"driver-{number}") for number in range(20)]
    answers = await asyncio.gather(*(driver.ask("POST", "/v1/assignments", json=body) for driver in drivers))
    assert {answer.status_code for answer in answers} <= {201, 409}
    marks = [answer.json()["mark"] for answer in answers if answer.status_code == 201]
    assert len(marks) == len(set(marks)) >= 15
    operator = service.people.operator()
    at_desk = await operator.ask(
        "POST", "/v1/desk/assignments", json={**body, "applicant": {"iin": service.people.driver().iin}}
    )
    assert (at_desk.status_code, at_desk.json()["channel"]) == (201, "desk")


async def test_the_rule_book_is_told(service: Service) -> None:
    """Twenty regions in three languages, the formats on sale, tiers with today's prices, tags by name."""
    book = (await service.people.nobody().get("/v1/rule-book")).json()
    assert [region["code"] for region in book["regions"]] == [f"{number:02d}" for number in range(1, 21)]
    assert {one["id"] for one in book["formats"]} == {"person_car", "entity_car"}
    assert all(name for one in book["tags"] for name in one["names"].values())
    assert book["tiers"]
    assert book["tariff"]["revision"]


async def test_it_is_ready_when_everything_is(service: Service) -> None:
    """Store, picture and tariff at hand."""
    ready = await service.people.nobody().get("/readyz")
    assert ready.status_code == 200, ready.text
    assert ready.json()["replica_age_ms"] < 30_000


async def test_a_preview_counts_what_is_free(service: Service) -> None:
    """With the picture of free marks at hand, a move says how many of its marks are free."""
    admin, later = service.people.admin(), day_of(service.engine.clock.now_ms() + 90 * DAY_MS)
    drafts, text = "/v1/tariff-drafts", tariff_text("kz-free", later, mirror="16")
    toml = {"content-type": "application/toml"}
    draft = await admin.ask("POST", drafts, content=text, headers=toml)
    preview = (await admin.get(f"{drafts}/{draft.json()['draft']}/preview")).json()
    assert preview["free_marks_counted"] is True
    # Other tests have published tariffs of their own by now, so other tiers may move as well.
    [move] = [one for one in preview["effect"]["moves"] if one["from"] == "mirror"]
    assert 0 < move["free_marks"] <= move["marks"]
