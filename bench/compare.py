"""Two result files side by side: what became worse beyond noise.

    python -m bench.compare BASE.json NEW.json [--tolerance 0.15] [--partial]

Two kinds of file, never mixed: what `make bench` writes (pytest-benchmark's format) and what
`make bench-instructions` writes. Of timed figures only ratios are compared: both sides of a ratio were
measured in turns in one run, so it holds from one machine to another. Seconds and holds a second are shown
and never judged. Amounts (bytes, instructions) are compared as they are: instructions within 1 %.

A ratio is a regression when it lost more than the tolerance *and* more than the spread of both runs explains;
what lost more than half is one whatever the spread, so that noise can hide much but not a collapse. A figure
that BASE has and NEW lacks counts as one too, unless the run was a part on purpose (`--partial`).

Exit codes: 0 nothing became worse; 1 something did; 2 the files cannot be compared.
Not here: promises (`figures.py`): a figure can be worse than last week's and still be kept.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

# Ratios hold to this on a shared machine, from run to run.
TOLERANCE: Final = 0.15
# A loss beyond this is no noise.
NOISE_MAX: Final = 0.5
# The median of nine rounds moves by 0.6 spreads, and two of them by 0.9; three times that is beyond chance.
SPREADS: Final = 3.0
# Instructions repeat exactly for one build; a compiler's small mind is not held against anybody.
INSTRUCTIONS_WITHIN: Final = 0.01

INSTRUCTIONS: Final = "instructions"
# A smaller amount is better; more of a ratio is, unless its promise says "at most".
AMOUNTS: Final = frozenset({"bytes", "MB", INSTRUCTIONS})
COMPARED: Final = AMOUNTS | {"ratio"}

Verdict = Literal["same", "better", "worse", "missing", "new", "not compared"]
FAILURES: Final = frozenset({"worse", "missing"})


class NotComparable(ValueError):
    """A file is no result, or the two do not belong side by side."""


@dataclass(frozen=True, slots=True)
class Result:
    """One figure of one run."""

    name: str
    unit: str
    value: float
    spread: float
    less_is_better: bool

    @classmethod
    def read(cls, record: Mapping[str, Any]) -> Result:
        """From its record; raises `NotComparable` where that is none."""
        try:
            unit, value = str(record["unit"]), float(record["value"])
            result = cls(
                name=str(record["name"]),
                unit=unit,
                value=value,
                spread=float(record.get("spread", 0.0)),
                less_is_better=unit in AMOUNTS or record.get("at_most") is not None,
            )
        except (KeyError, TypeError, ValueError) as error:
            raise NotComparable(f"a figure without name, unit and value: {error!r}") from error
        if not (math.isfinite(value) and value > 0 and math.isfinite(result.spread)):
            raise NotComparable(f"{result.name} is {value}, which nothing can be compared with")
        return result


@dataclass(frozen=True, slots=True)
class Run:
    """What one file holds."""

    kind: Literal["benchmarks", "instructions"]
    results: Mapping[str, Result]
    circumstances: Mapping[str, Any]

    @classmethod
    def read(cls, path: Path) -> Run:
        """From a file; raises `NotComparable` where it is no result file or has no figure."""
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise NotComparable(f"{path}: {error}") from error
        if not isinstance(content, dict):
            raise NotComparable(f"{path} is no result file")
        benchmarks = "benchmarks" in content
        machine = content.get("machine_info", {}).get("plates", {})
        results: dict[str, Result] = {}
        for record in _records(content):
            result = Result.read(record)
            if result.name in results:
                raise NotComparable(f"{path} has {result.name} twice")
            results[result.name] = result
        if not results:
            raise NotComparable(f"{path} has no figure")
        return cls(
            kind="benchmarks" if benchmarks else "instructions",
            results=results,
            circumstances=machine if benchmarks else content.get("circumstances", {}),
        )


def _records(content: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The figures of either kind of file; cases of `make bench` that promise nothing have none."""
    yield from content.get("figures", ())
    for case in content.get("benchmarks", ()):
        yield from case.get("extra_info", {}).get("figures", ())


