"""Just enough of the Valkey protocol for a supervisor: AUTH, PING, INFO, CONFIG GET, SHUTDOWN.

The inventory speaks to the store in Rust; this is not a second client for it. It exists because importing
a full client costs 0.4 s of every command line, and asks for no more than a question and its answer.
"""

import socket
from pathlib import Path
from types import TracebackType
from typing import Self

Reply = str | int | None | list["Reply"]


class WireError(Exception):
    """The server answered with an error; the text is the server's own, its first word the code."""

    @property
    def code(self) -> str:
        """The first word: `LOADING`, `WRONGPASS`, `NOPERM`, ..."""
        return str(self).partition(" ")[0]


class Wire:
    """One connection over a unix socket. Not for sharing between threads."""

    def __init__(self, path: Path, *, timeout_seconds: float = 5.0) -> None:
        """Connect.

        Raises:
            OSError: nobody listens there.
        """
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.settimeout(timeout_seconds)
            self._socket.connect(str(path))
        except BaseException:
            self._socket.close()
            raise
        self._reader = self._socket.makefile("rb")

    def call(self, *words: str) -> Reply:
        """Send one command and return its answer.

        Raises:
            WireError: the server's own error.
            OSError: the connection ended, or the answer did not come in time.
        """
        encoded = [word.encode() for word in words]
        head = b"*%d\r\n" % len(encoded)
        self._socket.sendall(head + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in encoded))
        return self._read()

    def info(self, section: str) -> dict[str, str]:
        """A section of INFO as a mapping."""
        text = self.call("INFO", section)
        lines = str(text).splitlines()
        return dict(line.split(":", 1) for line in lines if ":" in line and not line.startswith("#"))

    def settings(self, *names: str) -> dict[str, str]:
        """CONFIG GET of some settings."""
        flat = self.call("CONFIG", "GET", *names)
        words = [str(word) for word in flat] if isinstance(flat, list) else []
        return dict(zip(words[::2], words[1::2], strict=True))

    def close(self) -> None:
        """End the connection."""
        self._reader.close()
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _read(self) -> Reply:
        line = self._reader.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionResetError("the store closed the connection")
        kind, rest = line[:1], line[1:-2].decode(errors="replace")
        match kind:
            case b"+":
                return rest
            case b"-":
                raise WireError(rest)
            case b":":
                return int(rest)
            case b"$":
                return self._read_bulk(int(rest))
            case b"*":
                return [self._read() for _ in range(max(int(rest), 0))]
        raise ConnectionResetError(f"the store sent an unknown kind of answer {kind!r}")

    def _read_bulk(self, size: int) -> str | None:
        if size < 0:
            return None
        body = self._reader.read(size + 2)
        if len(body) != size + 2:
            raise ConnectionResetError("the store closed the connection")
        return body[:-2].decode(errors="replace")
