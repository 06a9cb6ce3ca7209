"""The rows of a registry that are no marks, and the marks that are in somebody's hands: two small files.

Both lie beside the registry, are written anew by each run, and exist only when they hold something.
"""

import csv
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

# A value longer than any mark tells enough by its beginning.
VALUE_CHARACTERS_MAX: Final = 120


class SideFile:
    """A CSV file that comes into being with its first row."""

    def __init__(self, path: Path, columns: tuple[str, ...]) -> None:
        self.path = path
        self.count = 0
        self._columns = columns
        self._file: Any = None
        self._writer: Any = None

    def add(self, *values: object) -> None:
        """Write a row."""
        if self._file is None:
            self._file = self.path.open("w", encoding="utf-8", newline="")
            self._writer = csv.writer(self._file)
            self._writer.writerow(self._columns)
        self._writer.writerow(values)
        self.count += 1

    def __enter__(self) -> Self:
        self.path.unlink(missing_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()


def rejects_file(registry: Path) -> SideFile:
    """`FILE.rejects.csv`: line, value, reason."""
    return SideFile(registry.with_name(registry.name + ".rejects.csv"), ("line", "value", "reason"))


def conflicts_file(registry: Path) -> SideFile:
    """`FILE.conflicts.csv`: marks of the registry that have a live record in the store."""
    return SideFile(registry.with_name(registry.name + ".conflicts.csv"), ("mark",))


def shown(value: bytes) -> str:
    r"""A value for people: what is no UTF-8 as escapes, shortened, on one line.

    >>> shown(b"777AAA02")
    '777AAA02'
    >>> shown(bytes([0xff]))
    '\\xff'
    """
    text = value.decode("utf-8", errors="backslashreplace")
    if len(text) > VALUE_CHARACTERS_MAX:
        text = text[:VALUE_CHARACTERS_MAX] + "…"
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in text)
