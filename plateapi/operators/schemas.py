"""What the operators' routes read and write. The IIN comes in a body, never in a path or a query."""

from typing import Annotated, Any

from pydantic import Field

from plateapi.identity import Pseudonyms
from plateapi.people import Applicant
from plateapi.refusals import Refused
from plateapi.shapes import Body, Expected, HoldingShape, MarkText, Shape, by_example

# Longer than twelve digits, so that a wrong one is told as a wrong IIN and not as a wrong field.
Number = Annotated[str, Field(max_length=32)]

BATCH_MAX = 100


class ApplicantBody(Body):
    """For whom: a person by IIN, or a legal entity by BIN with the IIN of the person who acts for it."""

    iin: Number | None = Field(None, examples=["900101300017"])
    bin: Number | None = None
    representative_iin: Number | None = None

    def applicant(self, pseudonyms: Pseudonyms) -> Applicant:
        """The applicant; the numbers go no further than this call. Raises ``ApplicantIdInvalid``."""
        if self.iin is not None and self.bin is None and self.representative_iin is None:
            return pseudonyms.person(self.iin)
        if self.bin is not None and self.representative_iin is not None and self.iin is None:
            return pseudonyms.entity(self.bin, self.representative_iin)
        expected = "iin alone, or bin with representative_iin"
        errors = [{"field": "applicant", "code": "one_applicant", "expected": expected}]
        raise Refused("request_invalid", errors=errors)


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
    expected: Expected = Field(default_factory=Expected)


class DeskAssignBody(ForApplicantBody):
    """For whom, and where an ordinary mark is wanted."""

    model_config = by_example({"applicant": {"iin": "900101300017"}, "region": "02"})

    format: Annotated[str, Field(min_length=1, max_length=64)] = "person_car"
    region: Annotated[str, Field(pattern=r"^\d{2}$", examples=["02"])]


class BatchBody(Body):
    """Up to a hundred holds, each for an applicant of its own."""

    model_config = by_example({"items": [{"applicant": {"iin": "900101300017"}, "mark": "777AAA02"}]})

    items: Annotated[list[DeskHoldBody], Field(min_length=1, max_length=BATCH_MAX)]


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
