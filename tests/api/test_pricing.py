"""A tariff's way into force: draft, faults, preview, submission, approval by another person, its hour."""

import asyncio
import time
from typing import Any

import httpx
import pytest

from plateapi.keeper.journaling import DOCUMENTS_POOL
from plateapi.law import begin_of_day_ms, day_of
from plateapi.services.load_law import bring_settings
from plateapi.settings import Settings
from tests.api.conftest import Service, served, until
from tests.personas import Person, new_key
from tests.tariffs import tariff_text

TOML = {"content-type": "application/toml"}
DRAFTS = "/v1/tariff-drafts"


def ahead(days: int) -> str:
    """A day so many days from today, as a tariff's file names it."""
    return day_of(int((time.time() + days * 86_400) * 1_000))


LATER = ahead(60)


async def upload(admin: Person, text: str, *, key: str | None = None) -> httpx.Response:
    """A draft of this text."""
    return await admin.ask("POST", DRAFTS, key=key, content=text, headers=TOML)


async def submit(admin: Person, draft: httpx.Response, **body: Any) -> httpx.Response:
    """Submit the draft as it was shown."""
    path = f"{DRAFTS}/{draft.json()['draft']}/submission"
    return await admin.ask("POST", path, version=draft.headers["etag"], json=body)


async def approve(approver: Person, draft: httpx.Response, **changed: Any) -> httpx.Response:
    """Approve the draft as it was shown."""
    shown = draft.json()
    body = {"revision": changed.get("revision", shown["revision"])}
    version = changed.get("version", draft.headers["etag"])
    path = f"{DRAFTS}/{shown['draft']}/approval"
    return await approver.ask("POST", path, version=version, key=changed.get("key"), json=body)


def slug(answer: httpx.Response) -> str:
    """The problem's slug."""
    return str(answer.json()["type"]).rpartition(":")[2]


async def test_a_draft_is_kept_with_its_hash(service: Service) -> None:
    """What was uploaded is what is read, under its content's hash; the same request makes one draft."""
    admin, key, text = service.people.admin(), new_key(), tariff_text("kz-kept", LATER, ordinary="11")
    first = await upload(admin, text, key=key)
    assert first.status_code == 201, first.text
    again = await upload(admin, text, key=key)
    assert first.json()["draft"] == again.json()["draft"]
    other = await upload(admin, tariff_text("kz-other", LATER), key=key)
    assert (other.status_code, slug(other)) == (422, "request_id_reused")
    read = await admin.get(f"{DRAFTS}/{first.json()['draft']}")
    assert read.json()["content"] == text
    assert (read.json()["state"], read.json()["faults"]) == ("draft", [])
    assert len(read.json()["revision"]) == 64
    assert read.headers["etag"] == first.headers["etag"]
    listed = (await admin.get(DRAFTS)).json()["drafts"]
    assert first.json()["draft"] in [draft["draft"] for draft in listed]
    assert all("content" not in draft for draft in listed)


async def test_a_draft_begins_from_the_present_tariff(service: Service) -> None:
    """The present tariff's file can be read, changed and uploaded; unchanged it is the law already."""
    nobody, admin = service.people.nobody(), service.people.admin()
    listed = (await nobody.get("/v1/tariffs")).json()["tariffs"]
    [present] = [tariff for tariff in listed if tariff["tariff_id"] == "kz-2026"]
    text = (await nobody.get(f"/v1/tariffs/{present['revision']}")).json()["content"]
    assert text == tariff_text("kz-2026", "2026-01-01")
    same = await admin.ask("POST", "/v1/tariff-validations", content=text, headers=TOML)
    assert same.json()["faults"][0]["code"] == "tariff_repeated"
    changed = text.replace('id = "kz-2026"', 'id = "kz-changed"').replace("2026-01-01", LATER, 1)
    assert (await upload(admin, changed)).json()["faults"] == []


