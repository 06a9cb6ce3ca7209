"""One owner for a data directory: a lock that the server inherits.

`flock` belongs to the open file description, which the server shares by inheritance. So the lock holds
exactly as long as the server (or a rewrite child of it) lives, even when everything that started it was
killed, and a lock *file* that nobody holds means nothing. A pid file would have to be believed; this is
kept by the kernel.
"""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self


class Ownership:
    """The lock on a data directory, while this process holds a descriptor of it."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self.descriptor = descriptor

    @classmethod
    def take(cls, path: Path) -> Self | None:
        """Take the lock, or answer None at once when someone holds it."""
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        except BaseException:
            os.close(descriptor)
            raise
        return cls(path, descriptor)

    @classmethod
    def is_held(cls, path: Path) -> bool:
        """Whether somebody owns the directory now. Looking takes the lock for an instant."""
        if not path.exists():
            return False
        taken = cls.take(path)
        if taken is not None:
            taken.let_go()
        return taken is None

    def note(self, pid: int) -> None:
        """Write who will hold the lock, for people who look; nothing reads it to decide."""
        text = f"{pid}\n".encode()
        os.pwrite(self.descriptor, text, 0)
        os.ftruncate(self.descriptor, len(text))

    def let_go(self) -> None:
        """Close our descriptor. The lock itself stays with whoever inherited it."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.let_go()


def noted_owner(path: Path) -> str:
    """The pid written in the lock file, or `unknown`; only for sentences."""
    try:
        return path.read_text().strip() or "unknown"
    except OSError:
        return "unknown"
