"""The border, typed: what the Rust binding offers to the facade. Nobody but the facade imports it.

Values cross as plain types: text, integers, bytes, dictionaries. Decisions are not taken here.
Errors: only the exceptions of ``plate_core.errors``, and Python's own for programming errors (``TypeError``,
``OverflowError``, ``RuntimeError`` where a verb is called outside an event loop).
The docstrings, with shapes, units and examples, stand in Rust: ``help(Inventory.hold)``.
"""

import os
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any, Literal, final

__all__ = [
    "Act",
    "Answer",
    "Found",
    "Inventory",
    "Journal",
    "JournalReader",
    "JournalState",
    "Live",
    "Mark",
    "Model",
    "Pattern",
    "Pseudonymiser",
    "Replica",
    "ReplicaWriter",
    "RuleBook",
    "build",
    "lifecycle_table",
    "number_fault",
    "outcomes",
    "public_key",
    "verify_journal",
]

_Acquired = Literal["chosen", "assigned"]
_ApplicantKind = Literal["person", "entity"]
_OrderBy = Literal["number", "price", "beauty", "shuffle"]
_MarkState = Literal["free", "taken", "issued", "withheld"]
_Path = str | os.PathLike[str]
_Facts = dict[str, Any]

# --- the algebra ------------------------------------------------------------------------------------------

@final
class Mark:
    """One mark: the character string that is allocated. Immutable, hashable, ordered by pool and ordinal."""

    @property
    def format(self) -> str: ...  # "person_car"
    @property
    def region(self) -> str: ...  # "02"
    @property
    def digits(self) -> str: ...  # "777"
    @property
    def series(self) -> str: ...  # "AAA"
    @property
    def text(self) -> str: ...  # "777AAA02"
    @property
    def display(self) -> str: ...  # "777 AAA 02"
    @property
    def pool(self) -> str: ...  # "person_car.02"
    @property
    def ordinal(self) -> int: ...  # series row * 1024 + digits
    def __hash__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __lt__(self, other: Mark, /) -> bool: ...
    def __le__(self, other: Mark, /) -> bool: ...
    def __gt__(self, other: Mark, /) -> bool: ...
    def __ge__(self, other: Mark, /) -> bool: ...

_NumberKind = Literal["iin", "bin"]
_NumberFault = Literal["not_twelve_digits", "not_an_entity", "check_digit_wrong"]

@final
class Pseudonymiser:
    """Makes what stands for people and entities in place of their numbers, with one key."""

    def __new__(cls, key: bytes) -> Pseudonymiser: ...
    # of each number its pseudonym, 16 bytes, or why it is none
    def of(self, kind: _NumberKind, numbers: Sequence[str]) -> list[bytes | _NumberFault]: ...
    def other(self, kind: str, value: str) -> bytes: ...  # of any other text, kept apart by its kind

def number_fault(kind: _NumberKind, number: str) -> _NumberFault | None: ...

@final
class Pattern:
    """A compiled pattern of search or of the rule book."""

    @property
    def text(self) -> str: ...
    def count(self) -> int: ...
    def contains(self, mark: Mark) -> bool: ...
    def marks(self, limit: int) -> list[Mark]: ...