async def test_a_faulty_draft_is_kept_and_goes_no_further(service: Service) -> None:
    """All faults at once, with line and column; it cannot be submitted or previewed until it is mended."""
    admin = service.people.admin()
    text = tariff_text("kz-faulty", LATER)
    faulty = await upload(admin, text.replace('mci = "2.8"', 'mci = "2,8"').replace('mci = "15"', "mci = 15"))
    assert faulty.status_code == 201
    assert faulty.json()["revision"] is None
    assert [fault["line"] > 1 for fault in faulty.json()["faults"]] == [True, True]
    submitted = await submit(admin, faulty)
    assert (submitted.status_code, slug(submitted)) == (422, "tariff_invalid")
    assert submitted.json()["faults"] == faulty.json()["faults"]
    preview = await admin.get(f"{DRAFTS}/{faulty.json()['draft']}/preview")
    assert slug(preview) == "tariff_invalid"
    path = f"{DRAFTS}/{faulty.json()['draft']}"
    mended = await admin.ask("PUT", path, version=faulty.headers["etag"], content=text, headers=TOML)
    assert (mended.status_code, mended.json()["faults"]) == (200, [])
    assert mended.headers["etag"] != faulty.headers["etag"]
    stale = await admin.ask("PUT", path, version=faulty.headers["etag"], content=text, headers=TOML)
    assert (stale.status_code, slug(stale)) == (412, "draft_stale")


async def test_a_file_is_checked_without_keeping_it(service: Service) -> None:
    """What it is, with the compiler's report; or every fault."""
    admin = service.people.admin()
    path = "/v1/tariff-validations"
    good = await admin.ask("POST", path, content=tariff_text("kz-checked", LATER), headers=TOML)
    assert good.status_code == 200, good.text
    assert (good.json()["tariff_id"], good.json()["in_force_from"]) == ("kz-checked", LATER)
    assert good.json()["report"]
    bad = await admin.ask("POST", path, content="id = 5\n[", headers=TOML)
    assert (bad.status_code, slug(bad)) == (422, "tariff_invalid")
    assert bad.json()["faults"][0]["file"] == "tariff.toml"


async def test_a_preview_counts_the_whole_country(service: Service) -> None:
    """A tier's new price moves no mark out of it and changes the duty of all of them, counted exactly."""
    admin = service.people.admin()
    draft = await upload(admin, tariff_text("kz-previewed", LATER, ordinary="11"))
    answer = await admin.get(f"{DRAFTS}/{draft.json()['draft']}/preview")
    assert answer.status_code == 200, answer.text
    preview = answer.json()
    assert preview["against"] != preview["revision"] == draft.json()["revision"]
    [move] = preview["effect"]["moves"]
    assert (move["from"], move["to"]) == ("ordinary", "ordinary")
    # 881 ordinary digit values; of 26 times 26 times 26 letters 26 are identical; 20 regions.
    assert move["marks"] == 881 * (26**3 - 26) * 20 + 881 * (26**2 - 26) * 20
    assert isinstance(move["amount_tiyn"], str)
    assert int(move["amount_tiyn"]) == move["marks"] * move["difference_tiyn"]
    assert move["samples"]


async def test_nobody_approves_his_own(service: Service) -> None:
    """Neither who wrote it, nor who wrote part of it, nor who submitted it; another may."""
    madina, dana, yerlan = service.people.both(), service.people.admin(), service.people.approver()
    draft = await upload(madina, tariff_text("kz-four-eyes", ahead(70)))
    path = f"{DRAFTS}/{draft.json()['draft']}"
    changed = await dana.ask(
        "PUT",
        path,
        version=draft.headers["etag"],
        content=tariff_text("kz-four-eyes", ahead(70), tens="58"),
        headers=TOML,
    )
    submitted = await submit(dana, changed)
    assert (submitted.status_code, submitted.json()["state"]) == (200, "submitted")
    own = await approve(madina, submitted)
    assert (own.status_code, slug(own)) == (403, "same_person")
    approved = await approve(yerlan, submitted)
    assert (approved.status_code, approved.json()["state"]) == (200, "approved")
    late = await dana.ask(
        "PUT",
        path,
        version=submitted.headers["etag"],
        content=tariff_text("kz-late", ahead(70)),
        headers=TOML,
    )
    assert (late.status_code, slug(late)) == (409, "draft_settled")


