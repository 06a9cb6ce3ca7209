"""Withhold the marks that the law withholds, and readmit those that it no longer does.

What was brought is written down in a document of the store, so a start without news costs one look; after a
change of the files only the difference is sent. A mark with a live record stays with its applicant.

Not here: marks that somebody withholds one by one, which this leaves alone.
"""

import array
import asyncio
import base64
import secrets
import zlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import orjson

from plate_core import Act, Answer, DocumentConflict, Mark
from plateapi.engine import Engine

DOCUMENT: Final = "law/withheld"
CALLER: Final = "law"
CHANNEL: Final = "keeper"
# One call names so many marks; several are under way at once.
MARKS_A_CALL: Final = 4_096
POOLS_AT_ONCE: Final = 4

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Brought:
    """What the store was told to withhold by law: ordinals by pool, of one revision of the rule book."""

    book: str
    ordinals: Mapping[str, frozenset[int]]

    def dump(self) -> bytes:
        """As the document's content; ordinals stand in rows, so they compress to almost nothing."""
        packed = {
            pool: base64.b64encode(zlib.compress(array.array("I", sorted(ordinals)).tobytes(), 6)).decode()
            for pool, ordinals in self.ordinals.items()
        }
        return orjson.dumps({"book": self.book, "pools": packed})

    @classmethod
    def load(cls, content: bytes) -> "Brought":
        """From the document's content."""
        document = orjson.loads(content)
        pools = {}
        for pool, packed in document["pools"].items():
            ordinals = array.array("I", zlib.decompress(base64.b64decode(packed)))
            pools[pool] = frozenset(ordinals)
        return cls(document["book"], pools)


async def withhold_by_law(engine: Engine, report: Report) -> int:
    """Withhold what the files withhold and readmit what they no longer do: how many marks were changed.

    A mark with a live record stays with its applicant, is told, and is tried again at the next start.
    """
    found = await engine.inventory.get_document(DOCUMENT)
    version, before = (found[0], Brought.load(found[1])) if found else (0, Brought("", {}))
    book = engine.law.base
    if before.book == book.revision:
        return 0
    gate = asyncio.Semaphore(POOLS_AT_ONCE)
    pools = book.pools()
    report(f"withholding what the law withholds, in {len(pools)} pools; this is done once")
    results = await asyncio.gather(
        *(_bring_pool(engine, gate, pool, before.ordinals.get(pool, frozenset())) for pool in pools)
    )
    conflicts = [mark for result in results for mark in result.conflicts]
    brought = Brought(
        book="" if conflicts else book.revision,
        ordinals={pool: result.ordinals for pool, result in zip(pools, results, strict=True)},
    )
    try:
        await engine.inventory.put_document(DOCUMENT, brought.dump(), expected_version=version)
    except DocumentConflict:
        # Another process has just brought the same law; marks are withheld either way.
        report("the law was brought by another process as well")
    for mark in conflicts:
        report(f"{mark.text} is to be withheld, but is in somebody's hands")
    changed = sum(result.changed for result in results)
    report(f"{changed:,} marks withheld or readmitted".replace(",", " "))
    return changed


@dataclass(frozen=True, slots=True)
class _PoolResult:
    ordinals: frozenset[int]
    changed: int
    conflicts: Sequence[Mark]


async def _bring_pool(
    engine: Engine, gate: asyncio.Semaphore, pool: str, before: frozenset[int]
) -> _PoolResult:
    wanted: set[int] = set()
    changed = 0
    conflicts: list[Mark] = []
    async with gate:
        for entry in engine.law.base.withheld(pool):
            marks = {mark.ordinal: mark for mark in entry["marks"]}
            wanted |= marks.keys()
            new = [mark for ordinal, mark in marks.items() if ordinal not in before]
            answers = await _in_calls(new, partial(_withhold, engine, entry["id"]))
            changed += sum(answer.outcome == "withheld" for answer in answers)
            conflicts += [answer.mark for answer in answers if answer.outcome == "conflict"]
        gone = [engine.law.base.mark_at(pool, ordinal) for ordinal in sorted(before - wanted)]
        changed += len(await _in_calls(gone, partial(_readmit, engine)))
    return _PoolResult(frozenset(wanted) - {mark.ordinal for mark in conflicts}, changed, conflicts)


async def _in_calls(
    marks: Sequence[Mark], call: Callable[[Sequence[Mark], Act], Awaitable[list[Answer]]]
) -> list[Answer]:
    answers: list[Answer] = []
    for start in range(0, len(marks), MARKS_A_CALL):
        # A new id each time: withholding, readmitting and withholding again are three acts.
        act = Act(request_id=f"law-{secrets.token_hex(12)}", caller=CALLER, channel=CHANNEL)
        answers += await call(marks[start : start + MARKS_A_CALL], act)
    return answers


def _withhold(engine: Engine, reason: str, marks: Sequence[Mark], act: Act) -> Awaitable[list[Answer]]:
    return engine.inventory.withhold(act, marks, reason)


def _readmit(engine: Engine, marks: Sequence[Mark], act: Act) -> Awaitable[list[Answer]]:
    return engine.inventory.readmit(act, marks)
