"""A write that was torn by the server's end is cut off, kept and told of; nothing else is."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plateapi.store import (
    StoreOptions,
    StoreRefused,
    append_only,
    server,
    start_store,
    stop_store,
    torn_end,
)
from plateapi.store.append_only import AppendOnlyFault, append_only_fault
from plateapi.store.binary import server_binary
from plateapi.store.directory import DataDirectory
from plateapi.store.torn_end import TornEnd, find_torn_end, is_beginning
from tests.cli.commands import plates
from tests.servers import StoreServer
from tests.store.conftest import app_wire, append_only_file, filled


def command(*words: bytes) -> bytes:
    """A command as the server writes it."""
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)


def transaction(*commands: bytes) -> bytes:
    """What one call of a function leaves behind."""
    return command(b"MULTI") + b"".join(commands) + command(b"EXEC")


HOLD = transaction(
    command(b"HSET", b"{A}:live", b"777", b"\x00\r\n\xff"), command(b"XADD", b"{A}:feed", b"*")
)


@pytest.mark.parametrize(
    ("torn", "judged"),
    [
        (b"", False),
        (b"*", True),
        (b"*3\r", True),
        (b"*3\r\n$4\r\nHSET", True),
        (command(b"MULTI"), True),
        (HOLD[:-1], True),
        (HOLD, False),
        (command(b"HSET", b"k", b"v"), False),
        (command(b"HSET", b"k", b"v") + b"*1", False),
        (command(b"EXEC"), False),
        (HOLD.replace(b"EXEC", b"EXES"), False),
        (HOLD.replace(b"EXEC", b"EXES") + command(b"HSET", b"k", b"v")[:-1], False),
        (HOLD.replace(b"$4\r\nEXEC", b"$6\r\nEXEC"), False),
        (HOLD.replace(b"*1\r\n$4\r\nEXEC", b"*3\r\n$4\r\nEXEC"), False),
        (command(b"PING")[:-1], True),
        (command(b"PING") + b"*", False),
        (command(b"MULTI") + HOLD[:-1], False),
        (b"*0\r\n", False),
        (b"*-1", False),
        (b"*3\r\n*", False),
        (b"$3\r\n", False),
        (b"#TS:1", False),
        (bytes(512), False),
        (b"*3\r\n$4\r\nHSET??", False),
        (b"*3\r\n$9000\r\n" + HOLD, False),
        (b"*2\r\n$3\r\nGET\r\n$99999999999\r\n", False),
    ],
)
def test_only_the_beginning_of_one_write_is_torn(torn: bytes, judged: bool) -> None:
    """Of one command or transaction, as a server writes them; a whole one was not torn."""
    assert is_beginning(torn) is judged


values = st.binary(max_size=20)
commands = st.lists(values, min_size=1, max_size=4).map(lambda words: command(b"HSET", *words))
writes = commands | st.lists(commands, min_size=1, max_size=3).map(lambda inner: transaction(*inner))


@given(writes, st.data())
def test_every_beginning_of_a_write_is_torn(write: bytes, data: st.DataObject) -> None:
    """Wherever the write stopped, whatever its values hold."""
    assert is_beginning(write[: data.draw(st.integers(1, len(write) - 1))])


@given(writes, writes, st.integers(1, 10**9), st.data())
def test_a_length_that_swallows_a_command_is_no_torn_end(
    write: bytes, next_write: bytes, more: int, data: st.DataObject
) -> None:
    """A damaged length reaches beyond the end of the file; the command behind it was whole."""
    places = [at for at in range(len(write)) if write.startswith((b"\r\n$4\r\nHSET\r\n"), at)]
    place = data.draw(st.sampled_from(places))
    spoilt = write[:place] + b"\r\n$%d\r\nHSET\r\n" % (4 + len(write + next_write) + more)
    assert not is_beginning(spoilt + write[place + len(b"\r\n$4\r\nHSET\r\n") :] + next_write)


@given(writes, writes, st.data())
def test_a_length_that_ends_where_a_later_value_does_is_no_torn_end(
    write: bytes, next_write: bytes, data: st.DataObject
) -> None:
    """It hides the commands between, and what follows reads as if nothing were wrong."""
    whole = write + next_write
    places = [at for at in range(len(write)) if write.startswith(b"\r\n$4\r\nHSET\r\n", at)]
    begin = data.draw(st.sampled_from(places)) + len(b"\r\n$4\r\n")
    ends = [at for at in range(len(write), len(whole)) if whole.startswith(b"\r\n", at)]
    end = data.draw(st.sampled_from(ends))
    spoilt = whole[: begin - len(b"$4\r\n")] + b"$%d\r\n" % (end - begin) + whole[begin:]
    assert not is_beginning(spoilt)
    assert not is_beginning(spoilt + write[: len(write) // 2])


def torn_bytes() -> Iterator[bytes]:
    """Beginnings of a command and of a transaction, in each part of both."""
    for write in (
        command(b"HSET", b"{probe}:kept", b"lost", b"777AAA02"),
        transaction(command(b"GET", b"k")),
    ):
        yield from (write[:1], write[: len(write) // 2], write[:-1])


@pytest.mark.parametrize("torn", [*torn_bytes()])
def test_a_torn_write_is_cut_off_kept_and_told_of(options: StoreOptions, torn: bytes) -> None:
    """The store starts with all that was whole; what was cut lies beside, and a sentence says where."""
    directory = filled(options)
    file = append_only_file(directory)
    whole = file.read_bytes()
    with file.open("ab") as opened:
        opened.write(torn)
    told: list[str] = []
    start_store(options, told.append)
    kept = file.with_name(f"{file.name}.torn-{len(whole)}")
    assert kept.read_bytes() == torn
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    [sentence] = told
    assert f"{len(torn)} bytes" in sentence
    assert str(file) in sentence
    assert kept.name in sentence
    with app_wire(options.data_dir) as wire:
        entries = wire.call("HGETALL", "{probe}:kept")
        wire.call("HSET", "{probe}:kept", "new", "778AAA02")
    assert isinstance(entries, list)
    assert len(entries) == 2 * 200
    stop_store(options.data_dir)
    assert file.read_bytes().startswith(whole)
    assert append_only_fault(server_binary(), directory.manifest) is None


def test_a_cut_that_was_broken_off_is_done_again(options: StoreOptions) -> None:
    """The torn bytes are kept first: who dies before the cut finds all as it was, and begins anew."""
    directory = filled(options)
    file = append_only_file(directory)
    with file.open("ab") as opened:
        opened.write(HOLD[:-1])
    kept = file.with_name(f"{file.name}.torn-{found(directory).whole_bytes}")
    kept.write_bytes(HOLD[:7])
    told: list[str] = []
    start_store(options, told.append)
    assert len(told) == 1
    assert kept.read_bytes() == HOLD[:-1]


def test_an_earlier_end_at_the_same_place_is_kept_too(options: StoreOptions) -> None:
    """Two deaths in the first write after a start tear the file at the same byte."""
    directory = filled(options)
    file = append_only_file(directory)
    kept = []
    for torn in (HOLD[:40], b"*3\r\n$4\r\nHS"):
        with file.open("ab") as opened:
            opened.write(torn)
        kept.append(found(directory).cut())
    assert [place.read_bytes() for place in kept] == [HOLD[:40], b"*3\r\n$4\r\nHS"]


def test_a_store_that_is_torn_no_more_and_still_leaves_is_refused(
    options: StoreOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One cut a start: nothing goes round and takes a piece each time."""
    directory = filled(options)
    file = append_only_file(directory)
    whole = file.read_bytes()
    with file.open("ab") as opened:
        opened.write(HOLD[:-1])
    monkeypatch.setattr(server, "config_text", lambda *_: "no-such-setting yes\n")
    told: list[str] = []
    with pytest.raises(StoreRefused) as refused:
        start_store(options, told.append)
    assert refused.value.slug == "start_failed"
    assert len(told) == 1
    assert file.read_bytes() == whole


