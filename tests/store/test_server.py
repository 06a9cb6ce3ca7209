"""A started store has the settings that keep marks, and users with exactly what they need."""

import stat
import time
from pathlib import Path

import pytest

from plateapi.store import StoreOptions, server, start_store, stop_store, store_url
from plateapi.store.directory import WARDEN_USER, DataDirectory
from plateapi.store.server_config import kept_settings
from plateapi.store.wire import Wire, WireError
from tests.store.conftest import app_wire


def test_the_running_server_has_the_settings_that_keep_marks(options: StoreOptions) -> None:
    """What was written into the configuration is what the server says it obeys."""
    start_store(options)
    wanted = kept_settings(options)
    with app_wire(options.data_dir) as wire:
        assert wire.settings(*wanted) == wanted
    assert wanted["appendfsync"] == "always"
    assert wanted["aof-load-truncated"] == "no"
    assert wanted["maxmemory-policy"] == "noeviction"


@pytest.mark.parametrize(
    "words",
    [
        ("FLUSHALL",),
        ("CONFIG", "SET", "appendonly", "no"),
        ("SHUTDOWN", "NOSAVE"),
        ("KEYS", "*"),
        ("RENAME", "{probe}:inside", "{probe}:other"),
        ("ACL", "LIST"),
        ("FUNCTION", "FLUSH"),
        ("REPLICAOF", "NO", "ONE"),
        ("HSET", "outside", "field", "value"),
    ],
)
def test_the_app_user_cannot(options: StoreOptions, words: tuple[str, ...]) -> None:
    """No command that loses or leaks, and no key without a hash tag."""
    start_store(options)
    with app_wire(options.data_dir) as wire:
        wire.call("HSET", "{probe}:inside", "field", "value")
        with pytest.raises(WireError) as refused:
            wire.call(*words)
    assert refused.value.code == "NOPERM"


@pytest.mark.parametrize(
    "script", ["return redis.call('FLUSHALL')", "return redis.call('HSET', 'outside', 'field', 'value')"]
)
def test_a_script_may_nothing_that_its_user_may_not(options: StoreOptions, script: str) -> None:
    """The app may run scripts, as it may load functions; its rights bind them as they bind it."""
    start_store(options)
    with app_wire(options.data_dir) as wire:
        wire.call("HSET", "{probe}:inside", "field", "value")
        with pytest.raises(WireError, match="ACL failure in script"):
            wire.call("EVAL", script, "0")
        assert (
            wire.call("EVAL", "return redis.call('HGET', KEYS[1], 'field')", "1", "{probe}:inside") == "value"
        )


def test_nobody_enters_without_a_password(options: StoreOptions) -> None:
    """The default user is off, and the warden sees no key."""
    running = start_store(options)
    with Wire(running.socket) as wire, pytest.raises(WireError) as refused:
        wire.call("PING")
    assert refused.value.code == "NOAUTH"
    passwords = DataDirectory(options.data_dir).read_passwords()
    assert passwords is not None
    with Wire(running.socket) as wire:
        wire.call("AUTH", WARDEN_USER, passwords.warden)
        with pytest.raises(WireError):
            wire.call("GET", "{probe}:inside")


def test_what_lies_in_the_directory_is_for_us_alone(options: StoreOptions) -> None:
    """No file of the store can be read by another user, and no password stands in users or settings."""
    start_store(options)
    directory = DataDirectory(options.data_dir)
    for path in [directory.store, *directory.store.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    passwords = directory.read_passwords()
    assert passwords is not None
    for name in ("users.acl", "valkey.conf"):
        text = (directory.store / name).read_text()
        assert passwords.app not in text
        assert passwords.warden not in text


def test_the_address_holds_the_password_but_its_repr_does_not(options: StoreOptions) -> None:
    """The address works for clients; printing a running store in a log gives nothing away."""
    running = start_store(options)
    assert store_url(options.data_dir) == running.url
    assert running.url not in repr(running)
    passwords = DataDirectory(options.data_dir).read_passwords()
    assert passwords is not None
    assert passwords.app in running.url
    assert passwords.app not in repr(running)


def test_a_directory_with_odd_characters_works(tmp_path: Path) -> None:
    """Blanks and quotes in the path reach the server as they are."""
    odd = StoreOptions(tmp_path / 'my "data" dir', maxmemory_bytes=256 << 20)
    start_store(odd)
    assert DataDirectory(odd.data_dir).manifest.exists()
    assert stop_store(odd.data_dir)


def test_long_loading_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """While the server loads its files, progress extends the patience and is told once a second."""
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    told: list[str] = []
    patience = server._Patience(10.0, told.append)
    for at, loaded in ((100.5, 1 << 20), (101.5, 2 << 20), (101.6, 3 << 20), (111.0, 3 << 20)):
        now = at
        patience.note_loading(loaded, 4 << 20)
        assert not patience.is_over()
    assert told == ["the store loads its data: 2 of 4 MiB"]
    now = 111.7
    assert patience.is_over()
