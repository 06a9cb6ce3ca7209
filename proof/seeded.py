"""Mistakes that somebody could make in our own code, each with the test that must find it.

A mistake of the function library or of Rust is a fault of the core that `make test-core` builds, chosen when
a process starts; a mistake of Python is one place of one file, changed in a copy of the tree. A place that is
not there exactly once is an error: a mistake that quietly became harmless would look like a caught one.

Not here: what runs them (``proof/experiments/seeded_bugs.py``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


class PlaceMissing(Exception):
    """The place that a mistake changes is not there exactly once."""


@dataclass(frozen=True, slots=True)
class Bug:
    """One mistake.

    Attributes:
        name: a slug; of a planted fault its name in `plate_core/inventory/src/sabotage.rs`.
        mistake: what somebody forgot or mixed up.
        test: the pytest node that must fail with it and pass without it.
        file, find, replace: the place in Python; empty for a fault that is planted in the core.
    """

    name: str
    mistake: str
    test: str
    file: str = ""
    find: str = ""
    replace: str = ""

    @property
    def is_planted(self) -> bool:
        """Whether it is in the core."""
        return not self.file

    def made_in(self, text: str) -> str:
        """The file's text with the mistake in it. Raises ``PlaceMissing``."""
        if text.count(self.find) != 1:
            raise PlaceMissing(f"{self.name}: its place stands {text.count(self.find)} times in {self.file}")
        return text.replace(self.find, self.replace)


DRIVER: Final = "tests/api/test_driver.py::"
TOKENS: Final = "tests/api/test_tokens.py::"
VERBS: Final = "tests/facade/test_verbs.py::"
ROUNDS: Final = "tests/keeper/test_rounds.py::"

IN_THE_CORE: Final = (
    Bug(
        "skip_expiry_test",
        "a hold past its deadline is taken for a live one",
        DRIVER + "test_a_hold_runs_out[valkey]",
    ),
    Bug("one_hold_over_the_limit", "> where >= was meant", DRIVER + "test_three_holds_are_enough[valkey]"),
    Bug(
        "double_hold",
        "nobody asks whether somebody has the mark",
        DRIVER + "test_of_many_one_gets_the_mark[valkey]",
    ),
    Bug(
        "forget_idempotency_write",
        "the answer to a release is not kept under its request id",
        DRIVER + "test_release_frees_the_mark_for_others[valkey]",
    ),
    Bug(
        "forget_what_a_hold_asked",
        "what a hold asked under a known id is not compared with what was asked before",
        DRIVER + "test_a_key_belongs_to_one_request_of_one_person[valkey]",
    ),
    Bug(
        "write_before_validating",
        "the record is taken away before it is known whether it may be",
        DRIVER + "test_nobody_releases_anothers_hold[valkey]",
    ),
    Bug(
        "release_anybodys_hold",
        "nobody asks whose hold it is",
        DRIVER + "test_nobody_releases_anothers_hold[valkey]",
    ),
    Bug(
        "read_the_price_again_at_confirmation",
        "money is compared with today's price and not with the hold's",
        VERBS + "test_from_hold_to_allotted_and_back[valkey]",
    ),
    Bug(
        "forget_repeated_marks",
        "a batch that names a mark twice does not see its own first hold of it",
        DRIVER + "test_of_many_one_gets_the_mark[valkey]",
    ),
    Bug(
        "forget_the_journal",
        "a transition is not written to the feed",
        VERBS + "test_the_feed_becomes_the_journal[valkey]",
    ),
    Bug(
        "hold_while_holds_are_stopped",
        "a kill switch is not asked",
        VERBS + "test_settings_are_changed_one_by_one[valkey]",
    ),
    Bug(
        "ignore_the_wait_count",
        "a cluster's answer is believed after WAIT, however few replicas had it",
        "tests/store/test_cluster.py::test_what_no_replica_has_is_unknown[valkey]",
    ),
    Bug(
        "journal_without_fsync",
        "the journal says that it is durable, and has only written",
        "tests/facade/test_journal_sync.py::test_a_disk_that_refuses_to_sync_is_heard[valkey-disk1-journal_io]",
    ),
    Bug(
        "look_past_stray_keys",
        "the store is compared pool by pool, and nobody asks which other keys it has",
        "tests/cli/test_journal.py::test_a_key_without_a_pool_is_not_served[valkey]",
    ),
)