def test_what_cannot_be_kept_is_not_cut(options: StoreOptions) -> None:
    """Without room for the copy the file stays as it was."""
    directory = filled(options)
    file = append_only_file(directory)
    with file.open("ab") as opened:
        opened.write(HOLD[:-1])
    before = file.read_bytes()
    torn = found(directory)
    file.with_name(f"{file.name}.torn-{torn.whole_bytes}").mkdir()
    with pytest.raises(OSError, match="Is a directory"):
        torn.cut()
    assert file.read_bytes() == before


def test_an_older_file_is_never_cut(options: StoreOptions) -> None:
    """Only what the server appended to last can have been torn; a file before it was closed whole."""
    directory = filled(options)
    file = append_only_file(directory)
    newer = file.with_name("appendonly.aof.2.incr.aof")
    newer.write_bytes(HOLD)
    with directory.manifest.open("a") as manifest:
        manifest.write(f"file {newer.name} seq 2 type i\n")
    os.truncate(file, file.stat().st_size - 3)
    fault = append_only_fault(server_binary(), directory.manifest)
    assert fault is not None
    assert fault.file == file
    assert find_torn_end(fault) is None


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("file appendonly.aof.3.incr.aof seq 3 type i", "it is gone"),
        ("file . seq 3 type i", "a line of it names no file"),
        ("file ../log/valkey.log seq 3 type i", "a line of it names no file"),
        ("file --fix seq 3 type i", "a line of it names no file"),
        (f"file {'a' * 300} seq 3 type i", "a line of it names no file"),
        ("file appendonlydir.aof seq 3 type i", "it is gone"),
        ("file gone.aof seq 3 type h", None),
        ("# a remark", None),
    ],
)
def test_the_list_of_files_is_read_as_a_server_reads_it(
    options: StoreOptions, line: str, words: str | None
) -> None:
    """Remarks and files that wait for deletion are passed over; every other line names a file beside it."""
    directory = filled(options)
    with directory.manifest.open("a") as manifest:
        manifest.write(line + "\n")
    fault = append_only_fault(server_binary(), directory.manifest)
    assert (fault.sentence if fault is not None else None) == words


