"""Numbers of people and entities that stand nowhere else, and the search for them in whatever was written.

They are valid but for their day of birth, which no one has. A number is searched for as it is and as programs
write what they were given: backwards, in hex, in base64 at any place, percent-encoded, in UTF-16, and as its
plain SHA-256, which anybody reverses in half an hour.

Deliberately not here: keyed pseudonyms, which are meant to be written.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.personas import check_digit

DIGITS: Final = 12
NUMBERS_A_HEAD: Final = 100_000
# 30 and 31 February; and entities registered in May 2018.
PERSON_HEADS: Final = ("990231", "990230")
ENTITY_HEADS: Final = ("180540", "180541")
PIECE_BYTES: Final = 16 * 1024 * 1024
PAGE_BYTES: Final = 4_096
# No form of a number is longer, so that pieces overlap by it.
OVERLAP_BYTES: Final = 128


def _numbered(heads: Iterable[str], seed: int) -> str:
    for head in heads:
        eleven = f"{head}{seed % NUMBERS_A_HEAD:05d}"
        digit = check_digit(eleven)
        if digit is not None:
            return f"{eleven}{digit}"
    raise ValueError(f"no head gives {seed} a check digit")


def person_number(seed: int) -> str:
    """An IIN of nobody; seeds that follow each other have others."""
    return _numbered(PERSON_HEADS, seed)


def entity_number(seed: int) -> str:
    """A BIN of nobody."""
    return _numbered(ENTITY_HEADS, seed)


def _base64_texts(run: bytes) -> Iterator[bytes]:
    """What a run of base64's letters may say, wherever its groups begin."""
    plain = run.translate(bytes.maketrans(b"-_", b"+/"))
    for begin in range(4):
        part = plain[begin:]
        # One letter alone says nothing; two or three do, though their padding was cut off.
        part = part[: len(part) - (len(part) % 4 == 1)]
        yield base64.b64decode(part + b"=" * (-len(part) % 4))


# A word of base64's letters, which are also those of digits and of hex; looked for once for all three.
WORD: Final = re.compile(rb"[A-Za-z0-9+/_-]{12,}")
PLAIN: Final = re.compile(rb"[0-9]{12,}")
SHA256_HEX: Final = re.compile(rb"(?=([0-9a-f]{64}))")
# How a run of another form looks, and the digits in it.
RUNS: Final[dict[str, tuple[re.Pattern[bytes], Callable[[bytes], bytes]]]] = {
    "hex": (re.compile(rb"3[0-9](?:3[0-9]){11,}"), lambda run: run[1::2]),
    "percent-encoded": (re.compile(rb"%3[0-9](?:%3[0-9]){11,}"), lambda run: run[2::3]),
    # Of the two orders of its bytes the other one only begins a byte later.
    "UTF-16": (re.compile(rb"[0-9]\0(?:[0-9]\0){10,}[0-9]"), lambda run: run.replace(b"\0", b"")),
}


@dataclass(frozen=True, slots=True)
class Found:
    """A number where it should not be."""

    number: str
    form: str
    where: str


class CanarySearch:
    """Looks for numbers in bytes and files."""

    def __init__(self, numbers: Iterable[str]) -> None:
        known = list(numbers)
        self._forwards = {number.encode(): number for number in known}
        self._backwards = {number[::-1].encode(): number for number in known}
        self._digests = {hashlib.sha256(number.encode()).hexdigest().encode(): number for number in known}
        self.bytes_read = 0

    def in_bytes(self, data: bytes, where: str) -> Iterator[Found]:
        """Every number in these bytes, in each form in which it stands there."""
        self.bytes_read += len(data)
        for match in WORD.finditer(data):
            yield from self._in_word(match.group(), where)
        for form, (run, digits) in RUNS.items():
            for match in run.finditer(data):
                yield from self._in_digits(digits(match.group()), form, where)

    def _in_word(self, word: bytes, where: str) -> Iterator[Found]:
        yield from self._in_digits(word, "plain", where)
        for text in _base64_texts(word):
            yield from self._in_digits(text, "base64", where)
        for digest in SHA256_HEX.findall(word.lower()):
            if number := self._digests.get(digest):
                yield Found(number, "SHA-256", where)

    def _in_digits(self, text: bytes, form: str, where: str) -> Iterator[Found]:
        for digits in PLAIN.findall(text):
            for begin in range(len(digits) - DIGITS + 1):
                window = digits[begin : begin + DIGITS]
                if number := self._forwards.get(window):
                    yield Found(number, form, where)
                if number := self._backwards.get(window):
                    yield Found(number, f"{form}, backwards", where)

    def in_files(self, directory: Path) -> Iterator[Found]:
        """Every number in every file of a directory, and in the files' names."""
        for path in sorted(directory.rglob("*")):
            where = str(path.relative_to(directory))
            yield from self.in_bytes(where.encode(), f"the name {where}")
            if path.is_file() and not path.is_symlink():
                with path.open("rb") as file:
                    yield from self._in_pieces(iter(lambda file=file: file.read(PIECE_BYTES), b""), where)

    def _in_pieces(self, pieces: Iterable[bytes], where: str) -> Iterator[Found]:
        before = b""
        for piece in pieces:
            yield from self.in_bytes(before + without_even_pages(piece), where)
            before = piece[-OVERLAP_BYTES:]


def without_even_pages(data: bytes) -> bytes:
    """The same bytes, but of a page that repeats one byte only the beginning: bitmaps are full of them.

    >>> len(without_even_pages(bytes(8_192) + b"x")), OVERLAP_BYTES * 2 + 1
    (257, 257)
    """
    pages = (data[begin : begin + PAGE_BYTES] for begin in range(0, len(data), PAGE_BYTES))
    return b"".join(page[:OVERLAP_BYTES] if page.count(page[:1]) == len(page) else page for page in pages)
