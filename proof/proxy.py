"""A network that misbehaves: a TCP proxy before a server, whose every fault is drawn from a seed.

What passes is late by a few milliseconds. Now and then a connection is reset, falls silent in one direction,
or loses a reply for good; a call of the store's functions arrives once more, later and over another
connection, so that it also overtakes and is overtaken; for moments nothing passes in one direction or in
both, on all connections. TCP keeps its promise: within a connection no byte is lost, unless it ends.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

CHUNK_BYTES: Final = 1 << 16
LATE_SECONDS: Final = 0.002
SILENT_SECONDS: Final = (0.05, 0.5)
AGAIN_SECONDS: Final = (0.0, 0.1)
BETWEEN_PARTITIONS_SECONDS: Final = (0.4, 1.5)
PARTITION_SECONDS: Final = (0.05, 0.3)
UP, DOWN = "up", "down"

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Connect = Callable[[], Awaitable[Streams]]


@dataclass(frozen=True, slots=True)
class Odds:
    """How likely a piece on its way meets a fault; the rest passes."""

    reset: float = 0.01
    silence: float = 0.01
    swallow: float = 0.01
    again: float = 0.2


@dataclass
class Proxy:
    """One proxy on loopback. Use :func:`running_proxy`.

    Attributes:
        connect: how the server behind it is reached.
        happened: how often each fault was made.
    """

    connect: Connect
    seed: int
    odds: Odds = field(default_factory=Odds)
    happened: Counter[str] = field(default_factory=Counter)
    port: int = 0

    def __post_init__(self) -> None:
        """Nothing is partitioned yet."""
        self._passes = {UP: asyncio.Event(), DOWN: asyncio.Event()}
        for way in self._passes.values():
            way.set()
        self._links = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._linked: set[asyncio.Task[None]] = set()

    def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of a client."""
        link = asyncio.ensure_future(self._link(reader, writer))
        self._linked.add(link)
        link.add_done_callback(self._linked.discard)

    async def _link(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """The client's connection and its own to the server, until either ends."""
        self._links += 1
        number = self._links
        try:
            behind = await self.connect()
        except OSError:
            writer.transport.abort()
            return
        pumps = [
            self._pump(reader, behind[1], random.Random(f"{self.seed} {number} {UP}"), UP),
            self._pump(behind[0], writer, random.Random(f"{self.seed} {number} {DOWN}"), DOWN),
        ]
        tasks = [asyncio.ensure_future(pump) for pump in pumps]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            # An abort is a reset: whoever still waits learns that the connection has ended, and no more.
            for one in (writer, behind[1]):
                one.transport.abort()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, chance: random.Random, way: str
    ) -> None:
        """Pass on what comes, in its order, until the connection ends by itself or by a fault."""
        with suppress(ConnectionError):
            while piece := await reader.read(CHUNK_BYTES):
                await asyncio.sleep(chance.uniform(0, LATE_SECONDS))
                await self._passes[way].wait()
                if way == UP and chance.random() < self.odds.again:
                    self._start(self._send_again(piece, chance.uniform(*AGAIN_SECONDS)))
                if chance.random() < self.odds.silence:
                    self.happened["silences"] += 1
                    await asyncio.sleep(chance.uniform(*SILENT_SECONDS))
                if chance.random() < self.odds.reset:
                    self.happened["resets"] += 1
                    return
                if way == DOWN and chance.random() < self.odds.swallow:
                    self.happened["swallowed replies"] += 1
                    await asyncio.sleep(chance.uniform(*SILENT_SECONDS))
                    return
                writer.write(piece)
                await writer.drain()

    async def _send_again(self, piece: bytes, after_seconds: float) -> None:
        """The calls in a piece once more, over a connection of their own; nobody waits for the answers."""
        calls = list(whole_calls(piece))
        if not calls:
            return
        self.happened["calls sent again"] += len(calls)
        await asyncio.sleep(after_seconds)
        reader, writer = await self.connect()
        writer.write(b"".join(calls))
        writer.write_eof()
        while await reader.read(CHUNK_BYTES):
            pass
        writer.close()

    async def partition(self) -> None:
        """For moments nothing passes, in one direction or in both."""
        chance = random.Random(f"{self.seed} partitions")
        while True:
            await asyncio.sleep(chance.uniform(*BETWEEN_PARTITIONS_SECONDS))
            ways = chance.choice(((UP,), (DOWN,), (UP, DOWN)))
            self.happened["full partitions" if len(ways) > 1 else "one-way partitions"] += 1
            for way in ways:
                self._passes[way].clear()
            await asyncio.sleep(chance.uniform(*PARTITION_SECONDS))
            for way in ways:
                self._passes[way].set()

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def end(self) -> None:
        """End every connection, and wait for what was to arrive once more."""
        for link in self._linked:
            link.cancel()
        await asyncio.gather(*self._linked, return_exceptions=True)
        await asyncio.gather(*self._tasks)


@asynccontextmanager
async def running_proxy(connect: Connect, seed: int, odds: Odds | None = None) -> AsyncIterator[Proxy]:
    """A proxy at work; its ``port`` is on 127.0.0.1."""
    proxy = Proxy(connect, seed, odds or Odds())
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    partitions = asyncio.create_task(proxy.partition())
    try:
        yield proxy
    finally:
        partitions.cancel()
        server.close()
        await proxy.end()


def whole_calls(piece: bytes) -> list[bytes]:
    r"""The calls of functions that stand whole in a piece, as the store's protocol writes them.

    >>> whole_calls(b"*2\r\n$5\r\nFCALL\r\n$1\r\nf\r\n*1\r\n$4\r\nPING\r\n*2\r\n$5\r\nFCA")
    [b'*2\r\n$5\r\nFCALL\r\n$1\r\nf\r\n']
    """
    found, at = [], 0
    with suppress(ValueError, IndexError):
        while at < len(piece):
            end = _command_end(piece, at)
            if b"$5\r\nFCALL\r\n" in piece[at : at + 20]:
                found.append(piece[at:end])
            at = end
    return found


def _command_end(piece: bytes, at: int) -> int:
    """Where the command that begins here ends. Raises ``ValueError`` where it is not whole."""
    line = piece.index(b"\r\n", at)
    if piece[at : at + 1] != b"*":
        raise ValueError("no command begins here")
    count, at = int(piece[at + 1 : line]), line + 2
    for _ in range(count):
        line = piece.index(b"\r\n", at)
        at = line + 2 + int(piece[at + 1 : line]) + 2
    if at > len(piece):
        raise ValueError("the command is not whole")
    return at
