"""Each mark as one register: some order of what was done to it explains every answer.

``linearisable`` asks by moments alone. What was invoked after something else had returned came later; what
overlapped may have come in either order; so orders are searched until one explains every answer (Wing and
Gong's search with a memory of what was tried, 1993; Lowe, 2017). A hold past its deadline is over, by the
store's time that the answers name.

``real_time_kept`` asks the same by revisions: they claim one order, and no mark's may contradict the moments.

Only answers with both moments take part. Answers to one request are one operation.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from loadtests.history.records import EFFECTS, Finding, Told

# Refusals that say who had the mark; the others say nothing of it.
READS = frozenset({"held_by_another", "held_by_you", "mark_allotted"})
# Nobody has the mark; anything else is the place of the operation that made its state.
FREE = -1


def linearisable(told: Iterable[Told]) -> list[Finding]:
    """Marks whose answers no order explains."""
    findings = []
    for mark, answers in operations_by_mark(told).items():
        stuck = first_unexplained(answers)
        if stuck is not None:
            sentence = f"no order of what was asked explains {_words(answers[stuck])}, or what overlaps it"
            findings.append(Finding("linearisable", mark, sentence))
    return findings


def real_time_kept(told: Iterable[Told]) -> list[Finding]:
    """Marks with a revision that came after a later one had been asked for and answered before."""
    findings = []
    for mark, answers in operations_by_mark(told).items():
        latest: Told | None = None
        for answer in sorted((one for one in answers if one.revision), key=lambda one: one.revision):
            if latest is not None and answer.returned_us < latest.invoked_us:
                sentence = f"{_words(answer)} had returned before {_words(latest)} was invoked"
                findings.append(Finding("real_time_kept", mark, sentence))
            if latest is None or answer.invoked_us > latest.invoked_us:
                latest = answer
    return findings


def operations_by_mark(told: Iterable[Told]) -> dict[str, list[Told]]:
    """Operations on each mark, by the moment of their invocation; an answer given twice counts once."""
    found: dict[str, dict[str, Told]] = defaultdict(dict)
    for answer in told:
        if answer.returned_us and (answer.outcome in EFFECTS or answer.outcome in READS):
            found[answer.mark].setdefault(answer.request, answer)
    return {mark: sorted(answers.values(), key=lambda one: one.invoked_us) for mark, answers in found.items()}


def first_unexplained(answers: Sequence[Told]) -> int | None:
    """The first operation that cannot be put in any order; None where an order explains all of them.

    A state of the search is how many operations are in order, which of those behind them are as well (a bit
    each), and which of them made the mark's state.
    """
    tried: set[tuple[int, int, int]] = set()
    waiting = [(0, 0, FREE)]
    furthest = 0
    while waiting:
        first, ahead, state = waiting.pop()
        while ahead & 1:
            first, ahead = first + 1, ahead >> 1
        if first == len(answers):
            return None
        if (first, ahead, state) in tried:
            continue
        tried.add((first, ahead, state))
        furthest = max(furthest, first)
        for place in _next_in_order(answers, first, ahead):
            after = state_after(answers, state, place)
            if after is not None:
                waiting.append((first, ahead | 1 << (place - first), after))
    return furthest


def _next_in_order(answers: Sequence[Told], first: int, ahead: int) -> list[int]:
    """Which may come next: whatever nothing left had returned before; the one to try first stands last."""
    places, returned_us = [], answers[first].returned_us
    for place in range(first, len(answers)):
        if answers[place].invoked_us > returned_us:
            break
        if not ahead >> (place - first) & 1:
            places.append(place)
            returned_us = min(returned_us, answers[place].returned_us)
    possible = [place for place in places if answers[place].invoked_us <= returned_us]
    return sorted(possible, key=lambda place: answers[place].returned_us, reverse=True)


def state_after(answers: Sequence[Told], state: int, place: int) -> int | None:
    """The mark's state after an operation in this state; None where it could not have been answered so."""
    answer = answers[place]
    owner = None if state == FREE else answers[state]
    own = owner is not None and owner.hold == answer.hold
    for_good = owner is not None and owner.deadline_ms == 0
    live = owner is not None and (for_good or answer.server_ms < owner.deadline_ms)
    match answer.outcome:
        case "held":
            return None if live else place
        case "extended" | "payment_begun":
            return place if own and live and not for_good else None
        case "released":
            return FREE if own and live and not for_good else None
        case "cancelled":
            return FREE if own and for_good else None
        case "allotted":
            # Late money buys what nobody has, or what the same person holds anew.
            anew = owner is not None and owner.person == answer.person and not for_good
            return None if live and not own and not anew else place
        case "mark_allotted":
            return state if for_good else None
        case _:
            return state if live and not for_good else None


def _words(answer: Told) -> str:
    at = f" at revision {answer.revision}" if answer.revision else ""
    return f"{answer.outcome}{at} to {answer.request}"
