"""Approve a submitted draft: a second person puts exactly that content into force, at the hour submitted.

The publication is one new document named by the content's hash, so it is made once, and it is the whole of
the decision: the pools and every worker follow it. The draft itself is not touched.
"""

from plate_core.errors import DocumentConflict
from plateapi.engine import Engine
from plateapi.law import PublishedTariff
from plateapi.refusals import Refused
from plateapi.services.check_tariff import check_sound_tariff
from plateapi.services.submit_draft import check_lead
from plateapi.services.tariff_draft import DraftAct, DraftView, read_draft


async def approve_draft(engine: Engine, act: DraftAct, revision: str) -> PublishedTariff:
    """Publish the draft that has this content hash.

    Refused: ``draft_unknown``, ``draft_settled``, ``draft_stale``, ``draft_not_submitted``,
    ``revision_differs``, ``same_person``, ``effect_too_soon``, ``tariff_invalid``.
    """
    await engine.read_law()
    view = await read_draft(engine, act.draft_id)
    if view.published is not None:
        return _again(view.published, act, revision)
    from_ms = _check(view, act, revision)
    check_lead(engine, from_ms)
    checked = await check_sound_tariff(engine, view.draft.file_name, view.draft.content)
    if checked.revision != revision:
        raise Refused("revision_differs", revision=checked.revision)
    published = PublishedTariff(
        revision=checked.revision,
        tariff_id=checked.tariff_id,
        in_force_from=checked.in_force_from,
        from_ms=from_ms,
        file_name=view.draft.file_name,
        content=view.draft.content,
        author=view.draft.authors[0],
        submitted_by=view.draft.submitted_by or "",
        approved_by=act.person,
        approved_at_ms=engine.clock.now_ms(),
        draft=act.draft_id,
    )
    return await _publish(engine, published, act)


def _check(view: DraftView, act: DraftAct, revision: str) -> int:
    """The submitted hour, if this person may approve this version by this hash."""
    draft = view.draft
    if view.version != act.version:
        raise Refused("draft_stale", current_version=view.version)
    if draft.submitted_by is None or draft.from_ms is None:
        raise Refused("draft_not_submitted")
    if draft.revision != revision:
        raise Refused("revision_differs", revision=draft.revision)
    if act.person in {draft.submitted_by, *draft.authors}:
        raise Refused("same_person")
    return draft.from_ms


async def _publish(engine: Engine, published: PublishedTariff, act: DraftAct) -> PublishedTariff:
    try:
        await engine.inventory.put_document(
            act.errand.act(), published.document, published.dump(), expected_version=0
        )
    except DocumentConflict:
        found = await engine.inventory.get_document(published.document)
        if found is None:
            raise
        return _again(PublishedTariff.load(found[1]), act, published.revision)
    await engine.read_law()
    return published


def _again(published: PublishedTariff, act: DraftAct, revision: str) -> PublishedTariff:
    """A repeated approval is the same approval; anybody else's comes too late."""
    same = (
        published.draft == act.draft_id
        and published.revision == revision
        and published.approved_by == act.person
    )
    if not same:
        raise Refused("draft_settled" if published.draft == act.draft_id else "tariff_already_published")
    return published
