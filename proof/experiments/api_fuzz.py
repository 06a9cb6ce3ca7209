"""Requests that nobody would think of, by everybody: no fault of ours, and no answer that the page lacks.

schemathesis draws them from the OpenAPI page in all its phases (``proof/api_fuzzer.py``), in two processes of
their own. What they meet depends on what was held before, so a run is repeated whole: `make proof
ONLY=api_fuzz SEED=n`; each fault brings its request.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

from proof.api_process import API, ApiProcess, api_process
from proof.experiment import Course, Experiment, Fault, Figure, Size, Tally

SECONDS: Final = 225.0
# What each process draws: by the page's examples and bounds; by chance, alone and in chains.
PHASES: Final = ("examples,coverage", "fuzzing,stateful")
SETTINGS: Final = {"PLATES_LIVE_HOLDS_PERSON": "100", "PLATES_LOG_LEVEL": "error"}


def run(course: Course) -> Tally:
    """The app as it is."""
    return _fuzz(course, API)


def sabotage(course: Course) -> Tally:
    """The same behind a planted fault."""
    return _fuzz(course, "proof.forgetful_api")


def _fuzz(course: Course, module: str) -> Tally:
    processes = 1 if course.is_short else 2
    with api_process(
        course.directory, command=[module], workers=processes, settings=SETTINGS, mirrored=True
    ) as api:
        told = list(_fuzzers(course, api, processes))
    statuses: Counter[str] = sum((Counter(one["statuses"]) for one in told), Counter())
    faults = [
        Fault(course.seeds.start, fault["sentence"], [fault["request"]])
        for one in told
        for fault in one["faults"]
    ]
    figures = [
        Figure("requests drawn", sum(one["drawn"] for one in told), ""),
        Figure("of all cases let through", sum(n for code, n in statuses.items() if code[0] == "2"), ""),
        *(Figure(f"drawn for {phase}", number, "") for phase, number in _phases(told).items()),
    ]
    return Tally(sum(one["cases"] for one in told), faults, figures)


def _phases(told: Iterable[dict[str, Any]]) -> Counter[str]:
    return sum((Counter(one["phases"]) for one in told), Counter())


def _fuzzers(course: Course, api: ApiProcess, processes: int) -> Iterable[dict[str, Any]]:
    """What each of them told, when both are done."""
    cases = -(-len(course.seeds) // processes)
    running = [
        subprocess.Popen(
            [
                sys.executable,
                "-m",
                "proof.api_fuzzer",
                api.address,
                str(api.directory),
                str(course.seeds.start + number * cases),
                str(cases),
                str(SECONDS),
                phases,
            ],
            stdout=subprocess.PIPE,
        )
        for number, phases in enumerate(PHASES[:processes])
    ]
    for fuzzer in running:
        written, _ = fuzzer.communicate()
        if fuzzer.returncode != 0:
            raise RuntimeError(f"a fuzzer ended with {fuzzer.returncode}")
        told: dict[str, Any] = json.loads(written.splitlines()[-1])
        course.progress(told["cases"])
        yield told


EXPERIMENT = Experiment(
    name="api_fuzz",
    promise="20,000 cases drawn from the OpenAPI page, by everybody: no 5xx, nothing that the page lacks",
    control="who brings no token is answered with 500",
    unit="cases",
    run=run,
    sabotage=sabotage,
    full=Size(20_000, 2_000),
    short=Size(120, 120),
)
