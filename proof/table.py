"""What came out, for people: a line an experiment as it ends, one table at the end, and a page for the docs.

python -m proof.table var/proof.json docs/proof/table.md
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from plate_core import build
from proof.verdict import Verdict

ROOT: Final = Path(__file__).resolve().parent.parent
FAULTS_SHOWN: Final = 5
HEAD: Final = """# What was proven

`make proof` wrote this table{subset}. Each line is a promise that was tried so often, what was found wrong
(must be 0), and what the same check found in a sabotaged run (must be more than 0, or the check proves
nothing). A trial is repeated by `make replay SEED=<experiment>:<seed>`; the seeds of a run follow each other
from the first.

{count} experiments, {passed} passed, {seconds:.0f} s in all; {circumstances}.

| experiment | promise | tried | wrong | control: what, tried, found | measured | first seed | s | verdict |
|---|---|---|---|---|---|---|---|---|
"""


def circumstances() -> dict[str, Any]:
    """Where and on what a run was made."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short=12", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()
    return {
        "commit": commit,
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "load": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
        "core": build(),
    }


def print_verdict(verdict: Verdict) -> None:
    """What one experiment came to; the first faults whole, with how to repeat them."""
    facts = verdict.facts()
    word = "passed" if verdict.passed else f"NOT PASSED: {verdict.why_not}"
    control = f"control {facts['control_faults']} of {facts['control_tried']}"
    print(
        f"\r  {facts['tried']} {facts['unit']}, {len(facts['faults'])} wrong; {control}; "
        f"{'; '.join(measured(facts['figures']))} ({facts['seconds']} s): {word}",
        flush=True,
    )
    for fault in verdict.honest.faults[:FAULTS_SHOWN]:
        print(f"    {fault.sentence}  [make replay SEED={verdict.experiment.name}:{fault.seed}]")
        for line in fault.history:
            print(f"        {line}")


def print_table(verdicts: Sequence[Verdict], seconds: float) -> None:
    """The whole run at a glance."""
    table = Table(title=f"{len(verdicts)} experiments in {seconds:.0f} s", title_justify="left")
    for heading in ("experiment", "tried", "wrong", "control", "measured", "s", "verdict"):
        table.add_column(heading)
    for verdict in verdicts:
        facts = verdict.facts()
        table.add_row(
            facts["name"],
            f"{facts['tried']} {facts['unit']}",
            str(len(facts["faults"])),
            f"{facts['control_faults']} of {facts['control_tried']}",
            "\n".join(measured(facts["figures"])),
            f"{facts['seconds']:.0f}",
            "passed" if verdict.passed else "NOT PASSED",
        )
    Console(width=None if sys.stdout.isatty() else 160).print(table)


def measured(figures: Iterable[dict[str, Any]]) -> list[str]:
    """Each figure with its bound."""
    return [_figure_words(figure) for figure in figures]


def _figure_words(figure: dict[str, Any]) -> str:
    words = f"{figure['name']} {figure['value']:.4g} {figure['unit']}".rstrip()
    if figure["at_most"] is not None:
        words += f" (<= {figure['at_most']:g})"
    if figure["at_least"] is not None:
        words += f" (>= {figure['at_least']:g})"
    return words


def page(found: dict[str, Any]) -> str:
    """The docs' page of a run; rows that were made on another commit than the rest say so themselves."""
    rows = found["verdicts"]
    commits = Counter(row["commit"] for row in rows)
    ((commit, _),) = commits.most_common(1)
    loads = [row["load"] for row in rows]
    head = HEAD.format(
        subset=", in its short form" if any(row["short"] for row in rows) else "",
        count=len(rows),
        passed=sum(row["passed"] for row in rows),
        seconds=sum(row["seconds"] for row in rows),
        circumstances=f"commit {commit}, {rows[0]['machine']}, load {min(loads)} to {max(loads)}",
    )
    return head + "".join(_row(row, commit) for row in rows)


def _row(facts: dict[str, Any], commit: str) -> str:
    cells = [
        facts["name"] if facts["commit"] == commit else f"{facts['name']} (commit {facts['commit']})",
        facts["promise"],
        f"{facts['tried']:,} {facts['unit']}",
        str(len(facts["faults"])),
        f"{facts['control']} {facts['control_tried']:,} tried, **{facts['control_faults']:,}** found"
        + _shares(facts),
        "; ".join(measured(facts["figures"])) or "–",
        str(facts["first_seed"]),
        f"{facts['seconds']:.0f}",
        "passed" if facts["passed"] else "**not passed**: " + facts["why_not"].splitlines()[0],
    ]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def _shares(facts: dict[str, Any]) -> str:
    """What a control measures of itself: how much of what it should find it found."""
    shares = measured(figure for figure in facts["control_figures"] if figure["at_least"] is not None)
    return f" ({'; '.join(shares)})" if shares else ""


def main() -> None:
    """Write the page of a recorded run."""
    source, target = map(Path, sys.argv[1:])
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(page(json.loads(source.read_bytes())), encoding="utf-8")


if __name__ == "__main__":
    main()
