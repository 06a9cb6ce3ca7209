"""Upload a draft of a tariff, or new content for one.

A draft is kept with its faults, as people keep unfinished work; only a sound one can be submitted.
"""

from dataclasses import replace
from typing import Any

from plateapi.engine import Engine
from plateapi.people import Errand
from plateapi.refusals import Refused
from plateapi.services.check_tariff import CheckedTariff, FaultyTariff, check_tariff
from plateapi.services.tariff_draft import (
    DraftAct,
    DraftView,
    TariffDraft,
    change_draft,
    digest,
    noted,
    read_draft,
    request_name,
    seen_before,
    write_draft,
)


async def upload_draft(
    engine: Engine, errand: Errand, author: str, file_name: str, content: str
) -> DraftView:
    """A new draft. Its id comes from the request, so one request makes one draft however often it is sent."""
    asked = digest("upload", file_name, content)
    draft_id = request_name(errand)[:16]
    try:
        view = await read_draft(engine, draft_id)
    except Refused:
        checked = await check_tariff(engine, file_name, content)
        now_ms = engine.clock.now_ms()
        draft = TariffDraft(
            draft=draft_id, file_name=file_name, content=content, authors=[author], created_at_ms=now_ms
        )
        draft = noted(replace(draft, **_findings(checked)), errand, asked, now_ms)
        return await write_draft(engine, errand, draft, 0, asked)
    seen_before(view.draft, errand, asked)
    return view


async def replace_draft(engine: Engine, act: DraftAct, file_name: str, content: str) -> DraftView:
    """New content for a draft. A submission falls: what was submitted is no longer what stands here."""
    checked = await check_tariff(engine, file_name, content)

    def change(draft: TariffDraft) -> TariffDraft:
        return replace(
            draft,
            file_name=file_name,
            content=content,
            authors=[*draft.authors, *({act.person} - set(draft.authors))],
            submitted_by=None,
            from_ms=None,
            **_findings(checked),
        )

    asked = digest("replace", act.draft_id, act.version, file_name, content)
    return await change_draft(engine, act, asked, change)


def _findings(checked: CheckedTariff | FaultyTariff) -> dict[str, Any]:
    if isinstance(checked, FaultyTariff):
        return {"revision": None, "tariff_id": None, "in_force_from": None, "faults": checked.faults}
    return {
        "revision": checked.revision,
        "tariff_id": checked.tariff_id,
        "in_force_from": checked.in_force_from,
        "faults": [],
    }
