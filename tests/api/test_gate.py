"""The gate: who may call what, over every route; and what no answer ever says."""

import re

import httpx
import pytest

from plateapi.app import all_rooms
from plateapi.edge.room import Declared, Open
from plateapi.people import Role
from tests.api.conftest import Service
from tests.personas import new_iin, new_key

DECLARED = [declared for room in all_rooms(demo=True) for declared in room.declared]
GUARDED = [declared for declared in DECLARED if not isinstance(declared.roles, Open)]


def path_of(declared: Declared) -> str:
    """The route's path with something in its gaps."""
    fill = {"mark": "777AAA02", "draft": "0" * 16, "revision": "0" * 64}
    return re.sub(r"\{(\w+)\}", lambda found: fill[found[1]], declared.path)


def named(declared: Declared) -> str:
    return f"{declared.method} {declared.path}"


@pytest.mark.parametrize("declared", GUARDED, ids=named)
async def test_every_route_keeps_its_roles(service: Service, declared: Declared) -> None:
    """Each role is let in exactly where it is declared; nobody without a token is."""
    for role in Role:
        answer = await service.people.stranger([role]).ask(declared.method, path_of(declared))
        refused = answer.status_code == 403
        assert refused == (role not in declared.roles), (role, answer.status_code)
        if refused:
            assert answer.json()["type"] == "urn:plates:problem:role_missing"
            assert answer.json()["roles"] == declared.role_names
    nobody = await service.people.nobody().ask(declared.method, path_of(declared))
    assert (nobody.status_code, nobody.json()["type"]) == (401, "urn:plates:problem:token_missing")
    assert nobody.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("declared", GUARDED, ids=named)
async def test_every_route_refuses_what_is_no_token(service: Service, declared: Declared) -> None:
    """A token that is not believed opens nothing, and is refused before anything else is looked at."""
    for authorization, slug in (
        ("Bearer nonsense", "token_invalid"),
        ("Basic dXNlcjpwYXNz", "token_missing"),
        ("Bearer", "token_missing"),
    ):
        answer = await service.people.nobody().ask(
            declared.method, path_of(declared), headers={"authorization": authorization}, content=b"{"
        )
        assert (answer.status_code, answer.json()["type"]) == (401, f"urn:plates:problem:{slug}")


@pytest.mark.parametrize("declared", [one for one in DECLARED if one.changes], ids=named)
async def test_every_change_needs_its_key(service: Service, declared: Declared) -> None:
    """Without a key, with two, or with one that is too short: each is refused by name."""
    client, headers = service.client, await _headers(service, declared)
    for keys, slug in (
        ([], "idempotency_key_missing"),
        (["short"], "idempotency_key_invalid"),
        (["with blank in it"], "idempotency_key_invalid"),
        (["x" * 121], "idempotency_key_invalid"),
        ([new_key(), new_key()], "idempotency_key_invalid"),
    ):
        sent = [*headers, *(("idempotency-key", key) for key in keys)]
        answer = await client.request(declared.method, path_of(declared), headers=sent)
        assert (answer.status_code, answer.json()["type"]) == (400, f"urn:plates:problem:{slug}"), keys


@pytest.mark.parametrize("declared", [one for one in DECLARED if one.version is not None], ids=named)
async def test_every_decision_names_its_version(service: Service, declared: Declared) -> None:
    """Without If-Match it is 428; with two, or with what is no ETag of ours, 400."""
    client = service.client
    headers = [*(await _headers(service, declared)), ("idempotency-key", new_key())]
    body = b'{"applicant":{"iin":"%s"}}' % new_iin().encode()
    if declared.path.endswith("/approval"):
        body = b'{"revision":"%s"}' % (b"0" * 64)
    elif declared.path.endswith("/submission"):
        body = b"{}"
    missing = await client.request(declared.method, path_of(declared), headers=headers, content=body)
    assert (missing.status_code, missing.json()["type"]) == (428, "urn:plates:problem:if_match_missing")
    for versions in (['"a"', '"b"'], ["*"], ["nonsense"], ['W/"5"']):
        sent = [*headers, *(("if-match", version) for version in versions)]
        answer = await client.request(declared.method, path_of(declared), headers=sent, content=body)
        assert (answer.status_code, answer.json()["type"]) == (400, "urn:plates:problem:if_match_invalid")


async def _headers(service: Service, declared: Declared) -> list[tuple[str, str]]:
    """What a caller who may call the route sends besides."""
    headers = [("accept-language", "en")]
    if declared.reads:
        headers.append(("content-type", declared.reads))
    if not isinstance(declared.roles, Open):
        headers.append(("authorization", f"Bearer {service.people.stranger([declared.roles[0]]).token}"))
    return headers


def written(answer: httpx.Response) -> str:
    """Everything of an answer that leaves the house."""
    return answer.text + repr(answer.headers.raw)


