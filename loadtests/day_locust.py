"""A launch day travelled by Locust: the same plan, the same steps, in Python.

As a module it starts the processes and adds them up; as a locustfile (`day_locustfile.py`) it is one of them.
Locust has one core a process, so there are two, each with every second application.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from loadtests.generator import PATIENCE_SECONDS, Summary

ROOT = Path(__file__).resolve().parent.parent
PROCESSES = 2


def generate(address: str, plan: Path, *, connections: int, told: Path, payment_key: str) -> Summary:
    """Travel a plan with so many users; what was told is written beside ``told``, a file a process."""
    processes = []
    for share in range(PROCESSES):
        environment = os.environ | {
            "DAY_PLAN": str(plan),
            "DAY_SHARE": str(share),
            "DAY_SHARES": str(PROCESSES),
            "DAY_TOLD": str(told.with_suffix(f".{share}.ndjson")),
            "DAY_PAYMENT_KEY": payment_key,
            "DAY_SUMMARY": str(_summary_file(plan, share)),
        }
        users = str(connections // PROCESSES)
        command = [
            *(sys.executable, "-m", "locust", "--locustfile", "loadtests/day_locustfile.py", "--headless"),
            *("--host", address, "--users", users, "--spawn-rate", users, "--only-summary"),
        ]
        with plan.with_suffix(f".{share}.log").open("wb") as log:
            processes.append(subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log))
    for process in processes:
        process.wait(PATIENCE_SECONDS)
    return _added_up([_summary(plan, share) for share in range(PROCESSES)])


def _summary(plan: Path, share: int) -> dict[str, Any]:
    file = _summary_file(plan, share)
    if not file.exists():
        log = plan.with_suffix(f".{share}.log").read_text(encoding="utf-8", errors="replace")
        raise RuntimeError(f"a process of locust left no summary:\n{log[-2000:]}")
    found: dict[str, Any] = json.loads(file.read_bytes())
    return found


def _summary_file(plan: Path, share: int) -> Path:
    return plan.with_suffix(f".{share}.summary.json")


def _added_up(parts: list[dict[str, Any]]) -> Summary:
    """The processes together: from the first request of any to the last answer of any."""
    journeys: Counter[str] = Counter()
    statuses: defaultdict[str, Counter[str]] = defaultdict(Counter)
    latencies: defaultdict[str, list[float]] = defaultdict(list)
    for part in parts:
        journeys.update(part["journeys"])
        for label, counts in part["statuses"].items():
            statuses[label].update(counts)
        for label, values in part["latencies_ms"].items():
            latencies[label].extend(values)
    return Summary(
        seconds=max(part["ended"] for part in parts) - min(part["begun"] for part in parts),
        requests=sum(sum(counts.values()) for counts in statuses.values()),
        failed=sum(part["failed"] for part in parts),
        failures=[sentence for part in parts for sentence in part["failures"]],
        journeys=dict(journeys),
        statuses={label: dict(counts) for label, counts in statuses.items()},
        latency_ms={label: _percentiles(sorted(values)) for label, values in latencies.items()},
    )


def _percentiles(values: list[float]) -> dict[str, float]:
    def at(share: float) -> float:
        return values[min(len(values) - 1, int(len(values) * share))]

    return {"p50": at(0.5), "p90": at(0.9), "p99": at(0.99), "max": values[-1]}
