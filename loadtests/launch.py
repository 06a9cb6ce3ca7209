"""`make load`: a launch day in small, ended by the check of every mark's history.

    python -m loadtests.launch [--seconds 60] [--users 40] [--seed 1] [--control-seconds 12]

Starts a service of its own, lets people at it over loopback for the given time, exports the journal and
checks. Then a control: the same on a store whose hold function was sabotaged, and there the same check must
find double holds, or the launch proves nothing.

Exit code 0: the check found nothing and the control was caught.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from loadtests.history.check import check_all
from loadtests.history.records import Finding, Step, Told, read_steps, read_told
from loadtests.service import (
    LaunchFailed,
    export_journal,
    own_store,
    running_service,
    sabotage_store,
    wait_until_journalled,
)
from tests.lasting_law import light_law

ROOT = Path(__file__).resolve().parent.parent
LIVE_HOLDS_PERSON = 3
SHOWN = 10


@dataclass(frozen=True)
class Outcome:
    """What one launch came to."""

    requests: int
    failures: list[str]  # a sentence a kind of failure, with how often
    failed: int
    log: list[str]  # what the service's processes said last, each
    told: list[Told]
    steps: list[Step]
    findings: list[Finding]


def run_people(address: str, directory: Path, *, seconds: int, users: int, seed: int) -> None:
    """Locust, for a bounded time; its figures go to ``directory``."""
    environment = os.environ | {
        "LAUNCH_DATA_DIR": str(directory),
        "LAUNCH_TOLD_DIR": str(directory / "told"),
        "LAUNCH_SECONDS": str(seconds),
        "LAUNCH_SEED": str(seed),
        "LAUNCH_TARIFF": str(ROOT / "loadtests" / "launch-tariff.toml"),
    }
    command = [
        *(sys.executable, "-m", "locust", "--locustfile", "loadtests/locustfile.py", "--headless"),
        *("--host", address, "--users", str(users), "--spawn-rate", str(users), "--run-time", f"{seconds}s"),
        *("--stop-timeout", "20", "--csv", str(directory / "locust"), "--only-summary"),
    ]
    with (directory / "locust.log").open("wb") as log:
        subprocess.run(command, cwd=ROOT, env=environment, stdout=log, stderr=log, check=False)


def read_rows(directory: Path, what: str) -> list[dict[str, str]]:
    """One of the tables that locust wrote."""
    table = directory / f"locust_{what}.csv"
    if not table.exists():
        log = (directory / "locust.log").read_text(encoding="utf-8", errors="replace")
        raise LaunchFailed(f"locust did not run:\n{log[-2000:]}")
    with table.open(newline="", encoding="utf-8") as rows:
        return list(csv.DictReader(rows))


def last_lines(log: Path) -> list[str]:
    """The end of a log, with its name; nothing of an empty one."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-SHOWN:]
    return [f"{log.name}: {line}" for line in lines]


def failure_words(row: dict[str, str]) -> str:
    """A kind of failure, as locust counted it."""
    return f"{row['Occurrences']} x {row['Method']} {row['Name']}: {row['Error']}"


def launch(
    directory: Path, *, seconds: int, users: int, seed: int, light: bool = False, sabotaged: bool = False
) -> Outcome:
    """One launch, from an empty directory to the findings."""
    directory.mkdir(parents=True, exist_ok=True)
    law = {"PLATES_PATTERNS_DIR": str(light_law())} if light else {}
    if not sabotaged:
        with running_service(directory, settings=law) as address:
            run_people(address, directory, seconds=seconds, users=users, seed=seed)
            wait_until_journalled(directory)
    else:
        store = directory.with_name("store-of-" + directory.name)
        store.mkdir()
        with (
            own_store(store) as url,
            running_service(directory, store_url=url, workers=1, settings=law) as address,
        ):
            sabotage_store(url)
            run_people(address, directory, seconds=seconds, users=users, seed=seed)
            wait_until_journalled(directory)
    total = next(row for row in read_rows(directory, "stats") if row["Name"] == "Aggregated")
    journal = directory / "journal.ndjson"
    export_journal(directory, journal)
    told = list(read_told(sorted((directory / "told").glob("*.ndjson"))))
    steps = list(read_steps(journal))
    findings = check_all(told, steps, live_holds_max=LIVE_HOLDS_PERSON)
    return Outcome(
        requests=int(total["Request Count"]),
        failures=[failure_words(row) for row in read_rows(directory, "failures")],
        failed=int(total["Failure Count"]),
        log=[line for log in sorted(directory.glob("**/*.log")) for line in last_lines(log)],
        told=told,
        steps=steps,
        findings=findings,
    )


def report(name: str, outcome: Outcome) -> None:
    """What happened, for people."""
    told = Counter(answer.outcome for answer in outcome.told)
    verbs = Counter(step.verb for step in outcome.steps)
    checks = Counter(finding.check for finding in outcome.findings)
    print(f"{name}: {outcome.requests} requests, {outcome.failed} failed")
    if outcome.failed:
        for line in outcome.failures[:SHOWN] + outcome.log:
            print(f"    {line}")
    print(f"  told:    {dict(told.most_common())}")
    print(f"  journal: {dict(verbs.most_common())}")
    print(f"  check:   {sum(checks.values())} findings {dict(checks)}")
    for finding in outcome.findings[:SHOWN]:
        print(f"    {finding}")


def main() -> int:
    """Launch, check, and the control."""
    parser = argparse.ArgumentParser(description="A launch day in small, with its check and its control.")
    parser.add_argument("--seconds", type=int, default=60, help="how long people come")
    parser.add_argument(
        "--control-seconds", type=int, default=12, help="how long they come to the sabotaged one"
    )
    parser.add_argument("--users", type=int, default=40, help="how many at a time")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--light", action="store_true", help="one withheld series a format: founded in a second"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="launch-") as base:
        common = {"users": options.users, "seed": options.seed, "light": options.light}
        honest = launch(Path(base) / "honest", seconds=options.seconds, **common)
        report("launch", honest)
        control = launch(Path(base) / "control", seconds=options.control_seconds, sabotaged=True, **common)
        report("control (sabotaged)", control)
    verdict = {
        "requests": honest.requests,
        "failures": honest.failed,
        "held": sum(answer.outcome == "held" for answer in honest.told),
        "allotted": sum(answer.outcome == "allotted" for answer in honest.told),
        "findings": len(honest.findings),
        "control_findings": len(control.findings),
    }
    print(json.dumps(verdict))
    passed = (
        honest.failed == 0
        and not honest.findings
        and verdict["allotted"] > 0
        and any(finding.check == "owners_by_journal" for finding in control.findings)
    )
    print("passed" if passed else "FAILED")
    return 0 if passed else 1


if __name__ == "__main__":
    raise SystemExit(main())
