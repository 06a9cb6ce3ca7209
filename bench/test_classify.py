"""A million marks as texts: the facade beside a classifier of regular expressions, tier by tier the same.

A column as a register gives it: one mark in eleven is an entity's, one in a hundred is typed as people type
(Cyrillic, lower case, blanks, a leading KZ), one in five hundred is no mark. Both sides say tiers only.
"""

import random
import string
import time
from collections.abc import Callable, Sequence
from statistics import median

import pyarrow as pa
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

import plate_core
from bench.conftest import COUNTRY_DAY, Judge
from bench.figures import ROUNDS, interleaved, ratios
from bench.mix import CYRILLIC
from bench.peers import regex_classifier
from plate_core import arrow

MARKS = 1_000_000
# The peer takes seconds for a million, so it has a part of them; its cost a mark is the same.
SAMPLE = 50_000
SHORT_MARKS = 20_000
SEED = 342
NO_MARKS = ("000AAA02", "777AAA21", "77AAA02", "777AA", "AAA77702", "777ЯЯЯ02", "", "777AAAA02")


def make_marks(count: int, seed: int = SEED) -> list[str]:
    """Texts of marks, the same for a seed."""
    chance = random.Random(seed)
    return [make_mark(chance) for _ in range(count)]


def make_mark(chance: random.Random) -> str:
    """One mark; every tenth has digits that somebody would want."""
    letters = "".join(chance.choices(string.ascii_uppercase, k=2 if chance.random() < 0.09 else 3))
    if chance.random() < 0.02:
        letters = letters[0] * len(letters)
    digits = (
        chance.choice((777, 7, 100, 555, 70, 707, 121)) if chance.random() < 0.1 else chance.randint(1, 999)
    )
    hand = chance.random()
    if hand < 0.002:
        return chance.choice(NO_MARKS)
    region = f"{chance.randint(1, 20):02}"
    if hand < 0.012:
        return f"{chance.choice(('', 'kz '))}{digits:03} {letters.translate(CYRILLIC).lower()} {region}"
    return f"{digits:03}{letters}{region}"


@pytest.mark.parametrize("figure", ["classify_to_regex", "classify_arrow_to_regex"])
def test_classify(benchmark: BenchmarkFixture, judge: Judge, book: plate_core.RuleBook, figure: str) -> None:
    """A list of texts to a list of tiers, and an Arrow column to an Arrow column, beside the peer."""
    marks = make_marks(MARKS if benchmark.enabled else SHORT_MARKS)
    sample = marks[:SAMPLE]
    column = pa.array(marks)
    ours: Callable[[], Sequence[object]] = (
        (lambda: book.tiers_of(marks, on=COUNTRY_DAY))
        if figure == "classify_to_regex"
        else (lambda: arrow.tiers_of(book, column, on=COUNTRY_DAY))
    )
    found = ours()
    tiers = found if isinstance(found, list) else found.to_pylist()
    assert len(tiers) == len(marks)
    assert (
        tiers[: len(sample)] == regex_classifier.classify(sample) == regex_classifier.classify_folded(sample)
    )
    assert set(tiers) == {*regex_classifier.RULES, None}

    sides = {
        "ours": lambda: nanoseconds(ours, len(marks)),
        "peer": lambda: nanoseconds(lambda: regex_classifier.classify(sample), len(sample)),
        "folded": lambda: nanoseconds(lambda: regex_classifier.classify_folded(sample), len(sample)),
    }
    costs: dict[str, list[float]] = {}
    rounds = ROUNDS if benchmark.enabled else 1
    benchmark.pedantic(lambda: costs.update(interleaved(sides, rounds)), rounds=1, iterations=1)
    facts = {f"{side}_ns_a_mark": median(values) for side, values in costs.items()}
    to_folded = median(ratios(costs["folded"], costs["ours"]))
    judge(figure, ratios(costs["peer"], costs["ours"]), marks=len(marks), to_folded=to_folded, **facts)


def nanoseconds(call: Callable[[], object], marks: int) -> float:
    """Processor time, all threads of ours included, a mark."""
    start = time.process_time()
    call()
    return (time.process_time() - start) * 1e9 / marks
