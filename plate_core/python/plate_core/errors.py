"""Everything the core refuses, each as a class of its own with a stable slug.

The chain of an error: an enum of the domain (Rust), one map in the binding, a class here, a problem of the
API. A class is chosen by what the caller can do next, never by a text. ``slug`` is for ever; ``detail`` is a
sentence for people; ``context`` holds the facts, as plain values that JSON can carry. No error repeats a
secret of the caller, and none repeats the text that he typed.

Programming errors stay Python's own: ``TypeError`` for a value of another type, ``OverflowError`` for a
number that fits no integer of the core, ``RuntimeError`` where a verb is called outside an event loop.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, TypedDict


class Fault(TypedDict):
    """One fault in a file or an input. Lines and columns count from 1; a column counts characters."""

    file: str
    line: int
    column: int
    code: str
    message: str
    expected: list[str]


class PlateError(Exception):
    """The base of everything in this file.

    >>> error = StoreOverloaded("too many requests wait", context={"retry_after_ms": 160})
    >>> error.slug, error.context["retry_after_ms"]
    ('store_overloaded', 160)
    """

    SLUG: ClassVar[str] = "plate_error"

    slug: str
    detail: str
    context: dict[str, Any]

    def __init__(
        self, detail: str, slug: str | None = None, context: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(detail, slug, context)
        self.slug = slug or self.SLUG
        self.detail = detail
        self.context = dict(context or {})

    def __str__(self) -> str:
        """The sentence; the slug and the facts are attributes."""
        return self.detail

    @property
    def faults(self) -> list[Fault]:
        """Every fault that was found, where there can be several; otherwise empty."""
        found: list[Fault] = self.context.get("faults", [])
        return found


# --- What the caller gave ---------------------------------------------------------------------------------


class InputInvalid(PlateError):
    """An argument cannot be meant as it stands; `argument` in the context names it."""

    SLUG = "input_invalid"


class MarkUnparseable(InputInvalid):
    """A text is no mark on sale.

    Context: ``reason`` (a slug), and where they are known ``position`` (from 1) and ``character``.
    """

    SLUG = "mark_unparseable"


class PatternInvalid(InputInvalid):
    """A pattern has faults, all of them in `faults`."""

    SLUG = "pattern_invalid"


class RuleBookInvalid(InputInvalid):
    """Files of the law have faults, all of them in `faults`."""

    SLUG = "rule_book_invalid"


class CursorInvalid(InputInvalid):
    """A cursor belongs to another search, or was changed."""

    SLUG = "cursor_invalid"


# --- The law ----------------------------------------------------------------------------------------------


class PriceUnknown(PlateError):
    """No price is known for that day."""

    SLUG = "price_unknown"


class NoTariffInForce(PriceUnknown):
    """No tariff is in force on that day."""

    SLUG = "no_tariff_in_force"


class MciUnknown(PriceUnknown):
    """No monthly calculation index is known for that day."""

    SLUG = "mci_unknown"


class NotOffered(PriceUnknown):
    """The mark cannot be acquired in this way. Context: ``acquired``, ``rule``."""

    SLUG = "not_offered"


# --- The store and the engine -----------------------------------------------------------------------------


class InventoryError(PlateError):
    """The inventory gave no answer."""

    SLUG = "inventory_error"


class StoreUnavailable(InventoryError):
    """The store cannot be reached, or refuses to work; nothing took effect."""

    SLUG = "store_unavailable"


class StoreOverloaded(InventoryError):
    """A queue is full; nothing took effect. Context: ``retry_after_ms``."""

    SLUG = "store_overloaded"


class OutcomeUnknown(InventoryError):
    """The request was sent and no answer came: it may have taken effect.

    Lists of answers do not raise this: there each such item has the outcome ``unknown``. Sending the same
    request id again resolves it.
    """

    SLUG = "outcome_unknown"


class StoreUnfit(InventoryError):
    """The store has data or functions that this version cannot work with; waiting does not help."""

    SLUG = "store_unfit"


class InventoryClosed(InventoryError):
    """The inventory is closed; nothing took effect."""

    SLUG = "inventory_closed"


class InventoryForked(InventoryError):
    """The inventory was opened before this process forked. Open one in the child; nothing took effect."""

    SLUG = "inventory_forked"


class BootContractBroken(InventoryError):
    """The store has settings that can lose marks.

    Context: ``faults``, each with ``setting``, ``found``, ``needed`` and ``mend``, the line that mends it.
    """

    SLUG = "boot_contract_broken"


class ActRefused(InventoryError):
    """An act that is no list of items was refused: the outcome is the slug.

    Context: ``retry_at_ms``; of a feed that is backlogged its ``pool``.
    """

    SLUG = "act_refused"


class DocumentConflict(InventoryError):
    """A document changed since it was read. Context: ``name``, ``expected_version``, ``found_version``."""

    SLUG = "document_conflict"


class ReplicaUnavailable(InventoryError):
    """The machine's shared bitmaps are missing, unfinished or of another version."""

    SLUG = "replica_unavailable"


# --- The journal ------------------------------------------------------------------------------------------


class JournalBroken(PlateError):
    """The journal has a gap, was changed, or the disk refuses."""

    SLUG = "journal_broken"