@final
class RuleBook:
    """The law, compiled: formats, regions, MCI, tariffs, withheld series, beauty patterns."""

    @staticmethod
    def compile(files: Sequence[tuple[str, bytes]]) -> RuleBook: ...  # RuleBookInvalid (faults)
    @property
    def revision(self) -> str: ...  # SHA-256 over the canonical content, 64 hex digits
    def regions(self) -> list[dict[str, str]]: ...  # {code, kk, ru, en}
    def formats(self) -> list[_Facts]: ...  # {id, template, enabled, applicant, names: {kk, ru, en}}
    def pools(self) -> list[str]: ...
    def tags(self) -> list[_Facts]: ...  # {id, names, words, beauty, marks, sure, note}
    def tiers(self, on: str) -> list[_Facts]: ...  # {id, names, mci: "228", amount_tiyn, marks, sure, note}
    # {id, names, revision, in_force_from, in_force_from_ms, provenance,
    #  report: {tiers, not_offered, never_win, overlaps, empty_tiers}}
    def tariffs(self) -> list[_Facts]: ...
    # {id, revision, in_force_from, in_force_from_ms}
    def tariff_in_force(self, at_ms: int) -> _Facts | None: ...
    def price_changes_ms(self) -> list[int]: ...  # moments at which a tariff or the MCI changes
    def parse(self, text: str) -> Mark: ...  # MarkUnparseable (reason, position, character)
    def mark_at(self, pool: str, ordinal: int) -> Mark: ...
    def pattern(self, text: str) -> Pattern: ...  # PatternInvalid (faults)
    # {mark, display, pool, format, region, digits, series, acquired, on, tier: id | None, tier_names,
    #  tags: [id], withheld: bool, withheld_reason: {id, kk, ru, en, sure, note} | None, tariff, mci,
    #  rules: [{id, order, matched, won, offer, digits, series, clause: {id, kk, ru, en}, sure, note}],
    #  price: {mci: "228", mci_value_tenge, amount_tiyn, currency} | None}; PriceUnknown
    def explain(self, mark: Mark, *, acquired: _Acquired = "chosen", on: str | None = None) -> _Facts: ...
    # {tier, mci: "228", mci_value_tenge, amount_tiyn, tariff: 64 hex}; PriceUnknown
    def quote(self, mark: Mark, *, acquired: _Acquired = "chosen", at_ms: int) -> _Facts: ...
    # (tariff, amount_tiyn) each of a chosen mark; None where `quote` would refuse it
    def prices(self, marks: Sequence[Mark], at_ms: int) -> list[tuple[str, int] | None]: ...
    # (tier, None where not offered in this way; tags) each
    def classify(
        self, marks: Sequence[Mark], *, acquired: _Acquired = "chosen", on: str
    ) -> list[tuple[str | None, list[str]]]: ...
    # Arrow's layout of texts in, columns out; plate_core.arrow wraps it
    def classify_column(
        self, offsets: bytes, data: bytes, *, acquired: _Acquired = "chosen", on: str
    ) -> _Facts: ...
    # a tier's id each, None where there is no mark or it is not offered in this way
    def tiers_of(self, texts: list[str], *, acquired: _Acquired = "chosen", on: str) -> list[str | None]: ...
    # (codes as u8, ids that they number); plate_core.arrow wraps it
    # (codes, bitmap of the rows that have a tier, the ids that the codes number)
    def tiers_of_column(
        self, offsets: bytes, data: bytes, *, acquired: _Acquired = "chosen", on: str
    ) -> tuple[bytes, bytes, list[str]]: ...
    # (pool index as u16, ordinal as u32, [(row, reason)]); the index follows pools(), a bad row has 0xFFFF
    def parse_column(self, offsets: bytes, data: bytes) -> tuple[bytes, bytes, list[tuple[int, str]]]: ...
    # [{id, kk, ru, en, sure, note, marks: [Mark]}], entry by entry
    def withheld(self, pool: str) -> list[_Facts]: ...
    def with_tariff(self, name: str, content: bytes) -> RuleBook: ...  # RuleBookInvalid (faults)
    # {present, candidate, mci_value_tenge, moves: [{from: id | None, to, marks, free_marks: int | None,
    #  difference_tiyn (a mark), amount_tiyn (all), samples: [Mark]}], unmoved_marks, shadowed: [rule id],
    #  report}
    # The draft is the tariff of `candidate` that this book lacks; without one the day's tariffs are compared.
    def preview(
        self,
        candidate: RuleBook,
        *,
        on: str,
        acquired: _Acquired = "chosen",
        replica: Replica | None = None,
    ) -> _Facts: ...

