"""Write down a notification that was refused for its signature: what came, when and why, and nothing of it.

Somebody sent money's words without money's key, or a clock went wrong on the way; either must be found
afterwards. The note is a document of the day, so it outlives the process and is the same for all workers.
Forged ones can come by the thousand, so a process notes ten a second, a day keeps the last hundred and counts
what was noted; /metrics counts all of them.
"""

import hashlib
from typing import Any, Final

import orjson
import structlog

from plate_core import PlateError
from plate_core.errors import DocumentConflict
from plateapi.engine import Engine
from plateapi.law import day_of

log = structlog.get_logger(__name__)

PREFIX: Final = "payment/refused/"
KEPT: Final = 100
NOTED_A_SECOND: Final = 10
# Workers that write at once meet in a conflict; the third in a row gives up and leaves it to the log.
ATTEMPTS: Final = 3


class RefusalNotes:
    """Notes the refusals of one process."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._second = 0
        self._noted = 0

    async def note(self, why: str, body: bytes) -> None:
        """Note one, if this second has room. A store that cannot be reached leaves the log's line."""
        now_ms = self._engine.clock.now_ms()
        if not self._has_room(now_ms // 1_000):
            return
        note = {"at_ms": now_ms, "why": why, "bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}
        log.warning("notification_refused", **note)
        for _ in range(ATTEMPTS):
            try:
                await self._add(PREFIX + day_of(now_ms), note)
            except DocumentConflict:
                continue
            except PlateError as error:
                log.warning("notification_not_noted", error=type(error).__name__)
            return

    def _has_room(self, second: int) -> bool:
        if second != self._second:
            self._second, self._noted = second, 0
        self._noted += 1
        return self._noted <= NOTED_A_SECOND

    async def _add(self, name: str, note: dict[str, Any]) -> None:
        inventory = self._engine.inventory
        found = await inventory.get_document(name)
        version = found[0] if found else 0
        day: dict[str, Any] = orjson.loads(found[1]) if found else {"count": 0, "last": []}
        changed = {"count": day["count"] + 1, "last": [*day["last"], note][-KEPT:]}
        await inventory.put_document(name, orjson.dumps(changed), expected_version=version)
