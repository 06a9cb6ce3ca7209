"""Extend a hold, or release it: what an applicant may do with a hold before he pays.

Both name the hold and its revision as the asker saw it, so that two clients of one person cannot
overwrite each other.
"""

from dataclasses import dataclass

from plate_core import Mark
from plateapi.engine import Engine
from plateapi.people import Errand
from plateapi.services.holding import Holding, HoldVersion
from plateapi.services.refuse import refusal_of_own


@dataclass(frozen=True, slots=True)
class LetGo:
    """A mark that was given back: a released hold, or a cancelled allotment."""

    mark: Mark
    outcome: str
    revision: int
    server_time_ms: int
    payment: str | None = None  # where the money is, after a cancellation


async def extend_hold(engine: Engine, errand: Errand, mark_text: str, version: HoldVersion) -> Holding:
    """Move the deadline of a hold, as far as settings, permit and the next change of price allow."""
    mark = engine.book.parse(mark_text)
    item = (errand.act(), mark, version.hold_id, version.revision)
    answer = (await engine.count("extend", engine.inventory.extend([item])))[0]
    if answer.done:
        return Holding.from_answer(answer)
    raise refusal_of_own(engine, answer, mark)


async def release_hold(engine: Engine, errand: Errand, mark_text: str, version: HoldVersion) -> LetGo:
    """Give a hold back, held or paying; the mark is free at once for others."""
    mark = engine.book.parse(mark_text)
    item = (errand.act(), mark, version.hold_id, version.revision)
    answer = (await engine.count("release", engine.inventory.release([item])))[0]
    if answer.done:
        return LetGo(mark, answer.outcome, answer.revision, answer.server_time_ms)
    raise refusal_of_own(engine, answer, mark)


async def cancel_allotment(engine: Engine, errand: Errand, mark_text: str, version: HoldVersion) -> LetGo:
    """Give an allotment back before the plate is made; its payment becomes ``refund_due``."""
    mark = engine.book.parse(mark_text)
    item = (errand.act(), mark, version.hold_id, version.revision)
    answer = (await engine.count("cancel", engine.inventory.cancel([item])))[0]
    if answer.done:
        payment = answer.context.get("payment")
        return LetGo(mark, answer.outcome, answer.revision, answer.server_time_ms, payment)
    raise refusal_of_own(engine, answer, mark)