async def test_what_is_approved_is_what_was_read(service: Service) -> None:
    """Another hash, another version, or what was never submitted is not approved."""
    dana, yerlan = service.people.admin(), service.people.approver()
    draft = await upload(dana, tariff_text("kz-exact", ahead(71)))
    assert slug(await approve(yerlan, draft)) == "draft_not_submitted"
    submitted = await submit(dana, draft)
    assert slug(await approve(yerlan, submitted, revision="ab" * 32)) == "revision_differs"
    assert slug(await approve(yerlan, submitted, version=draft.headers["etag"])) == "draft_stale"
    key = new_key()
    first = await approve(yerlan, submitted, key=key)
    assert first.status_code == 200, first.text
    assert (await approve(yerlan, submitted, key=key)).status_code == 200
    other = await approve(service.people.approver("other"), submitted)
    assert (other.status_code, slug(other)) == (409, "draft_settled")
    listed = (await dana.get("/v1/tariffs")).json()["tariffs"]
    [found] = [tariff for tariff in listed if tariff["tariff_id"] == "kz-exact"]
    assert (found["standing"], found["from_ms"]) == ("to_come", begin_of_day_ms(ahead(71)))
    read = await service.people.nobody().get(f"/v1/tariffs/{found['revision']}")
    assert read.json()["content"] == draft.json()["content"]
    again = await upload(dana, draft.json()["content"])
    assert slug(again) == "tariff_already_published"


async def test_the_way_of_a_tariff_is_in_the_journal(service: Service) -> None:
    """Upload, submission and approval are a line each, in order, with who did it, as the store has them."""
    before = len(await service.journalled(DOCUMENTS_POOL))
    dana, yerlan = service.people.admin(), service.people.approver()
    submitted = await submit(dana, await upload(dana, tariff_text("kz-journalled", ahead(75))))
    assert slug(await approve(dana, submitted)) != "approved"
    approved = await approve(yerlan, submitted)
    assert approved.status_code == 200, approved.text
    lines = (await service.journalled(DOCUMENTS_POOL))[before:]
    draft, revision = submitted.json()["draft"], submitted.json()["revision"]
    assert [(line["verb"], line["document"]["name"], line["document"]["version"]) for line in lines] == [
        ("put_document", f"tariff/draft/{draft}", 1),
        ("put_document", f"tariff/draft/{draft}", 2),
        ("put_document", f"tariff/published/{revision}", 1),
    ]
    roles = [line["actor"].partition("-")[0] for line in lines]
    assert roles == ["pricing_admin", "pricing_admin", "pricing_approver"]
    for line in lines[1:]:
        found = await service.engine.inventory.get_document(line["document"]["name"])
        assert found == (line["document"]["version"], line["document"]["content"])


async def test_a_changed_draft_must_be_submitted_anew(service: Service) -> None:
    """New content takes the submission back: what was submitted no longer stands there."""
    dana, yerlan = service.people.admin(), service.people.approver()
    submitted = await submit(dana, await upload(dana, tariff_text("kz-again", ahead(72))))
    path = f"{DRAFTS}/{submitted.json()['draft']}"
    text = tariff_text("kz-again", ahead(72), tens="58")
    changed = await dana.ask("PUT", path, version=submitted.headers["etag"], content=text, headers=TOML)
    assert (changed.json()["state"], changed.json()["submitted_by"]) == ("draft", None)
    assert slug(await approve(yerlan, submitted)) == "draft_stale"
    assert slug(await approve(yerlan, changed)) == "draft_not_submitted"


@pytest.mark.parametrize(
    ("day", "from_ms", "expected"),
    [
        (ahead(40), begin_of_day_ms(ahead(41)), "effect_outside_day"),
        (ahead(40), begin_of_day_ms(ahead(40)) - 1, "effect_outside_day"),
        ("2026-01-02", None, "effect_too_soon"),
    ],
)
async def test_an_hour_that_cannot_be_kept_is_refused(
    service: Service, day: str, from_ms: int | None, expected: str
) -> None:
    """Not on the day that the file names, or not in time for every pool to know."""
    dana = service.people.admin()
    draft = await upload(dana, tariff_text(f"kz-{day}-{expected.replace('_', '-')}", day))
    answer = await submit(dana, draft, **({} if from_ms is None else {"from_ms": from_ms}))
    assert slug(answer) == expected


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
async def test_a_day_at_the_end_of_time_is_a_day(service: Service, day: str) -> None:
    """The first and the last day of the calendar compile, and the first is long over."""
    dana = service.people.admin()
    draft = await upload(dana, tariff_text(f"kz-year-{day[:4]}", day))
    assert (draft.status_code, draft.json()["faults"]) == (201, []), draft.text
    preview = await dana.get(f"{DRAFTS}/{draft.json()['draft']}/preview")
    assert preview.status_code == 200, preview.text
    submitted = await submit(dana, draft)
    assert (submitted.status_code == 200) == (day == "9999-12-31")


