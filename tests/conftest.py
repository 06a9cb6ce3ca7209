"""Fixtures for every room: the built extension, the two real servers, the country's rule book."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers import SERVER_KINDS, StoreServer, new_server, remove_server

ROOT = Path(__file__).resolve().parent.parent
PATTERNS = ROOT / "patterns" / "kz"


def pytest_configure(config: pytest.Config) -> None:
    """Fail at once, with what to run, when the core is not built."""
    try:
        from plate_core import _plate_core  # noqa: F401, PLC0415
    except ImportError as error:
        pytest.exit(
            f"the core is not built ({error}); run: make build", returncode=pytest.ExitCode.USAGE_ERROR
        )


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
