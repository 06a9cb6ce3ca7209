"""The checks. Each is a function from records to findings; none trusts another.

1. ``owners_by_answers``: nobody was told that he holds a mark while somebody else had been told so before and
   nothing had ended it. Uses the answers alone.
2. ``owners_by_journal``: the journal's steps of each mark are a legal life, and revisions have no gap.
3. ``answers_in_journal``: whatever a client was told that took effect stands in the journal, right there, at
   the price and until the moment that he was told.
4. ``payments_balance``: allotments equal settled payments, one to one and tiyn for tiyn.
5. ``limits_kept``: no applicant had more live holds at once than he may, over all pools.
6. ``real_time_kept``, ``linearisable`` (``register.py``): a mark is one register, by revisions, by moments.
7. ``refusals_in_journal``: who was told that a mark is held or allotted was told so while it was.
8. ``counts_agree``: as many effects were told as stand in the journal.

`bench/native/src/history` is the same for millions of operations; ``tests/proof/test_history_check.py`` holds
the two to each other.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from loadtests.history.records import EFFECTS, Finding, Step, Told
from loadtests.history.register import linearisable, real_time_kept

HELD_STATES = frozenset({"held", "paying"})
TAKING = frozenset({"hold", "assign_next"})
ENDING_ANSWERS = frozenset({"released", "cancelled"})
# Answers with the terms of a hold: what it costs and until when.
KEEPING_ANSWERS = frozenset({"held", "extended", "payment_begun"})
# What a refusal says of a mark: one of these states.
REFUSED_BY = {
    "held_by_another": HELD_STATES,
    "held_by_you": HELD_STATES,
    "mark_allotted": frozenset({"allotted"}),
}
FOR_GOOD_MS = 1 << 60
# What a step of a client's verb is told as.
TOLD_AS = {
    "hold": "held",
    "assign_next": "held",
    "extend": "extended",
    "release": "released",
    "begin_payment": "payment_begun",
    "confirm": "allotted",
    "cancel": "cancelled",
}


def check_all(
    told: Sequence[Told], steps: Sequence[Step], *, live_holds_max: int, undisturbed: bool = False
) -> list[Finding]:
    """Every finding of every check, in the order of the checks.

    ``undisturbed`` says that every answer is there, that no clock was changed and no expiry frozen: then the
    store's moments tell what was live, and the journal has no effect that nobody was told.
    """
    findings = [
        *owners_by_answers(told),
        *owners_by_journal(steps),
        *answers_in_journal(told, steps),
        *payments_balance(told, steps),
        *limits_kept(steps, live_holds_max=live_holds_max),
        *real_time_kept(told),
    ]
    if undisturbed:
        findings += [*linearisable(told), *refusals_in_journal(told, steps), *counts_agree(told, steps)]
    return findings


# --- 1 ----------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Owner:
    hold: str
    deadline_ms: int  # 0: for good
    revision: int


def owners_by_answers(told: Iterable[Told]) -> list[Finding]:
    """Ownership as clients were told it, mark by mark, in the order of revisions."""
    findings: list[Finding] = []
    for mark, answers in _effects_by_mark(told).items():
        owner: _Owner | None = None
        for answer in sorted(answers, key=lambda one: one.revision):
            if answer.outcome == "held":
                if _still_owns(owner, answer):
                    sentence = f"held at revision {answer.revision} although {_words(owner)}"
                    findings.append(Finding("owners_by_answers", mark, sentence))
                owner = _Owner(answer.hold, answer.deadline_ms, answer.revision)
            elif answer.outcome in ENDING_ANSWERS:
                owner = None if owner is not None and owner.hold == answer.hold else owner
            elif answer.outcome == "allotted":
                if owner is not None and owner.hold != answer.hold and _still_owns(owner, answer):
                    sentence = f"allotted at revision {answer.revision} although {_words(owner)}"
                    findings.append(Finding("owners_by_answers", mark, sentence))
                owner = _Owner(answer.hold, 0, answer.revision)
            elif owner is not None and owner.hold == answer.hold:
                owner.deadline_ms = answer.deadline_ms
    return findings


def _effects_by_mark(told: Iterable[Told]) -> dict[str, set[Told]]:
    """Distinct effects; the same answer received twice (a replay) is one."""
    by_mark: dict[str, set[Told]] = defaultdict(set)
    for answer in told:
        if answer.outcome in EFFECTS and answer.revision:
            by_mark[answer.mark].add(answer)
    return by_mark


def _still_owns(owner: _Owner | None, answer: Told) -> bool:
    if owner is None or owner.hold == answer.hold:
        return False
    return owner.deadline_ms == 0 or answer.server_ms < owner.deadline_ms


def _words(owner: _Owner | None) -> str:
    if owner is None:
        return "nobody had it"
    until = "for good" if owner.deadline_ms == 0 else f"until {owner.deadline_ms}"
    return f"hold {owner.hold} had it {until} since revision {owner.revision}"


# --- 2 ----------------------------------------------------------------------------------------------------


def owners_by_journal(steps: Iterable[Step]) -> list[Finding]:
    """The journal's own story: gapless revisions a pool, and a legal life a mark."""
    findings: list[Finding] = []
    last_revision: dict[str, int] = {}
    live: dict[str, Step] = {}
    for step in steps:
        expected = last_revision.get(step.pool, 0) + 1
        if step.revision != expected:
            sentence = f"revision {step.revision} where {expected} was due"
            findings.append(Finding("owners_by_journal", step.pool, sentence))
        last_revision[step.pool] = step.revision
        if not step.mark or step.untouched:
            continue
        findings.extend(_judge_step(live.get(step.mark), step))
        if step.state:
            live[step.mark] = step
        else:
            live.pop(step.mark, None)
    return findings


