"""A data directory of its own for each test, and nothing left running after it."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from plateapi.store import StoreOptions, StoreRefused, start_store, stop_store
from plateapi.store.directory import APP_USER, DataDirectory
from plateapi.store.wire import Wire
from tests.store.starter import MAXMEMORY_BYTES

ROOT = Path(__file__).resolve().parents[2]

Starter = subprocess.Popen[str]


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[Path]:
    """An empty place for a store; one that runs there at the end is stopped, and all that should not."""
    root = tmp_path / "var"
    yield root
    with suppress(StoreRefused):
        stop_store(root)
    stop_forcibly(root)


def stop_forcibly(root: Path) -> None:
    """End the servers of a directory that a test has spoilt: the lock file names one of many at best."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (process / "cwd").readlink() == DataDirectory(root).store and _is_server(process):
                os.kill(int(process.name), signal.SIGKILL)


def _is_server(process: Path) -> bool:
    return b"valkey-server" in (process / "cmdline").read_bytes()


@pytest.fixture
def options(data_dir: Path) -> StoreOptions:
    """The options a test starts with."""
    return StoreOptions(data_dir, maxmemory_bytes=MAXMEMORY_BYTES, start_seconds=10.0)


@pytest.fixture
def start_process(data_dir: Path) -> Iterator[Callable[..., Starter]]:
    """Makes processes that are about to start the store; all of them are gone after the test."""
    made: list[Starter] = []

    def make(*flags: str) -> Starter:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.store.starter", str(data_dir), *flags],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        made.append(process)
        return process

    yield make
    for process in made:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


def app_wire(root: Path) -> Wire:
    """A connection as the app user, the only one the inventory has."""
    directory = DataDirectory(root)
    passwords = directory.read_passwords()
    assert passwords is not None
    wire = Wire(directory.socket)
    wire.call("AUTH", APP_USER, passwords.app)
    return wire


def filled(options: StoreOptions) -> DataDirectory:
    """A stopped store with some hundred writes in its append-only file."""
    start_store(options)
    with app_wire(options.data_dir) as wire:
        for number in range(200):
            wire.call("HSET", "{probe}:kept", str(number), "777AAA02")
    stop_store(options.data_dir)
    return DataDirectory(options.data_dir)


def append_only_file(directory: DataDirectory) -> Path:
    """The file that the writes went to."""
    [found] = directory.manifest.parent.glob("*.incr.aof")
    return found
