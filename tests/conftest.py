"""Fixtures for every room: the built extension, the two real servers, the country's rule book."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

try:
    from plate_core import RuleBook, load_rule_book
except ImportError as error:
    # Without installation `plate_core` is found as an empty folder; say what to run instead of a riddle.
    pytest.exit(f"the core is not built ({error}); run: make build", returncode=pytest.ExitCode.USAGE_ERROR)
from tests.lasting_law import PATTERNS, lasting_law
from tests.servers import SERVER_KINDS, StoreServer, new_server, remove_server


def pytest_configure(config: pytest.Config) -> None:
    """What is priced by today's date is priced by a law without end; xdist's workers inherit the setting."""
    if not hasattr(config, "workerinput"):
        os.environ["PLATES_PATTERNS_DIR"] = str(lasting_law())


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Groups hold, or nothing runs: who shares a service must share a process, and xdist may forget it."""
    if not getattr(config.option, "loadgroup", False):
        return
    lost = [
        item.nodeid for item in items if item.get_closest_marker("xdist_group") and "@" not in item.nodeid
    ]
    if lost:
        # Not `pytest.exit`: in a worker it is taken for a crash, and another worker is started.
        raise RuntimeError(
            f"xdist loses the groups of {len(lost)} tests, {lost[0]} first; see pyproject.toml"
        )


# Timings belong in benchmarks: on a busy machine an example that takes long says nothing of the code.
settings.register_profile("plates", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("plates")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session", params=SERVER_KINDS)
def session_server(request: pytest.FixtureRequest) -> Iterator[StoreServer]:
    """One server of each kind for the whole session."""
    server = new_server(request.param)
    yield server
    remove_server(server)


@pytest.fixture
def store(session_server: StoreServer) -> Iterator[StoreServer]:
    """An empty store, once on Valkey and once on Redis; whatever the test did to the process is undone."""
    if session_server.process is None or session_server.process.poll() is not None:
        session_server.start()
    session_server.resume()
    session_server.empty()
    yield session_server
    if session_server.process is not None:
        session_server.resume()


@pytest.fixture(scope="session")
def book() -> RuleBook:
    """The law of the country, compiled."""
    return load_rule_book(PATTERNS)
