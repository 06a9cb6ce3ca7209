"""Secret keys: read from the files that the settings name, or made once in the data directory (demo only).

A key is 32 bytes, written as 64 hexadecimal digits. Workers start side by side, so making one is atomic:
the first link to the final name wins, and everybody reads what it holds.
"""

import contextlib
import os
import secrets
from pathlib import Path

KEY_BYTES = 32


class KeyRefused(Exception):
    """A key file that cannot be used: which, and why. It never holds the key."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


def secret_key(named: Path | None, made_here: Path, *, demo: bool) -> bytes:
    """The key in the named file; in the demo profile, without one, the key made here.

    Raises :class:`KeyRefused` when the file is missing, is not 64 hex digits, or may be read by others, and
    when none can be made.
    """
    if named is None:
        if not demo:
            raise KeyRefused(made_here, "keys made here are for the demo profile only")
        try:
            make_once(made_here, secrets.token_hex(KEY_BYTES).encode())
        except OSError as error:
            raise KeyRefused(made_here, f"cannot be made: {os.strerror(error.errno or 0)}") from error
        named = made_here
    try:
        text = named.read_text("ascii").strip()
        open_to_others = named.stat().st_mode & 0o077
    except (OSError, UnicodeDecodeError) as error:
        raise KeyRefused(named, "cannot be read") from error
    if open_to_others:
        raise KeyRefused(named, "may be read by others; run: chmod 600")
    try:
        key = bytes.fromhex(text)
    except ValueError as error:
        raise KeyRefused(named, "is not hexadecimal") from error
    if len(key) != KEY_BYTES:
        raise KeyRefused(named, f"holds {len(key)} bytes, {KEY_BYTES} are needed")
    if len(set(key)) == 1:
        raise KeyRefused(named, "repeats one byte: a default, not a key")
    return key


def make_once(path: Path, content: bytes) -> None:
    """Write a file that nobody else may read, unless it exists; of several at once, one wins whole."""
    if path.exists():
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # Another process may have been first: then its file stands, and this one reads it.
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()
