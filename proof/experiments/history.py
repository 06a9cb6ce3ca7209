"""A load on the whole service, each operation with its invocation and return, ended by the history check.

Through HTTP, workers, store, keeper and journal. An operation is what has an answer of its own: an item of a
batch (nine in ten), an extension, a release, the beginning of a payment, a notification of the payment side.
Few marks are wanted by many and holds run out within seconds, so each mark has many owners one after another.

The control is the same service on a core that gives a mark to everybody who asks for it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from loadtests.channels import channels, write_sale
from loadtests.generator import Summary, generate
from loadtests.history.files import Report, check_files, read_mark
from loadtests.history.minimal import minimal_history
from loadtests.history.records import Told, read_told
from loadtests.identity import Provider
from loadtests.plan import write_plan
from loadtests.service import export_journal, running_service, wait_until_journalled
from plate_core import RuleBook, load_rule_book
from proof.experiment import Course, Experiment, Fault, Figure, Size, Tally
from proof.planted import planted_environment
from tests.lasting_law import light_law

LIVE_HOLDS_PERSON: Final = 3
CONNECTIONS: Final = 8
# As `bench/native/src/launch/channel.rs` has it.
BATCH: Final = 100
CHECKED_SECONDS: Final = 10.0
LOAD_SECONDS_MAX: Final = 540
# A replay is a load again, and one operation would be none.
OPERATIONS_MIN: Final = 2_000
# Findings that are told with their history; each is looked for in the files once more.
SHOWN: Final = 5
HOLDS_RUN_OUT: Final = {
    "PLATES_HOLD_TTL_SECONDS": "3",
    "PLATES_EXTENSION_SECONDS": "3",
    "PLATES_PAYMENT_WINDOW_SECONDS": "15",
    "PLATES_COOLDOWN_SECONDS": "0",
    "PLATES_SAME_MARK_DAILY_CAP": "1000",
    "PLATES_LIVE_HOLDS_PERSON": str(LIVE_HOLDS_PERSON),
}


def run(course: Course) -> Tally:
    """So many operations, and not one of them may be other than it was told."""
    return _load(course, {})


def sabotage(course: Course) -> Tally:
    """The same on a core that holds whatever it is asked for."""
    return _load(course, planted_environment(course.directory, "double_hold"))


def _load(course: Course, planted: Mapping[str, str]) -> Tally:
    load = Load(course.directory / "service", course.seeds.start)
    summary = load.make(max(len(course.seeds), OPERATIONS_MIN), planted)
    report = load.check()
    course.progress(report.told)
    faults = [Fault(load.seed, failure) for failure in summary.failures]
    faults += load.faults(report) + load.wrong_prices()
    return Tally(report.told, faults, _figures(summary, report, load.export_seconds))


def _figures(summary: Summary, report: Report, export_seconds: float) -> list[Figure]:
    batches = summary.statuses["batch"].get("200", 0)
    return [
        Figure("read and checked", report.seconds, "s", at_most=CHECKED_SECONDS),
        Figure("transitions", report.steps, ""),
        Figure("operations a second", report.told / summary.seconds, "/s"),
        Figure("share of batch items", BATCH * batches / report.told, ""),
        Figure("journal exported", export_seconds, "s"),
    ]


@dataclass
class Load:
    """One load on a service of its own, whose files lie in ``directory``."""

    directory: Path
    seed: int
    export_seconds: float = 0.0

    @property
    def told(self) -> Path:
        """What people were told."""
        return self.directory / "told.ndjson"

    @property
    def journal(self) -> Path:
        """The journal, exported."""
        return self.directory / "journal.ndjson"

    def make(self, operations: int, planted: Mapping[str, str]) -> Summary:
        """Start the service, let the channels at it, and wait until everything is in the journal."""
        self.directory.mkdir()
        settings = {"PLATES_PATTERNS_DIR": str(light_law())} | HOLDS_RUN_OUT | planted
        with running_service(self.directory, settings=settings) as address:
            provider = Provider.of(self.directory)
            plan = channels(provider, seed=self.seed, count=CONNECTIONS, operations=operations)
            summary = generate(
                address,
                write_plan(plan, self.directory / "rush.plan.ndjson"),
                connections=CONNECTIONS,
                seconds_max=LOAD_SECONDS_MAX,
                told=self.told,
                payment_key=(self.directory / "keys" / "payment.key").read_text(encoding="ascii").strip(),
                sale=write_sale(self.directory / "sale.json", seed=self.seed),
            )
            wait_until_journalled(self.directory)
        begun = time.monotonic()
        export_journal(self.directory, self.journal)
        self.export_seconds = time.monotonic() - begun
        return summary

    def check(self) -> Report:
        """Every check over every operation."""
        return check_files(self.told, self.journal, live_holds_max=LIVE_HOLDS_PERSON, undisturbed=True)

    def faults(self, report: Report) -> list[Fault]:
        """The findings; the first with the least of their marks' histories."""
        histories = [
            minimal_history(finding, *read_mark(finding.mark, self.told, self.journal), undisturbed=True)
            for finding in report.findings[:SHOWN]
        ]
        histories += [[]] * (len(report.findings) - len(histories))
        return [
            Fault(self.seed, str(finding), history)
            for finding, history in zip(report.findings, histories, strict=True)
        ]

    def wrong_prices(self) -> list[Fault]:
        """Holds at another price than the law's: asked of the law for every mark, not of the service."""
        held: dict[str, Told] = {}
        told_prices: dict[str, set[int]] = {}
        for answer in read_told([self.told], about='"held"'):
            held[answer.mark] = answer
            told_prices.setdefault(answer.mark, set()).add(answer.amount_tiyn)
        book = load_rule_book(light_law())
        lawful = _prices(book, held)
        return [
            Fault(self.seed, f"{mark} was held for {sorted(told)} tiyn, by the law it costs {lawful[mark]}")
            for mark, told in told_prices.items()
            if told != {lawful[mark]}
        ]


def _prices(book: RuleBook, held: Mapping[str, Told]) -> dict[str, int]:
    """What each mark cost when it was held; no price changes in this law."""
    prices = {}
    for mark, answer in held.items():
        prices[mark] = book.quote(book.parse(mark), at_ms=answer.server_ms)["amount_tiyn"]
    return prices


EXPERIMENT = Experiment(
    name="history",
    promise="a load on the whole service: each mark is one register by moments and by revisions; limits, "
    "prices, payments, journal and counts agree; read and checked within 10 s",
    control="the same on a core that holds a mark for everybody",
    unit="operations",
    run=run,
    sabotage=sabotage,
    full=Size(1_000_000, 20_000),
    short=Size(2_000, 2_000),
)
