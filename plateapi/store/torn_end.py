r"""The end of an append-only file that was torn off in the midst of a write, and its cutting.

A server that is killed while it writes leaves the beginning of one command, or of one transaction. Nobody was
told of it: with `appendfsync always` an answer waits until all of it is written and synced. So this, and
nothing else, is cut off by itself (decision 21). A damage in the middle of a file looks different:

    whole commands | *3 $4 HSET $5 {A}:x $9 abc          a torn end: the bytes end within a command
    whole commands | *1 $5 MULTI *3 ... *3 ...           a torn end: the transaction has no EXEC
    whole commands | *3 $4 HS?T $9000 abc *3 $4 HSET     damage: a command begins within a value
    whole commands | *1 $5 MULTI *3 ... *1 $4 EXES       damage: no function of ours writes a word alone
    whole commands | ???? $4 HSET                        damage: no command begins so

Not here: who looks for it (`server`), and that nothing sold is missing afterwards (`plateapi.cli.equality`).
"""

import os
import re
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final

from plateapi.store.append_only import AppendOnlyFault

# The country's planes are 90 MB, and one write holds at most those of a region, a twentieth. What is longer
# than all of them together is for a human.
_LONGEST_BYTES: Final = 96 << 20
_NUMBER: Final = rb"(0|[1-9][0-9]{0,9})"
_COUNT: Final = re.compile(rb"\*" + _NUMBER + rb"\r\n")
_LENGTH: Final = re.compile(rb"\$" + _NUMBER + rb"\r\n")
_UNFINISHED_COUNT: Final = re.compile(rb"\*([1-9][0-9]{0,9}\r?)?")
_UNFINISHED_LENGTH: Final = re.compile(rb"\$([0-9]{1,10}\r?)?")
_ANOTHER_COMMAND: Final = re.compile(rb"\r\n" + _COUNT.pattern + _LENGTH.pattern)


@dataclass(frozen=True, slots=True)
class TornEnd:
    """The beginning of one command or transaction at the end of a file.

    Attributes:
        file: the append-only file.
        whole_bytes: up to where it is whole.
        torn: what stands behind.
    """

    file: Path
    whole_bytes: int
    torn: bytes

    def cut(self) -> Path:
        """Keep the torn bytes beside the file, then cut them off; where they are kept.

        Whoever dies in between begins anew.

        Raises:
            OSError: the disk is full or broken; the file is as it was.
        """
        kept = self._free_place()
        _write_synced(kept, self.torn)
        descriptor = os.open(self.file, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.ftruncate(descriptor, self.whole_bytes)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        return kept

    def _free_place(self) -> Path:
        """A name that no server looks at, and that has not the bytes of an earlier end at the same place."""
        place = self.file.with_name(f"{self.file.name}.torn-{self.whole_bytes}")
        for number in count(2):
            # A cut that was broken off has left a beginning of these same bytes.
            if not place.exists() or self.torn.startswith(place.read_bytes()):
                break
            place = self.file.with_name(f"{self.file.name}.torn-{self.whole_bytes}.{number}")
        return place


def find_torn_end(fault: AppendOnlyFault) -> TornEnd | None:
    """The torn end that a fault is; None when it is anything else.

    Args:
        fault: as `append_only_fault` found it.
    """
    if fault.whole_bytes is None or not fault.appended_to:
        return None
    try:
        with fault.file.open("rb") as file:
            file.seek(fault.whole_bytes)
            torn = file.read(_LONGEST_BYTES + 1)
    except OSError:
        return None  # what cannot be read cannot be judged, and stays the fault that it is
    if len(torn) > _LONGEST_BYTES or not is_beginning(torn):
        return None
    return TornEnd(fault.file, fault.whole_bytes, torn)


def is_beginning(torn: bytes) -> bool:
    r"""Whether these bytes begin one command or one transaction, and end before it does.

    >>> is_beginning(b"*2\r\n$3\r\nGET\r\n$9\r\nabc"), is_beginning(b"*1\r\n$4\r\nPING\r\n")
    (True, False)
    """
    reader, in_transaction = _Reader(torn), False
    try:
        while True:
            opens = reader.read_command() == [b"MULTI"]
            # What is whole by itself was not torn; neither was a transaction that begins twice.
            if opens == in_transaction:
                return False
            in_transaction = True
    except _EndsWithinError as within:
        # A transaction whose last command is damaged still ends as a whole one does.
        ended = torn.endswith(b"EXEC\r\n")
        return bool(torn) and not ended and _ANOTHER_COMMAND.search(torn, within.begins_at) is None
    except _NoCommandError:
        return False


class _EndsWithinError(Exception):
    """The bytes end before the command does."""

    def __init__(self, begins_at: int) -> None:
        super().__init__()
        self.begins_at = begins_at  # of the part that is not finished


class _NoCommandError(Exception):
    """No command is written so."""


class _Reader:
    """Reads commands as a server writes them: a count, then as many values, each with its length."""

    def __init__(self, text: bytes) -> None:
        self._text = text
        self._at = 0

    def read_command(self) -> list[bytes]:
        """Its words. MULTI stands alone and EXEC is the end; every other that a function writes has a key."""
        words = [self._read_value() for _ in range(self._read_number(_COUNT, _UNFINISHED_COUNT))]
        if len(words) < 2 and words != [b"MULTI"]:
            raise _NoCommandError
        return words

    def _read_value(self) -> bytes:
        length = self._read_number(_LENGTH, _UNFINISHED_LENGTH)
        begin, end = self._at, self._at + length
        ending = self._text[end : end + 2]
        if not b"\r\n".startswith(ending):
            raise _NoCommandError
        if ending != b"\r\n":
            raise _EndsWithinError(begin)
        self._at = end + 2
        # A damaged length may end where a later line does, and has then swallowed what is between. The next
        # command begins where the value ends, not before.
        another = _ANOTHER_COMMAND.search(self._text, begin)
        if another is not None and another.start() < end:
            raise _NoCommandError
        return self._text[begin:end]

    def _read_number(self, whole: re.Pattern[bytes], unfinished: re.Pattern[bytes]) -> int:
        found = whole.match(self._text, self._at)
        if found is not None:
            self._at = found.end()
            return int(found[1])
        # Without the end of the line it may still become one.
        if self._at == len(self._text) or unfinished.fullmatch(self._text, self._at):
            raise _EndsWithinError(self._at)
        raise _NoCommandError


def _write_synced(path: Path, content: bytes) -> None:
    """A private file and its name on the disk, before what it holds is cut off elsewhere."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