@dataclass(frozen=True, slots=True)
class Change:
    """One figure in both runs."""

    name: str
    base: Result | None
    new: Result | None
    noise: float
    verdict: Verdict

    @property
    def loss(self) -> float:
        """By which share it became worse; negative where it became better."""
        return loss(self.base, self.new) if self.base and self.new else math.nan

    def row(self) -> str:
        """A line of the table."""
        unit = (self.base or self.new).unit  # type: ignore[union-attr]  # one of them is there
        values = "".join(f"{one.value:>14,.6g}" if one else f"{'-':>14}" for one in (self.base, self.new))
        change = "" if math.isnan(self.loss) else f"{0.0 - self.loss:+.1%}"
        noise = f"{self.noise:.0%}" if self.verdict in {"same", "better", "worse"} else ""
        return f"{self.name:<28}{values}  {unit:<13}{change:>8}{noise:>7}  {self.verdict}"


def loss(base: Result, new: Result) -> float:
    """By which share the new value is worse."""
    ratio = new.value / base.value if base.less_is_better else base.value / new.value
    return ratio - 1


def noise_of(base: Result, new: Result, tolerance: float) -> float:
    """The loss that is no regression."""
    if base.unit == INSTRUCTIONS:
        return INSTRUCTIONS_WITHIN
    return min(max(tolerance, SPREADS * math.hypot(base.spread, new.spread)), max(tolerance, NOISE_MAX))


def compare(base: Run, new: Run, tolerance: float = TOLERANCE, *, partial: bool = False) -> list[Change]:
    """Every figure of either run, in BASE's order; raises `NotComparable` where nothing stands in both."""
    if base.kind != new.kind:
        raise NotComparable(f"one file has {base.kind}, the other {new.kind}")
    if not base.results.keys() & new.results.keys():
        raise NotComparable("no figure stands in both files")
    names = [*base.results, *(name for name in new.results if name not in base.results)]
    changes = [_change(name, base.results.get(name), new.results.get(name), tolerance) for name in names]
    return [one for one in changes if not (partial and one.verdict == "missing")]


def _change(name: str, base: Result | None, new: Result | None, tolerance: float) -> Change:
    if base is None:
        return Change(name, base, new, 0.0, "new")
    if new is None:
        return Change(name, base, new, 0.0, "missing")
    if (base.unit, base.less_is_better) != (new.unit, new.less_is_better):
        raise NotComparable(f"{name} is another figure in the other file: {base.unit} and {new.unit}")
    noise = noise_of(base, new, tolerance)
    if base.unit not in COMPARED:
        return Change(name, base, new, noise, "not compared")
    worse, better = loss(base, new) > noise, loss(new, base) > noise
    return Change(name, base, new, noise, "worse" if worse else "better" if better else "same")


def notices(base: Run, new: Run) -> Iterator[str]:
    """What a reader must know: counts of two compilers are not the same code."""
    for name in ("rustc", "valgrind", "machine", "processor", "python"):
        theirs, ours = base.circumstances.get(name), new.circumstances.get(name)
        if theirs != ours:
            yield f"{name} differs: {theirs} and {ours}"


def main(arguments: list[str] | None = None) -> int:
    """Print the table; the exit code says what came of it."""
    parser = argparse.ArgumentParser(prog="bench.compare", description="What became worse beyond noise.")
    parser.add_argument("base", type=Path, help="the result file to compare with")
    parser.add_argument("new", type=Path, help="the result file to judge")
    parser.add_argument("--tolerance", type=float, default=TOLERANCE, help="a smaller loss is noise")
    parser.add_argument("--partial", action="store_true", help="NEW may lack figures")
    options = parser.parse_args(arguments)
    try:
        base, new = Run.read(options.base), Run.read(options.new)
        changes = compare(base, new, options.tolerance, partial=options.partial)
    except NotComparable as error:
        print(f"cannot compare: {error}", file=sys.stderr)
        return 2
    print(f"{'figure':<28}{'base':>14}{'new':>14}  {'unit':<13}{'change':>8}{'noise':>7}  verdict")
    for change in changes:
        print(change.row())
    for notice in notices(base, new):
        print(f"note: {notice}")
    failed = [change.name for change in changes if change.verdict in FAILURES]
    print(f"worse: {', '.join(failed)}" if failed else "nothing became worse")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
