"""`python -m proof.slow_crowd ADDRESS COUNT KIND SECONDS SEED [TOKEN]`: many clients at once, each one slow.

    silent     connects and says nothing
    header     sends its header a byte at a time, and never ends it
    body       sends a whole header, and then its body a byte at a time

A process of its own, so that whoever measures honest requests is not slowed down by this one. It says when
all are connected, and at the end how long the slowest was let be, and how many still were.
"""

from __future__ import annotations

import json
import random
import resource
import select
import socket
import sys
import time
import urllib.parse
from dataclasses import dataclass, field
from typing import Final

# Each source address has its own ports, so that no address runs out of them.
ADDRESSES: Final = 32
PAUSE_SECONDS: Final = (0.4, 1.6)
OPENING: Final = {
    "silent": b"",
    "header": b"GET /version HTTP/1.1\r\nHost: plates\r\nX-Slow: ",
    "body": (
        b"POST /v1/holds HTTP/1.1\r\nHost: plates\r\nAuthorization: Bearer %b\r\n"
        b"Idempotency-Key: slow-crowd-%08d\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n"
    ),
}


@dataclass
class Client:
    """One connection: since when, and when it says something again."""

    connection: socket.socket
    begun_at: float
    speaks_at: float = 0.0
    is_connected: bool = False


@dataclass
class SlowCrowd:
    """All of them, on one poll."""

    place: tuple[str, int]
    kind: str
    chance: random.Random
    token: bytes = b""
    clients: dict[int, Client] = field(default_factory=dict)
    poll: select.epoll = field(default_factory=select.epoll)
    closed_after: list[float] = field(default_factory=list)
    refused: int = 0

    def come(self, count: int) -> None:
        """All at once; the kernel connects them meanwhile."""
        for number in range(count):
            connection = socket.socket()
            connection.setblocking(False)
            connection.setsockopt(socket.IPPROTO_IP, socket.IP_BIND_ADDRESS_NO_PORT, 1)
            connection.bind((f"127.0.1.{1 + number % ADDRESSES}", 0))
            connection.connect_ex(self.place)
            self.clients[connection.fileno()] = Client(connection, time.monotonic())
            self.poll.register(connection, select.EPOLLIN | select.EPOLLOUT)

    def go_on(self, seconds: float) -> None:
        """One look at all of them."""
        for descriptor, event in self.poll.poll(seconds, 1_024):
            client = self.clients[descriptor]
            if event & (select.EPOLLERR | select.EPOLLHUP):
                self._leave(client)
            elif event & select.EPOLLIN:
                self._hear(client)
            elif not client.is_connected:
                self._begin(client)
        if self.kind != "silent":
            now = time.monotonic()
            for client in [one for one in self.clients.values() if one.is_connected and one.speaks_at <= now]:
                self._speak(client, b"x")

    def _begin(self, client: Client) -> None:
        client.is_connected = True
        client.begun_at = time.monotonic()
        self.poll.modify(client.connection, select.EPOLLIN)
        opening = OPENING[self.kind]
        self._speak(client, opening % (self.token, client.connection.fileno()) if self.token else opening)

    def _speak(self, client: Client, words: bytes) -> None:
        client.speaks_at = time.monotonic() + self.chance.uniform(*PAUSE_SECONDS)
        try:
            client.connection.send(words)
        except OSError:
            self._leave(client)

    def _hear(self, client: Client) -> None:
        """An answer is no reason to go; the end of the connection is."""
        try:
            if client.connection.recv(65_536):
                return
        except OSError:
            pass
        self._leave(client)

    def _leave(self, client: Client) -> None:
        if client.is_connected:
            self.closed_after.append(time.monotonic() - client.begun_at)
        else:
            self.refused += 1
        del self.clients[client.connection.fileno()]
        client.connection.close()


def main() -> None:
    """Come, be slow, and tell how it went."""
    address, count, kind, seconds, seed, *token = sys.argv[1:]
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    url = urllib.parse.urlsplit(address)
    place = (url.hostname or "", url.port or 0)
    crowd = SlowCrowd(place, kind, random.Random(int(seed)), "".join(token).encode())
    crowd.come(int(count))
    while any(not client.is_connected for client in crowd.clients.values()):
        crowd.go_on(0.05)
    print("connected", flush=True)
    until = time.monotonic() + float(seconds)
    while crowd.clients and time.monotonic() < until:
        crowd.go_on(0.05)
    told = {
        "closed": len(crowd.closed_after),
        "slowest_seconds": max(crowd.closed_after, default=0.0),
        "still_open": len(crowd.clients),
        "refused": crowd.refused,
    }
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
