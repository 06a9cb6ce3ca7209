"""Draws a run of the benches: promises, peers, latency over what is offered, cost as things grow.

    python -m bench.report [var/bench.json] [--into var/bench-report] [--publish docs/performance]

Writes one HTML page that needs no network, and an SVG a chart; where it publishes, the SVGs and the table go
into the docs (`page.py`). Nothing is measured here and nothing is judged again: a bar is the median that the
run recorded, its colour the verdict. A chart whose cases did not run is left out.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import altair as alt

from bench.page import page

ROOT: Final = Path(__file__).resolve().parent.parent
WIDTH: Final = 460
# What took no time at all is kept as well as a chart can say.
KEPT_MOST: Final = 1_000.0
# Seen by people who cannot tell red from green as well: blue is kept, orange is not.
COLOURS: Final = {"met": "#2b6cb0", "short": "#dd6b20", "published": "#718096"}

Row = dict[str, Any]


def read_rows(results: Path) -> list[Row]:
    """The recorded figures of a run, in the order in which they were measured.

    Raises ``ValueError`` where the file holds none, for an empty chart would look like a good one.
    """
    run = json.loads(results.read_bytes())
    rows = [row for case in run["benchmarks"] for row in case["extra_info"].get("figures", [])]
    if not rows:
        raise ValueError(f"{results} holds no figure; run: make bench")
    return rows


def kept(row: Row) -> float | None:
    """How far a promise is kept: 1 just so, 2 twice as well, 0.5 half; none where nothing is promised.

    >>> kept({"value": 30.0, "at_least": 15.0}), kept({"value": 8.0, "at_most": 4.0}), kept({"value": 1.0})
    (2.0, 0.5, None)
    """
    if "at_least" in row:
        return float(row["value"] / row["at_least"])
    if "at_most" not in row:
        return None
    return float(row["at_most"] / max(row["value"], row["at_most"] / KEPT_MOST))


def draw_promises(rows: Sequence[Row]) -> alt.LayerChart:
    """A bar a promise, on a scale on which right of the line is kept."""
    data = [
        {
            "figure": row["name"],
            "kept": kept(row),
            # A word inside a bar that ends left of the line would lie across the line.
            "word_at": max(kept(row) or 1.0, 1.0),
            "verdict": row["verdict"],
            "measured": f"{row['value']:,.3g} {row['unit']}",
        }
        for row in rows
        if kept(row) is not None
    ]
    base = alt.Chart(alt.Data(values=data)).encode(y=alt.Y("figure:N", sort=None, title=None))
    scale = alt.Scale(type="log")
    bars = base.mark_bar().encode(
        x=alt.X("kept:Q", scale=scale, title="times the promise (right of the line: kept)"),
        x2=alt.datum(1),
        color=_colour(),
    )
    words = base.mark_text(align="left", dx=6).encode(x=alt.X("word_at:Q", scale=scale), text="measured:N")
    line = alt.Chart(alt.Data(values=[{"kept": 1}])).mark_rule().encode(x=alt.X("kept:Q", scale=scale))
    return alt.layer(bars, words, line).properties(width=WIDTH, title="Promises")


def draw_peers(rows: Sequence[Row]) -> alt.LayerChart:
    """A bar a ratio to something else that was measured in the same run."""
    data = [
        {"question": row["question"], "ratio": row["value"], "verdict": row["verdict"]}
        for row in rows
        if row["unit"] == "ratio" and "_to_" in row["name"]
    ]
    base = alt.Chart(alt.Data(values=data)).encode(
        y=alt.Y("question:N", sort=None, title=None, axis=alt.Axis(labelLimit=520))
    )
    scale = alt.Scale(type="log")
    bars = base.mark_bar().encode(
        x=alt.X("ratio:Q", scale=scale, title="ratio of the two sides, one run"),
        x2=alt.datum(1),
        color=_colour(),
    )
    words = base.mark_text(align="left", dx=6).encode(
        x=alt.X("ratio:Q", scale=scale), text=alt.Text("ratio:Q", format=".3~g")
    )
    return alt.layer(bars, words).properties(width=WIDTH, title="Beside others")


def draw_latency(rows: Sequence[Row]) -> alt.Chart | None:
    """The median and the 99th percentile of a hold's latency over the rate that is offered."""
    curve = [point for row in rows for point in row.get("facts", {}).get("curve", [])]
    if not curve:
        return None
    data = [
        {"rate": point["rate"], "ms": point[share], "share": share}
        for point in curve
        for share in ("p50", "p99")
    ]
    scale = alt.Scale(domain=["p50", "p99"], range=[COLOURS["met"], COLOURS["short"]])
    return (
        alt.Chart(alt.Data(values=data))
        .mark_line(point=True)
        .encode(
            x=alt.X("rate:Q", title="holds a second offered to one worker"),
            y=alt.Y("ms:Q", scale=alt.Scale(type="log"), title="ms until the answer"),
            color=alt.Color("share:N", scale=scale, title=None),
        )
        .properties(width=WIDTH, title="Latency")
    )


