"""Compile a tariff beside the present law: what it is, or every fault it has."""

import asyncio
from dataclasses import dataclass
from typing import Any

from plate_core import RuleBook
from plate_core.errors import RuleBookInvalid
from plateapi.engine import Engine
from plateapi.law import Law, PublishedTariff, begin_of_day_ms, inner_name
from plateapi.refusals import Refused


@dataclass(frozen=True, slots=True)
class CheckedTariff:
    """A tariff that compiles, with the rule book that holds it."""

    revision: str
    tariff_id: str
    in_force_from: str
    report: dict[str, Any]
    book: RuleBook


@dataclass(frozen=True, slots=True)
class FaultyTariff:
    """A tariff that does not compile, and why: all faults at once."""

    faults: list[dict[str, Any]]


async def check_tariff(engine: Engine, file_name: str, content: str) -> CheckedTariff | FaultyTariff:
    """Compile the file; beside the loop, for it takes tens of milliseconds."""
    return await asyncio.to_thread(compile_tariff, engine.law, file_name, content)


async def check_sound_tariff(engine: Engine, file_name: str, content: str) -> CheckedTariff:
    """The same, where a faulty tariff is refused: ``tariff_invalid`` with every fault."""
    checked = await check_tariff(engine, file_name, content)
    if isinstance(checked, FaultyTariff):
        raise Refused("tariff_invalid", faults=checked.faults)
    return checked


def compile_tariff(law: Law, file_name: str, content: str) -> CheckedTariff | FaultyTariff:
    """The tariff beside the whole law, published tariffs of other days included.

    One of the same day is no fault: the later approved takes its place; so a wrong one is corrected.
    Refused: ``tariff_already_published`` when the law holds the same content.
    """
    try:
        alone = law.base.with_tariff(inner_name(content), content.encode())
        tariff = _added(law, alone)
        trial = _trial(law, tariff, file_name, content)
        book = Law(law.base, [*law.published, trial], before=law).at(trial.from_ms)
    except RuleBookInvalid as error:
        return FaultyTariff([{**fault, "file": file_name} for fault in error.faults])
    return CheckedTariff(
        revision=tariff["revision"],
        tariff_id=tariff["id"],
        in_force_from=tariff["in_force_from"],
        report=tariff["report"],
        book=book,
    )


def _added(law: Law, alone: RuleBook) -> dict[str, Any]:
    """What the file adds to the law on disk."""
    known = {entry.revision for entry in law.timeline()}
    added = [tariff for tariff in alone.tariffs() if tariff["revision"] not in known]
    if not added:
        raise Refused("tariff_already_published")
    return added[0]


def _trial(law: Law, tariff: dict[str, Any], file_name: str, content: str) -> PublishedTariff:
    """The tariff as if it were published for its day, after whatever stands there."""
    day = tariff["in_force_from"]
    that_day = [published.from_ms + 1 for published in law.published if published.in_force_from == day]
    return PublishedTariff(
        revision=tariff["revision"],
        tariff_id=tariff["id"],
        in_force_from=day,
        from_ms=max([begin_of_day_ms(day), *that_day]),
        file_name=file_name,
        content=content,
        author="",
        submitted_by="",
        approved_by="",
        approved_at_ms=0,
        draft="",
    )
