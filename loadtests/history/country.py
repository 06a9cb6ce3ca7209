"""Made-up histories: an honest inventory in a page, and the faults that are seeded into what it tells.

For the checker's own proof: it must accuse no honest history and find every seeded fault. Marks, holds and
people of a history carry its seed, so that many histories can lie in one file and be checked at once.

Not here: a real load (`channels.py`); what the checker looks for (`check.py`).
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from loadtests.history.records import Payment, Step, Told

QUOTE_TIYN: Final = 98_610_000
HOLD_TTL_MS: Final = 900_000
LIVE_HOLDS_MAX: Final = 3
MARKS: Final = 20
BEGUN_US: Final = 1_767_600_000_000_000
# Requests overlap when less than this lies between them.
ON_THE_WAY_US: Final = 800
# What every fault needs: something to spoil.
NEEDED: Final = frozenset({"hold", "release", "begin_payment", "confirm"})


class Country:
    """An honest inventory: it makes the answers and the journal of a random launch."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.random = random.Random(seed)
        self.now_us = BEGUN_US
        self.revision = 0
        self.asked = 0
        self.told: list[Told] = []
        self.steps: list[Step] = []
        self.live: dict[str, Step] = {}

    @property
    def now_ms(self) -> int:
        """The store's time."""
        return self.now_us // 1_000

    def named(self, word: object) -> str:
        """A name that no other history has."""
        return f"{word}/{self.seed}"

    def step(
        self, verb: str, mark: str, state: str, base: Step | None, payment: Payment | None = None
    ) -> Step:
        """Write one transition."""
        self.revision += 1
        made = Step(
            pool=self.named("person_car.02"),
            revision=self.revision,
            server_ms=self.now_ms,
            verb=verb,
            mark=mark,
            state=state,
            hold=base.hold if base else self.named(f"hold-{self.revision}"),
            applicant=base.applicant if base else self.named(f"applicant-{self.revision}"),
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
        """Answer the client whose request took effect."""
        self._answer(made.applicant, request, made.mark, outcome, made)

    def refuse(self, mark: str, outcome: str) -> None:
        """Answer a client who came too late."""
        self.asked += 1
        self._answer(self.named("latecomer"), self.named(f"late-{self.asked}"), mark, outcome, None)

    def _answer(self, person: str, request: str, mark: str, outcome: str, made: Step | None) -> None:
        before, after = (self.random.randrange(1, ON_THE_WAY_US) for _ in range(2))
        self.told.append(
            Told(
                person=person,
                request=request,
                mark=mark,
                outcome=outcome,
                revision=made.revision if made else 0,
                hold=made.hold if made else "",
                server_ms=self.now_ms,
                deadline_ms=made.deadline_ms if made else 0,
                amount_tiyn=made.amount_tiyn if made else 0,
                invoked_us=self.now_us - before,
                returned_us=self.now_us + after,
            )
        )

    def act(self) -> None:
        """One random thing happens to one of a few marks, often while another is still on its way."""
        quick = self.random.random() < 0.5
        self.now_us += self.random.randrange(1, ON_THE_WAY_US if quick else 120_000_000)
        mark = self.named(f"{self.random.randrange(1, MARKS + 1):03}AAA02")
        live = self.live.get(mark)
        if live is not None and live.deadline_ms and self.now_ms >= live.deadline_ms:
            self.step("expire", mark, "", live)
            live = None
        if live is None:
            made = self.step("hold", mark, "held", None)
            self.tell(made, "held", self.named(f"request-{made.revision}"))
        elif self.random.random() < 0.3:
            self.refuse(mark, "mark_allotted" if live.state == "allotted" else "held_by_another")
        else:
            self._go_on(mark, live)

    def _go_on(self, mark: str, live: Step) -> None:
        """Whoever has the mark begins to pay, gives it back, or pays."""
        request = self.named(f"request-{self.revision + 1}")
        if live.state == "held" and self.random.random() < 0.5:
            self.tell(self.step("begin_payment", mark, "paying", live), "payment_begun", request)
        elif live.state == "held":
            self.tell(self.step("release", mark, "", live), "released", request)
        elif live.state == "paying":
            payment = Payment(request, "settled", QUOTE_TIYN)
            self.tell(self.step("confirm", mark, "allotted", live, payment), "allotted", request)

    def first(self, verb: str) -> int:
        """Place of the first transition of a verb."""
        return next(place for place, step in enumerate(self.steps) if step.verb == verb)


def launch(seed: int, acts: int = 120) -> Country:
    """A random honest launch, in which everything happens at least once that a fault could spoil."""
    country = Country(seed)
    for _ in range(acts):
        country.act()
    while not {step.verb for step in country.steps} >= NEEDED:
        country.act()
    return country


# --- faults -------------------------------------------------------------------------------------------------


def double_hold(country: Country) -> None:
    """A second client is told, one revision later, that he holds a mark which the first still has."""
    held = next(answer for answer in country.told if answer.outcome == "held")
    later = [
        replace(answer, revision=answer.revision + 1) if answer.revision > held.revision else answer
        for answer in country.told
    ]
    stolen = replace(
        held,
        person=country.named("thief"),
        request=country.named("steal"),
        hold=country.named("stolen"),
        revision=held.revision + 1,
        invoked_us=held.invoked_us + 1,
        returned_us=held.returned_us + 1,
    )
    country.told = [*later, stolen]


def resale(country: Country) -> None:
    """An allotted mark is held by another."""
    sold = country.steps[country.first("confirm")]
    country.now_us += 1_000
    country.live.pop(sold.mark)
    stolen = country.step("hold", sold.mark, "held", None)
    country.tell(stolen, "held", country.named("steal"))


def lost_confirm(country: Country) -> None:
    """A client was told `allotted`, and the journal has nothing of it."""
    place = country.first("confirm")
    lost = country.steps[place]
    country.steps[place] = replace(lost, verb="expire", state="", payment=None, server_ms=lost.deadline_ms)


def late_confirm(country: Country) -> None:
    """A payment settles a hold of somebody else who holds the mark by then."""
    place = country.first("confirm")
    late = country.named("late")
    country.steps[place] = replace(country.steps[place], hold=late, applicant=country.named("late payer"))
    told = next(index for index, answer in enumerate(country.told) if answer.outcome == "allotted")
    country.told[told] = replace(country.told[told], hold=late, person=country.named("late payer"))


Seeded = Callable[[Country], None]
FAULTS: Final[tuple[Seeded, ...]] = (double_hold, resale, lost_confirm, late_confirm)
