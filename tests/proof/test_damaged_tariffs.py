"""Tariff files are damaged as often as `tariff_files` asks, whatever the damage before has left."""

import random

import pytest

from proof import damaged_tariffs
from proof.damaged_tariffs import DAMAGES, damaged_tariff
from tests.tariffs import tariff_text

DAY = "2026-12-01"


def test_the_same_seed_damages_alike() -> None:
    """Or a trial could not be repeated by its seed; and nearly every file is damaged."""
    files = [damaged_tariff(random.Random(seed), DAY) for seed in range(200)]
    assert files == [damaged_tariff(random.Random(seed), DAY) for seed in range(200)]
    whole = tariff_text(damaged_tariffs.ID, DAY).encode()
    assert sum(file != whole for file in files) > 190


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__.strip("_"))
def test_a_file_that_was_cut_to_nothing_stays_so(
    monkeypatch: pytest.MonkeyPatch, damage: damaged_tariffs.Damage
) -> None:
    """A second damage finds no line to work on, and the trial is the empty file."""
    monkeypatch.setattr(damaged_tariffs, "DAMAGES", (lambda _, content: content[:0], damage))
    files = [damaged_tariff(random.Random(seed), DAY) for seed in range(64)]
    assert b"" in files
