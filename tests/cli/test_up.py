"""`plates up`: a newcomer's country, started, tried as printed, killed, continued, stopped.

The tests share one data directory, because founding a country takes seconds; each starts what it needs and
leaves it running or stopped, as its name says.
"""

import json
import re
import select
import shutil
import signal
import socket
import time
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import pytest

from plateapi.settings import Settings
from tests.cli.framings import AMBIGUOUS, HONEST, answers_to
from tests.cli.service import Service, gone, kill
from tests.cli.slow_wire import SlowWire
from tests.cli.waiting import lives, wait_until
from tests.personas import new_iin
from tests.servers import new_server, remove_server

pytestmark = pytest.mark.xdist_group("up")


class Country:
    """The data directory of this module and the service that runs in it."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.service: Service | None = None

    def running(self) -> Service:
        """The service, started when it does not run."""
        if self.service is None or self.service.process.poll() is not None:
            self.service = Service(self.data_dir).wait_until_ready()
        return self.service

    def asleep(self) -> Service:
        """The service, stopped when it runs; it is founded first, where nothing ever ran."""
        service = self.service or self.running()
        if service.process.poll() is None:
            assert service.stop() == 0
        return service


@pytest.fixture(scope="module")
def country(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Country]:
    """A country for all tests here."""
    country = Country(tmp_path_factory.mktemp("country") / "var")
    yield country
    if country.service is not None:
        country.service.end()


def is_held(service: Service, mark: str) -> bool:
    """Whether the store says that somebody has it: another person asks for it and is refused."""
    code, [answer] = service.plates("hold", mark, PLATES_TOKEN=service.token(new_iin()))
    return bool(code == 3 and answer["type"] == "urn:plates:problem:held_by_another")


def curl_lines(text: str) -> list[str]:
    """The requests of a greeting, each as it is printed, over several lines or one."""
    return re.findall(r"^curl (?:.*\\\n)*.*$", text, re.MULTILINE)


def test_the_three_requests_work_as_printed(country: Country) -> None:
    """Search with prices, a price with its reason, a hold; and the hold again, for it is safe to repeat."""
    service = country.running()
    search, explain, hold = curl_lines(service.text)
    found = json.loads(service.shell(search))
    assert found["count"] > 10_000
    assert all(re.fullmatch(r"7.*7.*", mark["mark"]) or "7" in mark["mark"] for mark in found["marks"])
    assert all(mark["amount_tiyn"] > 0 for mark in found["marks"])
    certificate = json.loads(service.shell(explain))["certificate"]
    assert certificate["price"]["amount_tiyn"] == 285 * 4325 * 100
    assert any(rule["won"] for rule in certificate["rules"])
    # As in another terminal, which does not know where this service keeps its keys.
    held = json.loads(service.shell("unset PLATES_DATA_DIR; " + hold))
    assert held["state"] == "held"
    assert json.loads(service.shell(hold))["hold_id"] == held["hold_id"]


def test_a_second_up_says_that_it_runs_and_where(country: Country) -> None:
    """It starts nothing, names the address, and ends well."""
    service = country.running()
    before = service.pids()
    code, [told] = service.plates("up")
    assert code == 0
    assert told["running"] is True
    assert told["address"] == service.address
    assert service.pids() == before


def test_commands_find_the_running_service(country: Country) -> None:
    """Search over the shared bitmaps without what is withheld, hold, refusal, release, doctor, timeline."""
    service = country.running()
    code, [found] = service.plates("search", "777 SEX", "--region", "02")
    assert (code, found["count"], found["basis"]) == (0, 0, "replica")
    token = service.token(new_iin())
    code, [held] = service.plates("hold", "345KZB02", PLATES_TOKEN=token)
    assert (code, held["state"]) == (0, "held")
    other = service.token(new_iin())
    code, [refused] = service.plates("hold", "345KZB02", PLATES_TOKEN=other, LC_ALL="en_US.UTF-8")
    assert code == 3
    assert refused["type"] == "urn:plates:problem:held_by_another"
    assert re.search(r"[a-z]", refused["detail"])
    code, [not_mine] = service.plates("release", "345KZB02", PLATES_TOKEN=other)
    assert (code, not_mine["type"]) == (3, "urn:plates:problem:not_held")
    code, [released] = service.plates("release", "345 kzb 02", PLATES_TOKEN=token)
    assert (code, released["outcome"]) == (0, "released")
    code, findings = service.plates("doctor")
    assert code == 0, findings
    by_subject = {finding["subject"]: finding["judgement"] for finding in findings}
    assert [by_subject[name] for name in ("law", "store", "keeper", "journal", "service")] == ["well"] * 5
    code, tariffs = service.plates("tariff", "list")
    assert (code, [tariff["standing"] for tariff in tariffs]) == (0, ["in_force"])


def seconds_until_closed(connections: dict[str, socket.socket]) -> dict[str, float]:
    """When the server closes each of them, while the one named ``trickling`` sends a byte now and then."""
    began, ended = time.monotonic(), dict[str, float]()
    while len(ended) < len(connections) and time.monotonic() - began < 20:
        waiting = [connection for name, connection in connections.items() if name not in ended]
        readable, _, _ = select.select(waiting, [], [], 0.25)
        for name, connection in connections.items():
            if name in ended:
                continue
            try:
                if connection in readable and connection.recv(65_536) == b"":
                    ended[name] = time.monotonic() - began
                elif name == "trickling":
                    connection.send(b"x")
            except ConnectionError:
                ended[name] = time.monotonic() - began
    return ended


def place_of(service: Service) -> tuple[str, int]:
    """Where it listens."""
    address = urllib.parse.urlsplit(service.address)
    assert address.hostname is not None
    assert address.port is not None
    return address.hostname, address.port


def test_no_request_hides_behind_an_ambiguous_end(country: Country) -> None:
    """Where a message could end in two places, one refusal is the only answer; an honest pair gets two."""
    place = place_of(country.running())
    assert [answers_to(place, message) for message in HONEST.values()] == [[401, 200]] * len(HONEST)
    told = {name: answers_to(place, message) for name, message in AMBIGUOUS.items()}
    assert {name: statuses for name, statuses in told.items() if statuses not in ([400], [401])} == {}


def test_a_pooled_connection_outlives_a_pause_and_a_trickling_one_does_not(country: Country) -> None:
    """A client may ask again seconds later over the same connection; headers that never end are cut off."""
    place = place_of(country.running())
    with socket.create_connection(place) as idle, socket.create_connection(place) as trickling:
        idle.sendall(b"GET /version HTTP/1.1\r\nHost: plates\r\n\r\n")
        assert idle.recv(65_536).startswith(b"HTTP/1.1 200")
        trickling.sendall(b"GET /version HTTP/1.1\r\nHost: plates\r\nX-Slow: ")
        closed = seconds_until_closed({"idle": idle, "trickling": trickling})
    assert closed["idle"] > 4
    assert closed["trickling"] < 10


def test_a_request_id_repeats_its_answer(country: Country) -> None:
    """What a command says about an unknown outcome: ask again with the same id."""
    service = country.running()
    token = service.token(new_iin())
    words = ("hold", "346KZB02", "--request-id", "cli-test-0001")
    first = service.plates(*words, PLATES_TOKEN=token)
    again = service.plates(*words, PLATES_TOKEN=token)
    assert first[0] == again[0] == 0
    assert first[1][0]["hold_id"] == again[1][0]["hold_id"]
    code, [reused] = service.plates("hold", "347KZB02", "--request-id", "cli-test-0001", PLATES_TOKEN=token)
    assert (code, reused["type"]) == (2, "urn:plates:problem:request_id_reused")


def test_a_registry_is_imported_while_sales_are_open(country: Country, tmp_path: Path) -> None:
    """Issued marks leave the search and are refused; what was left out is counted and named."""
    service = country.running()
    token = service.token(new_iin())
    assert service.plates("hold", "360KZB02", PLATES_TOKEN=token)[0] == 0
    file = tmp_path / "registry.csv"
    file.write_text("mark\n361KZB02\n362 kzb 02\n360KZB02\n360KZB99\n")
    code, [told] = service.plates("import", str(file))
    assert code == 6
    counts = ("imported", "already_imported", "conflicts", "rejected")
    assert [told[name] for name in counts] == [2, 0, 1, 1]
    assert Path(told["rejects_file"]).read_text().splitlines()[1].startswith("5,360KZB99,")
    assert Path(told["conflicts_file"]).read_text() == "mark\n360KZB02\n"
    code, [refused] = service.plates("hold", "361KZB02", PLATES_TOKEN=service.token(new_iin()))
    assert (code, refused["type"]) == (3, "urn:plates:problem:mark_issued")
    wait_until(lambda: service.plates("search", "361KZB02")[1][0]["count"] == 0)
    file.write_text("361KZB02\n362KZB02\n")
    code, [again] = service.plates("import", str(file))
    assert (code, [again[name] for name in counts]) == (0, [0, 2, 0, 0])
    assert (again["rejects_file"], again["conflicts_file"]) == (None, None)


def test_the_demonstration_fills_a_running_country(country: Country) -> None:
    """A small registry, made up and imported; doing it again finds the file and changes nothing."""
    service = country.running()
    code, [made, imported] = service.plates("demo", "--rows", "2000", "--seed", "7")
    assert made["rows"] == 2000
    assert imported["rows"] == 2000
    assert imported["imported"] + imported["already_imported"] + imported["conflicts"] == 2000
    assert code in {0, 6}
    code, [again] = service.plates("demo", "--rows", "2000", "--seed", "7")
    assert again["imported"] == 0


@pytest.mark.parametrize("name", ["api", "keeper"])
def test_a_child_that_is_killed_comes_back(country: Country, name: str) -> None:
    """With a line for whoever watches, and the run file says its new process."""
    service = country.running()
    before = service.runfile["groups"][name]
    kill(before)
    wait_until(lambda: service.runfile["groups"][name] != before)
    wait_until(lambda: service.get("/readyz")[0] == 200, 60)
    assert f"{name} started again" in service.text


def test_a_killed_store_comes_back_with_its_data(country: Country) -> None:
    """The hold made before is there after the store was killed."""
    service = country.running()
    token = service.token(new_iin())
    assert service.plates("hold", "348KZB02", PLATES_TOKEN=token)[0] == 0
    before = service.store_pid
    kill(before)
    wait_until(lambda: lives(service.store_pid) and service.store_pid != before)
    wait_until(lambda: service.get("/readyz")[0] == 200, 60)
    assert is_held(service, "348KZB02")
    assert not is_held(service, "351KZB02")


def test_kill_nine_of_the_parent_then_up_continues_with_one_server(country: Country) -> None:
    """Children leave by themselves; the store stays and is attached to; a hold and the data are there."""
    first = country.running()
    token = first.token(new_iin())
    assert first.plates("hold", "349KZB02", PLATES_TOKEN=token)[0] == 0
    store, others = first.store_pid, [pid for pid in first.pids() if pid != first.store_pid]
    kill(first.process.pid)
    first.process.wait()
    second = country.running()
    assert gone(others)
    assert second.store_pid == store
    assert "attached to the store that runs already" in second.text
    assert is_held(second, "349KZB02")


def test_everything_stops_in_order_and_a_new_start_finds_it(country: Country) -> None:
    """Ctrl-C: nothing runs any more, the run file is gone; the next start has the same holds."""
    service = country.running()
    token = service.token(new_iin())
    assert service.plates("hold", "350KZB02", PLATES_TOKEN=token)[0] == 0
    pids = service.pids()
    assert service.stop(signal.SIGINT) == 0
    assert gone(pids)
    assert not (country.data_dir / "plates.json").exists()
    assert service.text.rstrip().endswith("stopped")
    again = country.running()
    assert is_held(again, "350KZB02")
    assert "withholding" not in again.text


def test_sigterm_stops_as_well(country: Country) -> None:
    """What a service manager sends."""
    service = country.running()
    pids = service.pids()
    assert service.stop(signal.SIGTERM) == 0
    assert gone(pids)


def test_down_stops_what_somebody_else_started(country: Country) -> None:
    """And says so when nothing runs."""
    service = country.running()
    pids = service.pids()
    assert service.plates("down") == (0, [{"stopped": True}])
    wait_until(lambda: gone(pids))
    assert service.process.wait(10) == 0
    assert service.plates("down") == (0, [{"stopped": False}])


def test_down_ends_a_store_that_was_left_alone(country: Country) -> None:
    """After kill -9 of the parent only the store lives; `down` ends it in order."""
    service = country.running()
    pids = service.pids()
    kill(service.process.pid)
    service.process.wait()
    assert service.plates("down") == (0, [{"stopped": True}])
    wait_until(lambda: gone(pids))


def test_a_port_in_use_is_refused_before_anything_starts(tmp_path: Path) -> None:
    """The sentence names the port and another one to try; no store was started."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        service = Service(tmp_path / "var", PLATES_PORT=str(port))
        assert service.process.wait(60) == 5
    assert f"Port {port}" in service.text
    assert "PLATES_PORT=" in service.text
    assert not (tmp_path / "var" / "store").joinpath("valkey.conf").exists()


