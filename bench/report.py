"""Draws a run of the benches: how far each promise is kept, and how the engine stands to its peers.

    python -m bench.report [var/bench.json] [--into var/bench-report]

Writes one HTML page that needs no network, and an SVG a chart for pages that show them. Nothing is measured
here and nothing is judged again: a bar is the median that the run recorded, its colour the verdict.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import altair as alt

ROOT: Final = Path(__file__).resolve().parent.parent
WIDTH: Final = 460
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
    return float(row["at_most"] / row["value"]) if "at_most" in row else None


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


def _colour() -> alt.Color:
    scale = alt.Scale(domain=list(COLOURS), range=list(COLOURS.values()))
    return alt.Color("verdict:N", scale=scale, title=None)


def write_report(results: Path, into: Path) -> list[Path]:
    """Draw a run: the page and its charts, written into a folder."""
    rows = read_rows(results)
    charts = {"promises": draw_promises(rows), "peers": draw_peers(rows)}
    into.mkdir(parents=True, exist_ok=True)
    written = []
    for name, chart in charts.items():
        written.append(into / f"{name}.svg")
        chart.save(written[-1])
    written.append(into / "figures.html")
    alt.vconcat(*charts.values()).resolve_scale(x="independent").save(written[-1], inline=True)
    return written


def main() -> int:
    """Draw, and say where; exit code 2 where there is nothing to draw."""
    parser = argparse.ArgumentParser(description="Draws a run of the benches.")
    parser.add_argument("results", nargs="?", type=Path, default=ROOT / "var" / "bench.json")
    parser.add_argument("--into", type=Path, default=ROOT / "var" / "bench-report")
    options = parser.parse_args()
    try:
        written = write_report(options.results, options.into)
    except (OSError, ValueError, KeyError) as error:
        print(f"nothing drawn: {error}", file=sys.stderr)
        return 2
    for file in written:
        print(file)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
