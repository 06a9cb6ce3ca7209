"""The pages' addresses: what a query string means, and the query strings of links.

A query that cannot be read is not an error here: a person edits addresses by hand, and sees the form again.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, cast, get_args
from urllib.parse import urlencode

from plateapi.languages import LANGUAGES, Language
from plateapi.problems import TWELVE_DIGITS
from plateapi.services.search_marks import Order

MARKS_A_PAGE: Final = 24
PATTERN_CHARACTERS_MAX: Final = 64
# An IIN typed into the wrong field does not come back, on no page and in no link.
CUT_OUT: Final = "…"
ORDERS: Final[tuple[Order, ...]] = ("number", "price", "beauty")


@dataclass(frozen=True, slots=True)
class SearchAddress:
    """What the form holds."""

    language: Language
    pattern: str = ""
    region: str = ""
    format: str = "person_car"
    order: Order = "number"
    after: bytes | None = None

    @property
    def asked(self) -> bool:
        """Whether there is anything to search for."""
        return bool(self.pattern or self.region)

    def href(self) -> str:
        """The address of this search."""
        fields = {"lang": self.language, "q": self.pattern, "region": self.region}
        fields |= {"format": self.format, "order": self.order}
        if self.after is not None:
            fields["after"] = base64.urlsafe_b64encode(self.after).decode().rstrip("=")
        return "/?" + urlencode(fields)

    def in_language(self, language: Language) -> "SearchAddress":
        """The same search in another language."""
        return replace(self, language=language)


def read_search(query: Mapping[str, str], negotiated: Language) -> SearchAddress:
    """The search that a query string asks for; what it does not name has its default."""
    order = query.get("order", "number")
    return SearchAddress(
        language=read_language(query, negotiated),
        pattern=typed_pattern(query.get("q", "")),
        region=TWELVE_DIGITS.sub(CUT_OUT, query.get("region", "")),
        format=TWELVE_DIGITS.sub(CUT_OUT, query.get("format", "person_car")),
        order=cast(Order, order) if order in get_args(Order) else "number",
        after=cursor_bytes(query.get("after")),
    )


def typed_pattern(text: str) -> str:
    """What somebody typed, as it may stand on a page: without the number of a person."""
    return TWELVE_DIGITS.sub(CUT_OUT, text.strip())[:PATTERN_CHARACTERS_MAX]


def read_language(query: Mapping[str, str], negotiated: Language) -> Language:
    """The language that the address names, or the browser's."""
    named = query.get("lang", "")
    return next((language for language in LANGUAGES if language == named), negotiated)


def mark_href(mark_text: str, language: Language) -> str:
    """The address of one mark's page."""
    return f"/marks/{mark_text}?{urlencode({'lang': language})}"


def cursor_bytes(text: str | None) -> bytes | None:
    """The core's cursor from an address; None where there is none."""
    if not text:
        return None
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return None
