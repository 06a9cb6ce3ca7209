"""The history checkers find every seeded fault and accuse no honest history, and the quick one says the same.

At its full size this is the experiment `history_faults`; here each fault has the check that is meant for it.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from loadtests.history.check import check_all
from loadtests.history.country import FAULTS as PLANTED
from loadtests.history.country import LIVE_HOLDS_MAX, Country, Seeded, double_hold, launch
from loadtests.history.files import check_files, write_history
from loadtests.history.minimal import minimal_history
from loadtests.history.records import Finding, Told
from loadtests.history.register import first_unexplained


def found_in(country: Country) -> list[Finding]:
    """Everything that the readable checker finds."""
    return check_all(country.told, country.steps, live_holds_max=LIVE_HOLDS_MAX, undisturbed=True)


def findings(country: Country) -> list[str]:
    """The names of the checks that found something."""
    return [finding.check for finding in found_in(country)]


def forged_payment(country: Country) -> None:
    """An allotment that no payment settled."""
    place = country.first("confirm")
    country.steps[place] = replace(country.steps[place], payment=None)


def wrong_amount(country: Country) -> None:
    """A payment of another amount than was quoted settles."""
    place = country.first("confirm")
    step = country.steps[place]
    assert step.payment is not None
    country.steps[place] = replace(step, payment=replace(step.payment, amount_tiyn=1))


def wrong_price(country: Country) -> None:
    """A client is told another price than the journal has."""
    country.told[0] = replace(country.told[0], amount_tiyn=1)


def early_expiry(country: Country) -> None:
    """A hold ends before its deadline."""
    place = country.first("release")
    country.steps[place] = replace(country.steps[place], verb="expire")


def dropped_step(country: Country) -> None:
    """A transition is missing from the journal."""
    del country.steps[len(country.steps) // 2]


def limit_broken(country: Country) -> None:
    """One applicant holds four marks at once."""
    for place in range(4):
        made = country.step("hold", f"90{place}BBB02", "held", None)
        country.steps[-1] = replace(made, applicant="greedy")


def false_refusal(country: Country) -> None:
    """Somebody is told that a mark is held which nobody ever had."""
    country.refuse("999ZZZ02", "held_by_another")


def untold_effect(country: Country) -> None:
    """A hold stands in the journal, and nobody was told of it."""
    country.told.remove(next(answer for answer in country.told if answer.outcome == "held"))


def answer_from_the_past(country: Country) -> None:
    """A later revision was asked for and answered before an earlier one was asked for."""
    first = next(answer for answer in country.told if answer.outcome == "payment_begun")
    place = country.told.index(first)
    country.told[place] = replace(first, invoked_us=1, returned_us=2)


FAULTS: dict[Seeded, str] = {
    **dict(zip(PLANTED, ("owners_by_answers", "owners_by_journal", "payments_balance"), strict=False)),
    PLANTED[3]: "owners_by_journal",
    forged_payment: "payments_balance",
    wrong_amount: "payments_balance",
    wrong_price: "answers_in_journal",
    early_expiry: "owners_by_journal",
    dropped_step: "owners_by_journal",
    limit_broken: "limits_kept",
    false_refusal: "refusals_in_journal",
    untold_effect: "counts_agree",
    answer_from_the_past: "real_time_kept",
}


def test_honest_histories_are_not_accused() -> None:
    """No finding in 200 random launches."""
    assert [seed for seed in range(200) if findings(launch(seed))] == []


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_each_seeded_fault_is_found(fault: Seeded) -> None:
    """The check that is meant for a fault finds it, in every one of 60 launches."""
    missed = []
    for seed in range(60):
        country = launch(seed)
        fault(country)
        if FAULTS[fault] not in findings(country):
            missed.append(seed)
    assert missed == []


def test_both_checkers_say_the_same(tmp_path: Path) -> None:
    """The quick checker finds just what the readable one does, sentence by sentence, fault by fault."""
    for fault in [None, *FAULTS]:
        countries = [launch(seed) for seed in range(5)]
        for country in countries:
            if fault is not None:
                fault(country)
            files = write_history(country.told, country.steps, tmp_path)
            report = check_files(*files, live_holds_max=LIVE_HOLDS_MAX, undisturbed=True)
            assert sorted(map(str, report.findings)) == sorted(map(str, found_in(country)))


def told(outcome: str, hold: str, invoked_us: int, returned_us: int, **more: int) -> Told:
    """An answer as the search for an order reads it."""
    moments = {"server_ms": invoked_us, "deadline_ms": 1_000, "invoked_us": invoked_us} | more
    return Told(
        "somebody",
        f"{outcome}-{hold}",
        "m",
        outcome,
        0,
        hold,
        amount_tiyn=0,
        returned_us=returned_us,
        **moments,
    )


@pytest.mark.parametrize(
    ("answers", "stuck"),
    [
        # One after the other, and the second after the first gave it back.
        ([told("held", "a", 1, 2), told("released", "a", 3, 4), told("held", "b", 5, 6)], None),
        # Both held, with nothing between: no order.
        ([told("held", "a", 1, 2), told("held", "b", 3, 4)], 1),
        # The same, when the first had run out.
        ([told("held", "a", 1, 2, deadline_ms=3), told("held", "b", 3, 4)], None),
        # A release that was asked for late and overlaps may have come first.
        ([told("held", "a", 1, 2), told("held", "b", 3, 9), told("released", "a", 4, 5)], None),
        # Refused before anybody had it; and while it may have been had already.
        ([told("held_by_another", "", 1, 2), told("held", "a", 3, 4)], 0),
        ([told("held_by_another", "", 1, 5), told("held", "a", 3, 4)], None),
        # What is bought is bought for good.
        (
            [
                told("held", "a", 1, 2),
                told("allotted", "a", 3, 4, deadline_ms=0),
                told("held", "b", 2_000, 2_001),
            ],
            2,
        ),
    ],
)
def test_an_order_is_found_where_there_is_one(answers: Sequence[Told], stuck: int | None) -> None:
    """By moments alone; where there is none, the first operation that fits nowhere is named."""
    assert first_unexplained(answers) == stuck


def test_a_finding_comes_with_the_least_that_shows_it() -> None:
    """Of a whole launch two lines are left: who was told first that he has the mark, and who second."""
    country = launch(7)
    double_hold(country)
    [finding] = [one for one in found_in(country) if one.check == "owners_by_answers"]
    lines = minimal_history(finding, country.told, country.steps)
    assert [line.split()[3] for line in lines] == ["held", "held"]
