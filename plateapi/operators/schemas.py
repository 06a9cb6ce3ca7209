"""What the operators' routes read and write. The IIN comes in a body, never in a path or a query."""

from collections.abc import Sequence
from typing import Annotated, Any, NotRequired

from pydantic import Field, with_config
from typing_extensions import TypedDict

from plateapi.identity import ApplicantIdInvalid, Pseudonyms
from plateapi.people import Applicant
from plateapi.refusals import Refused
from plateapi.shapes import NOTHING_EXPECTED, Body, Expected, HoldingShape, MarkText, Shape, by_example

# Longer than twelve digits, so that a wrong one is told as a wrong IIN and not as a wrong field.
Number = Annotated[str, Field(max_length=32)]

BATCH_MAX = 100


@with_config(Body.model_config)
class ApplicantBody(TypedDict, total=False):
    """For whom: a person by IIN, or a legal entity by BIN with the IIN of the person who acts for it."""

    iin: Annotated[Number | None, Field(examples=["900101300017"])]
    bin: Number | None
    representative_iin: Number | None


def applicant_of(body: ApplicantBody, pseudonyms: Pseudonyms) -> Applicant:
    """The applicant; the numbers go no further than this call. Raises ``ApplicantIdInvalid``."""
    iin, number, representative = body.get("iin"), body.get("bin"), body.get("representative_iin")
    if iin is not None and number is None and representative is None:
        return pseudonyms.person(iin)
    if number is not None and representative is not None and iin is None:
        return pseudonyms.entity(number, representative)
    expected = "iin alone, or bin with representative_iin"
    errors = [{"field": "applicant", "code": "one_applicant", "expected": expected}]
    raise Refused("request_invalid", errors=errors)


def applicants_of(
    bodies: Sequence[ApplicantBody], pseudonyms: Pseudonyms
) -> list[Applicant | ApplicantIdInvalid | Refused]:
    """Each body's applicant or its refusal, in order; all people in one call, for they are nearly all."""
    alone = {
        place: iin
        for place, body in enumerate(bodies)
        if len(body) == 1 and (iin := body.get("iin")) is not None
    }
    people = dict(zip(alone, pseudonyms.people(list(alone.values())), strict=True))
    return [people.get(place) or _applicant_or_refusal(body, pseudonyms) for place, body in enumerate(bodies)]


def _applicant_or_refusal(
    body: ApplicantBody, pseudonyms: Pseudonyms
) -> Applicant | ApplicantIdInvalid | Refused:
    try:
        return applicant_of(body, pseudonyms)
    except (ApplicantIdInvalid, Refused) as error:
        return error


class ForApplicantBody(Body):
    """For whom the act is done."""

    model_config = by_example({"applicant": {"iin": "900101300017"}})

    applicant: ApplicantBody


class DeskHoldBody(ForApplicantBody):
    """Which mark for whom, and the price that the citizen has been told."""

    model_config = by_example(
        {"applicant": {"iin": "900101300017"}, "mark": "777AAA02"},
        {
            "applicant": {"bin": "100140000003", "representative_iin": "900101300017"},
            "mark": "777AA02",
            "expected": {"amount_tiyn": 123_262_500},
        },
    )

    mark: MarkText
    expected: Expected = NOTHING_EXPECTED


class DeskAssignBody(ForApplicantBody):
    """For whom, and where an ordinary mark is wanted."""

    model_config = by_example({"applicant": {"iin": "900101300017"}, "region": "02"})

    format: Annotated[str, Field(min_length=1, max_length=64)] = "person_car"
    region: Annotated[str, Field(pattern=r"^\d{2}$", examples=["02"])]


@with_config(Body.model_config)
class BatchItem(TypedDict):
    """One hold of a batch, as it would be asked for at a desk."""

    applicant: ApplicantBody
    mark: MarkText
    expected: NotRequired[Expected]


class BatchBody(Body):
    """Up to a hundred holds, each for an applicant of its own."""

    model_config = by_example({"items": [{"applicant": {"iin": "900101300017"}, "mark": "777AAA02"}]})

    items: Annotated[list[BatchItem], Field(min_length=1, max_length=BATCH_MAX)]


class BatchResult(Shape):
    """What became of one item: a holding or a problem, in the order of the request."""

    status: int = Field(
        description="The status that the single request would have had: 201 or the problem's."
    )
    holding: HoldingShape | None = None
    problem: dict[str, Any] | None = None


class BatchShape(Shape):
    """One result an item, in order."""

    held: int
    results: list[BatchResult]