async def test_no_answer_repeats_an_iin(service: Service) -> None:
    """Wherever an IIN is put by right or by mistake, no answer and no header repeats it."""
    iin = new_iin()
    operator, driver, kiosk = (
        service.people.operator(),
        service.people.driver(iin=iin),
        service.people.service(),
    )
    wrong = iin[:-1] + str((int(iin[-1]) + 1) % 10)
    desk, batches = "/v1/desk/holds", "/v1/hold-batches"
    json_type, toml_type = {"content-type": "application/json"}, {"content-type": "application/toml"}
    asked = [
        await driver.hold(iin),
        await driver.hold(service.mark()),
        await driver.get(f"/v1/marks/{iin}"),
        await driver.get("/v1/marks", params={"pattern": iin}),
        await driver.get("/v1/marks", params={"region": iin}),
        await driver.get("/v1/marks", params={iin: "1"}),
        await driver.get("/v1/marks", params={"after": iin}),
        await driver.get(f"/v1/marks/777AAA02?on={iin}"),
        await driver.get(f"/{iin}"),
        await driver.get(f"/marks/{iin}"),
        await driver.get("/", params={"q": iin}),
        await driver.get("/", params={"q": f"7 {iin}", "region": iin, "format": iin, "lang": "kk"}),
        await driver.ask("POST", f"/v1/holds/{iin}/extension", version=f'"{iin}"'),
        await driver.ask("POST", "/v1/holds", json={iin: iin}),
        await driver.ask("POST", "/v1/holds", json={"mark": {"iin": iin}}),
        await driver.ask("POST", "/v1/holds", content=f'{{"mark": {iin}', headers=json_type),
        await driver.hold("777AAA02", key=f"{iin} {iin}"),
        await driver.get("/v1/holdings"),
        await operator.ask("POST", desk, json={"applicant": {"iin": wrong}, "mark": "777AAA02"}),
        await operator.ask("POST", desk, json={"applicant": {"iin": iin, "bin": iin}, "mark": "777AAA02"}),
        await operator.ask("POST", desk, json={"applicant": {"iin": int(iin)}, "mark": "777AAA02"}),
        await operator.ask("POST", desk, json={"applicant": iin, "mark": "777AAA02"}),
        await operator.ask("POST", desk, json={"applicant": {"iin": iin}, "mark": iin}),
        await operator.ask("POST", desk, json={"applicant": {"iin": iin}, "mark": service.mark()}),
        await kiosk.ask("POST", batches, json={"items": [{"applicant": {"iin": wrong}, "mark": "1"}]}),
        await service.notify({"event": iin, "transaction": iin}),
        await service.people.admin().ask(
            "POST", "/v1/tariff-validations", content=f"id = {iin}", headers=toml_type
        ),
    ]
    for answer in asked:
        assert iin not in written(answer), answer.request.url
        assert wrong not in written(answer), answer.request.url
        assert answer.status_code < 500
    assert len(asked) == 27


async def test_a_fault_of_ours_says_nothing(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception that nobody expected is a problem with a request id: no text, no trace, no body."""
    iin = new_iin()

    def broken(*_: object) -> None:
        raise ZeroDivisionError(f"while serving {iin}")

    monkeypatch.setattr("plateapi.drivers.holds.hold_mark", broken)
    answer = await service.people.driver(iin=iin).hold("777AAA02")
    assert (answer.status_code, answer.json()["type"]) == (500, "urn:plates:problem:internal_error")
    assert answer.json()["instance"] == f"urn:plates:request:{answer.headers['x-request-id']}"
    assert iin not in written(answer)
    assert "ZeroDivision" not in written(answer)


async def test_two_tokens_are_none(service: Service) -> None:
    """Of two Authorization headers neither counts, for a proxy may have read the other."""
    one, other = service.people.driver(), service.people.driver("other")
    headers = [("authorization", f"Bearer {person.token}") for person in (one, other)]
    answer = await service.client.get("/v1/holdings", headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (401, "urn:plates:problem:token_invalid")


async def test_every_answer_has_its_headers(service: Service) -> None:
    """A request id of our own making, and what keeps browsers from guessing."""
    nobody = service.people.nobody()
    first = await nobody.get("/healthz", headers={"x-request-id": "mine"})
    second = await nobody.get("/nowhere")
    assert first.headers["x-request-id"] != second.headers["x-request-id"]
    assert "mine" not in first.headers["x-request-id"]
    for answer in (first, second):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("strange", [b"\t", b"\xa0", b"\x85"], ids=["tab", "no-break space", "next line"])
async def test_only_blanks_may_stand_around_a_token(service: Service, strange: bytes) -> None:
    """A good token is believed between blanks, and refused between what other languages leave white."""
    good = (service.people.driver().token or "").encode()
    for around, status in ((b"  ", 200), (strange, 401)):
        for written in (b"Bearer " + around + good, b"Bearer " + good + around):
            answer = await service.client.get("/v1/holdings", headers=[(b"authorization", written)])
            assert answer.status_code == status
