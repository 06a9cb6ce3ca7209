"""Submit a draft for approval, exactly as it stands, with its hour of effect."""

from dataclasses import replace

from plateapi.engine import Engine
from plateapi.law import DAY_MS, begin_of_day_ms
from plateapi.refusals import Refused
from plateapi.services.check_tariff import check_sound_tariff
from plateapi.services.tariff_draft import (
    DraftAct,
    DraftView,
    TariffDraft,
    change_draft,
    digest,
    read_draft,
    seen_before,
)


async def submit_draft(engine: Engine, act: DraftAct, from_ms: int | None) -> DraftView:
    """Submit this version of the draft, to come into force at ``from_ms`` (none: as its day begins).

    Refused: ``tariff_invalid``, ``effect_outside_day``, ``effect_too_soon``, and as ``change_draft``.
    """
    asked = digest("submit", act.draft_id, act.version, from_ms)
    view = await read_draft(engine, act.draft_id)
    if seen_before(view.draft, act.errand, asked):
        return view
    # Compiled anew: the law may have changed since it was uploaded.
    checked = await check_sound_tariff(engine, view.draft.file_name, view.draft.content)
    effect_ms = hour_of_effect(engine, checked.in_force_from, from_ms)

    def change(draft: TariffDraft) -> TariffDraft:
        return replace(draft, submitted_by=act.person, from_ms=effect_ms, revision=checked.revision)

    return await change_draft(engine, act, asked, change)


def hour_of_effect(engine: Engine, in_force_from: str, from_ms: int | None) -> int:
    """The moment of effect: on the tariff's own day, and far enough off to reach every pool before."""
    day_begins_ms = begin_of_day_ms(in_force_from)
    effect_ms = day_begins_ms if from_ms is None else from_ms
    if not day_begins_ms <= effect_ms < day_begins_ms + DAY_MS:
        raise Refused("effect_outside_day", day=in_force_from)
    check_lead(engine, effect_ms)
    return effect_ms


def check_lead(engine: Engine, effect_ms: int) -> None:
    """Refuse an hour that the pools cannot be told of in time: ``effect_too_soon``."""
    earliest_ms = engine.clock.now_ms() + engine.settings.tariff_lead_seconds * 1_000
    if effect_ms < earliest_ms:
        raise Refused("effect_too_soon", earliest_ms=earliest_ms)