# --- the shared bitmaps -----------------------------------------------------------------------------------

@final
class Replica:
    """The machine's shared bitmaps, mapped read-only. Advisory, milliseconds old."""

    @staticmethod
    def open(path: _Path, book: RuleBook) -> Replica: ...  # ReplicaUnavailable
    def age_ms(self, now_ms: int) -> int: ...
    def state(self, mark: Mark) -> _MarkState: ...
    # PatternInvalid, CursorInvalid, PriceUnknown, and InputInvalid with region_unknown format_unknown
    # tier_unknown tag_unknown order_unknown limit_out_of_range
    def search(
        self,
        *,
        pattern: str | None = None,
        regions: Sequence[str] = ...,  # any of them; none given: all
        formats: Sequence[str] = ...,  # any of them; none given: person_car
        tiers: Sequence[str] = ...,  # any of them; none given: all
        tags: Sequence[str] = ...,  # all of them
        amount_tiyn_min: int | None = None,
        amount_tiyn_max: int | None = None,
        free_only: bool = True,
        order: _OrderBy = "number",
        seed: int = 0,
        on: str,
        after: bytes | None = None,
        limit: int = 20,
    ) -> Found: ...
    def nearest(self, mark: Mark, *, limit: int = 5) -> list[Mark]: ...  # free ones, the likest first
    # candidates for assign_next
    def ordinary(self, pool: str, *, limit: int, seed: int, on: str) -> list[Mark]: ...

@final
class Found:
    """One page of a search."""

    @property
    def marks(self) -> list[Mark]: ...
    @property
    def count(self) -> int: ...  # on all pages together
    @property
    def next(self) -> bytes | None: ...  # the cursor of the next page
    def page_json(self, age_ms: int) -> bytes: ...  # the page as plateapi's PageShape; PriceUnknown

@final
class ReplicaWriter:
    """Builds the shared bitmaps from snapshots and keeps them by the change feed, on a thread of its own."""

    @staticmethod
    def start(url: str, path: _Path, book: RuleBook) -> ReplicaWriter: ...
    # {ready: bool, pools, pools_missing, pools_absent: list[str], lag_revisions, updated_at_ms, snapshots,
    #  transitions, error: str | None}
    def health(self) -> _Facts: ...
    def stop(self) -> None: ...

# --- the inventory ----------------------------------------------------------------------------------------

@final
class Act:
    """Who does it, for whom, from where, under which request id."""

    def __new__(
        cls,
        *,
        request_id: str,  # the caller's own, 8 to 128 visible ASCII characters
        caller: str,  # pseudonym of the actor; scopes request_id
        office: str = "",
        channel: str,  # egov_mobile portal tson_app kiosk desk assistant payment keeper registry
        applicant: bytes | None = None,  # 16 bytes, keyed HMAC of the IIN or BIN
        applicant_kind: _ApplicantKind = "person",
        applicant_key_id: int = 0,
        representative: bytes | None = None,
        body: bytes
        | None = None,  # what else makes this request another one, such as a price the caller named
    ) -> Act: ...
    @property
    def id(self) -> str: ...  # 32 hex digits; of a hold it is the hold's id

@final
class Live:
    """The live record of a mark, as the store holds it."""

    @property
    def state(self) -> str: ...
    # held paying allotted in_manufacture ready issued_plate assigned surrendered retained blocked
    @property
    def hold_id(self) -> str: ...  # 32 hex digits
    @property
    def revision(self) -> int: ...
    @property
    def deadline_ms(self) -> int: ...  # 0: none
    @property
    def applicant(self) -> bytes: ...
    @property
    def applicant_kind(self) -> _ApplicantKind: ...
    @property
    def applicant_key_id(self) -> int: ...
    @property
    def representative(self) -> bytes | None: ...
    @property
    def tariff(self) -> str: ...  # first 16 hex digits of the tariff revision
    @property
    def amount_tiyn(self) -> int: ...
    @property
    def acquired(self) -> _Acquired: ...
    @property
    def held_at_ms(self) -> int: ...
    @property
    def extensions(self) -> int: ...
    @property
    def permit_deadline_ms(self) -> int: ...  # 0: none needed any more
    @property
    def actor(self) -> str: ...
    @property
    def office(self) -> str: ...
    @property
    def channel(self) -> str: ...

