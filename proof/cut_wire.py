"""A wire that can be cut in one direction: two network namespaces, a pair of interfaces, and nftables.

Unlike the proxy this cuts below TCP: what is sent is repeated by the kernel until it arrives or the
connection is given up, and an answer that is lost was a request that has taken effect. It needs root.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import random
import socket
import subprocess
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

# Two addresses of a process's own, so that two runs on one machine do not meet.
PLACE: Final = f"10.213.{os.getpid() // 63 % 256}."
NEAR: Final = f"{PLACE}{os.getpid() % 63 * 4 + 1}"
FAR: Final = f"{PLACE}{os.getpid() % 63 * 4 + 2}"
BETWEEN_CUTS_SECONDS: Final = (0.05, 0.3)
CUT_SECONDS: Final = (0.2, 0.7)
# What arrives at the far end, and what leaves it.
WAYS: Final = {"requests": "input", "replies": "output"}
TABLE: Final = "".join(
    f"add table inet wire\nadd chain inet wire {way} {{ type filter hook {hook} priority 0; }}\n"
    for way, hook in WAYS.items()
)


@dataclass
class CutWire:
    """One wire. Use :func:`cut_wire`."""

    name: str
    seed: int
    happened: Counter[str] = field(default_factory=Counter)

    def listen(self) -> socket.socket:
        """A socket that listens at the far end; the near end reaches it at ``FAR`` only over the wire."""
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(self._listen_there).result()

    def _listen_there(self) -> socket.socket:
        """A namespace is a thread's, and this thread ends with it."""
        libc = ctypes.CDLL(None, use_errno=True)
        with Path("/run/netns", self.name).open("rb") as there:
            if libc.setns(there.fileno(), 0) != 0:
                raise OSError(ctypes.get_errno(), f"the namespace {self.name} cannot be entered")
        return socket.create_server((FAR, 0))

    async def cut_now_and_then(self) -> None:
        """Drop requests, replies or both for moments, as the seed has it."""
        chance = random.Random(f"{self.seed} cuts")
        while True:
            await asyncio.sleep(chance.uniform(*BETWEEN_CUTS_SECONDS))
            ways = chance.choice((["requests"], ["replies"], list(WAYS)))
            self.happened[f"{' and '.join(ways)} cut"] += 1
            await self._rule(*(f"add rule inet wire {way} drop" for way in ways))
            await asyncio.sleep(chance.uniform(*CUT_SECONDS))
            await self._rule(*(f"flush chain inet wire {way}" for way in ways))

    async def _rule(self, *rules: str) -> None:
        await asyncio.to_thread(_run, "ip", "netns", "exec", self.name, "nft", "; ".join(rules))


@contextmanager
def _namespace(name: str) -> Iterator[None]:
    """A namespace with one end of the wire; everything goes with it."""
    near, far = f"{name}n", f"{name}f"
    _run("ip", "netns", "add", name)
    try:
        # Both ends go with either.
        _run("ip", "link", "add", near, "type", "veth", "peer", "name", far, "netns", name)
        _run("ip", "addr", "add", f"{NEAR}/30", "dev", near)
        _run("ip", "link", "set", near, "up")
        _run("ip", "-n", name, "addr", "add", f"{FAR}/30", "dev", far)
        _run("ip", "-n", name, "link", "set", far, "up")
        _run("ip", "netns", "exec", name, "nft", TABLE)
        yield
        _run("ip", "link", "delete", near)
    finally:
        _run("ip", "netns", "delete", name)


@asynccontextmanager
async def cut_wire(seed: int) -> AsyncIterator[CutWire]:
    """A wire that is cut now and then while it is there."""
    wire = CutWire(f"plates{os.getpid()}", seed)
    with _namespace(wire.name):
        cutting = asyncio.create_task(wire.cut_now_and_then())
        try:
            yield wire
        finally:
            cutting.cancel()
            await asyncio.gather(cutting, return_exceptions=True)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)
