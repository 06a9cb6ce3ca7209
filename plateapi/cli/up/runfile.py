"""What runs where: `var/plates.json`, and the lock that makes it true.

The lock says *whether* `plates up` runs here, for the kernel keeps it; the file only says *what* runs. A file
without its lock is a relic, worth reading once more: a child of that run may still be on its way out.
"""

import json
import os
import signal
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Self

from plateapi.store.directory import write_private
from plateapi.store.ownership import Ownership

FILE_NAME: Final = "plates.json"
LOCK_NAME: Final = "up.lock"
# How long children of a killed parent get to leave by themselves; their leash ends in the same instant.
LEAVING_SECONDS: Final = 15.0


@dataclass(frozen=True, slots=True)
class RunFile:
    """What a run says of itself.

    Attributes:
        address: where the API answers.
        pid: the process of `plates up`.
        store: `embedded` or `external`.
        boot_id: the machine's boot, since process numbers mean nothing beyond it.
        groups: process groups by the name of the child.
    """

    address: str
    pid: int
    store: str
    boot_id: str
    groups: dict[str, int]

    @classmethod
    def read(cls, data_dir: Path) -> Self | None:
        """The file of a data directory; None when there is none that can be read."""
        try:
            return cls(**json.loads((data_dir / FILE_NAME).read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def write(self, data_dir: Path) -> None:
        """Write it whole, for us alone."""
        write_private(data_dir / FILE_NAME, json.dumps(asdict(self)) + "\n")


def take_run(data_dir: Path) -> Ownership | None:
    """The right to be the one `plates up` of a data directory; None when somebody is."""
    return Ownership.take(data_dir / LOCK_NAME)


def is_running(data_dir: Path) -> bool:
    """Whether a `plates up` runs here."""
    return Ownership.is_held(data_dir / LOCK_NAME)


def remove(data_dir: Path) -> None:
    """Forget the run, at its end."""
    (data_dir / FILE_NAME).unlink(missing_ok=True)


def boot_id() -> str:
    """The machine's boot; empty where the system does not say."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def end_leftovers(data_dir: Path, *, patience_seconds: float = LEAVING_SECONDS) -> list[str]:
    """Wait for children of a run that was killed, and end those that do not leave; their names.

    Only groups that the file names, of this boot, whose processes run our package.
    """
    left = RunFile.read(data_dir)
    if left is None or left.boot_id != boot_id():
        return []
    ended = []
    until = time.monotonic() + patience_seconds
    for name, group in left.groups.items():
        while (members := _members(group)) and time.monotonic() < until:
            time.sleep(0.05)
        for pid in members:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if members:
            ended.append(name)
    return ended


def _members(group: int) -> list[int]:
    """The processes of a group that run our package; empty where there is no /proc."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            # After the command in parentheses: state, parent, group.
            is_member = int((entry / "stat").read_text().rpartition(")")[2].split()[2]) == group
            if is_member and b"plateapi" in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except (OSError, ValueError, IndexError):
            continue
    return found
