"""The law on disk: the files of a country's directory, as ``RuleBook.compile`` wants them.

Reading happens here because the algebra reads no file: bytes in, values out.
"""

import os
from pathlib import Path

from plate_core._plate_core import RuleBook

# A rule book has some dozens of files; a directory with more is not one.
FILES_MAX = 1_000


def read_law(directory: str | os.PathLike[str]) -> list[tuple[str, bytes]]:
    """Every TOML file below a directory: (path relative to it with forward slashes, content), by path.

    Hidden files are left out. Raises ``OSError`` where the directory cannot be read, ``ValueError`` where it
    holds more than 1,000 files.
    """
    root = Path(directory)
    if not root.is_dir():
        raise NotADirectoryError(f"{root} is no directory of a rule book")
    paths = sorted(path for path in root.rglob("*.toml") if not path.name.startswith("."))
    if len(paths) > FILES_MAX:
        raise ValueError(f"{root} holds more than {FILES_MAX} files; it is no rule book")
    return [(path.relative_to(root).as_posix(), path.read_bytes()) for path in paths]


def load_rule_book(directory: str | os.PathLike[str]) -> RuleBook:
    """Compile the law of a directory such as ``patterns/kz``.

    Raises ``RuleBookInvalid`` with every fault of every file, ``OSError`` where it cannot be read.

    >>> book = load_rule_book("patterns/kz")
    >>> book.parse("777 ааа 02").text
    '777AAA02'
    """
    return RuleBook.compile(read_law(directory))
