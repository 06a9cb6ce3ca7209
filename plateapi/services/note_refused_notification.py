"""Write a refused notification into the journal: when it came, why it was refused, its length and its hash.

Somebody sent money's words without money's key, or the payment side said something that cannot be; either
must be found afterwards. Of an unverified notification nothing else is kept, for its words are anybody's; of
a verified one its provider and transaction are, as of a payment, and each has a line of its own.

Forged ones can come by the thousand, and a journal that anybody can fill is none. So a process writes the
first ten unverified ones of a second line by line, each before it is answered, and gathers the rest of that
second by their reason: one line a reason, with their number and one hash over theirs. There are three
reasons, so 13 lines a second of 300 bytes, 340 MB a day and process, are the most that strangers write.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import orjson
import structlog

from plate_core import Act, PlateError
from plateapi.engine import Engine
from plateapi.services.settle_payment import CHANNEL

log = structlog.get_logger(__name__)

LINES_A_SECOND: Final = 10
UNVERIFIED: Final = "payment-unverified"

Note = dict[str, str | int]


@dataclass(frozen=True, slots=True)
class RefusedNotification:
    """A notification that was refused, and what is known of it."""

    why: str
    body: bytes
    provider: str = ""  # whose signature was verified; empty where none was
    transaction: str = ""  # where what was verified could be read


@dataclass(slots=True)
class _Crowd:
    """Unverified ones of one second and one reason that have no lines of their own."""

    count: int = 0
    length: int = 0
    hashes: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    def add(self, body: bytes) -> None:
        self.count += 1
        self.length += len(body)
        self.hashes.update(hashlib.sha256(body).digest())


class RefusalNotes:
    """Notes the refusals of one process."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._second = 0
        self._lines = 0
        self._crowds: dict[str, _Crowd] = {}
        self._gathering: asyncio.Task[None] | None = None

    async def note(self, refused: RefusedNotification) -> None:
        """Note one: at once if it is verified or this second has room, else with others of the second."""
        now_ms = self._engine.clock.now_ms()
        if refused.provider or self._has_room(now_ms // 1_000):
            await self._write([_line(refused, now_ms)])
            return
        self._crowds.setdefault(refused.why, _Crowd()).add(refused.body)
        if self._gathering is None:
            self._gathering = asyncio.create_task(self._gather(1 - now_ms % 1_000 / 1_000))

    async def close(self) -> None:
        """Write what was gathered and not yet written."""
        if self._gathering is not None:
            self._gathering.cancel()
            self._gathering = None
        await self._write_crowds()

    def _has_room(self, second: int) -> bool:
        if second != self._second:
            self._second, self._lines = second, 0
        self._lines += 1
        return self._lines <= LINES_A_SECOND

    async def _gather(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        self._gathering = None
        await self._write_crowds()

    async def _write_crowds(self) -> None:
        crowds, self._crowds = self._crowds, {}
        now_ms = self._engine.clock.now_ms()
        if crowds:
            await self._write([_line_of_crowd(why, crowd, now_ms) for why, crowd in crowds.items()])

    async def _write(self, lines: Sequence[tuple[Act, str]]) -> None:
        """Write lines. A store that cannot take them leaves them to the log."""
        try:
            await self._engine.inventory.note_refusals(lines)
        except PlateError as error:
            for _, note in lines:
                log.warning("refusal_not_journalled", error=error.slug, note=note)


def _line(refused: RefusedNotification, now_ms: int) -> tuple[Act, str]:
    digest = hashlib.sha256(refused.body).hexdigest()
    note: Note = {"why": refused.why, "count": 1, "bytes": len(refused.body), "sha256": digest}
    if refused.transaction:
        note["transaction"] = refused.transaction
    caller = f"payment-{refused.provider}" if refused.provider else UNVERIFIED
    return _act(caller, f"refused:{now_ms}:{digest[:32]}"), _text(note)


def _line_of_crowd(why: str, crowd: _Crowd, now_ms: int) -> tuple[Act, str]:
    digest = crowd.hashes.hexdigest()
    note: Note = {"why": why, "count": crowd.count, "bytes": crowd.length, "sha256": digest}
    return _act(UNVERIFIED, f"refused:{now_ms}:{digest[:32]}"), _text(note)


def _act(caller: str, request_id: str) -> Act:
    return Act(request_id=request_id, caller=caller, channel=CHANNEL)


def _text(note: Note) -> str:
    return orjson.dumps(note).decode()
