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
from dataclasses import dataclass, field
from functools import partial
from itertools import accumulate, pairwise
from typing import Final

import orjson

from plate_core import Act, Answer, DocumentConflict, Mark
from plateapi.engine import Engine
from plateapi.services.ask_again import ask_again

DOCUMENT: Final = "law/withheld"
CALLER: Final = "law"
CHANNEL: Final = "keeper"
# A call goes to the store in parts, one after the other; many calls at once share each fsync of the store.
MARKS_A_CALL: Final = 1_024
CALLS_AT_ONCE: Final = 32
# A pool's withheld marks are 65,000 values in memory, so only a few pools are laid out at once.
POOLS_AT_ONCE: Final = 4

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Brought:
    """What the store was told to withhold by law: ordinals by pool, of one revision of the rule book.

    Ordinals are kept packed, since most starts only look at the revision. Withheld series are rows of
    neighbours, so the differences of ordinals compress to almost nothing.
    """

    book: str
    packed: Mapping[str, str]

    @classmethod
    def of(cls, book: str, ordinals: Mapping[str, frozenset[int]]) -> "Brought":
        """From ordinals by pool."""
        return cls(book, {pool: _pack(some) for pool, some in ordinals.items()})

    def ordinals(self, pool: str) -> frozenset[int]:
        """The ordinals of a pool."""
        packed = self.packed.get(pool)
        if packed is None:
            return frozenset()
        return frozenset(accumulate(array.array("I", zlib.decompress(base64.b64decode(packed)))))

    def dump(self) -> bytes:
        """As the document's content."""
        return orjson.dumps({"book": self.book, "pools": self.packed})

    @classmethod
    def load(cls, content: bytes) -> "Brought":
        """From the document's content."""
        document = orjson.loads(content)
        return cls(document["book"], document["pools"])


def _pack(ordinals: frozenset[int]) -> str:
    in_order = sorted(ordinals)
    steps = array.array("I", (to - since for since, to in pairwise([0, *in_order])))
    return base64.b64encode(zlib.compress(steps.tobytes(), 6)).decode()


async def withhold_by_law(engine: Engine, report: Report) -> int:
    """Withhold what the files withhold and readmit what they no longer do: how many marks were changed.

    A mark with a live record stays with its applicant, is told, and is tried again at the next start.
    """
    found = await engine.inventory.get_document(DOCUMENT)
    version, before = (found[0], Brought.load(found[1])) if found else (0, Brought("", {}))
    book = engine.law.base
    if before.book == book.revision:
        return 0
    pools = book.pools()
    report(f"withholding what the law withholds, in {len(pools)} pools; this is done once")
    gates = _Gates()
    results = await asyncio.gather(
        *(_bring_pool(engine, gates, pool, before.ordinals(pool)) for pool in pools)
    )
    conflicts = [mark for result in results for mark in result.conflicts]
    brought = Brought.of(
        "" if conflicts else book.revision,
        {pool: result.ordinals for pool, result in zip(pools, results, strict=True)},
    )
    try:
        await engine.inventory.put_document(_act(), DOCUMENT, brought.dump(), expected_version=version)
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


@dataclass(frozen=True, slots=True)
class _Gates:
    pools: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(POOLS_AT_ONCE))
    calls: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(CALLS_AT_ONCE))


async def _bring_pool(engine: Engine, gates: _Gates, pool: str, before: frozenset[int]) -> _PoolResult:
    wanted: set[int] = set()
    changed = 0
    conflicts: list[Mark] = []
    async with gates.pools:
        for entry in engine.law.base.withheld(pool):
            marks = {mark.ordinal: mark for mark in entry["marks"]}
            wanted |= marks.keys()
            new = [mark for ordinal, mark in marks.items() if ordinal not in before]
            answers = await _in_calls(gates, new, partial(_withhold, engine, entry["id"]))
            changed += sum(answer.outcome == "withheld" for answer in answers)
            conflicts += [answer.mark for answer in answers if answer.outcome == "conflict"]
        gone = [engine.law.base.mark_at(pool, ordinal) for ordinal in sorted(before - wanted)]
        changed += len(await _in_calls(gates, gone, partial(_readmit, engine)))
    return _PoolResult(frozenset(wanted) - {mark.ordinal for mark in conflicts}, changed, conflicts)


Call = Callable[[Sequence[Mark], Act], Awaitable[list[Answer]]]


async def _in_calls(gates: _Gates, marks: Sequence[Mark], call: Call) -> list[Answer]:
    """The answers of all marks, from calls of a bearable size that are under way at once."""

    async def one(part: Sequence[Mark]) -> list[Answer]:
        act = _act()
        async with gates.calls:
            return await ask_again(lambda: call(part, act))

    parts = [marks[start : start + MARKS_A_CALL] for start in range(0, len(marks), MARKS_A_CALL)]
    return [answer for answers in await asyncio.gather(*map(one, parts)) for answer in answers]


def _act() -> Act:
    """A new id each time: withholding, readmitting and withholding again are three acts."""
    return Act(request_id=f"law-{secrets.token_hex(12)}", caller=CALLER, channel=CHANNEL)


def _withhold(engine: Engine, reason: str, marks: Sequence[Mark], act: Act) -> Awaitable[list[Answer]]:
    return engine.inventory.withhold(act, marks, reason)


def _readmit(engine: Engine, marks: Sequence[Mark], act: Act) -> Awaitable[list[Answer]]:
    return engine.inventory.readmit(act, marks)