@final
class Answer:
    """What the store said about one item; `unknown` where it said nothing."""

    @property
    def outcome(self) -> str: ...  # a slug of docs/reference/outcomes.md
    @property
    def done(self) -> bool: ...  # the item took effect (now, or when this request id was first seen)
    @property
    def mark(self) -> Mark: ...  # of assign_next the one found, or the first candidate where none was
    @property
    def revision(self) -> int: ...
    @property
    def server_time_ms(self) -> int: ...
    @property
    def live(self) -> Live | None: ...  # with a refusal only the asker's own
    # each only where it belongs: retry_at_ms deadline_reason current_tariff current_revision payment
    # refund_reason late planes {taken, issued, withheld}
    def holding_json(self) -> bytes | None: ...  # what the applicant has by it, as plateapi's HoldingShape
    @property
    def context(self) -> _Facts: ...

# (act, mark, hold id, revision of the record as the caller read it)
_HeldRow = tuple[Act, Mark, str, int]

@final
class Inventory:
    """The engine: a thread of its own that talks to the store; awaitables belong to the calling loop."""

    # options: backlog_items_max batch_items_max batches_in_flight close_grace_ms connect_timeout_ms
    # response_timeout_ms
    @staticmethod
    def open(url: str, book: RuleBook, *, options: Mapping[str, int] = ...) -> Inventory: ...
    def close(self) -> None: ...  # waits close_grace_ms at most; every awaitable gets its end
    @property
    def backlog(self) -> int: ...  # items taken in and not finished
    def echo(self) -> Awaitable[None]: ...  # nothing, through the engine and back: what the way costs
    # {id, born_ms, data_version}; BootContractBroken (faults: setting, found, needed, mend)
    def check_contract(self, known: str | None = None) -> Awaitable[_Facts]: ...
    # {pools, records, payments, differences: [{pool, slug, ordinal: int | None, detail}]}
    def compare(self, state: JournalState) -> Awaitable[_Facts]: ...
    def restore(self, state: JournalState) -> Awaitable[_Facts]: ...  # StoreUnfit store_not_empty
    def load_functions(self) -> Awaitable[str]: ...  # the library's name
    # Verbs; each gives one Answer an item, in order. Items may span pools.
    # (act, mark, tariff revision, amount_tiyn)
    def hold(self, items: Sequence[tuple[Act, Mark, str, int]]) -> Awaitable[list[Answer]]: ...
    # (act, candidates of one pool, tariff revision, amount_tiyn)
    def assign_next(
        self, items: Sequence[tuple[Act, Sequence[Mark], str, int]]
    ) -> Awaitable[list[Answer]]: ...
    def extend(self, items: Sequence[_HeldRow]) -> Awaitable[list[Answer]]: ...
    def release(self, items: Sequence[_HeldRow]) -> Awaitable[list[Answer]]: ...
    def begin_payment(self, items: Sequence[_HeldRow]) -> Awaitable[list[Answer]]: ...
    # payment: {provider, transaction, hold_id, amount_tiyn, paid_at_ms, current_tariff, current_amount_tiyn}
    def confirm(self, items: Sequence[tuple[Act, Mark, Mapping[str, Any]]]) -> Awaitable[list[Answer]]: ...
    # allotted, before manufacture -> free, and the payment is refund_due
    def cancel(self, items: Sequence[_HeldRow]) -> Awaitable[list[Answer]]: ...
    # {provider, transaction}
    def confirm_refund(
        self, items: Sequence[tuple[Act, Mark, Mapping[str, Any]]]
    ) -> Awaitable[list[Answer]]: ...
    # money whose hold cannot be read: {provider, transaction, amount_tiyn, paid_at_ms}
    def record_unplaced_payment(self, act: Act, payment: Mapping[str, Any]) -> Awaitable[_Facts]: ...
    # that money was paid back: {provider, transaction}
    def confirm_unplaced_refund(self, act: Act, payment: Mapping[str, Any]) -> Awaitable[_Facts]: ...
    # what ended, and whether more may be due
    def sweep(self, pool: str, limit: int = 128) -> Awaitable[tuple[list[Answer], bool]]: ...
    def sweep_ids(self, cursor: int = 0) -> Awaitable[int]: ...  # next part of a round; the next cursor
    def withhold(self, act: Act, marks: Sequence[Mark], reason: str) -> Awaitable[list[Answer]]: ...
    def readmit(self, act: Act, marks: Sequence[Mark]) -> Awaitable[list[Answer]]: ...
    # ordinals: u32 little-endian; {imported, already_imported, conflicts: [ordinal], never_issued: [ordinal]}
    # ActRefused with the outcome as its slug where the pool takes nothing now
    def import_issued(self, act: Act, pool: str, ordinals: bytes) -> Awaitable[_Facts]: ...
    def read(self, marks: Sequence[Mark]) -> Awaitable[list[Answer]]: ...  # outcome "read"; context {planes}
    def read_applicant(self, applicant: bytes) -> Awaitable[list[tuple[Mark, Live]]]: ...
    def payments(self, mark: Mark) -> Awaitable[list[_Facts]]: ...
    # pools, documents, feed
    # fields: opens_at_ms paused holds_stopped frozen read_only clock_guard hold_ttl_ms extension_ms
    # max_extensions payment_window_ms cooldown_ms same_mark_daily_cap request_retention_ms feed_backlog_max
    # cuts_ms: [ms], tariffs: [(revision, from_ms)]; what is not named stays, whoever changes it meanwhile.
    # reason: one line for the journal. ActRefused, InputInvalid
    def configure_pools(
        self, act: Act, settings: Mapping[str, Mapping[str, Any]], *, reason: str = ""
    ) -> Awaitable[None]: ...
    def pool_settings(self, pool: str) -> Awaitable[_Facts]: ...
    # live_holds_person live_holds_entity operator_daily_cap frozen clock_guard
    def configure_limits(self, limits: Mapping[str, Any]) -> Awaitable[None]: ...
    def limits(self) -> Awaitable[_Facts]: ...
    def get_document(self, name: str) -> Awaitable[tuple[int, bytes] | None]: ...  # (version, content)
    # DocumentConflict, ActRefused (feed_backlogged); the act says in the journal who wrote it
    def put_document(
        self, act: Act, name: str, content: bytes, *, expected_version: int
    ) -> Awaitable[int]: ...
    def list_documents(self, prefix: str) -> Awaitable[list[tuple[str, int]]]: ...
    # refused notifications, (act, note) each, 1 to 128; ActRefused (feed_backlogged)
    def note_refusals(self, refusals: Sequence[tuple[Act, str]]) -> Awaitable[None]: ...
    def feed(
        self, pool: str, after: str, count: int
    ) -> Awaitable[list[tuple[str, bytes]]]: ...  # (entry id, bytes)
    # many feeds in one round trip, (pool, after, count) each
    def feeds(self, places: Sequence[tuple[str, str, int]]) -> Awaitable[list[list[tuple[str, bytes]]]]: ...
    def trim_feed(self, pool: str, through: str) -> Awaitable[int]: ...
    # {revision, founded_us: int | None} each; None where there is no such pool
    def heads(self, pools: Sequence[str]) -> Awaitable[list[_Facts | None]]: ...
    def server_time_ms(self) -> Awaitable[int]: ...
    def take_lease(self, name: str, holder: str, ttl_ms: int) -> Awaitable[bool]: ...  # active keeper
    def give_lease(self, name: str, holder: str) -> Awaitable[bool]: ...
    # The clock guard vouches until then; gives how far a cluster's clocks lie apart, if taken back for that.
    def lease_expiry(self, until_ms: int) -> Awaitable[int | None]: ...