def _judge_step(before: Step | None, step: Step) -> list[Finding]:
    found: list[str] = []
    if step.verb in TAKING and before is not None:
        found.append(f"taken at revision {step.revision} from hold {before.hold}, which nothing had ended")
    if step.verb == "expire":
        if before is None:
            found.append(f"expired at revision {step.revision} without a hold")
        elif step.server_ms < before.deadline_ms:
            found.append(f"expired at {step.server_ms}, before its deadline {before.deadline_ms}")
    if step.state == "allotted" and (step.payment is None or step.payment.state != "settled"):
        found.append(f"allotted at revision {step.revision} without a settled payment")
    if (
        before is not None
        and step.state == "allotted"
        and before.hold != step.hold
        and step.applicant != before.applicant
    ):
        found.append(f"allotted to another than its holder at revision {step.revision}")
    return [Finding("owners_by_journal", step.mark, sentence) for sentence in found]


# --- 3 ----------------------------------------------------------------------------------------------------


def answers_in_journal(told: Iterable[Told], steps: Iterable[Step]) -> list[Finding]:
    """What was acknowledged is on disk: the step of that revision is of that mark."""
    journalled = {(step.mark, step.revision): step for step in steps if step.mark}
    findings: list[Finding] = []
    for mark, answers in _effects_by_mark(told).items():
        for answer in answers:
            step = journalled.get((mark, answer.revision))
            if step is None:
                sentence = f"{answer.outcome} at revision {answer.revision} is not in the journal"
                findings.append(Finding("answers_in_journal", mark, sentence))
            elif step.hold and answer.hold and step.hold != answer.hold:
                sentence = f"revision {answer.revision} is of hold {step.hold}, not {answer.hold}"
                findings.append(Finding("answers_in_journal", mark, sentence))
            elif answer.outcome in KEEPING_ANSWERS and _terms(answer) != _terms(step):
                sentence = (
                    f"{_terms(answer)} was told at revision {answer.revision}, {_terms(step)} is written"
                )
                findings.append(Finding("answers_in_journal", mark, sentence))
    return findings


def _terms(one: Told | Step) -> str:
    return f"{one.amount_tiyn} tiyn until {one.deadline_ms}"


# --- 4 ------------------------------------------------------------------------------------------------------


def payments_balance(told: Iterable[Told], steps: Iterable[Step]) -> list[Finding]:
    """Money and marks: one settled payment an allotment, of exactly the quoted amount."""
    findings: list[Finding] = []
    settled: dict[str, Step] = {}
    quoted: dict[str, int] = {}
    paid_for: dict[str, str] = {}
    for step in steps:
        if step.verb in TAKING:
            quoted[step.hold] = step.amount_tiyn
        if step.payment is None or step.payment.state != "settled":
            continue
        transaction = step.payment.transaction
        if transaction in settled:
            findings.append(Finding("payments_balance", step.mark, f"{transaction} settled twice"))
        settled[transaction] = step
        if quoted.get(step.hold, step.amount_tiyn) != step.payment.amount_tiyn:
            sentence = f"{transaction} paid {step.payment.amount_tiyn}, quoted {quoted[step.hold]}"
            findings.append(Finding("payments_balance", step.mark, sentence))
        if step.hold in paid_for:
            sentence = f"hold {step.hold} bought by {paid_for[step.hold]} and {transaction}"
            findings.append(Finding("payments_balance", step.mark, sentence))
        paid_for[step.hold] = transaction
    for answer in told:
        if answer.outcome == "allotted" and answer.request not in settled:
            sentence = f"told allotted for {answer.request}, which nothing settled"
            findings.append(Finding("payments_balance", answer.mark, sentence))
    return findings