def test_a_store_that_can_lose_marks_is_refused_line_by_line(tmp_path: Path) -> None:
    """Each broken term of the contract with its setting, what was found and the line that mends it."""
    server = new_server("redis", appendfsync="everysec", maxmemory_policy="allkeys-lru")
    try:
        service = Service(tmp_path / "var", PLATES_REDIS_URL=server.url)
        assert service.process.wait(60) == 5
    finally:
        remove_server(server)
    assert "appendfsync is everysec; needed: always" in service.text
    assert "CONFIG SET appendfsync always" in service.text
    assert "maxmemory-policy" in service.text


def test_a_sound_store_of_somebody_else_is_used_and_left_running(tmp_path: Path) -> None:
    """The control of the refusal, on Redis 7.0: it serves, and its end does not end that store."""
    server = new_server("redis")
    # The law without withheld series: founding that country again would take seconds and prove nothing more.
    law = shutil.copytree(
        Settings().patterns_dir, tmp_path / "law", ignore=shutil.ignore_patterns("withheld")
    )
    try:
        service = Service(
            tmp_path / "var", PLATES_REDIS_URL=server.url, PLATES_PATTERNS_DIR=str(law)
        ).wait_until_ready()
        try:
            assert service.runfile["store"] == "external"
            assert service.get("/v1/marks?pattern=7*7&limit=1")[0] == 200
        finally:
            assert service.stop() == 0
        assert server.process is not None
        assert server.process.poll() is None
        assert not (tmp_path / "var" / "store" / "appendonlydir").exists()
    finally:
        remove_server(server)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_start_that_still_compares_heeds_a_stop(tmp_path: Path, number: int) -> None:
    """The wire makes it a comparison of twenty seconds: it ends in order, and serves nothing."""
    server = new_server("redis")
    wire = SlowWire(tmp_path / "slow.sock", server.socket, b"revision", late_seconds=0.5)
    try:
        service = Service(tmp_path / "var", PLATES_REDIS_URL=f"unix://{wire.path}")
        wait_until(wire.said.is_set)
        began = time.monotonic()
        assert service.stop(number) == 0, service.text
        assert time.monotonic() - began < 5
        assert service.text.rstrip().endswith("stopped")
        assert "compared" not in service.text
        with server.client() as client:
            assert client.keys("{person_car*") == []  # no pool was founded either
    finally:
        wire.close()
        remove_server(server)