def test_an_empty_list_of_files_is_damage(options: StoreOptions) -> None:
    """A server leaves at it, and the sentence says why."""
    directory = filled(options)
    directory.manifest.write_bytes(b"")
    fault = append_only_fault(server_binary(), directory.manifest)
    assert fault is not None
    assert (fault.file, fault.sentence) == (directory.manifest, "it names no file")


def test_what_cannot_be_checked_or_read_is_a_fault_and_no_torn_end(
    options: StoreOptions, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A checker that is missing or does not end, a sector that cannot be read: a sentence, no exception."""
    directory = filled(options)
    fault = append_only_fault(tmp_path / "no-such-binary", directory.manifest)
    assert fault is not None
    assert "it cannot be checked (No such file" in fault.sentence
    assert find_torn_end(fault) is None
    monkeypatch.setattr(append_only, "_CHECK_SECONDS", 0)
    late = append_only_fault(server_binary(), directory.manifest)
    assert late is not None
    assert "did not end within" in late.sentence
    unreadable = AppendOnlyFault(tmp_path, "it is whole up to byte 0 of 1", 0, appended_to=True)
    assert find_torn_end(unreadable) is None


def test_what_is_longer_than_any_write_is_no_torn_end(
    options: StoreOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bound is on what is read; beyond it a human looks."""
    directory = filled(options)
    with append_only_file(directory).open("ab") as file:
        file.write(HOLD[:-1])
    fault = append_only_fault(server_binary(), directory.manifest)
    assert fault is not None
    monkeypatch.setattr(torn_end, "_LONGEST_BYTES", len(HOLD) - 1)
    assert find_torn_end(fault) is not None
    monkeypatch.setattr(torn_end, "_LONGEST_BYTES", len(HOLD) - 2)
    assert find_torn_end(fault) is None


def test_a_store_that_was_rewritten_is_judged_file_by_file(options: StoreOptions) -> None:
    """The base of a rewrite, with functions in it, is whole; so a torn end behind it is found."""
    directory = filled(options)
    rewrite(directory.store)
    assert append_only_fault(server_binary(), directory.manifest) is None
    with append_only_file(directory).open("ab") as file:
        file.write(HOLD[:-1])
    assert found(directory).torn == HOLD[:-1]
    start_store(options)
    with app_wire(options.data_dir) as wire:
        assert wire.call("HGET", "{probe}:kept", "7") == "777AAA02"


def test_the_doctor_tells_a_whole_store_from_a_torn_and_a_damaged_one(options: StoreOptions) -> None:
    """A store that merely does not run is no fault; a torn end is noted; damage leads to its page."""
    directory = filled(options)
    assert "make up" in doctor(directory)["mend"]
    file = append_only_file(directory)
    with file.open("ab") as opened:
        opened.write(HOLD[:-1])
    torn = doctor(directory)
    assert (torn["judgement"], torn["mend"]) == ("note", "make up")
    assert str(file) in torn["found"]
    with file.open("ab") as opened:
        opened.write(bytes(512))
    damaged = doctor(directory)
    assert (damaged["judgement"], damaged["mend"]) == ("fault", "docs/operating/store-damaged.md")


def doctor(directory: DataDirectory) -> dict[str, str]:
    """What the doctor says of the store."""
    [finding] = [
        line
        for line in plates("doctor", "--json", data_dir=directory.root).lines
        if line["subject"] == "store"
    ]
    return finding


def found(directory: DataDirectory) -> TornEnd:
    """The torn end of a store that has one."""
    fault = append_only_fault(server_binary(), directory.manifest)
    assert fault is not None
    torn = find_torn_end(fault)
    assert torn is not None
    return torn


def rewrite(store: Path) -> None:
    """Have a server rewrite its files, with a function library in them, and end."""
    server = StoreServer("valkey", store)
    server.start()
    try:
        with server.client() as client:
            client.function_load("#!lua name=probe\nserver.register_function('probe', function() end)")
            client.bgrewriteaof()
            while client.info("persistence")["aof_rewrite_in_progress"]:
                pass
    finally:
        server.kill()
        (store / "s.sock").unlink(missing_ok=True)
