"""What the pricing routes read and write."""

import re
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from plateapi.refusals import Refused
from plateapi.services.check_tariff import CheckedTariff
from plateapi.services.list_tariffs import ListedTariff
from plateapi.services.preview_draft import Preview
from plateapi.services.tariff_draft import DraftView
from plateapi.shapes import Body, Revision, Shape, by_example

TOML: Final = "application/toml"
# A moment up to the year 2200; a later one is a mistake of units.
MOMENT_MAX_MS: Final = 7_258_118_400_000

FileName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}\.toml$", examples=["kz-2027.toml"])]
DRAFT_ETAG: Final = re.compile(r'"(\d{1,15})"')


class FaultShape(Shape):
    """One fault in a tariff's file."""

    file: str
    line: int
    column: int
    code: str
    message: str
    expected: list[str]


class CheckedShape(Shape):
    """A tariff that compiles."""

    revision: str
    tariff_id: str
    in_force_from: str
    report: dict[str, Any] = Field(description="Marks a tier, rules that can never win, overlaps, gaps")

    @classmethod
    def of(cls, checked: CheckedTariff) -> "CheckedShape":
        """The check's result as JSON."""
        return cls(
            revision=checked.revision,
            tariff_id=checked.tariff_id,
            in_force_from=checked.in_force_from,
            report=checked.report,
        )


class TariffShape(Shape):
    """A tariff on the timeline."""

    revision: str
    tariff_id: str
    in_force_from: str = Field(description="The day that its file names")
    from_ms: int = Field(description="The moment of effect")
    standing: Literal["past", "in_force", "to_come"]

    @classmethod
    def of(cls, tariff: ListedTariff) -> "TariffShape":
        """The tariff as JSON."""
        return cls(
            revision=tariff.revision,
            tariff_id=tariff.tariff_id,
            in_force_from=tariff.in_force_from,
            from_ms=tariff.from_ms,
            standing=tariff.standing,
        )


class TariffsShape(Shape):
    """Every tariff, the latest first."""

    tariffs: list[TariffShape]


class TariffDetailShape(TariffShape):
    """A tariff with its report and, where it was published here, its text."""

    report: dict[str, Any]
    content: str = Field(description="The file: what a new draft can begin from")

    @classmethod
    def of_tariff(cls, tariff: ListedTariff) -> "TariffDetailShape":
        """The tariff as JSON, whole."""
        return cls(
            **TariffShape.of(tariff).model_dump(),
            report=tariff.report,
            content=tariff.content,
        )


class DraftSummary(Shape):
    """Where a draft stands. Persons are pseudonyms, the same as in the journal."""

    draft: str
    state: Literal["draft", "submitted", "approved"]
    version: int
    file_name: str
    revision: str | None = Field(description="Content hash; null while the draft has faults")
    tariff_id: str | None
    in_force_from: str | None
    from_ms: int | None
    authors: list[str]
    submitted_by: str | None
    approved_by: str | None
    created_at_ms: int
    changed_at_ms: int
    faults: list[FaultShape]


class DraftShape(DraftSummary):
    """A draft with its text."""

    content: str

    @classmethod
    def of(cls, view: DraftView) -> "DraftShape":
        """The draft as JSON, whole."""
        return cls.model_validate({**draft_values(view), "content": view.draft.content})


class DraftsShape(Shape):
    """Every draft, the last changed first."""

    drafts: list[DraftSummary]


def draft_values(view: DraftView) -> dict[str, Any]:
    """Where a draft stands, as JSON values."""
    draft, published = view.draft, view.published
    return {
        "draft": draft.draft,
        "state": view.state,
        "version": view.version,
        "file_name": draft.file_name,
        "revision": draft.revision,
        "tariff_id": draft.tariff_id,
        "in_force_from": draft.in_force_from,
        "from_ms": draft.from_ms,
        "authors": draft.authors,
        "submitted_by": draft.submitted_by,
        "approved_by": published.approved_by if published else None,
        "created_at_ms": draft.created_at_ms,
        "changed_at_ms": draft.changed_at_ms,
        "faults": draft.faults,
    }


class SubmissionBody(Body):
    """The hour of effect, on the day that the file names; none: as that day begins."""

    model_config = by_example({"from_ms": 1_798_743_600_000}, {})

    from_ms: Annotated[int, Field(ge=0, le=MOMENT_MAX_MS)] | None = None


class ApprovalBody(Body):
    """Exactly which content is approved."""

    model_config = by_example({"revision": "3f9a1c5e7b2d4f60" * 4})

    revision: Revision


class PreviewShape(Shape):
    """What a tariff would change on its day, against what is in force just before."""

    revision: str
    in_force_from: str
    against: str | None = Field(description="Revision that it is compared with")
    mci_of: str = Field(
        description="Day by whose index the duty is counted: the tariff's own, or today if that is unknown"
    )
    free_marks_counted: bool = Field(description="False while the picture of free marks is being built")
    report: dict[str, Any]
    effect: dict[str, Any] = Field(
        description="Moves from tier to tier with marks, free marks, duty, samples"
    )

    @classmethod
    def of(cls, preview: Preview) -> "PreviewShape":
        """The preview as JSON."""
        return cls(
            revision=preview.revision,
            in_force_from=preview.in_force_from,
            against=preview.against,
            mci_of=preview.mci_of,
            free_marks_counted=preview.free_marks_counted,
            report=preview.report,
            effect=preview.effect,
        )


def draft_etag(view: DraftView) -> str:
    """The strong ETag of a draft: the version of its document."""
    return f'"{view.version}"'


def draft_version(text: str) -> int:
    """The version that an ETag names. Refused: ``if_match_invalid``."""
    found = DRAFT_ETAG.fullmatch(text.strip())
    if found is None:
        raise Refused("if_match_invalid")
    return int(found[1])
