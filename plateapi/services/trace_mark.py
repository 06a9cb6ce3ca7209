"""One mark's whole history, from the journal, and how it stands in the store now.

The journal is what the keeper has on disk: some milliseconds behind the store. It names actors and applicants
by their pseudonyms; whoever may know the persons can compare them with the key.
"""

import asyncio
from dataclasses import dataclass
from typing import Any

from plate_core import JournalReader, Live, Mark
from plateapi.engine import Engine


@dataclass(frozen=True, slots=True)
class Trace:
    """What an auditor sees of a mark."""

    mark: Mark
    planes: dict[str, bool]
    live: Live | None
    revision: int
    payments: list[dict[str, Any]]
    history: list[dict[str, Any]]
    server_time_ms: int


async def trace_mark(engine: Engine, mark_text: str) -> Trace:
    """The history, oldest first. Raises ``MarkUnparseable``, ``JournalBroken`` and what the store raises."""
    mark = engine.book.parse(mark_text)
    answer = (await engine.inventory.read([mark]))[0]
    journal = JournalReader(str(engine.settings.journal_dir))
    return Trace(
        mark=mark,
        planes=answer.context["planes"],
        live=answer.live,
        revision=answer.revision,
        payments=await engine.inventory.payments(mark),
        history=await asyncio.to_thread(journal.history, mark),
        server_time_ms=answer.server_time_ms,
    )
