"""Comparing two runs: planted regressions are seen, noise is not, and what cannot be compared is refused."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from bench.compare import main
from bench.instructions import counted
from bench.mix import FILE, make_mix, read_mix, text_of


def ratio(name: str, value: float, spread: float = 0.02, **promise: float) -> dict[str, Any]:
    return {"name": name, "unit": "ratio", "value": value, "spread": spread, **promise}


def benchmarks(path: Path, *figures: dict[str, Any]) -> Path:
    """A file as `make bench` writes it; a case without a promise stands in it too."""
    cases = [{"extra_info": {"figures": [figure]}} for figure in figures]
    path.write_text(json.dumps({"machine_info": {"plates": {}}, "benchmarks": [*cases, {"extra_info": {}}]}))
    return path


def instructions(path: Path, rustc: str = "rustc 1.95.0", **counts: float) -> Path:
    """A file as `make bench-instructions` writes it."""
    figures = [{"name": name, "unit": "instructions", "value": value} for name, value in counts.items()]
    path.write_text(json.dumps({"circumstances": {"rustc": rustc}, "figures": figures}))
    return path


@pytest.mark.parametrize(
    ("base", "new", "code"),
    [
        (ratio("bulk", 2.0, at_least=0.85), ratio("bulk", 2.0, at_least=0.85), 0),
        (ratio("bulk", 2.0, at_least=0.85), ratio("bulk", 1.8, at_least=0.85), 0),
        (ratio("bulk", 2.0, at_least=0.85), ratio("bulk", 1.6, at_least=0.85), 1),
        (ratio("bridge", 1.0, at_most=2.0), ratio("bridge", 1.1, at_most=2.0), 0),
        (ratio("bridge", 1.0, at_most=2.0), ratio("bridge", 1.3, at_most=2.0), 1),
        (ratio("bridge", 1.3, at_most=2.0), ratio("bridge", 1.0, at_most=2.0), 0),
        (ratio("postgres", 9.0), ratio("postgres", 6.0), 1),
        ({"name": "hold", "unit": "bytes", "value": 300}, {"name": "hold", "unit": "bytes", "value": 390}, 1),
    ],
)
def test_a_planted_regression_is_seen(
    base: dict[str, Any], new: dict[str, Any], code: int, tmp_path: Path
) -> None:
    """Worse beyond the tolerance is exit code 1, in the direction of the promise; the rest is 0."""
    files = benchmarks(tmp_path / "base", base), benchmarks(tmp_path / "new", new)
    assert main([str(file) for file in files]) == code


def test_noise_is_no_regression_but_a_collapse_is(tmp_path: Path) -> None:
    """What the rounds' spread explains passes; the same loss in steady rounds, or one of half, does not."""
    base = benchmarks(tmp_path / "base", ratio("bulk", 2.0, spread=0.1, at_least=1.0))
    noisy = benchmarks(tmp_path / "noisy", ratio("bulk", 1.6, spread=0.1, at_least=1.0))
    steady_base = benchmarks(tmp_path / "steady_base", ratio("bulk", 2.0, spread=0.01, at_least=1.0))
    steady = benchmarks(tmp_path / "steady", ratio("bulk", 1.6, spread=0.01, at_least=1.0))
    collapsed = benchmarks(tmp_path / "collapsed", ratio("bulk", 0.9, spread=2.0, at_least=1.0))
    assert main([str(base), str(noisy)]) == 0
    assert main([str(steady_base), str(steady)]) == 1
    assert main([str(base), str(collapsed)]) == 1


@pytest.mark.parametrize("unit", ["us", "ms", "s", "holds/s"])
def test_time_of_one_machine_is_not_compared(
    unit: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A machine that is ten times as slow shows its times and fails nothing."""
    steady = ratio("bulk", 2.0)
    files = [
        benchmarks(tmp_path / str(value), steady, {"name": "page", "unit": unit, "value": value})
        for value in (10.0, 100.0)
    ]
    for pair in (files, files[::-1]):
        assert main([str(file) for file in pair]) == 0
        assert "not compared" in capsys.readouterr().out


@pytest.mark.parametrize(("count", "code"), [(100_000, 0), (100_999, 0), (101_001, 1), (50_000, 0)])
def test_instructions_are_held_to_one_percent(count: int, code: int, tmp_path: Path) -> None:
    """Exactly as many or up to 1 % more passes; more is a regression, fewer never is."""
    base = instructions(tmp_path / "base", parse=100_000)
    assert main([str(base), str(instructions(tmp_path / "new", parse=count))]) == code


def test_a_lost_figure_is_a_regression_unless_the_run_was_a_part(tmp_path: Path) -> None:
    """A case that vanished hides whatever became of it."""
    base = benchmarks(tmp_path / "base", ratio("bulk", 2.0), ratio("bridge", 1.0))
    part = benchmarks(tmp_path / "part", ratio("bulk", 2.0))
    assert main([str(base), str(part)]) == 1
    assert main([str(base), str(part), "--partial"]) == 0
    assert main([str(part), str(base)]) == 0


def test_another_compiler_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Counts of two compilers are counts of two programs: who reads the table is told."""
    base = instructions(tmp_path / "base", parse=1_000)
    new = instructions(tmp_path / "new", rustc="rustc 1.96.0", parse=1_000)
    assert main([str(base), str(new)]) == 0
    assert "rustc differs: rustc 1.95.0 and rustc 1.96.0" in capsys.readouterr().out


def test_what_cannot_be_compared_is_exit_code_2(tmp_path: Path) -> None:
    """A missing or broken file, the other kind of file, no figure, the same name for another thing."""
    base = benchmarks(tmp_path / "base", ratio("bulk", 2.0))
    broken = tmp_path / "broken"
    broken.write_text("{")
    others = [
        tmp_path / "absent",
        broken,
        instructions(tmp_path / "counts", bulk=10),
        benchmarks(tmp_path / "empty"),
        benchmarks(tmp_path / "other", ratio("bridge", 1.0)),
        benchmarks(tmp_path / "unit", {"name": "bulk", "unit": "ms", "value": 2.0}),
        benchmarks(tmp_path / "direction", ratio("bulk", 2.0, at_most=3.0)),
        benchmarks(tmp_path / "twice", ratio("bulk", 2.0), ratio("bulk", 2.0)),
        benchmarks(tmp_path / "zero", ratio("bulk", 0.0)),
        benchmarks(tmp_path / "nothing", ratio("bulk", math.nan)),
    ]
    assert [main([str(base), str(other)]) for other in others] == [2] * len(others)
    assert main([str(base), str(base)]) == 0


def test_a_profile_gives_each_measured_function_with_what_it_called() -> None:
    """A function is named once and has a number from then on; what is not measured is not counted."""
    profile = (
        "fn=(1) figures::measured_parse\n12 30\ncfn=(2) plate::read\ncalls=8 40\n13 500\n\n"
        "fn=(3) figures::main\ncfn=(1)\ncalls=1 12\n70 530\ncfn=(4) x::measured_search\ncalls=1 90\n* 25\n"
    )
    assert counted(profile) == {"parse": 530, "search": 25}


def test_the_published_mix_is_what_its_seed_makes() -> None:
    """The committed file is made by the committed program, and holds 200 patterns, no two alike."""
    assert FILE.read_text(encoding="utf-8") == text_of(make_mix())
    assert len(set(read_mix())) == 200
    assert text_of(make_mix(1)) != text_of(make_mix())
