"""Compile a tariff beside the present law: what it is, or every fault it has."""

import asyncio
from dataclasses import dataclass
from typing import Any

from plate_core import RuleBook
from plate_core.errors import RuleBookInvalid
from plateapi.engine import Engine
from plateapi.law import Law
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
    return await asyncio.to_thread(compile_tariff, engine.law, engine.book, file_name, content)


async def check_sound_tariff(engine: Engine, file_name: str, content: str) -> CheckedTariff:
    """The same, where a faulty tariff is refused: ``tariff_invalid`` with every fault."""
    checked = await check_tariff(engine, file_name, content)
    if isinstance(checked, FaultyTariff):
        raise Refused("tariff_invalid", faults=checked.faults)
    return checked


def compile_tariff(law: Law, book: RuleBook, file_name: str, content: str) -> CheckedTariff | FaultyTariff:
    """The tariff beside this rule book. Refused: ``tariff_already_published`` when the law has it already."""
    known = {tariff["revision"] for tariff in book.tariffs()} | {t.revision for t in law.published}
    try:
        candidate = book.with_tariff(file_name, content.encode())
    except RuleBookInvalid as error:
        return FaultyTariff([dict(fault) for fault in error.faults])
    added = [tariff for tariff in candidate.tariffs() if tariff["revision"] not in known]
    if not added:
        raise Refused("tariff_already_published")
    tariff = added[0]
    return CheckedTariff(
        revision=tariff["revision"],
        tariff_id=tariff["id"],
        in_force_from=tariff["in_force_from"],
        report=tariff["report"],
        book=candidate,
    )