# --- 5 ------------------------------------------------------------------------------------------------------


def limits_kept(steps: Iterable[Step], *, live_holds_max: int) -> list[Finding]:
    """Live holds an applicant over all pools, in the order of the server's time.

    A pool's revisions do not order another pool's, so at equal milliseconds ends come before beginnings: the
    check never accuses on doubt.
    """
    edges: list[tuple[int, int, str, str]] = []  # (ms, 0 end | 1 begin, applicant, mark)
    live: dict[str, Step] = {}
    for step in steps:
        if not step.mark or step.untouched:
            continue
        before = live.pop(step.mark, None)
        if before is not None and before.state in HELD_STATES:
            if step.state in HELD_STATES and step.hold == before.hold:
                live[step.mark] = step
                continue
            ended_ms = min(step.server_ms, before.deadline_ms or step.server_ms)
            edges.append((ended_ms, 0, before.applicant, step.mark))
        if step.state in HELD_STATES:
            live[step.mark] = step
            edges.append((step.server_ms, 1, step.applicant, step.mark))
        elif step.state:
            live[step.mark] = step
    return _walk_edges(edges, live_holds_max)


def _walk_edges(edges: list[tuple[int, int, str, str]], live_holds_max: int) -> list[Finding]:
    findings: list[Finding] = []
    count: dict[str, int] = defaultdict(int)
    for _, begins, applicant, mark in sorted(edges, key=lambda edge: edge[:2]):
        count[applicant] += 1 if begins else -1
        if count[applicant] > live_holds_max:
            sentence = f"applicant {applicant} has {count[applicant]} live holds, {live_holds_max} allowed"
            findings.append(Finding("limits_kept", mark, sentence))
    return findings


# --- 7 ------------------------------------------------------------------------------------------------------


def refusals_in_journal(told: Iterable[Told], steps: Iterable[Step]) -> list[Finding]:
    """A refusal that says who has a mark is true at the store's time that it names, to the millisecond."""
    lives = _lives_by_mark(steps)
    findings = []
    for answer in told:
        states = REFUSED_BY.get(answer.outcome)
        if states is None or not answer.server_ms:
            continue
        at = answer.server_ms
        if not any(
            state in states and begin <= at <= end for state, begin, end in lives.get(answer.mark, ())
        ):
            sentence = f"{answer.outcome} was told at {at}, when it was not"
            findings.append(Finding("refusals_in_journal", answer.mark, sentence))
    return findings


def _lives_by_mark(steps: Iterable[Step]) -> dict[str, list[tuple[str, int, int]]]:
    """From when until when each mark had a state, by the journal; what nobody has is left out."""
    lives: dict[str, list[tuple[str, int, int]]] = defaultdict(list)
    for step in steps:
        if not step.mark or step.untouched:
            continue
        known = lives[step.mark]
        if known:
            state, begin, end = known[-1]
            known[-1] = state, begin, min(end, step.server_ms)
        if step.state:
            known.append(
                (step.state, step.server_ms, step.deadline_ms - 1 if step.deadline_ms else FOR_GOOD_MS)
            )
    return lives


# --- 8 ------------------------------------------------------------------------------------------------------


def counts_agree(told: Iterable[Told], steps: Iterable[Step]) -> list[Finding]:
    """As many distinct effects were told, kind by kind, as the journal has."""
    answered = Counter(outcome for _, outcome in {(one.request, one.outcome) for one in told})
    written = Counter(
        TOLD_AS[step.verb] for step in steps if step.verb in TOLD_AS and not _buys_nothing(step)
    )
    return [
        Finding("counts_agree", "", f"{answered[kind]} {kind} were told, the journal has {written[kind]}")
        for kind in sorted(EFFECTS)
        if answered[kind] != written[kind]
    ]


def _buys_nothing(step: Step) -> bool:
    return step.verb == "confirm" and step.state != "allotted"
