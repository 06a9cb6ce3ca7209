"""A publication as the store has it, held to the hash in its name before any worker prices by it.

The second person approved a content, and the document is named by that content's hash. So a document whose
text compiles to another hash, or that says otherwise of the text's own id and day, was not approved by
anybody: it is refused whole. Not here: what is in force instead (``plateapi/engine.py`` leaves what it knew),
and a document that is consistent and still nobody's: that one the journal does not tell of (decision 19).
"""

from dataclasses import fields

from plate_core import PlateError, RuleBook, RuleBookInvalid
from plateapi.law import PUBLISHED_PREFIX, PublishedTariff, day_of, inner_name

REFUSED = "published_tariff_refused"


def read_published(name: str, content: bytes, base: RuleBook) -> PublishedTariff:
    """The tariff of a document, compiled beside the law on disk. Slow (tens of ms): call it beside the loop.

    Raises ``PlateError`` (``published_tariff_refused``) with what does not fit.
    """
    try:
        tariff = PublishedTariff.load(content)
        if any(type(getattr(tariff, field.name)) is not field.type for field in fields(tariff)):
            raise TypeError
        hour_fits = day_of(tariff.from_ms) == tariff.in_force_from
    except (ValueError, TypeError, OverflowError) as error:
        raise _refusal(name, "it cannot be read") from error
    try:
        book = base.with_tariff(inner_name(tariff.content), tariff.content.encode())
    except RuleBookInvalid as error:
        raise _refusal(name, f"its text does not compile: {error.detail}") from error
    approved = name.removeprefix(PUBLISHED_PREFIX)
    known = next((one for one in book.tariffs() if one["revision"] == approved), None)
    if known is None or tariff.revision != approved:
        raise _refusal(name, "its text has another hash than its name")
    if not hour_fits or (known["id"], known["in_force_from"]) != (tariff.tariff_id, tariff.in_force_from):
        raise _refusal(name, "its id, day or hour is not its text's")
    return tariff


def _refusal(name: str, why: str) -> PlateError:
    return PlateError(f"The document {name} is not what was approved: {why}.", REFUSED, {"document": name})
