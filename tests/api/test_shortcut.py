"""The short way of hot routes: who takes it, and that nobody can tell it from the long one."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import httpx
import pytest

from plateapi.app import all_rooms
from plateapi.edge.shortcut import Shortcut, ShortcutApp
from tests.api.conftest import Service
from tests.api.test_gate import path_of
from tests.personas import new_key

HOT = {(d.method, d.path) for room in all_rooms(demo=True) for d in room.declared if d.hot}
# What differs between any two answers.
OF_THE_MOMENT = {"x-request-id", "date"}


@contextmanager
def long_way(service: Service) -> Iterator[None]:
    """The app without its short way."""
    app = cast(ShortcutApp, service.app)
    short, app.shortcut = app.shortcut, Shortcut([])
    try:
        yield
    finally:
        app.shortcut = short


def told(answer: httpx.Response) -> tuple[int, dict[str, str], Any]:
    """What a client sees, without what belongs to the moment."""
    headers = {name: value for name, value in answer.headers.items() if name not in OF_THE_MOMENT}
    body = answer.json() if answer.content else None
    for of_the_moment in ("instance", "age_ms", "server_time_ms"):
        if isinstance(body, dict):
            body.pop(of_the_moment, None)
    return answer.status_code, headers, body


async def test_hot_routes_and_no_others_go_the_short_way(service: Service) -> None:
    """Each by its method and path, whatever stands in its gaps; HEAD goes the long way."""
    shortcut = cast(ShortcutApp, service.app).shortcut

    def short(method: str, path: str) -> bool:
        return shortcut.endpoint({"type": "http", "method": method, "path": path}) is not None

    for room in all_rooms(demo=True):
        for declared in room.declared:
            assert short(declared.method, path_of(declared)) == (declared.hot is not None), declared.path
            assert not short("HEAD", path_of(declared))
            assert not short("TRACE", path_of(declared))
    assert HOT
    assert not short("POST", "/v1/holds/")


@pytest.mark.parametrize(
    ("method", "path", "options"),
    [
        ("GET", "/v1/marks?pattern=7*7&region=02&limit=2", {}),
        ("GET", "/v1/marks?pattern=%28&region=02", {}),
        ("GET", "/v1/marks?limit=many", {}),
        ("POST", "/v1/holds", {"json": {"mark": "?"}}),
        ("POST", "/v1/holds", {"json": {"mark": "777AAA02", "more": 1}}),
        ("POST", "/v1/holds", {"content": b"{", "headers": {"content-type": "application/json"}}),
        ("POST", "/v1/holds", {"content": b"{}", "headers": {"content-type": "text/plain"}}),
        ("POST", "/v1/holds", {"content": b" " * 70_000, "headers": {"content-type": "application/json"}}),
        ("POST", "/v1/holds", {"json": {"mark": "777AAA02"}, "headers": {"idempotency-key": "short"}}),
        ("POST", "/v1/holds", {"json": {"mark": "777AAA02"}, "headers": {"authorization": "Bearer x"}}),
        ("POST", "/v1/holds/777AAA02/payment", {}),
        ("POST", "/v1/holds/%3F/payment", {"version": f'"{"0" * 32}-1"'}),
        ("POST", "/v1/payments/notifications", {"json": {}}),
    ],
)
async def test_no_answer_tells_which_way_it_came(
    service: Service, method: str, path: str, options: dict[str, Any]
) -> None:
    """Status, headers and body are the same, of what succeeds and of every kind of refusal."""
    driver = service.people.driver()
    by_short = told(await driver.ask(method, path, **options))
    with long_way(service):
        by_long = told(await driver.ask(method, path, **options))
    assert by_short == by_long
    assert by_short[1]["x-content-type-options"] == "nosniff"


async def test_a_hold_is_the_same_request_on_both_ways(service: Service) -> None:
    """Asked again on the long way, the same key has the same answer and no second effect."""
    driver, mark, key = service.people.driver(), service.mark(), new_key()
    first = await driver.ask("POST", "/v1/holds", key=key, json={"mark": mark})
    with long_way(service):
        again = await driver.ask("POST", "/v1/holds", key=key, json={"mark": mark})
    assert first.status_code == 201
    assert told(first) == told(again)