IN_PYTHON: Final = (
    Bug(
        "exp_far_ahead",
        "a token may live as long as it says",
        TOKENS + "test_a_forged_token_is_not_believed",
        "plateapi/identity/tokens.py",
        "if expires <= issued or expires - issued > self._lifetime_max:",
        "if expires <= issued:",
    ),
    Bug(
        "token_at_its_end",
        "< where <= was meant: a token is good in the second of its end",
        TOKENS + "test_a_token_ends_at_its_end",
        "plateapi/identity/tokens.py",
        "if expires <= now:",
        "if expires < now:",
    ),
    Bug(
        "believe_past_the_end",
        "a token that was verified once is believed past its end",
        TOKENS + "test_a_token_ends_at_its_end",
        "plateapi/identity/tokens.py",
        "self._monotonic() < found[1] and self._wall() < found[0].expires_at_seconds:",
        "self._monotonic() < found[1]:",
    ),
    Bug(
        "believe_without_bound",
        "verified tokens are remembered without end",
        TOKENS + "test_the_memory_is_bounded",
        "plateapi/identity/tokens.py",
        "while len(self._believed) >= self._cache_entries:",
        "while False:",
    ),
    Bug(
        "number_in_an_error",
        "a wrong IIN stands in the text of the error that refuses it",
        "tests/api/test_applicants.py::test_a_wrong_iin_says_why_and_not_what",
        "plateapi/identity/applicants.py",
        "raise ApplicantIdInvalid(kind, fault)",
        'raise ApplicantIdInvalid(kind, f"{fault} {number}")',
    ),
    Bug(
        "unsigned_payment",
        "the signature of a payment is not compared",
        "tests/api/test_payments.py::test_what_is_not_signed_is_not_believed",
        "plateapi/payments/signature.py",
        "if not hmac.compare_digest(found[2], _mac(self._key, body, at_seconds)):",
        "if False:",
    ),
    Bug(
        "approve_ones_own",
        "whoever wrote a tariff may approve it",
        "tests/api/test_pricing.py::test_nobody_approves_his_own[valkey]",
        "plateapi/services/approve_draft.py",
        'raise Refused("same_person")',
        "pass",
    ),
    Bug(
        "forget_retry_after",
        "a refusal does not say when to come back",
        "tests/api/test_turnstile.py::test_one_more_is_told_to_come_again_and_then_served",
        "plateapi/edge/errors.py",
        'out["retry-after"] = str(retry_after)',
        "pass",
    ),
    Bug(
        "forget_who_has_left",
        "whoever has his answer is counted as at work for ever",
        "tests/api/test_turnstile.py::test_one_more_is_told_to_come_again_and_then_served",
        "plateapi/edge/turnstile.py",
        "            self._sending.pop(guest, None)\n            self.at_work -= 1",
        "            self._sending.pop(guest, None)",
    ),
    Bug(
        "trim_before_sync",
        "the feed is trimmed of what is not on disk yet",
        ROUNDS + "test_what_is_on_disk_is_trimmed_and_nothing_else[valkey]",
        "plateapi/keeper/journaling.py",
        "    if written:\n        journal.sync()\n",
        "",
    ),
    Bug(
        "trim_at_once",
        "the feed is trimmed before replicas have read it",
        ROUNDS + "test_what_is_on_disk_stays_for_replicas_to_read_and_not_for_longer[valkey]",
        "plateapi/keeper/trimming.py",
        "due, self._due, self._waiting = self._due, self._waiting, {}",
        "due, self._due, self._waiting = self._waiting, {}, {}",
    ),
    Bug(
        "take_a_part_for_the_end",
        "a batch of the sweep that is not full is taken for the last one",
        ROUNDS + "test_a_backlog_of_one_pool_is_swept_at_once",
        "plateapi/keeper/expiry.py",
        'expired += sum(answer.outcome == "expired" for answer in answers)',
        "expired += len(answers)\n            more = len(answers) == MARKS_A_SWEEP",
    ),
    Bug(
        "believe_what_the_kernel_shows",
        "a store is started on writes that no sync has kept",
        "tests/store/test_last_writes.py::test_what_no_sync_had_kept_is_kept_after_a_start[False]",
        "plateapi/store/last_writes.py",
        "        os.fsync(descriptor)\n",
        "",
    ),
    Bug(
        "lock_of_ones_own",
        "the data directory is not locked",
        "tests/store/test_ownership.py::test_twenty_starts_at_once_make_one_server",
        "plateapi/store/ownership.py",
        "fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)",
        "pass",
    ),
)

BUGS: Final = IN_THE_CORE + IN_PYTHON

# The control: a change that is no mistake, and a mistake with a test that does not look there.
HARMLESS: Final = (
    Bug(
        "same_by_other_words",
        "nothing: the same comparison, written the other way round",
        TOKENS + "test_a_token_ends_at_its_end",
        "plateapi/identity/tokens.py",
        "if expires <= now:",
        "if now >= expires:",
    ),
    Bug(
        "looked_for_elsewhere",
        "a token may live as long as it says, and the test asks for something else",
        TOKENS + "test_the_memory_is_bounded",
        "plateapi/identity/tokens.py",
        "if expires <= issued or expires - issued > self._lifetime_max:",
        "if expires <= issued:",
    ),
)
