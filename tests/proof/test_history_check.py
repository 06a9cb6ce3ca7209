"""The history checker finds every seeded fault and accuses no honest history."""

import random
from dataclasses import replace

import pytest

from loadtests.history.check import check_all
from loadtests.history.records import Payment, Step, Told

POOL = "person_car.02"
QUOTE_TIYN = 98_610_000
HOLD_TTL_MS = 900_000
LIVE_HOLDS_MAX = 3


class Country:
    """An honest inventory in a page: it makes the answers and the journal of a random launch."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.now_ms = 1_767_600_000_000
        self.revision = 0
        self.told: list[Told] = []
        self.steps: list[Step] = []
        self.live: dict[str, Step] = {}

    def step(
        self, verb: str, mark: str, state: str, base: Step | None, payment: Payment | None = None
    ) -> Step:
        """Write one transition."""
        self.revision += 1
        made = Step(
            pool=POOL,
            revision=self.revision,
            server_ms=self.now_ms,
            verb=verb,
            mark=mark,
            state=state,
            hold=base.hold if base else f"{self.revision:032x}",
            applicant=base.applicant if base else f"applicant-{self.revision}",
            deadline_ms=0 if state == "allotted" else self.now_ms + HOLD_TTL_MS if state else 0,
            amount_tiyn=QUOTE_TIYN,
            payment=payment,
        )
        self.steps.append(made)
        if state:
            self.live[mark] = made
        else:
            self.live.pop(mark, None)
        return made

    def tell(self, made: Step, outcome: str, request: str) -> None:
        """Answer the client."""
        self.told.append(
            Told(
                person=made.applicant,
                request=request,
                mark=made.mark,
                outcome=outcome,
                revision=made.revision,
                hold=made.hold,
                server_ms=made.server_ms,
                deadline_ms=made.deadline_ms,
                amount_tiyn=made.amount_tiyn,
            )
        )

    def act(self) -> None:
        """One random thing happens to one of twenty marks."""
        self.now_ms += self.random.randrange(60_000)
        mark = f"{self.random.randrange(1, 21):03}AAA02"
        live = self.live.get(mark)
        if live is not None and live.deadline_ms and self.now_ms >= live.deadline_ms:
            self.step("expire", mark, "", live)
            live = None
        if live is None:
            made = self.step("hold", mark, "held", None)
            self.tell(made, "held", f"request-{made.revision}")
        elif live.state == "held" and self.random.random() < 0.4:
            self.tell(
                self.step("begin_payment", mark, "paying", live), "payment_begun", f"begin-{self.revision}"
            )
        elif live.state == "held":
            self.tell(self.step("release", mark, "", live), "released", f"release-{self.revision}")
        elif live.state == "paying":
            transaction = f"transaction-{self.revision}"
            made = self.step("confirm", mark, "allotted", live, Payment(transaction, "settled", QUOTE_TIYN))
            self.tell(made, "allotted", transaction)


def launch(seed: int, acts: int = 120) -> Country:
    """A random honest launch."""
    country = Country(seed)
    for _ in range(acts):
        country.act()
    return country


def findings(country: Country) -> list[str]:
    """The names of the checks that found something."""
    found = check_all(country.told, country.steps, live_holds_max=LIVE_HOLDS_MAX)
    return [finding.check for finding in found]


def first(country: Country, verb: str) -> int:
    """Place of the first transition of a verb."""
    return next(place for place, step in enumerate(country.steps) if step.verb == verb)


def double_hold(country: Country) -> None:
    """A second client is told, one revision later, that he holds a mark which the first still has."""
    held = next(answer for answer in country.told if answer.outcome == "held")
    later = [
        replace(answer, revision=answer.revision + 1) if answer.revision > held.revision else answer
        for answer in country.told
    ]
    stolen = replace(held, person="thief", hold="f" * 32, revision=held.revision + 1)
    country.told = [*later, stolen]


def resale(country: Country) -> None:
    """An allotted mark is held by another."""
    place = first(country, "confirm")
    sold = country.steps[place]
    country.now_ms += 1
    country.live.pop(sold.mark)
    stolen = country.step("hold", sold.mark, "held", None)
    country.tell(stolen, "held", "steal")


def lost_confirm(country: Country) -> None:
    """A client was told `allotted`, and the journal has nothing of it."""
    place = first(country, "confirm")
    lost = country.steps[place]
    country.steps[place] = replace(lost, verb="expire", state="", payment=None, server_ms=lost.deadline_ms)


def late_confirm(country: Country) -> None:
    """A payment settles a hold of somebody else who holds the mark by then."""
    place = first(country, "confirm")
    country.steps[place] = replace(country.steps[place], hold="e" * 32, applicant="late payer")


def forged_payment(country: Country) -> None:
    """An allotment that no payment settled."""
    place = first(country, "confirm")
    country.steps[place] = replace(country.steps[place], payment=None)


def wrong_amount(country: Country) -> None:
    """A payment of another amount than was quoted settles."""
    place = first(country, "confirm")
    step = country.steps[place]
    assert step.payment is not None
    country.steps[place] = replace(step, payment=replace(step.payment, amount_tiyn=1))


def early_expiry(country: Country) -> None:
    """A hold ends before its deadline."""
    place = first(country, "release")
    country.steps[place] = replace(country.steps[place], verb="expire")


def dropped_step(country: Country) -> None:
    """A transition is missing from the journal."""
    del country.steps[len(country.steps) // 2]


def limit_broken(country: Country) -> None:
    """One applicant holds four marks at once."""
    for place in range(4):
        country.live.pop(f"90{place}BBB02", None)
        made = country.step("hold", f"90{place}BBB02", "held", None)
        country.steps[-1] = replace(made, applicant="greedy")


FAULTS = {
    double_hold: "owners_by_answers",
    resale: "owners_by_journal",
    lost_confirm: "payments_balance",
    late_confirm: "owners_by_journal",
    forged_payment: "payments_balance",
    wrong_amount: "payments_balance",
    early_expiry: "owners_by_journal",
    dropped_step: "owners_by_journal",
    limit_broken: "limits_kept",
}


def test_honest_histories_are_not_accused() -> None:
    """No finding in 300 random launches."""
    assert [seed for seed in range(300) if findings(launch(seed))] == []


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_each_seeded_fault_is_found(fault) -> None:  # type: ignore[no-untyped-def]
    """The check that is meant for a fault finds it, in every one of 100 launches."""
    missed = []
    for seed in range(100):
        country = launch(seed)
        fault(country)
        if FAULTS[fault] not in findings(country):
            missed.append(seed)
    assert missed == []
