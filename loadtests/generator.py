"""The native generator (`bench/native`, binary `launch`): how it is built, told and read.

It is small and quick, so that a launch of 11,000 applications loads the service and not the generator.
"""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
# A run bounds itself; this only ends one that hangs.
PATIENCE_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run came to."""

    seconds: float
    requests: int
    failed: int
    failures: list[str]  # the first ten, in words
    journeys: dict[str, int]  # how many ended how: allotted, went_home, failed
    statuses: dict[str, dict[str, int]]  # by what was asked
    latency_ms: dict[str, dict[str, float]]  # p50, p90, p99, max, by what was asked

    @property
    def a_second(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds


@cache
def built(binary: str) -> Path:
    """A program of `bench/native`, built when its sources are newer."""
    command = ["cargo", "build", "--release", "--quiet", "--package", "plate-bench", "--bin", binary]
    subprocess.run(command, cwd=ROOT, check=True)
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    return target / "release" / binary


def generate(
    address: str,
    plan: Path,
    *,
    connections: int,
    rate: float | None = None,
    seconds_max: int = 120,
    told: Path | None = None,
    payment_key: str = "",
    sale: Path | None = None,
) -> Summary:
    """Travel a plan: closed loop, or open loop at ``rate`` arrivals a second.

    Args:
        address: the service's, `http://` and all.
        plan: from `plan.write_plan`.
        connections: how many ask at a time; in an open loop, how many may wait at a time.
        rate: latencies count from the moment an arrival was due.
        seconds_max: nobody begins anything after it.
        told: where the generator writes what people were told.
        payment_key: in hex; journeys and channels need it, for the payment side's word.
        sale: from `channels.write_sale`; channels need it.
    """
    run: dict[str, Any] = {
        "address": address.removeprefix("http://"),
        "plan": str(plan),
        "connections": connections,
        "rate": rate,
        "seconds_max": seconds_max,
        "told": None if told is None else str(told),
        "payment_key": payment_key,
        "sale": None if sale is None else str(sale),
    }
    file = plan.with_suffix(".run.json")
    file.write_text(json.dumps(run), encoding="utf-8")
    ran = subprocess.run(
        [built("launch"), file],
        capture_output=True,
        text=True,
        timeout=seconds_max + PATIENCE_SECONDS,
        check=False,
    )
    if ran.returncode != 0:
        raise RuntimeError(ran.stderr)
    return Summary(**json.loads(ran.stdout))
