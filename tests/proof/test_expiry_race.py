"""A machine that is late for every deadline is told so, and does not pass for a proof."""

import asyncio
from pathlib import Path

import pytest

import plate_core
from proof.experiment import Course
from proof.experiments import expiry_race
from tests.lasting_law import PATTERNS


def test_whoever_has_no_mark_left_reads_why(tmp_path: Path) -> None:
    """The trials that remain have too few marks to hold: an error with its reason, and nothing asked."""
    course = Course(seeds=range(4), directory=tmp_path, progress=lambda _: None, is_short=True)
    book = plate_core.load_rule_book(PATTERNS)
    race = expiry_race._Race(course, plate_core, book)
    race.marks = iter([book.parse("777AAA02")])
    with pytest.raises(expiry_race.MachineTooLate, match="0 of 4 came near their deadline"):
        asyncio.run(race._hold(range(2)))
