"""How commands speak and end: exit codes, problem objects, help, completion, tokens, doctor."""

import json
import re
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from plateapi.cli.app import app
from plateapi.cli.exits import Exit
from plateapi.cli.pool_commands import TURNS
from plateapi.cli.service import Service, language
from plateapi.cli.telling import CommandFailed
from plateapi.keeper.status import KeeperStatus, write_status
from plateapi.law import day_of
from tests.cli.commands import ROOT, environment, plates, plates_process
from tests.lasting_law import law_until
from tests.personas import new_iin

COMMANDS = ["up", "down", "explain", "search", "hold", "release", "import", "demo-registry", "demo"]
COMMANDS += ["token", "restore", "doctor"]
TARIFF_COMMANDS = ["check", "preview", "publish", "approve", "list"]
POOL_COMMANDS = ["list", *(word for word, *_ in TURNS)]
GROUPED = {"tariff": TARIFF_COMMANDS, "pools": POOL_COMMANDS}
REFERENCE = (ROOT / "docs" / "reference" / "cli.md").read_text("utf-8")


@pytest.fixture
def answering(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a server that answers with the bytes that the test names, and hangs up."""
    content: bytes = request.param
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        port = listening.getsockname()[1]

        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    connection.settimeout(5)
                    connection.recv(65_536)
                    connection.sendall(content)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{port}"
        listening.shutdown(socket.SHUT_RDWR)
    thread.join(10)


def http(status: str, body: str) -> bytes:
    """An answer."""
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: application/problem+json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return (head + body).encode()


def problem(slug: str) -> str:
    """A problem of the service."""
    return json.dumps({"type": f"urn:plates:problem:{slug}", "detail": "So it is.", "nearest": ["777AAB02"]})


@pytest.mark.parametrize(
    ("answering", "code", "slug"),
    [
        (http("409 Conflict", problem("held_by_another")), Exit.REFUSED, "held_by_another"),
        (http("401 Unauthorized", problem("token_invalid")), Exit.REFUSED, "token_invalid"),
        (http("422 Unprocessable Content", problem("mark_unparseable")), Exit.INVALID, "mark_unparseable"),
        (
            http("503 Service Unavailable", problem("store_unavailable")),
            Exit.UNREACHABLE,
            "store_unavailable",
        ),
        (http("504 Gateway Timeout", problem("outcome_unknown")), Exit.UNKNOWN, "outcome_unknown"),
        (http("500 Internal Server Error", "<html>"), Exit.REFUSED, "http_500"),
        (b"", Exit.UNKNOWN, "outcome_unknown"),
    ],
    indirect=["answering"],
    ids=["refused", "token", "invalid", "unreachable", "unknown", "no problem", "no answer"],
)
def test_what_the_server_says_is_what_the_command_ends_with(
    tmp_path: Path, answering: str, code: Exit, slug: str
) -> None:
    """Each kind of answer has its exit code; the problem comes through with its facts."""
    words = ("hold", "777AAA02", "--server", answering, "--token", "t", "--request-id", "id-00001", "--json")
    ran = plates(*words, data_dir=tmp_path)
    assert ran.code == code
    assert ran.line["type"] == f"urn:plates:problem:{slug}"
    if slug == "held_by_another":
        assert ran.line["nearest"] == ["777AAB02"]
    if not slug.startswith(("http", "token", "mark")) and code == Exit.UNKNOWN and "request_id" in ran.line:
        assert ran.line["request_id"] == "id-00001"
        assert "id-00001" in ran.line["detail"]


def test_nobody_there(tmp_path: Path) -> None:
    """A port where nobody listens: nothing was sent, so it is unreachable and not unknown."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    ran = plates("hold", "777AAA02", "--server", address, "--token", "t", "--json", data_dir=tmp_path)
    assert (ran.code, ran.line["type"]) == (Exit.UNREACHABLE, "urn:plates:problem:server_unreachable")


@pytest.mark.parametrize(
    ("words", "slug"),
    [
        (("hold", "777AAA02"), "token_missing"),
        (("hold", "777AAA02", "--token", "t", "--server", "ftp://x"), "input_invalid"),
        (("hold", "777AAA02", "--token", "t", "--server", "file:///etc/passwd"), "input_invalid"),
        (("token", "--role", "king"), "role_unknown"),
        (("token", "--role", "driver", "--iin", "123456789012"), "applicant_id_invalid"),
        (("token", "--role", "driver", "--bin", "900101300017"), "applicant_id_invalid"),
        (("demo-registry", "x.xlsx"), "input_invalid"),
        (("demo-registry", "x.csv", "--rows", "99000000"), "input_invalid"),
        (("import", "none.csv"), "registry_unreadable"),
        (("tariff", "publish", "none.toml", "--token", "t"), "file_unreadable"),
        (("tariff", "check", "none.toml"), "file_unreadable"),
    ],
)
def test_invalid_input_is_two(tmp_path: Path, words: tuple[str, ...], slug: str) -> None:
    """And a problem object says what."""
    ran = plates(*words, "--json", data_dir=tmp_path)
    assert ran.code == Exit.INVALID
    assert ran.line["type"] == f"urn:plates:problem:{slug}"


@pytest.mark.parametrize("words", [("nonsense",), ("explain",), ("search", "7?7", "--limit", "many")])
def test_usage_is_two_as_well(tmp_path: Path, words: tuple[str, ...]) -> None:
    """What the command line itself cannot read."""
    assert plates(*words, data_dir=tmp_path).code == Exit.INVALID
    ran = plates(*words, "--json", data_dir=tmp_path)
    assert (ran.code, ran.line["type"]) == (Exit.INVALID, "urn:plates:problem:usage_invalid")
    assert ran.err == ""


def test_an_import_without_a_store_is_unreachable(tmp_path: Path) -> None:
    """The sentence says how to start one."""
    (tmp_path / "registry.csv").write_text("777AAA02\n")
    ran = plates("import", str(tmp_path / "registry.csv"), "--json", data_dir=tmp_path / "var")
    assert (ran.code, ran.line["type"]) == (Exit.UNREACHABLE, "urn:plates:problem:store_not_running")
    assert "make up" in ran.line["detail"]


def test_a_setting_that_is_none_is_named(tmp_path: Path) -> None:
    """By the name that people set."""
    ran = plates("doctor", "--json", data_dir=tmp_path, PLATES_PORT="many")
    assert ran.code == Exit.NOT_STARTED
    assert "PLATES_PORT" in ran.line["detail"]
    assert "many" not in json.dumps(ran.line["faults"])


def test_without_json_failures_go_to_standard_error(tmp_path: Path) -> None:
    """Output can be piped; what went wrong is still read."""
    ran = plates("hold", "777AAA02", data_dir=tmp_path)
    assert ran.out == ""
    assert "PLATES_TOKEN" in ran.err


def test_demo_registry_writes_what_was_asked_for(tmp_path: Path) -> None:
    """Rows, seed, and no mark in a series that the law withholds."""
    path = tmp_path / "registry.csv"
    ran = plates("demo-registry", str(path), "--rows", "20000", "--seed", "3", "--json", data_dir=tmp_path)
    assert ran.code == 0
    assert ran.line["rows"] == 20_000
    lines = path.read_text().splitlines()
    assert len(lines) == 20_001
    assert not [line for line in lines if line[3:-2] in {"AAM", "AMM", "AM", "QR"}]


def test_a_token_is_minted_for_the_demonstration_only(tmp_path: Path) -> None:
    """Three parts of a JWT; production refuses; the issuer's key can be read by nobody else."""
    ran = plates("token", "--role", "driver", "--iin", new_iin(), "--json", data_dir=tmp_path)
    assert ran.code == 0
    assert re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+", ran.line["token"])
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in (tmp_path / "keys").iterdir())
    refused = plates("token", "--role", "driver", "--json", data_dir=tmp_path, PLATES_PROFILE="production")
    assert refused.code == Exit.NOT_STARTED
    assert refused.line["type"] == "urn:plates:problem:key_refused"


