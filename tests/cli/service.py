"""A whole service for tests: `plates up` in a process of its own, with what it prints."""

import json
import os
import signal
import subprocess
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from tests.cli.commands import PLATES, ROOT, environment
from tests.cli.waiting import lives, wait_until

# Withholding what the law withholds is 1.3 million marks; on a busy machine that takes a while.
START_SECONDS = 180.0


class Service:
    """One `plates up`."""

    def __init__(self, data_dir: Path, **changes: str) -> None:
        self.data_dir = data_dir
        self.environment = environment(data_dir, {"PLATES_PORT": "0", **changes})
        self.printed = data_dir.parent / f"{data_dir.name}.printed"
        with self.printed.open("wb") as printed:
            self.process = subprocess.Popen(
                [PLATES, "up"],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_until_ready(self) -> "Service":
        """Wait for the greeting; fail with what was printed when it ends instead."""

        def greeted() -> bool:
            text = self.printed.read_text()
            assert self.process.poll() is None, text
            return "Try this:" in text and "make demo" in text

        wait_until(greeted, START_SECONDS)
        return self

    @property
    def text(self) -> str:
        """Everything printed so far."""
        return self.printed.read_text()

    @property
    def runfile(self) -> dict[str, Any]:
        """What the run says of itself."""
        return dict(json.loads((self.data_dir / "plates.json").read_text()))

    @property
    def address(self) -> str:
        """Where it answers."""
        return str(self.runfile["address"])

    @property
    def store_pid(self) -> int:
        """The store's process."""
        return int((self.data_dir / "store" / "owner.lock").read_text())

    def pids(self) -> list[int]:
        """Everything that runs: parent, children, store."""
        return [self.process.pid, *self.runfile["groups"].values(), self.store_pid]

    def get(self, path: str) -> tuple[int, Any]:
        """Status and JSON of a request."""
        try:
            with urllib.request.urlopen(self.address + path, timeout=10) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)
        except OSError:
            return 0, None

    def shell(self, lines: str) -> str:
        """Run lines in a shell, from where `make up` stands; what they print."""
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", lines],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return done.stdout

    def plates(self, *words: str, **changes: str) -> Any:
        """A command of the same environment, its JSON."""
        done = subprocess.run(
            [PLATES, *words, "--json"],
            cwd=ROOT,
            env=self.environment | changes,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]

    def token(self, iin: str) -> str:
        """A driver's token."""
        code, [minted] = self.plates("token", "--role", "driver", "--iin", iin)
        assert code == 0
        return str(minted["token"])

    def stop(self, number: int = signal.SIGINT) -> int:
        """Stop it in order; the exit code."""
        self.process.send_signal(number)
        return self.process.wait(60)

    def end(self) -> None:
        """Leave nothing behind, whatever the test did."""
        if self.process.poll() is None:
            self.stop(signal.SIGTERM)
        subprocess.run([PLATES, "down"], cwd=ROOT, env=self.environment, capture_output=True, check=False)


def gone(pids: list[int]) -> bool:
    """Whether none of these processes runs."""
    return not any(lives(pid) for pid in pids)


def kill(pid: int) -> None:
    """Kill -9."""
    os.kill(pid, signal.SIGKILL)
