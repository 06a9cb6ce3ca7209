"""A cluster whose nodes can be cut off from one another, and from nobody else.

Each node announces a door of its own, here, and the other nodes come to it through that door: the bus, and
the stream of replication. They come from addresses of their own (`bind-source-addr`), so a door knows who
comes. A cut swallows what goes between two sides and closes nothing, as a network does; people go on reaching
everybody.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Final

# Where a node comes from: 127.0.0.1 plus its place plus this.
SOURCES_BEGIN: Final = 11
CHUNK_BYTES: Final = 65_536


@dataclass
class Doors:
    """The doors of all nodes, served by a thread of their own.

    Attributes:
        places: from a door's port to the node it belongs to and the port it leads to.
    """

    places: dict[int, tuple[int, int]]
    _cut_off: int | None = None
    _ended: Callable[[], object] = field(default=lambda: None)

    def cut_off(self, node: int) -> None:
        """Let nothing pass between this node and the other nodes."""
        self._cut_off = node

    def heal(self) -> None:
        """Let everything pass again; what was swallowed stays swallowed, so connections end."""
        self._cut_off = None

    @contextmanager
    def open(self) -> Iterator[None]:
        """Serve until the end of the block."""
        ready = threading.Event()
        thread = threading.Thread(target=lambda: asyncio.run(self._serve(ready)))
        thread.start()
        ready.wait()
        try:
            yield
        finally:
            self._ended()
            thread.join()

    async def _serve(self, ready: threading.Event) -> None:
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        self._ended = lambda: loop.call_soon_threadsafe(ended.set)
        servers = [
            await asyncio.start_server(partial(self._pass, node, behind), "127.0.0.1", port)
            for port, (node, behind) in self.places.items()
        ]
        ready.set()
        await ended.wait()
        for server in servers:
            server.close()

    async def _pass(
        self, node: int, behind: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        comer = int(writer.get_extra_info("peername")[0].rsplit(".", 1)[1]) - SOURCES_BEGIN
        try:
            inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", behind)
        except OSError:
            writer.close()
            return
        ways = (
            self._carry(reader, inner_writer, node, comer),
            self._carry(inner_reader, writer, node, comer),
        )
        # What is still open when the doors close ends with them.
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*ways)

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, node: int, comer: int
    ) -> None:
        """One way of one connection; one that lost something while it was cut ends with the cut."""
        swallowed = False
        try:
            while chunk := await reader.read(CHUNK_BYTES):
                if comer >= 0 and self._cut_off in {node, comer}:
                    swallowed = True
                elif swallowed:
                    break
                else:
                    writer.write(chunk)
                    await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()
