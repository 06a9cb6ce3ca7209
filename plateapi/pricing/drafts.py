"""Drafts of tariffs: upload, change, preview, submit, and approval by a second person.

Every act on a draft names the version it was decided on (If-Match), and an approval names the content's hash
besides, so what is put into force is exactly what was read.
"""

from typing import Annotated, Literal

from fastapi import Path, Query, Request, Response

from plateapi.edge.room import JSON, Room, Version
from plateapi.edge.visit import Here
from plateapi.people import Role
from plateapi.pricing.schemas import (
    TOML,
    ApprovalBody,
    DraftShape,
    DraftsShape,
    DraftSummary,
    FileName,
    PreviewShape,
    SubmissionBody,
    draft_etag,
    draft_values,
    draft_version,
)
from plateapi.pricing.upload import TOML_BODY, UPLOAD_LIMIT, toml_text
from plateapi.services.approve_draft import approve_draft
from plateapi.services.list_drafts import list_drafts
from plateapi.services.preview_draft import preview_draft
from plateapi.services.submit_draft import submit_draft
from plateapi.services.tariff_draft import DraftAct, DraftView, read_draft
from plateapi.services.upload_draft import replace_draft, upload_draft

room = Room("tariff drafts", "Tariffs on their way into force.")

ADMINS = (Role.PRICING_ADMIN,)
APPROVERS = (Role.PRICING_APPROVER,)
READERS = (Role.PRICING_ADMIN, Role.PRICING_APPROVER, Role.AUDITOR)
# What any writing of a document may meet.
WRITING_REFUSALS = ("document_conflict", "feed_backlogged")
CHANGE_REFUSALS = ("draft_unknown", "draft_stale", "draft_settled", *WRITING_REFUSALS)

DraftPath = Annotated[str, Path(pattern=r"^[0-9a-f]{16}$")]
NameQuery = Annotated[FileName, Query(description="The file's name, as it will stand in the rule book.")]


@room.route(
    "POST",
    "/v1/tariff-drafts",
    roles=ADMINS,
    status=201,
    reads=TOML,
    body_limit=UPLOAD_LIMIT,
    problems=["request_invalid", "tariff_already_published", *WRITING_REFUSALS],
    etag=True,
    summary="Upload a draft",
    openapi_extra=TOML_BODY,
)
async def upload(
    here: Here, request: Request, response: Response, file_name: NameQuery = "tariff.toml"
) -> DraftShape:
    """Keep a draft, with every fault that it has; only a sound one can be submitted."""
    content = await toml_text(request)
    view = await upload_draft(here.house.engine, here.errand(), here.actor.pseudonym, file_name, content)
    return _shown(view, response)


@room.route("GET", "/v1/tariff-drafts", roles=READERS, summary="Every draft")
async def drafts(here: Here) -> DraftsShape:
    """Every draft, the last changed first."""
    views = await list_drafts(here.house.engine)
    return DraftsShape(drafts=[DraftSummary.model_validate(draft_values(view)) for view in views])


@room.route(
    "GET",
    "/v1/tariff-drafts/{draft}",
    roles=READERS,
    problems=["draft_unknown", "request_invalid"],
    etag=True,
    summary="One draft",
)
async def draft(here: Here, draft: DraftPath, response: Response) -> DraftShape:
    """A draft with its text and its faults."""
    return _shown(await read_draft(here.house.engine, draft), response)


@room.route(
    "PUT",
    "/v1/tariff-drafts/{draft}",
    roles=ADMINS,
    version=Version.DRAFT,
    reads=TOML,
    body_limit=UPLOAD_LIMIT,
    problems=["request_invalid", "tariff_already_published", *CHANGE_REFUSALS],
    etag=True,
    summary="Replace a draft's content",
    openapi_extra=TOML_BODY,
)
async def replace(
    here: Here, draft: DraftPath, request: Request, response: Response, file_name: NameQuery = "tariff.toml"
) -> DraftShape:
    """New content. A submission falls: what was submitted is no longer what stands here."""
    content = await toml_text(request)
    return _shown(await replace_draft(here.house.engine, _act(here, draft), file_name, content), response)


@room.route(
    "GET",
    "/v1/tariff-drafts/{draft}/preview",
    roles=READERS,
    problems=["draft_unknown", "tariff_invalid", "tariff_already_published", "request_invalid"],
    summary="What a draft would change",
)
async def preview(
    here: Here, draft: DraftPath, acquired: Annotated[Literal["chosen", "assigned"], Query()] = "chosen"
) -> PreviewShape:
    """Marks, free marks and duty that move from tier to tier, exact over the whole country."""
    return PreviewShape.of(await preview_draft(here.house.engine, draft, acquired))


@room.route(
    "POST",
    "/v1/tariff-drafts/{draft}/submission",
    roles=ADMINS,
    version=Version.DRAFT,
    reads=JSON,
    problems=["tariff_invalid", "effect_too_soon", "effect_outside_day", "request_invalid", *CHANGE_REFUSALS],
    etag=True,
    summary="Submit a draft",
)
async def submit(here: Here, draft: DraftPath, body: SubmissionBody, response: Response) -> DraftShape:
    """Ask for approval of exactly this version, with its hour of effect."""
    return _shown(await submit_draft(here.house.engine, _act(here, draft), body.from_ms), response)


@room.route(
    "POST",
    "/v1/tariff-drafts/{draft}/approval",
    roles=APPROVERS,
    version=Version.DRAFT,
    reads=JSON,
    problems=[
        "draft_not_submitted",
        "revision_differs",
        "same_person",
        "effect_too_soon",
        "tariff_invalid",
        "tariff_already_published",
        "request_invalid",
        *CHANGE_REFUSALS,
    ],
    etag=True,
    summary="Approve a draft",
)
async def approve(here: Here, draft: DraftPath, body: ApprovalBody, response: Response) -> DraftShape:
    """Put exactly this content into force at its hour. Nobody who wrote or submitted it can."""
    engine = here.house.engine
    await approve_draft(engine, _act(here, draft), body.revision)
    return _shown(await read_draft(engine, draft), response)


def _act(here: Here, draft_id: str) -> DraftAct:
    return DraftAct(here.errand(), here.actor.pseudonym, draft_id, draft_version(here.if_match))


def _shown(view: DraftView, response: Response) -> DraftShape:
    response.headers["etag"] = draft_etag(view)
    return DraftShape.of(view)
