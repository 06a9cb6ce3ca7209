"""`plates up` and `plates down`, step by step."""

import os
import signal
import threading
import time
import urllib.error
import urllib.request
from contextlib import suppress
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from types import FrameType
from typing import Final

from plateapi.cli.exits import Exit
from plateapi.cli.telling import CommandFailed, complain, say, write_json
from plateapi.cli.up import runfile
from plateapi.cli.up.boot import (
    URL_VARIABLE,
    check_settings,
    choose_port,
    leave_no_core_dumps,
    load_store,
    start_or_find_store,
)
from plateapi.cli.up.child import Child
from plateapi.cli.up.conductor import Conductor
from plateapi.cli.up.counts import counting_together
from plateapi.cli.up.greeting import greeting
from plateapi.cli.up.runfile import RunFile
from plateapi.settings import PREFIX, Settings
from plateapi.store import stop_store, store_is_alive
from plateapi.store.directory import DataDirectory
from plateapi.store.server import last_line

# Workers compile the law and map the replica; the keeper builds the replica first, which takes seconds.
READY_SECONDS: Final = 90.0
# A child that ended so often before anything was served will not come up by trying again.
STARTS_MAX: Final = 3
DOWN_SECONDS: Final = 45.0
POLL_SECONDS: Final = 0.1
# prometheus-client reads it at its first import, so it has to be there before the process starts.
METRICS_VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"


def up(*, as_json: bool) -> Exit:
    """Start everything, greet, and stay until told to stop."""
    settings = Settings()
    directory = DataDirectory(settings.data_dir)
    directory.prepare()
    run = runfile.take_run(settings.data_dir)
    if run is None:
        return _tell_that_it_runs(settings.data_dir, as_json=as_json)
    # Unbuffered: what a full disk refuses is lost, and not tried again at the end.
    with run, (directory.log / "up.log").open("ab", buffering=0) as log:
        run.note(os.getpid())
        return _Run(settings, log, as_json=as_json).go()


def down(*, as_json: bool) -> Exit:
    """Stop what runs in the data directory, whoever started it."""
    data_dir = Settings().data_dir
    found = RunFile.read(data_dir)
    if runfile.is_running(data_dir) and found is not None:
        os.kill(found.pid, signal.SIGTERM)
        until = time.monotonic() + DOWN_SECONDS
        while runfile.is_running(data_dir):
            if time.monotonic() >= until:
                raise CommandFailed(
                    Exit.FAILED, "still_running", f"Process {found.pid} was told to stop and still runs."
                )
            time.sleep(POLL_SECONDS)
        stopped = True
    else:
        runfile.end_leftovers(data_dir)
        stopped = stop_store(data_dir) if store_is_alive(data_dir) else False
    if as_json:
        write_json({"stopped": stopped})
    else:
        say("Stopped." if stopped else f"Nothing runs in {data_dir}.")
    return Exit.DONE


def _tell_that_it_runs(data_dir: Path, *, as_json: bool) -> Exit:
    # The other one may be half-way through its start: then it has no address yet.
    found = RunFile.read(data_dir)
    address = found.address if found is not None else None
    if as_json:
        write_json({"running": True, "address": address, "pid": found.pid if found else None})
    elif found is None:
        say("Plates is being started by another process; it will print its address.")
    else:
        say(f"Plates already runs: {address} (process {found.pid}, data in {data_dir}).")
        say("Stop it with Ctrl-C where it runs, or with `make down`.")
    return Exit.DONE


class _Run:
    """One run of everything."""

    def __init__(self, settings: Settings, log: FileIO, *, as_json: bool) -> None:
        self.settings = settings
        self.log = log
        self.as_json = as_json
        self.stopping = threading.Event()

    def go(self) -> Exit:
        """From the first check to the last process stopped."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._stop)
        settings = self.settings
        for name in runfile.end_leftovers(settings.data_dir):
            self.report(f"ended {name}, left over from a run that was killed")
        runfile.remove(settings.data_dir)
        leave_no_core_dumps()
        check_settings(settings, self.report)
        port = choose_port(settings.host, settings.port)
        url, store = start_or_find_store(settings, self.report)
        settings = settings.model_copy(update={"redis_url": url, "port": port})
        with (
            counting_together(settings.data_dir) as counts,
            Conductor(_children(settings, counts), store, self.report, self.stopping) as conductor,
        ):
            if load_store(settings, self.report, self.stopping, embedded=store is not None):
                conductor.start()
                self._serve(settings, conductor, "embedded" if store else "external")
            self.report("stopping")
        runfile.remove(settings.data_dir)
        self.report("stopped")
        return Exit.DONE

    def report(self, sentence: str) -> None:
        """A line for whoever watches, and for the log; a full disk takes neither, and ends nothing."""
        stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        with suppress(OSError):
            self.log.write(f"{stamp} {sentence}\n".encode())
        with suppress(OSError):
            complain(f"plates: {sentence}")

    def _serve(self, settings: Settings, conductor: Conductor, store: str) -> None:
        address = f"http://{_host_of_url(settings.host)}:{settings.port}"

        def write_runfile() -> None:
            groups = {child.name: child.pid for child in conductor.children}
            RunFile(address, os.getpid(), store, runfile.boot_id(), groups).write(settings.data_dir)

        write_runfile()
        if not self._await_ready(address, conductor):
            return
        if self.as_json:
            write_json({"running": True, "address": address, "pid": os.getpid()})
        else:
            say(greeting(address, settings))
        conductor.watch_until_stopped(write_runfile)

    def _await_ready(self, address: str, conductor: Conductor) -> bool:
        """Wait until the API is ready; False when the run was stopped meanwhile."""
        until = time.monotonic() + READY_SECONDS
        while not self.stopping.wait(POLL_SECONDS):
            if _answers(f"{address}/readyz"):
                return True
            conductor.watch_once(time.monotonic())
            failing = next((child for child in conductor.children if child.restarts >= STARTS_MAX), None)
            if failing is not None:
                raise self._not_ready(f"{failing.name} does not stay up: {last_line(failing.log)}")
            if time.monotonic() >= until:
                raise self._not_ready(f"The API was not ready within {READY_SECONDS:g} s.")
        return False

    def _not_ready(self, sentence: str) -> CommandFailed:
        logs = DataDirectory(self.settings.data_dir).log
        return CommandFailed(Exit.NOT_STARTED, "not_ready", f"{sentence} Look into {logs}.")

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stopping.set()


def _children(settings: Settings, counts: Path) -> list[Child]:
    """The keeper and the API, told which store and port the run has chosen."""
    logs = DataDirectory(settings.data_dir).log
    chosen = {URL_VARIABLE: settings.redis_url, f"{PREFIX}PORT": str(settings.port)}
    counting = chosen | {METRICS_VARIABLE: str(counts)}
    return [
        Child("keeper", "plateapi.keeper", logs / "keeper.log", chosen),
        Child("api", "plateapi.cli.up.api_server", logs / "api.log", counting),
    ]


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310  our own loopback address
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def _host_of_url(host: str) -> str:
    """How a host is reached: an address that means "everywhere" is reached at home."""
    if host in {"0.0.0.0", ""}:  # noqa: S104  compared, not bound
        return "127.0.0.1"
    if host == "::":
        return "[::1]"
    return f"[{host}]" if ":" in host else host
