"""Messages whose end two readers may see in two places, each with a second request hidden behind the first.

A proxy and a server that disagree on where a message ends let one person put a request into another's
connection (RFC 9112, section 11.2; OWASP ASVS 4.2.1). The list has the ways of section 6.3, and lines of
headers that section 5 forbids. The honest messages beside it are two requests for anybody, answered as two.
"""

import socket
from collections.abc import Mapping
from typing import Final

HIDDEN: Final = b"GET /version HTTP/1.1\r\nHost: plates\r\n\r\n"
HEAD: Final = b"POST /v1/holds HTTP/1.1\r\nHost: plates\r\nContent-Type: application/json\r\n"
LAST_CHUNK: Final = b"0\r\n\r\n"
CHUNKED: Final = b"Transfer-Encoding: chunked\r\n"
ANSWER_SECONDS: Final = 10.0

HONEST: Final[Mapping[str, bytes]] = {
    "no body": HEAD + b"Content-Length: 0\r\n\r\n" + HIDDEN,
    "no chunk": HEAD + CHUNKED + b"\r\n" + LAST_CHUNK + HIDDEN,
}

AMBIGUOUS: Final[Mapping[str, bytes]] = {
    "length before chunks": HEAD + b"Content-Length: 5\r\n" + CHUNKED + b"\r\n" + LAST_CHUNK + HIDDEN,
    "chunks before length": HEAD + CHUNKED + b"Content-Length: 45\r\n\r\n" + LAST_CHUNK + HIDDEN,
    "two lengths": HEAD + b"Content-Length: 0\r\nContent-Length: 40\r\n\r\n" + HIDDEN,
    "two lengths in one line": HEAD + b"Content-Length: 0, 40\r\n\r\n" + HIDDEN,
    "a length with a sign": HEAD + b"Content-Length: +0\r\n\r\n" + HIDDEN,
    "a hexadecimal length": HEAD + b"Content-Length: 0x0\r\n\r\n" + HIDDEN,
    "another coding": HEAD + b"Transfer-Encoding: identity\r\n\r\n" + HIDDEN,
    "an unknown coding": HEAD + b"Transfer-Encoding: xchunked\r\n\r\n" + LAST_CHUNK + HIDDEN,
    "chunked, but not last": HEAD + b"Transfer-Encoding: chunked, identity\r\n\r\n" + LAST_CHUNK + HIDDEN,
    "a blank before the colon": HEAD
    + b"Transfer-Encoding : chunked\r\nContent-Length: 5\r\n\r\n"
    + LAST_CHUNK
    + HIDDEN,
    "a folded line": HEAD + b"X-A: b\r\n Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n" + HIDDEN,
    "a bare CR": HEAD + b"X-A: b\rTransfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n" + HIDDEN,
    "a zero byte": HEAD + b"X-A: b\0c\r\nContent-Length: 0\r\n\r\n" + HIDDEN,
    "a chunk without a size": HEAD + CHUNKED + b"\r\nzz\r\n\r\n" + HIDDEN,
    "a chunk less than none": HEAD + CHUNKED + b"\r\n-1\r\n\r\n" + HIDDEN,
    "chunks by HTTP/1.0": HEAD.replace(b"HTTP/1.1", b"HTTP/1.0")
    + b"Connection: keep-alive\r\n"
    + CHUNKED
    + b"\r\n"
    + LAST_CHUNK
    + HIDDEN,
}


def answers_to(place: tuple[str, int], message: bytes) -> list[int]:
    """The status of every answer, until the server closes or as many have come as an honest pair gets."""
    with socket.create_connection(place, timeout=ANSWER_SECONDS) as connection:
        connection.sendall(message)
        told = b""
        while len(found := _statuses(told)) < 2:
            try:
                part = connection.recv(65_536)
            except ConnectionResetError:
                break
            if not part:
                break
            told += part
        return found


def _statuses(told: bytes) -> list[int]:
    return [int(after[2:5]) for after in told.split(b"HTTP/1.")[1:] if len(after) >= 5]