# Whose facts hold the cost of each step, and what grows there.
SCALED: Final = {"fill_cost": "taken of a pool", "regions_cost": "regions", "workers_cost": "workers"}


def draw_scaling(rows: Sequence[Row]) -> alt.HConcatChart | None:
    """What a hold costs at each step, as a multiple of the first; the rule is the promise."""
    charts = [_steps(row) for row in rows if row["name"] in SCALED and "cpu_us" in row.get("facts", {})]
    return alt.hconcat(*charts, title="Server CPU of a hold, first step = 1") if charts else None


def _steps(row: Row) -> alt.LayerChart:
    costs = {step: statistics.median(rounds) for step, rounds in row["facts"]["cpu_us"].items()}
    first = next(iter(costs.values()))
    data = [{"step": step.split()[0], "times": cost / first} for step, cost in costs.items()]
    y = alt.Y("times:Q", scale=alt.Scale(domain=[0, 1.5]), title=None)
    line = (
        alt.Chart(alt.Data(values=data))
        .mark_line(point=True, color=COLOURS["met"])
        .encode(x=alt.X("step:O", sort=None, title=SCALED[row["name"]], axis=alt.Axis(labelAngle=0)), y=y)
    )
    promise = alt.Chart(alt.Data(values=[{"times": row["at_most"]}])).mark_rule(color=COLOURS["short"])
    return alt.layer(line, promise.encode(y=y)).properties(width=WIDTH // 3)


def _colour() -> alt.Color:
    scale = alt.Scale(domain=list(COLOURS), range=list(COLOURS.values()))
    return alt.Color("verdict:N", scale=scale, title=None)


def write_report(results: Path, into: Path) -> list[Path]:
    """Draw a run: the page and its charts, written into a folder."""
    charts = draw_charts(read_rows(results))
    written = save_charts(charts, into)
    written.append(into / "figures.html")
    together = alt.vconcat(*charts.values()).resolve_scale(x="independent", color="independent")
    together.save(written[-1], inline=True)
    return written


def publish(results: Path, docs: Path) -> list[Path]:
    """Write a run's table into the docs, with its charts."""
    rows = read_rows(results)
    charts = draw_charts(rows)
    written = save_charts(charts, docs / "figures")
    written.append(docs / "figures.md")
    written[-1].write_text(page(json.loads(results.read_bytes()), rows, list(charts)), encoding="utf-8")
    return written


def draw_charts(rows: Sequence[Row]) -> dict[str, alt.TopLevelMixin]:
    """Every chart that the run has data for, by its name."""
    charts = {
        "promises": draw_promises(rows),
        "peers": draw_peers(rows),
        "latency": draw_latency(rows),
        "scaling": draw_scaling(rows),
    }
    return {name: chart for name, chart in charts.items() if chart is not None}


def save_charts(charts: dict[str, alt.TopLevelMixin], into: Path) -> list[Path]:
    """Each chart as an SVG of its name."""
    into.mkdir(parents=True, exist_ok=True)
    written = [into / f"{name}.svg" for name in charts]
    for file, chart in zip(written, charts.values(), strict=True):
        chart.save(file)
    return written


def main() -> int:
    """Draw, and say where; exit code 2 where there is nothing to draw."""
    parser = argparse.ArgumentParser(description="Draws a run of the benches.")
    parser.add_argument("results", nargs="?", type=Path, default=ROOT / "var" / "bench.json")
    parser.add_argument("--into", type=Path, default=ROOT / "var" / "bench-report")
    parser.add_argument(
        "--publish", type=Path, help="the folder of the docs whose page and charts are written"
    )
    options = parser.parse_args()
    try:
        written = write_report(options.results, options.into)
        if options.publish:
            written += publish(options.results, options.publish)
    except (OSError, ValueError, KeyError) as error:
        print(f"nothing drawn: {error}", file=sys.stderr)
        return 2
    for file in written:
        print(file)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
