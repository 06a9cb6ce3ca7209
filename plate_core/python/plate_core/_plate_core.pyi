"""The border, typed: what the Rust binding offers to the facade. Nobody but the facade imports it.

Values cross as plain types: text, integers, bytes, dictionaries. Decisions are not taken here.
Errors: every function raises only the exceptions of ``plate_core.errors``.
"""

from collections.abc import Awaitable, Mapping, Sequence
from typing import Any, Literal, final

Acquired = Literal["chosen", "assigned"]
ApplicantKind = Literal["person", "entity"]
OrderBy = Literal["number", "price", "beauty", "shuffle"]
MarkState = Literal["free", "taken", "issued", "withheld"]

@final
class Mark:
    """One mark: the character string that is allocated. Immutable, hashable, ordered by pool and ordinal."""

    format: str  # "person_car"
    region: str  # "02"
    digits: str  # "777"
    series: str  # "AAA"
    text: str  # "777AAA02"
    display: str  # "777 AAA 02"
    pool: str  # "person_car.02"
    ordinal: int  # series row * 1024 + digits

@final
class Pattern:
    """A compiled pattern of search or of the rule book."""

    text: str
    def count(self) -> int: ...
    def contains(self, mark: Mark) -> bool: ...
    def marks(self, limit: int) -> list[Mark]: ...

@final
class RuleBook:
    """The law, compiled: formats, regions, MCI, tariffs, withheld series, beauty patterns."""

    @staticmethod
    def compile(files: Sequence[tuple[str, bytes]]) -> RuleBook: ...  # RuleBookInvalid (faults)
    revision: str  # SHA-256 over the canonical content, 64 hex digits
    def regions(self) -> list[dict[str, str]]: ...  # {"code", "kk", "ru", "en"}
    def formats(self) -> list[dict[str, Any]]: ...  # {"id", "template", "enabled", "names": {kk, ru, en}}
    def pools(self) -> list[str]: ...
    def tags(self) -> list[dict[str, Any]]: ...  # {"id", "names", "beauty": int, "marks": int}
    def tiers(self, on: str) -> list[dict[str, Any]]: ...  # {"id", "names", "mci": "228", "amount_tiyn", "marks"}
    def tariffs(self) -> list[dict[str, Any]]: ...  # {"id", "revision", "in_force_from", "report": {...}}
    def tariff_in_force(self, at_ms: int) -> dict[str, Any] | None: ...  # {"id", "revision", "in_force_from"}
    def price_changes_ms(self) -> list[int]: ...  # moments at which a tariff or the MCI changes
    def parse(self, text: str) -> Mark: ...  # MarkUnparseable (position, character, reason)
    def mark_at(self, pool: str, ordinal: int) -> Mark: ...
    def pattern(self, text: str) -> Pattern: ...  # PatternInvalid (faults)
    def explain(self, mark: Mark, *, acquired: Acquired = "chosen", on: str | None = None) -> dict[str, Any]: ...
    def quote(self, mark: Mark, *, acquired: Acquired = "chosen", at_ms: int) -> dict[str, Any]: ...
    # {"tier", "mci": "228", "mci_value_tenge", "amount_tiyn", "tariff": 64 hex}; NoTariffInForce
    def classify(self, marks: Sequence[Mark], *, acquired: Acquired, on: str) -> list[tuple[str, list[str]]]: ...
    def classify_column(
        self, offsets: bytes, data: bytes, *, acquired: Acquired, on: str
    ) -> dict[str, bytes | list[str]]: ...
    # Arrow layout in (int32 offsets, UTF-8 data) and out: dictionary codes, tag bits, amounts, validity; the facade wraps it in Arrow
    def parse_column(self, offsets: bytes, data: bytes) -> tuple[bytes, bytes, list[tuple[int, str]]]: ...
    # (pool index as u16, ordinal as u32, [(row, reason)]) ; pool index follows pools(); a bad row is 0xFFFF
    def with_tariff(self, name: str, content: bytes) -> RuleBook: ...  # RuleBookInvalid (faults)
    def preview(
        self, candidate: RuleBook, *, on: str, acquired: Acquired = "chosen", replica: Replica | None = None
    ) -> dict[str, Any]: ...
    # {"moves": [{"from", "to", "marks", "free_marks", "amount_tiyn", "samples": [..]}], "shadowed": [...], "marks", ...}

