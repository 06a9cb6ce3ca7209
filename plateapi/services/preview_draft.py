"""What a draft would change: how many marks, and how much duty, move from which tier to which.

Exact over the whole country without visiting a mark: classes of digits times classes of series. Free marks
are counted in the replica; without one they are left out, and the answer says so.
"""

import asyncio
import contextlib
from dataclasses import dataclass
from typing import Any, Literal

from plate_core import PriceUnknown, Replica
from plateapi.engine import Engine
from plateapi.law import begin_of_day_ms, day_of
from plateapi.refusals import Refused
from plateapi.services.check_tariff import CheckedTariff, check_sound_tariff
from plateapi.services.tariff_draft import read_draft


@dataclass(frozen=True, slots=True)
class Preview:
    """The effect of a tariff, against what is in force just before it."""

    revision: str
    in_force_from: str
    against: str | None
    mci_of: str  # the day by whose monthly calculation index the duty is counted
    free_marks_counted: bool
    report: dict[str, Any]
    effect: dict[str, Any]


async def preview_draft(
    engine: Engine, draft_id: str, acquired: Literal["chosen", "assigned"] = "chosen"
) -> Preview:
    """The preview of a stored draft. Refused: ``draft_unknown``, ``tariff_invalid``."""
    view = await read_draft(engine, draft_id)
    checked = await check_sound_tariff(engine, view.draft.file_name, view.draft.content)
    return await preview_tariff(engine, checked, acquired)


async def preview_tariff(
    engine: Engine, checked: CheckedTariff, acquired: Literal["chosen", "assigned"] = "chosen"
) -> Preview:
    """The preview of a tariff that compiles."""
    now_ms = engine.clock.now_ms()
    before_ms = max(begin_of_day_ms(checked.in_force_from) - 1, now_ms)
    before = engine.law.at(before_ms)
    against = before.tariff_in_force(before_ms)
    replica: Replica | None = None
    with contextlib.suppress(Refused):
        replica = engine.replica()

    def effect_on(day: str) -> dict[str, Any]:
        return before.preview(checked.book, on=day, acquired=acquired, replica=replica)

    mci_of = checked.in_force_from
    try:
        effect = await asyncio.to_thread(effect_on, mci_of)
    except PriceUnknown:
        # Next year's index is fixed late in the year before; tariffs are written earlier.
        mci_of = day_of(now_ms)
        effect = await asyncio.to_thread(effect_on, mci_of)
    return Preview(
        revision=checked.revision,
        in_force_from=checked.in_force_from,
        against=against["revision"] if against else None,
        mci_of=mci_of,
        free_marks_counted=replica is not None,
        report=checked.report,
        effect=_plain(effect),
    )


def _plain(effect: dict[str, Any]) -> dict[str, Any]:
    """The effect with marks as texts; sums too, for they can pass 2^53, where JSON's integers end."""
    moves = [
        {
            **move,
            "amount_tiyn": str(move["amount_tiyn"]),
            "samples": [mark.text for mark in move["samples"]],
        }
        for move in effect["moves"]
    ]
    return {**effect, "moves": moves}
