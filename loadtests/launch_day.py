"""The whole of 5 January 2026: 11,000 applications as complete journeys, and the check of their history.

    python -m loadtests.launch_day [--applications N] [--generator native|locust] [--control-applications N]
                                   [--cluster]

Search, hold, begin payment, the payment side's signed word, until the mark is his; a fifth of it at desks,
and a pricing admin publishes a tariff in the middle. Then a control on a store whose hold function was
sabotaged, where the same check must find double holds. With ``--cluster`` each of the two is on three
primaries and three replicas that are started here.

Exit code 0: nobody failed, everybody has a mark, the check found nothing and the control was caught.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from loadtests import day_locust
from loadtests.admin import publish_tariff
from loadtests.generator import Summary, generate
from loadtests.history.check import check_all
from loadtests.history.records import Finding, Step, Told, read_steps, read_told
from loadtests.identity import Provider
from loadtests.plan import APPLICATIONS, Journey, journeys, write_plan
from loadtests.service import (
    export_journal,
    own_store,
    running_service,
    sabotage_store,
    wait_until_journalled,
)
from tests.clusters import PRIMARIES, running_cluster

# As many citizens at once as two workers take without refusing one, however the kernel deals them out.
CONNECTIONS = 128
LIVE_HOLDS_PERSON = 3
# The least time that the service allows between approval and the hour, so that the hour comes within the day.
LEAD = {"PLATES_TARIFF_LEAD_SECONDS": "2"}
TARIFF_IN_SECONDS = 4.0
SHOWN = 10


@dataclass(frozen=True)
class History:
    """What a day left behind, and what the check found in it."""

    told: list[Told]
    steps: list[Step]
    findings: list[Finding]

    @property
    def allotted(self) -> int:
        """How many applications the answers say came to their mark."""
        return sum(answer.outcome == "allotted" for answer in self.told)

    @property
    def settled(self) -> int:
        """How many payments the journal says bought a mark."""
        return len({s.payment.transaction for s in self.steps if s.payment and s.payment.state == "settled"})


@dataclass(frozen=True)
class Day:
    """A service on which launch days can be travelled, one after another, each by people of its own."""

    address: str
    directory: Path

    def prepare(self, number: int, applications: int) -> Path:
        """The plan of one day; the clock does not run yet."""
        plan = journeys(Provider.of(self.directory), count=applications, day=number)
        return self.write(plan, f"day-{number}")

    def write(self, lines: Iterable[Journey], name: str) -> Path:
        """A plan as a file."""
        return write_plan(lines, self.directory / f"{name}.plan.ndjson")

    def travel(
        self, plan: Path, *, generator: str = "native", tariff: bool = True, told: bool = True
    ) -> Summary:
        """Travel a plan, with the admin's tariff in the middle; the check reads only what is ``told``."""
        book = self.directory / f"{'told' if told else 'untold'}-{plan.name}"
        key = (self.directory / "keys" / "payment.key").read_text(encoding="ascii").strip()
        travel = generate if generator == "native" else day_locust.generate
        with ThreadPoolExecutor(1) as beside:
            name = plan.name.partition(".")[0]
            publication = beside.submit(self._publish, name) if tariff else None
            summary = travel(self.address, plan, connections=CONNECTIONS, told=book, payment_key=key)
            if publication is not None:
                publication.result()
        return summary

    def _publish(self, name: str) -> None:
        provider = Provider.of(self.directory)
        publish_tariff(self.address, provider, name=name, in_seconds=TARIFF_IN_SECONDS)

    def history(self) -> History:
        """Wait for the journal, and check all days of this service together."""
        wait_until_journalled(self.directory)
        journal = self.directory / "journal.ndjson"
        export_journal(self.directory, journal)
        told = list(read_told(sorted(self.directory.glob("told-*"))))
        steps = list(read_steps(journal))
        return History(told, steps, check_all(told, steps, live_holds_max=LIVE_HOLDS_PERSON))


@contextmanager
def opened_day(
    base: Path,
    name: str,
    *,
    law: Path | None = None,
    sabotaged: bool = False,
    store_url: str = "",
    on_cluster: bool = False,
) -> Iterator[Day]:
    """A service of the day's own, on its own store or the one named; the sabotaged one holds anything.

    ``on_cluster`` is for the sabotaged one, whose store is always its own.
    """
    directory = base / name
    directory.mkdir(parents=True)
    settings = LEAD | ({"PLATES_PATTERNS_DIR": str(law)} if law else {})
    if not sabotaged:
        with running_service(directory, store_url=store_url, settings=settings) as address:
            yield Day(address, directory)
        return
    with (
        _store_to_spoil(base / f"store-of-{name}", on_cluster=on_cluster) as (url, servers),
        running_service(directory, store_url=url, workers=1, settings=settings) as address,
    ):
        for server in servers:
            sabotage_store(server)
        yield Day(address, directory)


@contextmanager
def _store_to_spoil(directory: Path, *, on_cluster: bool) -> Iterator[tuple[str, list[str]]]:
    """A store of the control's own: its URL, and that of each server that has keys."""
    if on_cluster:
        with running_cluster() as cluster:
            yield cluster.url, [f"redis://{node.address}" for node in cluster.nodes[:PRIMARIES]]
        return
    directory.mkdir()
    with own_store(directory) as url:
        yield url, [url]


def spoiled(
    base: Path, applications: int, *, law: Path | None = None, on_cluster: bool = False
) -> list[Finding]:
    """What the check finds when the store is sabotaged: double holds, or the check proves nothing."""
    with opened_day(base, "control", law=law, sabotaged=True, on_cluster=on_cluster) as day:
        day.travel(day.prepare(0, applications), tariff=False)
        return day.history().findings


def report(summary: Summary, history: History) -> None:
    """What happened, for people."""
    print(
        f"{summary.requests} requests in {summary.seconds:.2f} s, {summary.failed} failed, {summary.journeys}"
    )
    for line in summary.failures + [str(finding) for finding in history.findings[:SHOWN]]:
        print(f"    {line}")
    for label, latency in summary.latency_ms.items():
        print(f"  {label:<14} {summary.statuses[label]} ms: {latency}")


def main() -> int:
    """The day, its check, and the control."""
    parser = argparse.ArgumentParser(description="A whole launch day, with its check and its control.")
    parser.add_argument("--applications", type=int, default=APPLICATIONS)
    parser.add_argument("--generator", choices=("native", "locust"), default="native")
    parser.add_argument("--control-applications", type=int, default=500)
    parser.add_argument("--cluster", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="launch-day-") as base:
        with ExitStack() as opened:
            url = opened.enter_context(running_cluster()).url if options.cluster else ""
            day = opened.enter_context(opened_day(Path(base), "honest", store_url=url))
            plan = day.prepare(0, options.applications)
            summary = day.travel(plan, generator=options.generator)
            history = day.history()
        report(summary, history)
        control = spoiled(Path(base), options.control_applications, on_cluster=options.cluster)
    verdict = {
        "seconds": round(summary.seconds, 2),
        "requests": summary.requests,
        "failures": summary.failed,
        "allotted": history.allotted,
        "settled": history.settled,
        "findings": len(history.findings),
        "control_findings": len(control),
    }
    print(json.dumps(verdict))
    passed = (
        summary.failed == 0
        and history.allotted == history.settled == options.applications
        and not history.findings
        and any(finding.check == "owners_by_journal" for finding in control)
    )
    print("passed" if passed else "FAILED")
    return 0 if passed else 1


if __name__ == "__main__":
    raise SystemExit(main())
