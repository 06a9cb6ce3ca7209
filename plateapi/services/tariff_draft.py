"""A draft of a tariff: the document it lives in, and how a change of it stays one change.

A draft is one document of the store, changed by compare-and-set. Each act on it notes the request that
made it, so that a repeated request finds its own mark instead of acting twice; the last hundred are kept.
A draft is approved when a publication names it: that is read, never written here.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

import orjson

from plate_core.errors import DocumentConflict
from plateapi.engine import Engine
from plateapi.law import PublishedTariff
from plateapi.people import Errand
from plateapi.refusals import Refused

DRAFT_PREFIX: Final = "tariff/draft/"
REQUESTS_KEPT: Final = 100

DraftState = Literal["draft", "submitted", "approved"]


@dataclass(frozen=True, slots=True)
class TariffDraft:
    """A draft as its document holds it."""

    draft: str
    file_name: str
    content: str
    authors: list[str]  # pseudonyms of everybody who wrote any of it
    revision: str | None = None  # content hash; None while it has faults
    tariff_id: str | None = None
    in_force_from: str | None = None
    faults: list[dict[str, Any]] = field(default_factory=list)
    submitted_by: str | None = None
    from_ms: int | None = None
    created_at_ms: int = 0
    changed_at_ms: int = 0
    requests: dict[str, str] = field(default_factory=dict)  # request -> digest of what it asked


@dataclass(frozen=True, slots=True)
class DraftView:
    """A draft with its version and what has become of it."""

    draft: TariffDraft
    version: int
    published: PublishedTariff | None

    @property
    def state(self) -> DraftState:
        """Where the draft stands."""
        if self.published is not None:
            return "approved"
        return "submitted" if self.draft.submitted_by else "draft"


@dataclass(frozen=True, slots=True)
class DraftAct:
    """An act on a draft: by which person, on which draft, decided on which version of it."""

    errand: Errand
    person: str  # the actor's pseudonym: four eyes are counted in persons, whatever their roles
    draft_id: str
    version: int


def request_name(errand: Errand) -> str:
    """The request, scoped to its caller, as a draft notes it."""
    return hashlib.sha256(f"{errand.caller}\0{errand.request_id}".encode()).hexdigest()[:32]


def digest(*asked: object) -> str:
    """What a request asked, as a digest."""
    return hashlib.sha256(orjson.dumps(asked)).hexdigest()[:16]


async def read_draft(engine: Engine, draft_id: str) -> DraftView:
    """The draft as it stands. Refused: ``draft_unknown``."""
    found = await engine.inventory.get_document(DRAFT_PREFIX + draft_id)
    if found is None:
        raise Refused("draft_unknown")
    version, content = found
    draft = TariffDraft(**orjson.loads(content))
    return DraftView(draft, version, _publication(engine, draft))


def _publication(engine: Engine, draft: TariffDraft) -> PublishedTariff | None:
    return next((tariff for tariff in engine.law.published if tariff.draft == draft.draft), None)


async def change_draft(
    engine: Engine, act: DraftAct, asked: str, change: Callable[[TariffDraft], TariffDraft]
) -> DraftView:
    """Apply one change to the version that its author has seen, once however often it is sent.

    Refused: ``draft_unknown``, ``draft_stale``, ``draft_settled``, ``request_id_reused``.
    """
    view = await read_draft(engine, act.draft_id)
    if seen_before(view.draft, act.errand, asked):
        return view
    if view.published is not None:
        raise Refused("draft_settled")
    if view.version != act.version:
        raise Refused("draft_stale", current_version=view.version)
    changed = noted(change(view.draft), act.errand, asked, engine.clock.now_ms())
    return await write_draft(engine, act.errand, changed, act.version, asked)


async def write_draft(
    engine: Engine, errand: Errand, draft: TariffDraft, expected_version: int, asked: str
) -> DraftView:
    """Write a draft over the version expected (0: it is new)."""
    name = DRAFT_PREFIX + draft.draft
    try:
        version = await engine.inventory.put_document(
            errand.act(), name, orjson.dumps(draft), expected_version=expected_version
        )
    except DocumentConflict:
        view = await read_draft(engine, draft.draft)
        if seen_before(view.draft, errand, asked):
            return view  # The same request was on its way twice, and the other one was first.
        raise Refused("draft_stale", current_version=view.version) from None
    return DraftView(draft, version, None)


def seen_before(draft: TariffDraft, errand: Errand, asked: str) -> bool:
    """Whether this request has changed the draft already. Refused: ``request_id_reused``."""
    noted_digest = draft.requests.get(request_name(errand))
    if noted_digest not in (None, asked):
        raise Refused("request_id_reused")
    return noted_digest is not None


def noted(draft: TariffDraft, errand: Errand, asked: str, now_ms: int) -> TariffDraft:
    """The draft with this request noted, and the oldest notes beyond the last hundred dropped."""
    requests = {**draft.requests, request_name(errand): asked}
    return replace(draft, requests=dict(list(requests.items())[-REQUESTS_KEPT:]), changed_at_ms=now_ms)
