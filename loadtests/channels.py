"""The plan of an opening hour over channels: service accounts that hold for many people, a hundred at a time.

The native generator travels it (`bench/native/src/launch/channel.rs`): which marks are wanted, what becomes
of a hold, and when a batch is sent twice is decided there, by the seeds that stand in the plan.

Not here: journeys of single people (`plan.py`), judging (`history/`).
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from loadtests.identity import Provider, make_iin

REGIONS: Final = ("02", "01", "17")
LETTERS: Final = "BCDEHKMPTXY"
SERIES_A_POOL: Final = 20
# On the opening morning everybody wants the same forty.
WANTED_A_POOL: Final = 40
PEOPLE: Final = 30_000


@dataclass(frozen=True, slots=True)
class Channel:
    """One service account, as `bench/native/src/launch/plan.rs` reads it."""

    token: str
    key: str
    seed: int
    operations: int


def channels(provider: Provider, *, seed: int, count: int, operations: int) -> Iterator[Channel]:
    """So many service accounts that do so many operations together, or a few more."""
    for number in range(count):
        yield Channel(
            token=provider.token(f"channel-{number}", "service", channel="egov_mobile"),
            key=f"rush-{seed}-{number}",
            seed=seed * 1_000 + number,
            operations=-(-operations // count),
        )


def write_sale(file: Path, *, seed: int, people: int = PEOPLE) -> Path:
    """Who may be served, and with which marks."""
    luck = random.Random(seed)
    sale = {
        "people": [make_iin(number) for number in range(people)],
        "pools": [_pool(luck, region) for region in REGIONS],
    }
    file.write_text(json.dumps(sale), encoding="utf-8")
    return file


def _pool(luck: random.Random, region: str) -> dict[str, list[str]]:
    series = ["".join(luck.choices(LETTERS, k=3)) for _ in range(SERIES_A_POOL)]
    marks = sorted({f"{digits:03}{letters}{region}" for letters in series for digits in range(1, 1000)})
    luck.shuffle(marks)
    return {"wanted": marks[:WANTED_A_POOL], "others": marks[WANTED_A_POOL:]}