def test_production_does_not_start_with_stand_ins(tmp_path: Path) -> None:
    """Every setting that production must name is named, and nothing is started."""
    service = Service(tmp_path / "var", PLATES_PROFILE="production")
    assert service.process.wait(60) == 5
    assert "PLATES_TOKEN_JWKS_FILE" in service.text
    assert "PLATES_PAYMENT_STAND_IN" in service.text
    assert not (tmp_path / "var" / "store" / "valkey.conf").exists()


def test_the_demonstration_fills_a_sleeping_country(country: Country) -> None:
    """Where nothing runs it starts the store and a keeper, imports, and stops them; the data stays."""
    service = country.asleep()
    code, [_, imported] = service.plates("demo", "--rows", "1000", "--seed", "8")
    assert imported["imported"] > 0
    assert not lives(service.store_pid)
    code, [again] = service.plates("demo", "--rows", "1000", "--seed", "8")
    assert again["imported"] == 0
    assert code in {0, 6}


def test_a_damaged_store_is_refused_with_its_sentence(country: Country) -> None:
    """The last test of the module: it spoils the data."""
    country.asleep()
    manifest = country.data_dir / "store" / "appendonlydir" / "appendonly.aof.manifest"
    manifest.rename(manifest.with_suffix(".gone"))
    service = Service(country.data_dir)
    assert service.process.wait(60) == 5
    assert str(manifest) in service.text
