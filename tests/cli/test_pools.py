"""`plates pools` on a real store: the words, what they turn, what they print and how they end."""

import asyncio
from pathlib import Path

import pytest

from plate_core import Inventory, RuleBook
from plateapi.cli.exits import Exit
from plateapi.cli.pool_commands import TURNS
from tests.cli.commands import Ran, plates
from tests.facade.citizens import Citizen
from tests.servers import StoreServer


class Country:
    """A store with the pools of the law on sale, and a command line on it."""

    def __init__(self, store: StoreServer, book: RuleBook, directory: Path) -> None:
        self._url, self._book, self._directory = store.url, book, directory
        asyncio.run(self._found())

    def pools(self, *words: str) -> Ran:
        """`plates pools …`."""
        return plates("pools", *words, data_dir=self._directory, PLATES_REDIS_URL=self._url)

    def hold(self, text: str) -> str:
        """What somebody who asks for a mark is answered."""
        return asyncio.run(self._hold(text))

    async def _found(self) -> None:
        inventory = Inventory.open(self._url, self._book)
        await inventory.check_contract()
        await inventory.load_functions()
        tariffs = [(tariff["revision"], tariff["in_force_from_ms"]) for tariff in self._book.tariffs()]
        act = Citizen("law", "keeper").act()
        await inventory.configure_pools(act, {key: {"tariffs": tariffs} for key in self._book.pools()})
        inventory.close()

    def doctor(self) -> dict[str, tuple[str, str]]:
        """What `plates doctor` says of pools: judgement and finding by subject."""
        ran = plates("doctor", "--json", data_dir=self._directory, PLATES_REDIS_URL=self._url)
        found = {line["subject"]: (line["judgement"], line["found"]) for line in ran.lines}
        return {subject: said for subject, said in found.items() if subject.startswith("pools")}

    async def _hold(self, text: str) -> str:
        inventory = Inventory.open(self._url, self._book)
        answer = await Citizen(f"asks-{text}").hold(inventory, self._book, self._book.parse(text))
        inventory.close()
        return answer.outcome


@pytest.fixture
def country(store: StoreServer, book: RuleBook, tmp_path: Path) -> Country:
    """The country on one kind of server."""
    return Country(store, book, tmp_path / "var")


def test_a_pause_is_seen_refuses_and_is_taken_back(country: Country) -> None:
    """Only what is named is paused; `list` shows it, the hold obeys it, `resume` ends it."""
    paused = country.pools("pause", "--region", "02", "--reason", "queues", "--by", "dana", "--json")
    assert paused.code == Exit.DONE
    assert {line["pool"] for line in paused.lines} == {"person_car.02", "entity_car.02"}
    assert {line["standing"] for line in paused.lines} == {"pool_paused"}
    listed = country.pools("list", "--json")
    stopped = {line["pool"] for line in listed.lines if line["standing"] != "on_sale"}
    assert (len(listed.lines), stopped) == (40, {"person_car.02", "entity_car.02"})
    assert (country.hold("201ABC02"), country.hold("201ABC01")) == ("pool_paused", "held")
    told = country.pools("resume", "--region", "02", "--reason", "over")
    assert (told.code, "2 of 2 pools are on sale." in told.out) == (Exit.DONE, True)
    assert country.hold("202ABC02") == "held"


@pytest.mark.parametrize(("on", "off"), list(zip(TURNS[::2], TURNS[1::2], strict=True)))
def test_each_switch_is_turned_and_turned_back(
    country: Country, on: tuple[str, str, bool, str], off: tuple[str, str, bool, str]
) -> None:
    """Two words a switch, which turn that one and no other."""
    switches = {switch for _, switch, _, _ in TURNS}
    named = ["--region", "02", "--format", "person_car", "--reason", "a drill", "--json"]
    turned = country.pools(on[0], *named).line
    assert [switch for switch in sorted(switches) if turned[switch]] == [on[1]]
    back = country.pools(off[0], *named).line
    assert [switch for switch in sorted(switches) if back[switch]] == []
    assert back["standing"] == "on_sale"


@pytest.mark.parametrize(
    ("words", "slug"),
    [
        (["pause", "--reason", "x"], "input_invalid"),
        (["pause", "--region", "99", "--reason", "x"], "region_unknown"),
        (["pause", "--format", "boat", "--reason", "x"], "format_unknown"),
        (["pause", "--all", "--reason", "asked for by 900101300017"], "input_invalid"),
        (["pause", "--all", "--reason", "two\nlines"], "setting_invalid"),
        (["pause", "--all", "--reason", "x", "--request-id", "short"], "request_id_invalid"),
        (["list", "--region", "99"], "region_unknown"),
    ],
)
def test_what_cannot_be_meant_turns_nothing(country: Country, words: list[str], slug: str) -> None:
    """Exit code 2 and the problem by its name; every pool stays on sale."""
    ran = country.pools(*words, "--json")
    assert (ran.code, ran.line["type"]) == (Exit.INVALID, f"urn:plates:problem:{slug}")
    assert {line["standing"] for line in country.pools("list", "--json").lines} == {"on_sale"}


def test_a_request_sent_again_turns_nothing_twice(country: Country) -> None:
    """After a resume the repeated pause is answered as before, and the pool stays on sale."""
    named = ["--region", "02", "--reason", "x", "--json"]
    for words in (["pause", *named, "--request-id", "pause-0001"], ["resume", *named]):
        assert country.pools(*words).code == Exit.DONE
    again = country.pools("pause", *named, "--request-id", "pause-0001")
    assert {line["standing"] for line in again.lines} == {"on_sale"}


def test_a_store_that_is_away_is_unreachable(tmp_path: Path) -> None:
    """Exit code 4, as everywhere."""
    ran = plates("pools", "pause", "--all", "--reason", "x", "--json", data_dir=tmp_path / "var")
    assert (ran.code, ran.line["type"]) == (Exit.UNREACHABLE, "urn:plates:problem:store_not_running")


def test_doctor_lists_pools_that_are_not_on_sale_or_frozen(country: Country) -> None:
    """Each reason with its pools, as a note: it is somebody's decision. Taken back, all is well."""
    assert country.doctor() == {"pools": ("well", "40 on sale")}
    why = ("--reason", "queues", "--by", "dana", "--json")
    assert country.pools("pause", "--region", "02", *why).code == Exit.DONE
    assert country.pools("freeze", "--all", *why).code == Exit.DONE
    assert country.doctor() == {
        "pools: pool_paused": ("note", "person_car.02, entity_car.02"),
        "pools: frozen": ("note", "all 40"),
    }
    assert country.pools("resume", "--region", "02", *why).code == Exit.DONE
    assert country.pools("thaw", "--all", *why).code == Exit.DONE
    assert country.doctor() == {"pools": ("well", "40 on sale")}
