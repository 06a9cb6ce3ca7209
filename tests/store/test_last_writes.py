"""What the last server wrote and did not sync is on the disk before the next one reads it."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from plateapi.store import StoreOptions, StoreRefused, last_writes, start_store, store_is_alive
from plateapi.store.directory import DataDirectory
from plateapi.store.last_writes import write_last_again
from plateapi.store.wire import WireError
from proof.false_disk import FalseDisk, Mood
from proof.supervised import Supervised, supervised_store
from tests.store.conftest import app_wire, append_only_file, filled


@pytest.mark.parametrize("careless", [False, True])
def test_what_no_sync_had_kept_is_kept_after_a_start(tmp_path: Path, careless: bool) -> None:
    """A write that a server was killed before it synced survives a power cut after the next start.

    The control is a supervisor that starts its store without writing again what it found.
    """
    place = tmp_path / "var"
    place.mkdir()
    disk = FalseDisk(tmp_path, place)
    with supervised_store(place, beneath=disk.environment, careless=careless) as store:
        disk.become(Mood.LYING)
        with app_wire(place) as wire:
            wire.call("HSET", "{probe}:kept", "1", "777AAA02")
        store.kill()
        disk.become(Mood.HONEST)
        assert _read_when_back(store) == "777AAA02"
        store.kill()
        lost_bytes = disk.cut_power(append_only_file(DataDirectory(place)))
    assert (lost_bytes > 0) is careless


def _read_when_back(store: Supervised) -> object:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            with app_wire(store.directory) as wire:
                return wire.call("HGET", "{probe}:kept", "1")
        except (OSError, WireError):
            time.sleep(0.02)
    raise TimeoutError("the store did not come back")


@pytest.fixture
def directory(options: StoreOptions) -> DataDirectory:
    """A stopped store with some hundred writes."""
    return filled(options)


def test_no_server_starts_on_a_disk_that_does_not_sync(
    directory: DataDirectory, options: StoreOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is answered with what may be gone; the refusal names the disk's own error."""
    monkeypatch.setattr(last_writes.os, "fsync", _refuse_to_sync(append_only_file(directory)))
    with pytest.raises(StoreRefused, match="Input/output error") as refused:
        start_store(options)
    assert refused.value.slug == "data_dir_unusable"
    assert not store_is_alive(options.data_dir)


def _refuse_to_sync(file: Path) -> Callable[[int], None]:
    honest = os.fsync

    def fsync(descriptor: int) -> None:
        if os.path.samestat(os.fstat(descriptor), file.stat()):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        honest(descriptor)

    return fsync


@pytest.mark.parametrize(("last_bytes", "step_bytes"), [(1 << 20, 1 << 20), (100, 7), (1 << 20, 64)])
def test_the_end_is_written_over_itself(
    directory: DataDirectory, monkeypatch: pytest.MonkeyPatch, last_bytes: int, step_bytes: int
) -> None:
    """At most so many bytes, step by step; none is another afterwards."""
    file = append_only_file(directory)
    before = file.read_bytes()
    monkeypatch.setattr(last_writes, "LAST_BYTES", last_bytes)
    monkeypatch.setattr(last_writes, "STEP_BYTES", step_bytes)
    assert write_last_again(directory.manifest) == min(len(before), last_bytes)
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    "text", [None, "", "file gone.aof seq 1 type i\n", "file base.rdb seq 1 type b\n", "???\n"]
)
def test_what_no_server_has_appended_to_is_left_alone(tmp_path: Path, text: str | None) -> None:
    """A first start, a file that is gone, a manifest that names none: its server judges that."""
    manifest = tmp_path / "appendonly.aof.manifest"
    if text is not None:
        manifest.write_text(text)
    assert write_last_again(manifest) == 0