# --- the journal and the oracle ---------------------------------------------------------------------------

@final
class Journal:
    """The journal, open for writing: one writer a directory."""

    @staticmethod
    # JournalBroken; journal_locked where another process writes. signing_key: 32 bytes, Ed25519
    def open(directory: _Path, *, signing_key: bytes | None = None) -> Journal: ...
    # how many entries were new; not yet durable
    def append(self, pool: str, entries: Sequence[tuple[str, bytes]]) -> int: ...
    def sync(self) -> None: ...  # fsync; what was appended is durable when it returns
    def checkpoint(self, now_ms: int) -> bytes | None: ...  # sync and sign; None: nothing new
    def head(self, pool: str) -> str: ...  # last entry id on disk, "0-0" when none
    def close(self) -> None: ...
    def history(self, mark: Mark) -> list[_Facts]: ...
    def transitions(self, pool: str | None = None) -> Iterator[_Facts]: ...

@final
class JournalReader:
    """Reads a journal that another process may be writing. It takes no lock and repairs nothing."""

    # A transition: {pool, revision, server_time_ms, verb, ordinal: int | None, live: Live | None,
    #  planes: {taken, issued, withheld}, request: 32 hex, actor, on_behalf: 32 hex | None,
    #  representative: 32 hex | None, office, channel, note, payment: {id, provider, transaction, ordinal,
    #  hold_id, amount_tiyn, paid_at_ms, received_at_ms, refunded_at_ms, state, before, reason} | None}
    def __new__(cls, directory: _Path) -> JournalReader: ...
    def history(self, mark: Mark) -> list[_Facts]: ...
    def transitions(self, pool: str | None = None) -> Iterator[_Facts]: ...