async def test_two_admins_at_once(service: Service) -> None:
    """Of two changes decided on one version, one is made and the other is told so."""
    dana, madina = service.people.admin(), service.people.both()
    draft = await upload(dana, tariff_text("kz-race", ahead(75)))
    path, version = f"{DRAFTS}/{draft.json()['draft']}", draft.headers["etag"]
    answers = await asyncio.gather(
        dana.ask(
            "PUT",
            path,
            version=version,
            content=tariff_text("kz-race", ahead(75), tens="58"),
            headers=TOML,
        ),
        madina.ask(
            "PUT",
            path,
            version=version,
            content=tariff_text("kz-race", ahead(75), tens="59"),
            headers=TOML,
        ),
    )
    assert sorted(answer.status_code for answer in answers) == [200, 412]


async def test_in_force_everywhere_at_its_hour(service: Service) -> None:
    """Before the hour the old price, from it the new one, also after a restart; holds keep their own."""
    dana, yerlan, engine = service.people.admin(), service.people.approver(), service.engine
    today = day_of(engine.clock.now_ms())
    early, aigerim = service.mark("11"), service.people.driver()
    before = await service.price(early)
    tariff_id = f"kz-today-{service.server.kind}"
    draft = await upload(dana, tariff_text(tariff_id, today, ordinary="12"))
    from_ms = engine.clock.now_ms() + 4_000
    submitted = await submit(dana, draft, from_ms=from_ms)
    approved = await approve(yerlan, submitted)
    assert approved.status_code == 200, approved.text
    # What the keeper does within a second.
    assert await bring_settings(engine) == len(engine.law.base.pools())
    held = await aigerim.hold(early)
    assert held.json()["amount_tiyn"] == before["amount_tiyn"]
    assert (held.json()["deadline_ms"], held.json()["deadline_reason"]) == (from_ms, "price_change")
    begun = await aigerim.pay(early, held.headers["etag"])

    async def come() -> bool:
        return engine.clock.now_ms() >= from_ms

    await until(come)
    after = await service.price(early)
    assert (before["mci"], after["mci"]) == ("10", "12")
    late = service.mark("11")
    new = await service.people.driver("new").hold(late)
    assert new.json()["amount_tiyn"] == after["amount_tiyn"]
    assert approved.json()["revision"].startswith(new.json()["tariff"])
    stale = await service.people.driver("stale").hold(
        service.mark("11"), expected={"amount_tiyn": before["amount_tiyn"]}
    )
    assert slug(stale) == "price_changed"
    assert begun.json()["invoice"]["amount_tiyn"] == before["amount_tiyn"]
    restarted = service.settings.model_copy(update={"data_dir": service.settings.data_dir})
    async with served(restarted, service.server) as other:
        assert (await other.price(early))["mci"] == "12"
    standing = {
        tariff["tariff_id"]: tariff["standing"]
        for tariff in (await dana.get("/v1/tariffs")).json()["tariffs"]
    }
    assert (standing[tariff_id], standing["kz-2026"]) == ("in_force", "past")


async def test_a_worker_that_lags_cannot_sell_at_the_old_price(service: Service) -> None:
    """A worker that has not read the new tariff is told by the store, looks again, sells at the new price."""
    aigerim, engine, mark = service.people.driver(), service.engine, service.mark("12")
    lagging = type(engine.law)(engine.law.base, [])
    engine.law, engine._known = lagging, {}
    old = engine.book.quote(engine.book.parse(mark), at_ms=engine.clock.now_ms())
    held = await aigerim.hold(mark)
    assert held.status_code == 201, held.text
    assert held.json()["amount_tiyn"] != old["amount_tiyn"]
    assert held.json()["amount_tiyn"] == (await service.price(mark))["amount_tiyn"]


def test_the_default_lead_is_longer_than_a_round() -> None:
    """Between approval and effect every worker and the keeper look several times."""
    assert Settings().tariff_lead_seconds >= 5 * Settings().law_poll_seconds
