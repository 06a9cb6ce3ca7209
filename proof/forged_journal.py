"""Ways of forging a journal, by somebody who knows its format, and in the last ones its signing key.

The format stands in ``plate_core/inventory/src/journal``; it is written down a second time on purpose, as an
adversary would, and shares no code with what is tried.
"""

from __future__ import annotations

import hashlib
import random
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

HEADER_BYTES: Final = 48
CHECKPOINT_BYTES: Final = 200
SIGNED_BYTES: Final = 136
PURPOSE: Final = b"plates journal checkpoint 1\n"
STRANGERS_KEY: Final = bytes(reversed(range(32)))


@dataclass
class Forgery:
    """A journal of one segment, taken apart."""

    segment: Path
    checkpoints: Path
    header: bytes
    payloads: list[bytes]
    random: random.Random

    @classmethod
    def of(cls, directory: Path, rng: random.Random) -> Forgery:
        """Take the journal in a directory apart."""
        segment = directory / "0000000001.journal"
        whole = segment.read_bytes()
        payloads, at = [], HEADER_BYTES
        while at < len(whole):
            (length,) = struct.unpack_from("<I", whole, at)
            payloads.append(whole[at + 4 : at + 4 + length])
            at += 4 + length + 32
        return cls(segment, directory / "checkpoints.signed", whole[:HEADER_BYTES], payloads, rng)

    def links(self) -> list[bytes]:
        """The link of each frame, as its writer would make it."""
        link, links = self.header[16:48], []
        for payload in self.payloads:
            link = hashlib.sha256(link + struct.pack("<I", len(payload)) + payload).digest()
            links.append(link)
        return links

    def write(self) -> None:
        """Write the frames with links that fit: the bare chain is whole."""
        pieces = zip(self.payloads, self.links(), strict=True)
        frames = [struct.pack("<I", len(payload)) + payload + link for payload, link in pieces]
        self.segment.write_bytes(self.header + b"".join(frames))

    def place(self, count: int | None = None) -> int:
        """Somewhere among the frames."""
        return self.random.randrange(count or len(self.payloads))

    def edit_payload(self) -> None:
        """Another byte in one entry, behind its pool and its id."""
        at = self.place()
        payload = bytearray(self.payloads[at])
        payload[self.random.randrange(1 + payload[0] + 16, len(payload))] ^= 1 << self.random.randrange(8)
        self.payloads[at] = bytes(payload)

    def sign_anew(self, key: bytes) -> None:
        """Checkpoints for the journal as it is now, as many as there were."""
        signer = Ed25519PrivateKey.from_private_bytes(key)
        public = signer.public_key().public_bytes_raw()
        old = self.checkpoints.read_bytes()
        links, ends, at = self.links(), [], HEADER_BYTES
        for payload in self.payloads:
            at += 4 + len(payload) + 32
            ends.append(at)
        previous, written = bytes(32), b""
        for number in range(len(old) // CHECKPOINT_BYTES):
            (frames,) = struct.unpack_from("<Q", old, number * CHECKPOINT_BYTES + 8)
            frames = min(frames, len(links))
            numbers = struct.pack("<5Q", number + 1, frames, 1, ends[frames - 1], number)
            signed = numbers + links[frames - 1] + previous + public
            one = signed + signer.sign(PURPOSE + signed)
            previous, written = hashlib.sha256(one).digest(), written + one
        self.checkpoints.write_bytes(written)


def flip(forgery: Forgery) -> None:
    """One bit of the segment."""
    whole = bytearray(forgery.segment.read_bytes())
    whole[forgery.random.randrange(len(whole))] ^= 1 << forgery.random.randrange(8)
    forgery.segment.write_bytes(whole)


def flip_checkpoint(forgery: Forgery) -> None:
    """One bit of the checkpoints."""
    whole = bytearray(forgery.checkpoints.read_bytes())
    whole[forgery.random.randrange(len(whole))] ^= 1 << forgery.random.randrange(8)
    forgery.checkpoints.write_bytes(whole)


def edit(forgery: Forgery) -> None:
    """An entry changed, and every link after it made anew."""
    forgery.edit_payload()
    forgery.write()


def drop(forgery: Forgery) -> None:
    """An entry left out, and every link after it made anew."""
    del forgery.payloads[forgery.place()]
    forgery.write()


def insert(forgery: Forgery) -> None:
    """An entry told twice, and every link after it made anew."""
    forgery.payloads.insert(forgery.place(), forgery.payloads[forgery.place()])
    forgery.write()


def swap(forgery: Forgery) -> None:
    """Two neighbours the other way round, and every link after them made anew."""
    at = forgery.place(len(forgery.payloads) - 1)
    forgery.payloads[at : at + 2] = reversed(forgery.payloads[at : at + 2])
    forgery.write()


def cut_tail(forgery: Forgery) -> None:
    """The last entries gone, at the edge of a frame: every link that is left fits."""
    forgery.payloads = forgery.payloads[: -forgery.random.randint(1, len(forgery.payloads) // 2)]
    forgery.write()


def cut_both(forgery: Forgery) -> None:
    """The end of the journal and of its checkpoints gone, at a place where both are whole."""
    old = forgery.checkpoints.read_bytes()
    kept = forgery.random.randrange(1, len(old) // CHECKPOINT_BYTES)
    (frames,) = struct.unpack_from("<Q", old, (kept - 1) * CHECKPOINT_BYTES + 8)
    forgery.payloads = forgery.payloads[:frames]
    forgery.write()
    forgery.checkpoints.write_bytes(old[: kept * CHECKPOINT_BYTES])


def lose_checkpoints(forgery: Forgery) -> None:
    """An entry changed, every link made anew, and no checkpoints to say otherwise."""
    forgery.edit_payload()
    forgery.write()
    forgery.checkpoints.unlink()


def restamp_with_another_key(forgery: Forgery) -> None:
    """A journal written anew as a whole, and signed by a stranger."""
    forgery.edit_payload()
    forgery.write()
    forgery.sign_anew(STRANGERS_KEY)


FORGERIES: Final[dict[str, Callable[[Forgery], None]]] = {
    one.__name__: one
    for one in (
        flip,
        flip_checkpoint,
        edit,
        drop,
        insert,
        swap,
        cut_tail,
        cut_both,
        lose_checkpoints,
        restamp_with_another_key,
    )
}


def restamp_with_the_key(forgery: Forgery, key: bytes) -> None:
    """A journal written anew as a whole, and signed with its own key: only a witness knows better."""
    forgery.edit_payload()
    forgery.write()
    forgery.sign_anew(key)
