"""A disk that can be told to be slow, full, broken or a liar, whose power can be cut and whose writes torn.

It is a few functions of C between a process and its disk (``false_disk.c``), compiled into the trial's own
directory: no superuser, no device. Whoever is started in its ``environment`` writes through it, and so does
whatever he starts himself.
"""

from __future__ import annotations

import enum
import mmap
import os
import struct
import subprocess
import time
from pathlib import Path
from typing import Final

SOURCE: Final = Path(__file__).with_suffix(".c")
WORD: Final = struct.Struct("=Q")
# The words of the page, in the order of `struct page`.
MOOD, DELAY_US, SYNCS, KEPT_BYTES, TORN_PERMILLE = range(5)


class Mood(enum.IntEnum):
    """How the disk behaves."""

    HONEST = 0
    SLOW = 1  # each sync takes a while
    BROKEN = 2  # each sync ends with EIO
    FULL = 3  # each write ends with ENOSPC
    LYING = 4  # each sync says that it was done, and nothing was
    TEARING = 5  # the process dies in the midst of its next write to the append-only file; then HONEST


class FalseDisk:
    """One disk below ``root``; its library and its page lie in ``directory``."""

    def __init__(self, directory: Path, root: Path) -> None:
        """Compile it and open its page."""
        directory.mkdir(parents=True, exist_ok=True)
        self.root = root
        self.library = directory / "false_disk.so"
        if not self.library.exists():
            command = ["cc", "-shared", "-fPIC", "-O2", "-o", str(self.library), str(SOURCE), "-ldl"]
            subprocess.run(command, check=True)
        self._file = directory / f"page-{root.name}"
        self._file.write_bytes(bytes(mmap.PAGESIZE))
        with self._file.open("r+b") as file:
            self._page = mmap.mmap(file.fileno(), mmap.PAGESIZE)

    @property
    def environment(self) -> dict[str, str]:
        """What a process is started with so that it writes through this disk."""
        return {
            "LD_PRELOAD": str(self.library),
            "FALSE_DISK_PAGE": str(self._file),
            "FALSE_DISK_ROOT": str(self.root.resolve()),
        }

    def become(self, mood: Mood, *, delay_ms: int = 0, torn_permille: int = 0) -> None:
        """Behave so from the next call on."""
        self._write(DELAY_US, delay_ms * 1_000)
        self._write(TORN_PERMILLE, torn_permille)
        self._write(MOOD, mood)

    @property
    def syncs(self) -> int:
        """How often the append-only file was synced."""
        return self._read(SYNCS)

    def wait_until_kept(self, append_only: Path) -> None:
        """Wait until all that was written so far is on the disk."""
        written = append_only.stat().st_size
        while self._read(KEPT_BYTES) < written:
            time.sleep(0.01)

    def cut_power(self, append_only: Path, *, lucky: float = 0.0) -> int:
        """Take away what no sync has kept, but for a ``lucky`` share that reached the disk all the same.

        How many bytes that was. Its server must be dead.
        """
        written, kept = append_only.stat().st_size, self._read(KEPT_BYTES)
        left = kept + int((written - kept) * lucky)
        os.truncate(append_only, left)
        return written - left

    def _read(self, word: int) -> int:
        return int(WORD.unpack_from(self._page, word * WORD.size)[0])

    def _write(self, word: int, value: int) -> None:
        WORD.pack_into(self._page, word * WORD.size, value)


def append_only_file(store: Path) -> Path:
    """The append-only file that a store in this directory writes now; a trial is too short for a rewrite."""
    [file] = (store / "appendonlydir").glob("*.incr.aof")
    return file
