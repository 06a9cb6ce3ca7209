"""The ways in which the store's append-only files are damaged, each with the choices of one seed.

Some are blind, as a disk is. Others go where a server looks at nothing and chance hardly ever comes: a byte
within a record, the name of a record's key. Not here: what becomes of a start on such files
(``proof/experiments/aof_damaged.py``).
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

Damage = Callable[[Path, random.Random], None]


def _increments(files: Path) -> Path:
    """The file that the server appends to."""
    return max(files.glob("*.incr.aof"), key=lambda file: file.stat().st_size)


def cut(files: Path, rng: random.Random) -> None:
    """The file ends somewhere."""
    file = _increments(files)
    with file.open("r+b") as opened:
        opened.truncate(rng.randrange(file.stat().st_size))


def cut_between_commands(files: Path, rng: random.Random) -> None:
    """The file ends after a whole command: no server can tell."""
    file = _increments(files)
    whole = file.read_bytes()
    ends = [at for at in _ends_of_transactions(whole) if at < len(whole)]
    file.write_bytes(whole[: rng.choice(ends)])


def _ends_of_transactions(whole: bytes) -> list[int]:
    mark, ends, at = b"*1\r\n$4\r\nEXEC\r\n", [], 0
    while (found := whole.find(mark, at)) >= 0:
        at = found + len(mark)
        ends.append(at)
    return ends


def flip(files: Path, rng: random.Random) -> None:
    """One bit of the file."""
    _change(_increments(files), rng, lambda byte: byte ^ (1 << rng.randrange(8)))


def flip_in_a_record(files: Path, rng: random.Random) -> None:
    """One bit of a value, where the server looks at nothing."""
    file = _increments(files)
    whole = bytearray(file.read_bytes())
    places, at = [], 0
    while (at := whole.find(b":live\r\n", at)) >= 0:
        at += 1
        places.append(at)
    start = rng.choice(places)
    # A field of 4 bytes, then the record's own length and bytes: an applicant stands 42 bytes into it.
    at = whole.find(b"\r\n", whole.find(b"$", start + 20) + 1) + 2 + rng.randrange(42, 58)
    whole[min(at, len(whole) - 1)] ^= 1 << rng.randrange(8)
    file.write_bytes(whole)


@dataclass(frozen=True, slots=True)
class _Argument:
    """A word of a command, and where in the file it begins."""

    at: int
    text: bytes


def flip_in_an_overtaken_name(files: Path, rng: random.Random) -> None:
    """One bit of the pool's name in a command that wrote a record which later ones changed or ended.

    Every pool of the law is whole after it, and beside them lies a record of one that there is not.
    """
    file = _increments(files)
    whole = bytearray(file.read_bytes())
    key = rng.choice(list(_keys_of_overtaken_records(bytes(whole))))
    at = rng.randrange(key.at + key.text.index(b"{") + 1, key.at + key.text.index(b"}"))
    whole[at] ^= 1 << rng.randrange(8)
    file.write_bytes(whole)


def _keys_of_overtaken_records(whole: bytes) -> Iterator[_Argument]:
    """The key of each command that wrote records, where none of them is as it wrote it any more."""
    written, last = [], {}
    for number, words in enumerate(_commands(whole)):
        name, step = words[0].text.upper(), {b"HSET": 2, b"HDEL": 1}.get(words[0].text.upper())
        if step is None or not words[1].text.endswith(b":live"):
            continue
        fields = [(words[1].text, word.text) for word in words[2::step]]
        last |= dict.fromkeys(fields, number)
        if name == b"HSET":
            written.append((number, words[1], fields))
    for number, key, fields in written:
        if all(last[field] > number for field in fields):
            yield key


def _commands(whole: bytes) -> Iterator[list[_Argument]]:
    """Each command of an append-only file: its length, then the length of each word and the word."""
    at = 0
    while at < len(whole):
        line = whole.index(b"\r\n", at)
        words, count, at = [], int(whole[at + 1 : line]) if whole[at : at + 1] == b"*" else 0, line + 2
        for _ in range(count):
            line = whole.index(b"\r\n", at)
            begin = line + 2
            end = begin + int(whole[at + 1 : line])
            words.append(_Argument(begin, whole[begin:end]))
            at = end + 2
        if words:
            yield words


def zero(files: Path, rng: random.Random) -> None:
    """A sector of zeros."""
    file = _increments(files)
    whole = bytearray(file.read_bytes())
    at = rng.randrange(len(whole)) // 512 * 512
    whole[at : at + 512] = bytes(len(whole[at : at + 512]))
    file.write_bytes(whole)


def remove_increments(files: Path, _rng: random.Random) -> None:
    """The file is gone."""
    _increments(files).unlink()


def remove_manifest(files: Path, _rng: random.Random) -> None:
    """What says which files there are is gone."""
    next(files.glob("*.manifest")).unlink()


def flip_manifest(files: Path, rng: random.Random) -> None:
    """One bit of what says which files there are."""
    _change(next(files.glob("*.manifest")), rng, lambda byte: byte ^ (1 << rng.randrange(8)))


def remove_all(files: Path, _rng: random.Random) -> None:
    """The directory is gone: a server would start empty, and say nothing."""
    shutil.rmtree(files)


def older_copy(_files: Path, _rng: random.Random) -> None:
    """Whole, and from before the last sales; the copy was chosen already."""


def _change(file: Path, rng: random.Random, change: Callable[[int], int]) -> None:
    whole = bytearray(file.read_bytes())
    at = rng.randrange(len(whole))
    whole[at] = change(whole[at])
    file.write_bytes(whole)


DAMAGES: Final[dict[str, Damage]] = {
    one.__name__: one
    for one in (
        cut,
        cut_between_commands,
        flip,
        flip_in_a_record,
        flip_in_an_overtaken_name,
        zero,
        remove_increments,
        remove_manifest,
        flip_manifest,
        remove_all,
        older_copy,
    )
}
