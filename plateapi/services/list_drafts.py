"""The drafts that there are, the last changed first."""

from plateapi.engine import Engine
from plateapi.services.tariff_draft import DRAFT_PREFIX, DraftView, read_draft


async def list_drafts(engine: Engine) -> list[DraftView]:
    """Every draft. There are tens of them in years, so one read each is cheap enough."""
    names = await engine.inventory.list_documents(DRAFT_PREFIX)
    views = [await read_draft(engine, name.removeprefix(DRAFT_PREFIX)) for name, _ in names]
    return sorted(views, key=lambda view: -view.draft.changed_at_ms)