@final
class Replica:
    """The machine's shared bitmaps, mapped read-only. Advisory, milliseconds old."""

    @staticmethod
    def open(path: str, book: RuleBook) -> Replica: ...  # ReplicaUnavailable
    def age_ms(self, now_ms: int) -> int: ...
    def state(self, mark: Mark) -> MarkState: ...
    def search(
        self,
        *,
        pattern: str | None = None,
        regions: Sequence[str] = (),
        formats: Sequence[str] = ("person_car",),
        tiers: Sequence[str] = (),
        tags: Sequence[str] = (),
        amount_tiyn_min: int | None = None,
        amount_tiyn_max: int | None = None,
        free_only: bool = True,
        order: OrderBy = "number",
        seed: int = 0,
        on: str,
        after: bytes | None = None,
        limit: int = 20,
    ) -> dict[str, Any]: ...  # {"marks": [Mark], "next": bytes | None, "count": int}; PatternInvalid, CursorInvalid
    def nearest(self, mark: Mark, *, limit: int = 5) -> list[Mark]: ...  # free ones, the likest first
    def ordinary(self, pool: str, *, limit: int, seed: int, on: str) -> list[Mark]: ...  # candidates for assign_next

@final
class ReplicaWriter:
    """Builds the shared bitmaps from snapshots and keeps them by the change feed, on a thread of its own."""

    @staticmethod
    def start(url: str, path: str, book: RuleBook) -> ReplicaWriter: ...
    def health(self) -> dict[str, Any]: ...  # {"ready": bool, "pools": int, "lag_revisions": int, "error": str | None}
    def stop(self) -> None: ...

@final
class Act:
    """Who does it, for whom, from where, under which request id."""

    def __init__(
        self,
        *,
        request_id: str,  # the caller's own, 8 to 128 visible ASCII characters
        caller: str,  # pseudonym of the actor; scopes request_id
        office: str = "",
        channel: str,  # egov_mobile portal tson_app kiosk desk assistant payment keeper registry
        applicant: bytes | None = None,  # 16 bytes, keyed HMAC of the IIN or BIN
        applicant_kind: ApplicantKind = "person",
        applicant_key_id: int = 0,
        representative: bytes | None = None,
    ) -> None: ...

@final
class Live:
    """The live record of a mark, as the store holds it."""

    state: str  # held paying allotted in_manufacture ready issued_plate assigned surrendered retained blocked
    hold_id: str  # 32 hex digits
    revision: int
    deadline_ms: int  # 0: none
    applicant: bytes
    applicant_kind: ApplicantKind
    tariff: str  # first 16 hex digits of the tariff revision
    amount_tiyn: int
    acquired: Acquired
    held_at_ms: int
    extensions: int
    actor: str
    office: str
    channel: str

@final
class Answer:
    """What the store said about one item."""

    outcome: str  # a slug of docs/reference/outcomes.md
    done: bool  # the item took effect (now, or when this request id was first seen)
    mark: Mark
    revision: int
    server_time_ms: int
    live: Live | None  # never of another applicant: the facade gets it, the API decides what to show
    context: dict[str, Any]  # {"retry_at_ms": .., "deadline_reason": .., "payment": ..}