def test_doctor_before_the_first_start(tmp_path: Path) -> None:
    """Nothing runs, which is worth a note and no fault; a misspelt setting is noted too."""
    ran = plates("doctor", "--json", data_dir=tmp_path / "var", PLATES_PROT="8081")
    findings = {line["subject"]: line for line in ran.lines}
    assert ran.code == 0
    assert findings["service"]["judgement"] == "note"
    assert findings["law"]["judgement"] == "well"
    assert findings["PLATES_PROT"]["judgement"] == "note"
    assert all(
        line["mend"] for line in ran.lines if line["judgement"] != "well" and line["subject"] != "journal"
    )
    spoken = plates("doctor", data_dir=tmp_path / "var")
    assert "make up" in spoken.out


@pytest.mark.parametrize(
    ("known_days", "judgement"), [(-1, "fault"), (1, "note"), (40, "note"), (50, "well"), (400, "well")]
)
def test_doctor_sees_the_end_of_the_known_index(tmp_path: Path, known_days: int, judgement: str) -> None:
    """Weeks before nothing can be sold any more, with the last priced day and the page that says how."""
    last_known = day_of(time.time_ns() // 1_000_000 + known_days * 86_400_000)
    law = law_until(tmp_path / "law", last_known)
    ran = plates("doctor", "--json", data_dir=tmp_path / "var", PLATES_PATTERNS_DIR=str(law))
    prices = next(line for line in ran.lines if line["subject"] == "prices")
    assert prices["judgement"] == judgement
    assert (last_known in prices["found"]) == (judgement != "well")
    assert (ran.code == Exit.NOT_STARTED) == (judgement == "fault")
    assert not prices["mend"] or (ROOT / prices["mend"]).is_file()


def test_doctor_names_a_tariff_that_nobody_approved(tmp_path: Path) -> None:
    """What the keeper could not follow is a fault; without it there is no such finding."""
    for error, expected in (("", []), ("The document is not what was approved.", ["fault"])):
        status = KeeperStatus(written_at_ms=time.time_ns() // 1_000_000, tariff_error=error)
        write_status(tmp_path, status)
        ran = plates("doctor", "--json", data_dir=tmp_path)
        found = [line["judgement"] for line in ran.lines if line["subject"] == "published tariffs"]
        assert found == expected


def test_doctor_names_damaged_data(tmp_path: Path) -> None:
    """A fault, with the file, although nothing runs."""
    directory = tmp_path / "var" / "store" / "appendonlydir"
    directory.mkdir(parents=True, mode=0o700)
    (directory / "appendonly.aof.manifest").write_text("file appendonly.aof.1.incr.aof seq 1 type i\n")
    (directory / "appendonly.aof.1.incr.aof").write_text("spoilt")
    ran = plates("doctor", "--json", data_dir=tmp_path / "var")
    assert ran.code == Exit.NOT_STARTED
    store = next(line for line in ran.lines if line["subject"] == "store")
    assert store["judgement"] == "fault"
    assert "appendonly.aof.1.incr.aof is damaged" in store["found"]


@pytest.mark.parametrize(
    ("spoken", "expected"), [("ru_RU.UTF-8", "ru"), ("kk_KZ", "kk"), ("C", "en"), ("", "en")]
)
def test_refusals_come_in_the_language_of_the_terminal(
    monkeypatch: pytest.MonkeyPatch, spoken: str, expected: str
) -> None:
    """Of those that the service speaks; English elsewhere."""
    monkeypatch.setenv("LC_ALL", spoken)
    monkeypatch.delenv("LANG", raising=False)
    assert language() == expected


def test_a_token_is_not_in_a_service_that_is_printed() -> None:
    """Logs and tracebacks show who was asked, not with which token."""
    assert "secret-token" not in repr(Service("http://127.0.0.1:1", "secret-token"))


def test_every_command_stands_in_the_reference(tmp_path: Path) -> None:
    """And the help knows no other."""
    helped = plates("--help", data_dir=tmp_path).out
    for name in COMMANDS:
        assert f"`plates {name}" in REFERENCE, name
        assert re.search(rf"│ {name} ", helped), name
    registered = {command.name or command.callback.__name__ for command in app.registered_commands}
    assert registered == set(COMMANDS)
    for group, names in GROUPED.items():
        grouped = plates(group, "--help", data_dir=tmp_path).out
        for name in names:
            assert f"`plates {group} {name}" in REFERENCE, name
            assert re.search(rf"│ {name} ", grouped), name


@pytest.mark.parametrize(
    "words",
    [[name] for name in COMMANDS] + [[group, name] for group, names in GROUPED.items() for name in names],
)
def test_every_command_speaks_json(tmp_path: Path, words: list[str]) -> None:
    """`--json` is an option everywhere."""
    assert "--json" in plates(*words, "--help", data_dir=tmp_path).out


def test_every_exit_code_stands_in_the_reference() -> None:
    """One line a code, with its meaning."""
    for code in Exit:
        assert re.search(rf"^\| {code.value} \| ", REFERENCE, re.MULTILINE), code


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(tmp_path: Path, shell: str) -> None:
    """A script for the shell, made by the installed command."""
    ran = plates_process("--show-completion", shell, data_dir=tmp_path)
    assert ran.code == 0
    assert "plates" in ran.out


HEAVY = ["fastapi", "granian", "httpx", "plateapi.settings", "pyarrow", "pydantic", "rich", "structlog"]


@pytest.mark.parametrize(
    ("words", "heavy"), [(["explain", "777AAA02", "--json"], []), (["doctor"], ["pydantic"])]
)
def test_explain_does_not_pay_for_what_it_does_not_use(
    tmp_path: Path, words: list[str], heavy: list[str]
) -> None:
    """No web framework, no settings class, no table. The control is a command that needs some of them."""
    code = (
        "import sys, plateapi.cli\n"
        f"sys.argv = ['plates', *{words!r}]\n"
        "try:\n    plateapi.cli.main()\nexcept SystemExit:\n    pass\n"
        f"print(*[name for name in {HEAVY!r} if name in sys.modules], sep='\\n', file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment(tmp_path, {}),
        capture_output=True,
        text=True,
        check=True,
    )
    imported = done.stderr.split()
    assert set(heavy) <= set(imported)
    assert heavy or not imported


def test_a_failure_carries_its_facts() -> None:
    """What a command knows stands beside the sentence."""
    failed = CommandFailed(Exit.REFUSED, "not_held", "You have no hold.", mark="777AAA02")
    assert failed.facts == {"mark": "777AAA02"}
