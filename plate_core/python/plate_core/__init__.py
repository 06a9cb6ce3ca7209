"""The engine that allocates marks, for Python: classified, priced with reasons, reserved atomically.

``load_rule_book`` compiles the law, a ``RuleBook`` says what a mark is and costs and why, a ``Replica`` finds
free ones, an ``Inventory`` holds, sells and reads them in Valkey or Redis, a ``Journal`` keeps every
transition. Whole columns are in ``plate_core.arrow``; everything that can be refused, in
``plate_core.errors``.

The work is done in Rust; this package is its Python face and has no opinion of its own.
"""

from plate_core._law import load_rule_book, read_law
from plate_core._plate_core import (
    Act,
    Answer,
    Inventory,
    Journal,
    JournalReader,
    Live,
    Mark,
    Pattern,
    Replica,
    RuleBook,
    build,
    outcomes,
)
from plate_core.errors import (
    ActRefused,
    BootContractBroken,
    CursorInvalid,
    DocumentConflict,
    Fault,
    InputInvalid,
    InventoryClosed,
    InventoryError,
    InventoryForked,
    JournalBroken,
    MarkUnparseable,
    MciUnknown,
    NoTariffInForce,
    NotOffered,
    OutcomeUnknown,
    PatternInvalid,
    PlateError,
    PriceUnknown,
    ReplicaUnavailable,
    RuleBookInvalid,
    StoreOverloaded,
    StoreUnavailable,
    StoreUnfit,
)

__all__ = [
    "Act",
    "ActRefused",
    "Answer",
    "BootContractBroken",
    "CursorInvalid",
    "DocumentConflict",
    "Fault",
    "InputInvalid",
    "Inventory",
    "InventoryClosed",
    "InventoryError",
    "InventoryForked",
    "Journal",
    "JournalBroken",
    "JournalReader",
    "Live",
    "Mark",
    "MarkUnparseable",
    "MciUnknown",
    "NoTariffInForce",
    "NotOffered",
    "OutcomeUnknown",
    "Pattern",
    "PatternInvalid",
    "PlateError",
    "PriceUnknown",
    "Replica",
    "ReplicaUnavailable",
    "RuleBook",
    "RuleBookInvalid",
    "StoreOverloaded",
    "StoreUnavailable",
    "StoreUnfit",
    "build",
    "load_rule_book",
    "outcomes",
    "read_law",
]
