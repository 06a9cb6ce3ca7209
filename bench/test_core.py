"""The core by itself: search, counts, kernels, tables and preview over the country, measured inside Rust.

Times are processor time of one thread: on a core that is shared, what others take is no cost of ours.

The country has 351 million marks of persons' cars, 5.9 million of them on the road; the mix of 200 patterns
is `data/patterns-200.txt`. What is asked, and how each answer is asserted, stands in
`native/src/bin/core_figures.rs`.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest
from pyroaring import BitMap
from pytest_benchmark.fixture import BenchmarkFixture

from bench.conftest import Judge
from bench.core import Core
from bench.figures import ROUNDS, interleaved, ratios

ISSUED_MARKS = pytest.approx(5_900_000, rel=0.01)
BITS_A_ROW = 1024


@pytest.fixture(scope="module")
def core() -> Iterator[Core]:
    """One program for all cases: the country is made once."""
    with Core() as core:
        yield core


def rounds_of(core: Core, benchmark: BenchmarkFixture, question: str) -> list[dict[str, float]]:
    """Nine rounds of a question, or one where benchmarks are disabled; one before them makes the country."""
    core.ask(question)
    answers: list[dict[str, float]] = []
    benchmark.pedantic(
        lambda: answers.append(core.ask(question)), rounds=ROUNDS if benchmark.enabled else 1, iterations=1
    )
    return answers


def medians(answers: list[dict[str, float]]) -> dict[str, float]:
    """The median of each number over the rounds."""
    return {name: median(answer[name] for answer in answers) for name in answers[0]}


def test_first_page(benchmark: BenchmarkFixture, judge: Judge, core: Core) -> None:
    """The first page of each pattern of the mix, as it costs the core; the 99th of 100 patterns counts."""
    answers = rounds_of(core, benchmark, "first_page")
    assert answers[0]["patterns"] == 200
    assert answers[0]["issued_marks"] == ISSUED_MARKS
    judge("search_first_page_p99", [answer["p99_us"] for answer in answers], **medians(answers))


def test_search_worst(benchmark: BenchmarkFixture, judge: Judge, core: Core) -> None:
    """Sold out but for the last row of the last region, also where no summary tells."""
    answers = rounds_of(core, benchmark, "worst")
    judge("search_worst", [answer["us"] for answer in answers], **medians(answers))


def test_count(benchmark: BenchmarkFixture, judge: Judge, core: Core) -> None:
    """The slowest exact count: of the mix, or of a chessboard of marks that no summary helps with."""
    answers = rounds_of(core, benchmark, "count")
    judge("search_count", [answer["us"] for answer in answers], **medians(answers))


def test_scan_to_roaring(benchmark: BenchmarkFixture, judge: Judge, core: Core, tmp_path: Path) -> None:
    """How many marks of the mirror class are free in one region: our rows, and CRoaring on the same bits."""
    path = tmp_path / "region"
    core.ask("region", str(path))
    free, mirror = free_marks(path), mirror_marks(path)
    marks = free.intersection_cardinality(mirror)
    assert core.ask("scan")["marks"] == marks > 0
    sides = {
        "ours": lambda: core.ask("scan")["count_us"],
        "roaring": lambda: roaring_micros(free, mirror),
    }
    costs: dict[str, list[float]] = {}
    rounds = ROUNDS if benchmark.enabled else 1
    benchmark.pedantic(lambda: costs.update(interleaved(sides, rounds)), rounds=1, iterations=1)
    facts = {f"{name}_us": median(values) for name, values in costs.items()}
    judge("scan_to_roaring", ratios(costs["roaring"], costs["ours"]), marks=marks, **facts)


def free_marks(path: Path) -> BitMap:
    """The region's free marks by ordinal, as bitsets.

    Left alone CRoaring would keep runs of a set that is nearly full, and count 20 times more slowly; what a
    union of two halves gives stays a bitset.
    """
    bits = bin(int.from_bytes(path.read_bytes(), "little"))[:1:-1]
    halves = (BitMap(place for place in range(odd, len(bits), 2) if bits[place] == "1") for odd in (0, 1))
    free: BitMap = next(halves) | next(halves)
    assert free.get_statistics()["n_run_containers"] == 0
    return free


def mirror_marks(path: Path) -> BitMap:
    """Every mark of the mirror class, prepared once as our mask is."""
    digits = [value for value in range(101, 990) if value // 100 == value % 10 != value // 10 % 10]
    rows = path.stat().st_size * 8 // BITS_A_ROW
    return BitMap(row * BITS_A_ROW + value for row in range(rows) for value in digits)


def roaring_micros(free: BitMap, mirror: BitMap, calls: int = 9) -> float:
    """Microseconds of one count by this thread's processor time, as the core takes it; a median."""
    times = []
    for _ in range(calls):
        start = time.thread_time()
        free.intersection_cardinality(mirror)
        times.append((time.thread_time() - start) * 1e6)
    return median(times)


def test_simd_to_scalar(benchmark: BenchmarkFixture, judge: Judge, core: Core) -> None:
    """The kernels chosen at run time and plain code on one region: the less favourable of its two scans."""
    answers = rounds_of(core, benchmark, "kernels")
    if answers[0]["vector_bits"] < 256:
        pytest.skip("this machine has no AVX2, so plain code is what is dispatched")
    rows = [answer["scalar_rows_us"] / answer["rows_us"] for answer in answers]
    counts = [answer["scalar_count_us"] / answer["count_us"] for answer in answers]
    facts = medians(answers)
    judge("simd_to_scalar", min(rows, counts, key=median), rows=median(rows), counts=median(counts), **facts)


def test_classify_country(benchmark: BenchmarkFixture, judge: Judge, core: Core) -> None:
    """A tier for each of 351 million marks, by the tables, on one core."""
    answers = rounds_of(core, benchmark, "classify")
    assert answers[0]["marks"] == 351_168_480
    judge("classify_country", [answer["ms"] for answer in answers], **medians(answers))


def test_preview_country(benchmark: BenchmarkFixture, judge: Judge, core: Core) -> None:
    """What a draft would move from tier to tier, free marks counted, over the whole country."""
    answers = rounds_of(core, benchmark, "preview")
    assert answers[0]["moves"] > 1
    judge("preview_country", [answer["ms"] for answer in answers], **medians(answers))