@final
class JournalState:
    """What a journal tells, replayed: to compare a store with, or to rebuild one from."""

    @staticmethod
    def of(  # JournalBroken; what heed raises
        directory: _Path, *, for_restoring: bool = False, heed: Callable[[int], object] | None = None
    ) -> JournalState: ...
    def halt(self) -> None: ...  # a comparison with it raises InventoryError (interrupted)
    def revisions(self) -> dict[str, int]: ...

# {entries, transitions, entries_unsigned, head: bytes, revisions: {pool: int}, checkpoints,
#  last: bytes | None}
def verify_journal(
    directory: _Path,
    *,
    keys: Sequence[bytes] = ...,
    witnesses: Sequence[bytes] = ...,
    heed: Callable[[int], object] | None = None,
) -> _Facts: ...
def public_key(private_key: bytes) -> bytes: ...

@final
class Model:
    """The oracle: the same verbs in memory on the pure lifecycle, with time as an argument."""

    def __new__(cls, book: RuleBook) -> Model: ...
    # hold assign_next extend release begin_payment cancel confirm confirm_refund read: rows as Inventory
    # takes them, all of one pool, and a list of Answer. One row of arguments: sweep (pool, limit), withhold
    # (act, marks, reason), readmit (act, marks), import_issued (act, pool, ordinals), configure_pools (act,
    # settings), configure_limits (limits,), lease_expiry (until_ms,), trim_feed (pool, through).
    def apply(self, verb: str, items: Sequence[Any], *, now_ms: int) -> list[Any]: ...

# --- the reference ----------------------------------------------------------------------------------------

# (state, event, what follows: a state, `back`, or the slug of an outcome)
def lifecycle_table() -> list[tuple[str, str, str]]: ...

# in documented precedence: {slug, done, class: done | refused | not_now | unknown, sentence, user, operator,
# support}
def outcomes() -> list[_Facts]: ...

# {version, profile: release | debug, library, data_version}
def build() -> dict[str, str]: ...