@final
class Inventory:
    """The engine: a thread of its own that talks to Valkey or Redis. Awaitables belong to the loop that called."""

    @staticmethod
    def open(url: str, book: RuleBook, *, options: Mapping[str, int] = ...) -> Inventory: ...
    def close(self) -> None: ...
    async def check_contract(self) -> None: ...  # BootContractBroken (faults: setting, found, needed, mend)
    async def load_functions(self) -> str: ...  # the library's name
    # verbs; each returns one Answer an item, in order. Items may span pools.
    def hold(self, items: Sequence[tuple[Act, Mark, str, int]]) -> Awaitable[list[Answer]]: ...  # (act, mark, tariff revision, amount_tiyn)
    def assign_next(self, items: Sequence[tuple[Act, Sequence[Mark], str, int]]) -> Awaitable[list[Answer]]: ...  # candidates
    def extend(self, items: Sequence[tuple[Act, Mark, str, int]]) -> Awaitable[list[Answer]]: ...  # (act, mark, hold_id, revision)
    def release(self, items: Sequence[tuple[Act, Mark, str, int]]) -> Awaitable[list[Answer]]: ...
    def begin_payment(self, items: Sequence[tuple[Act, Mark, str, int]]) -> Awaitable[list[Answer]]: ...
    def confirm(self, items: Sequence[tuple[Act, Mark, dict[str, Any]]]) -> Awaitable[list[Answer]]: ...
    # payment: {"provider", "transaction", "hold_id", "amount_tiyn", "paid_at_ms", "current_tariff", "current_amount_tiyn"}
    def cancel(self, items: Sequence[tuple[Act, Mark, str, int]]) -> Awaitable[list[Answer]]: ...  # allotted, before manufacture -> free, payment refund_due
    def confirm_refund(self, items: Sequence[tuple[Act, Mark, dict[str, Any]]]) -> Awaitable[list[Answer]]: ...  # {"provider", "transaction"}
    def record_unplaced_payment(self, act: Act, payment: Mapping[str, Any]) -> Awaitable[dict[str, Any]]: ...  # money whose hold cannot be read
    def sweep(self, pool: str, limit: int = 128) -> Awaitable[list[Answer]]: ...
    def withhold(self, act: Act, marks: Sequence[Mark], reason: str) -> Awaitable[list[Answer]]: ...
    def readmit(self, act: Act, marks: Sequence[Mark]) -> Awaitable[list[Answer]]: ...
    def import_issued(self, act: Act, pool: str, ordinals: bytes) -> Awaitable[dict[str, Any]]: ...
    # ordinals: u32 little-endian; {"imported": n, "already_imported": n, "conflicts": [ordinal, ...]}
    def read(self, marks: Sequence[Mark]) -> Awaitable[list[Answer]]: ...  # outcome "read"; context {"planes": {...}}
    def read_applicant(self, applicant: bytes) -> Awaitable[list[tuple[Mark, Live]]]: ...  # own holds and allotments
    def payments(self, mark: Mark) -> Awaitable[list[dict[str, Any]]]: ...
    # pools, documents, feed
    def configure_pools(self, act: Act, settings: Mapping[str, Mapping[str, Any]]) -> Awaitable[None]: ...  # pool id -> conf fields; journalled
    def pool_settings(self, pool: str) -> Awaitable[dict[str, Any]]: ...
    def get_document(self, name: str) -> Awaitable[tuple[int, bytes] | None]: ...  # (version, content)
    def put_document(self, name: str, content: bytes, *, expected_version: int) -> Awaitable[int]: ...  # DocumentConflict
    def list_documents(self, prefix: str) -> Awaitable[list[tuple[str, int]]]: ...
    def feed(self, pool: str, after: str, count: int) -> Awaitable[list[tuple[str, bytes]]]: ...  # (entry id, raw bytes)
    def trim_feed(self, pool: str, through: str) -> Awaitable[int]: ...
    def server_time_ms(self) -> Awaitable[int]: ...
    def take_lease(self, name: str, holder: str, ttl_ms: int) -> Awaitable[bool]: ...  # election of the active keeper
    def give_lease(self, name: str, holder: str) -> Awaitable[bool]: ...

@final
class Journal:
    """Segments of the journal on disk: append, read, replay."""

    @staticmethod
    def open(directory: str) -> Journal: ...  # JournalBroken
    def append(self, pool: str, entries: Sequence[tuple[str, bytes]]) -> int: ...  # bytes written; not yet durable
    def sync(self) -> None: ...  # fsync; what was appended is durable when it returns
    def head(self, pool: str) -> str: ...  # last entry id on disk, "0-0" when none
    def history(self, mark: Mark) -> list[dict[str, Any]]: ...
    def transitions(self, pool: str | None = None) -> Sequence[dict[str, Any]]: ...

@final
class Model:
    """The oracle: the same verbs in memory on the pure lifecycle, with time as an argument."""

    def __init__(self, book: RuleBook, settings: Mapping[str, Any]) -> None: ...
    def apply(self, verb: str, items: Sequence[Any], *, now_ms: int) -> list[Answer]: ...

def lifecycle_table() -> list[tuple[str, str, str]]: ...  # (state, event, state or refusal)
def outcomes() -> list[dict[str, Any]]: ...  # in documented precedence: {"slug", "done", "sentence"}
def build() -> dict[str, str]: ...  # {"version", "profile": "release"|"debug", "library", "data_version"}
