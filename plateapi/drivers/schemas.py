"""What the drivers' routes read and write."""

import base64
from datetime import date
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from plateapi.refusals import Refused
from plateapi.services.explain_mark import Explained
from plateapi.services.search_marks import Search
from plateapi.shapes import (
    AMOUNT_MAX_TIYN,
    NOTHING_EXPECTED,
    Body,
    Expected,
    MarkText,
    Names,
    Shape,
    by_example,
    mark_values,
)

TERMS_MAX: Final = 32

Term = Annotated[str, Field(min_length=1, max_length=64)]
Terms = Annotated[list[Term], Field(max_length=TERMS_MAX)]


def _in_the_calendar(day: str) -> str:
    """The day, if the calendar has it: 30 February has the form of a day and is none."""
    date.fromisoformat(day)
    return day


Day = Annotated[
    str,
    Field(pattern=r"^2[01][0-9]{2}-[0-9]{2}-[0-9]{2}$", examples=["2026-07-01"]),
    AfterValidator(_in_the_calendar),
]


class SearchQuery(BaseModel):
    """The query of a search. Lists are repeated parameters: ``?region=01&region=02``."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    pattern: str | None = Field(
        None,
        min_length=1,
        max_length=128,
        description="? is one character, * any run of them; the grammar is patterns/README.md.",
        examples=["7*7"],
    )
    format: Terms = Field(default_factory=lambda: ["person_car"], description="Formats searched.")
    region: Terms = Field(default_factory=list, description="Regions, 01 to 20; none: the whole country.")
    tier: Terms = Field(default_factory=list, description="Price classes.")
    tag: Terms = Field(default_factory=list, description="Patterns of beauty, all of which must fit.")
    amount_tiyn_min: int | None = Field(None, ge=0, le=AMOUNT_MAX_TIYN)
    amount_tiyn_max: int | None = Field(None, ge=0, le=AMOUNT_MAX_TIYN)
    free_only: bool = Field(True, description="Only what can be held now.")
    order: Literal["number", "price", "beauty", "shuffle"] = "number"
    seed: int = Field(0, ge=0, le=2**53 - 1, description="Of the shuffle: the same seed, the same order.")
    after: str | None = Field(None, max_length=512, description="The cursor of the page before.")
    limit: int = Field(20, ge=1, le=100)

    def search(self) -> Search:
        """The query as the service wants it."""
        return Search(
            pattern=self.pattern,
            formats=self.format,
            regions=self.region,
            tiers=self.tier,
            tags=self.tag,
            amount_tiyn_min=self.amount_tiyn_min,
            amount_tiyn_max=self.amount_tiyn_max,
            free_only=self.free_only,
            order=self.order,
            seed=self.seed,
            after=None if self.after is None else cursor_bytes(self.after),
            limit=self.limit,
        )


def cursor_bytes(text: str) -> bytes:
    """The core's cursor back. Refused: ``cursor_invalid``."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError as error:
        raise Refused("cursor_invalid") from error


class MarkShape(Shape):
    """A mark's parts."""

    mark: str = Field(examples=["777AAA02"])
    display: str = Field(examples=["777 AAA 02"])
    format: str
    region: str
    digits: str
    series: str


class FoundShape(MarkShape):
    """One mark of a page."""

    state: Literal["free", "taken", "issued", "withheld"]
    tags: list[str]
    tier: str | None = Field(description="Price class; null where the mark is not offered to be chosen.")
    mci: str | None
    amount_tiyn: int | None


# The core writes it (`plate_core/binding/src/page.rs`); a test holds the text to this shape.
class PageShape(Shape):
    """A page of a search."""

    count: int = Field(description="Marks on all pages together, exact when it was counted.")
    marks: list[FoundShape]
    next: str | None = Field(description="Cursor of the next page; null on the last.")
    tariff: str = Field(description="Revision of the tariff by which the prices are.")
    age_ms: int = Field(description="How old the picture of free marks is.")


class ExplainedShape(MarkShape):
    """One mark: its state now, and its certificate, which says why it costs what it costs."""

    state: Literal["free", "taken", "issued", "withheld"]
    server_time_ms: int
    certificate: dict[str, Any]

    @classmethod
    def of(cls, explained: Explained) -> "ExplainedShape":
        """The explained mark as JSON."""
        return cls.model_validate(
            {
                **mark_values(explained.mark),
                "state": explained.state,
                "server_time_ms": explained.server_time_ms,
                "certificate": explained.certificate,
            }
        )


class NearestShape(Shape):
    """Free marks like the one asked for, the most like it first."""

    mark: str
    nearest: list[dict[str, Any]]


class RegionShape(Names):
    """A region."""

    code: str


class RuleBookShape(Shape):
    """What there is to choose from today."""

    revision: str
    day: str
    tariff: dict[str, Any] | None
    regions: list[dict[str, Any]]
    formats: list[dict[str, Any]]
    tiers: list[dict[str, Any]] = Field(description="With prices; empty while today's index is unknown.")
    tags: list[dict[str, Any]]


class PoolShape(Shape):
    """How the marks of one format in one region stand."""

    pool: str = Field(examples=["person_car.02"])
    format: str = Field(examples=["person_car"])
    region: str = Field(examples=["02"])
    standing: str = Field(
        description="on_sale, or the slug that a hold is refused with: not_open, pool_paused, holds_stopped, "
        "read_only, pool_unknown",
        examples=["on_sale"],
    )
    opens_at_ms: int = Field(description="When its sale begins or began; 0: no hour was set.", examples=[0])
    frozen: bool = Field(description="Nothing expires here at present: holds last longer.")


class PoolsShape(Shape):
    """Every pool of the rule book."""

    pools: list[PoolShape]


class HoldBody(Body):
    """Which mark, and the price that the driver has seen."""

    model_config = by_example(
        {"mark": "777AAA02"}, {"mark": "777 AAA 02", "expected": {"amount_tiyn": 123_262_500}}
    )

    mark: MarkText
    expected: Expected = NOTHING_EXPECTED


class AssignBody(Body):
    """Where an ordinary mark is wanted."""

    model_config = by_example({"format": "person_car", "region": "02"})

    format: Term = "person_car"
    region: Annotated[str, Field(pattern=r"^\d{2}$", examples=["02"])]
