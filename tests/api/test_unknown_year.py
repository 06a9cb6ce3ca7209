"""A year whose index nobody knows: nothing is priced, nothing is sold, and everybody is told why."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from plateapi.settings import Settings
from tests.api.conftest import Service, mirrored, served
from tests.lasting_law import law_until
from tests.servers import SERVER_KINDS, new_server, remove_server

LAST_KNOWN = "2026-01-05"  # a day with a tariff, behind us


@pytest_asyncio.fixture(scope="module", loop_scope="session", params=SERVER_KINDS)
async def unpriced(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Service]:
    """A service whose law knows no index of today."""
    place = tmp_path_factory.mktemp("unknown-year")
    server = new_server(request.param)
    try:
        settings = Settings(
            data_dir=place / "var",
            redis_url=server.url,
            patterns_dir=law_until(place / "law", LAST_KNOWN),
            access_log=False,
            log_level="error",
        )
        async with served(settings, server) as standing, mirrored(standing):
            yield standing
    finally:
        remove_server(server)


@pytest.mark.parametrize("path", ["/v1/marks?pattern=7*7", "/v1/marks/777AAA02"])
async def test_a_price_is_refused_with_the_last_day_that_has_one(unpriced: Service, path: str) -> None:
    """Never last year's price, and never an error of the server."""
    answer = await unpriced.people.nobody().get(path)
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:plates:problem:mci_unknown")
    assert answer.json()["last_known"] == LAST_KNOWN
    assert "index" in answer.json()["action"]


async def test_nothing_is_held(unpriced: Service) -> None:
    """A hold has a price or there is none; the mark stays free for the day on which the index is known."""
    aigerim = unpriced.people.driver()
    answer = await aigerim.hold("747KZA02")
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:plates:problem:mci_unknown")
    assert (await aigerim.holdings())["holds"] == []


async def test_a_known_day_is_still_priced(unpriced: Service) -> None:
    """The control: the same mark by the law of a day that has an index."""
    answer = await unpriced.people.nobody().get(f"/v1/marks/777AAA02?on={LAST_KNOWN}")
    assert answer.json()["certificate"]["price"]["mci"] == "285"


async def test_the_rule_book_is_there_without_prices(unpriced: Service) -> None:
    """Regions, formats and tags need no index; tiers would name a price, so there are none."""
    answer = await unpriced.people.nobody().get("/v1/rule-book")
    assert answer.status_code == 200, answer.text
    assert answer.json()["tiers"] == []
    assert len(answer.json()["regions"]) == 20


@pytest.mark.parametrize(
    ("path", "status"),
    [("/", 200), ("/?q=7*7", 503), ("/marks/777AAA02", 503), ("/marks/nonsense", 422)],
)
async def test_pages_stay_pages(unpriced: Service, path: str, status: int) -> None:
    """The form opens, and where a price belongs the reader is told that none is known."""
    answer = await unpriced.client.get(path, headers={"accept-language": "en"}, follow_redirects=True)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert ("No price is known for this day." in answer.text) == (status == 503)
