"""Never two servers on one directory."""

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from plateapi.store import StoreOptions, StoreRefused, start_store, stop_store, store_is_alive
from plateapi.store.directory import DataDirectory
from plateapi.store.ownership import Ownership
from tests.store.conftest import Starter, app_wire

STARTERS = 20


def start_all(starters: list[Starter]) -> list[dict[str, int | bool | str]]:
    """Let processes start at the same moment and gather what each of them met."""
    for starter in starters:
        assert starter.stdout is not None
        assert starter.stdout.readline() == "ready\n"
    for starter in starters:
        assert starter.stdin is not None
        starter.stdin.write("go\n")
        starter.stdin.flush()
    return [json.loads(starter.stdout.readline()) for starter in starters if starter.stdout is not None]


def wait_until_dead(options: StoreOptions) -> None:
    """Wait for the kernel to take a killed server's lock away."""
    until = time.monotonic() + 10
    while store_is_alive(options.data_dir):
        assert time.monotonic() < until
        time.sleep(0.005)


def test_twenty_starts_at_once_make_one_server(start_process: Callable[..., Starter]) -> None:
    """One process starts the server; the other nineteen attach to the same one."""
    answers = start_all([start_process() for _ in range(STARTERS)])
    assert len({answer["pid"] for answer in answers}) == 1
    assert sorted(bool(answer["attached"]) for answer in answers) == [False] + [True] * (STARTERS - 1)


def test_without_the_shared_lock_two_servers_run(
    start_process: Callable[..., Starter], options: StoreOptions
) -> None:
    """The control: what the lock prevents does happen when each start has a lock of its own."""
    [first] = start_all([start_process("--private-lock")])
    [second] = start_all([start_process("--private-lock")])
    pids = {int(first["pid"]), int(second["pid"])}
    try:
        assert len(pids) == 2
        [written] = DataDirectory(options.data_dir).manifest.parent.glob("*.incr.aof")
        for pid in pids:
            assert written in opened_files(pid)
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGKILL)


def opened_files(pid: int) -> set[Path]:
    """What a process has open, as the kernel says."""
    return {link.readlink() for link in Path(f"/proc/{pid}/fd").iterdir()}


def test_the_server_outlives_a_killed_parent_with_lock_and_data(
    start_process: Callable[..., Starter], options: StoreOptions
) -> None:
    """After kill -9 of the parent the server holds the lock; a new start attaches and finds the data."""
    parent = start_process()
    [first] = start_all([parent])
    with app_wire(options.data_dir) as wire:
        wire.call("HSET", "{probe}:kept", "mark", "777AAA02")
    parent.kill()
    parent.wait()

    assert Ownership.take(DataDirectory(options.data_dir).lock) is None
    again = start_store(options)
    assert again.attached
    assert again.pid == first["pid"]
    with app_wire(options.data_dir) as wire:
        assert wire.call("HGET", "{probe}:kept", "mark") == "777AAA02"


def test_a_killed_server_is_started_anew_with_its_data(options: StoreOptions) -> None:
    """Kill -9 of the server frees the lock; the next start is another server with the same data."""
    first = start_store(options)
    with app_wire(options.data_dir) as wire:
        wire.call("HSET", "{probe}:kept", "mark", "777AAA02")
    os.kill(first.pid, signal.SIGKILL)
    wait_until_dead(options)

    second = start_store(options)
    assert not second.attached
    assert second.pid != first.pid
    with app_wire(options.data_dir) as wire:
        assert wire.call("HGET", "{probe}:kept", "mark") == "777AAA02"


def test_a_stopped_store_leaves_the_lock_and_its_data(options: StoreOptions) -> None:
    """A stop ends the server, frees the lock, and is False when nothing runs."""
    start_store(options)
    assert store_is_alive(options.data_dir)
    assert stop_store(options.data_dir)
    assert not store_is_alive(options.data_dir)
    assert not stop_store(options.data_dir)


def test_a_lock_file_that_nobody_holds_means_nothing(options: StoreOptions) -> None:
    """A stale lock file, with whatever pid in it, does not keep a store from starting."""
    directory = DataDirectory(options.data_dir)
    directory.prepare()
    directory.lock.write_text(f"{os.getpid()}\n")
    directory.lock.chmod(0o600)
    assert not start_store(options).attached


def test_an_owner_that_does_not_answer_is_named(data_dir: Path) -> None:
    """A lock held by a process that is no store is refused with its pid, after the time given."""
    directory = DataDirectory(data_dir)
    directory.prepare()
    held = Ownership.take(directory.lock)
    assert held is not None
    with held:
        held.note(os.getpid())
        with pytest.raises(StoreRefused) as refused:
            start_store(StoreOptions(data_dir, start_seconds=0.1))
    assert refused.value.slug == "owner_silent"
    assert str(os.getpid()) in refused.value.sentence
