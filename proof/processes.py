"""The processes of a running service, found by its run file: what is killed and paused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from plateapi.cli.up.runfile import RunFile
from plateapi.store.directory import DataDirectory


class Processes:
    """Of the service of one data directory. They are looked for anew each time, for they are replaced."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir

    @property
    def keeper(self) -> int:
        """The keeper; 0 while there is none."""
        return self._group("keeper")

    @property
    def api(self) -> int:
        """The parent of the workers; 0 while there is none."""
        return self._group("api")

    @property
    def store(self) -> int:
        """The embedded store."""
        return int(DataDirectory(self._data_dir).lock.read_text())

    @property
    def workers(self) -> list[int]:
        """The API's workers, the oldest first."""
        return [pid for _, pid in sorted(_children(self.api))]

    def _group(self, name: str) -> int:
        found = RunFile.read(self._data_dir)
        return found.groups.get(name, 0) if found is not None else 0


def _children(parent: int) -> Iterator[tuple[int, int]]:
    """When each child of a process was started, and its number. Python's own resource tracker is none."""
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError, IndexError):
            # After the command in parentheses: state, parent, ... and as the twentieth the start.
            words = (entry / "stat").read_text().rpartition(")")[2].split()
            is_worker = b"resource_tracker" not in (entry / "cmdline").read_bytes()
            if words[0] not in "ZX" and int(words[1]) == parent and parent and is_worker:
                yield int(words[19]), int(entry.name)
