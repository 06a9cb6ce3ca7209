"""The history check itself: it accuses no honest history, and finds what is seeded into others.

Thousands of made-up launches in one file, each with people and marks of its own; the control seeds one fault
of each kind into each of as many others.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import Final

from loadtests.history.country import FAULTS, LIVE_HOLDS_MAX, Country, Seeded, launch
from loadtests.history.files import check_files, write_history
from loadtests.history.minimal import minimal_history
from loadtests.history.records import Finding
from proof.experiment import Course, Experiment, Fault, Figure, Size, Tally

FOUND_SHARE: Final = 0.99
# The check that sees nothing but moments; every other sees revisions.
BY_MOMENTS: Final = "linearisable"


def run(course: Course) -> Tally:
    """Honest launches: whatever is found in one is a false alarm."""
    countries = [launch(seed) for seed in course.seeds]
    found = _check(countries, course.directory)
    faults = [
        Fault(country.seed, f"an honest history was accused: {finding}", _least(finding, country))
        for country in countries
        for finding in found.get(country.seed, ())
    ]
    return Tally(len(countries), faults)


def sabotage(course: Course) -> Tally:
    """Each launch with each fault; what is found of each kind, with revisions and by moments alone."""
    tally = Tally()
    for fault in FAULTS:
        countries = [_spoiled(seed, fault) for seed in course.seeds]
        tally.add(_share(fault.__name__, countries, _check(countries, course.directory)))
        course.progress(tally.tried // len(FAULTS))
    return tally


def _spoiled(seed: int, fault: Seeded) -> Country:
    country = launch(seed)
    fault(country)
    return country


def _share(name: str, countries: Sequence[Country], found: dict[int, list[Finding]]) -> Tally:
    """One fault's tally: a Fault for each history in which it was found."""
    checks = {seed: {finding.check for finding in findings} for seed, findings in found.items()}
    by_revisions = [seed for seed, names in checks.items() if names - {BY_MOMENTS}]
    by_moments = [seed for seed, names in checks.items() if BY_MOMENTS in names]
    return Tally(
        tried=len(countries),
        faults=[Fault(seed, f"{name} was found") for seed in by_revisions],
        figures=[
            Figure(f"{name} found", len(by_revisions) / len(countries), "", at_least=FOUND_SHARE),
            Figure(f"{name} found by moments alone", len(by_moments) / len(countries), ""),
        ],
    )


def _check(countries: Iterable[Country], directory: Path) -> dict[int, list[Finding]]:
    """What is found in each history, by its seed, which the names in it end with."""
    countries = list(countries)
    told = chain.from_iterable(country.told for country in countries)
    steps = chain.from_iterable(country.steps for country in countries)
    files = write_history(told, steps, directory)
    found: dict[int, list[Finding]] = {}
    for finding in check_files(*files, live_holds_max=LIVE_HOLDS_MAX, undisturbed=True).findings:
        # A count is of no mark; in made-up histories another check finds whatever it does.
        if finding.mark:
            found.setdefault(int(finding.mark.rpartition("/")[2]), []).append(finding)
    return found


def _least(finding: Finding, country: Country) -> list[str]:
    return minimal_history(finding, country.told, country.steps, undisturbed=True)


EXPERIMENT = Experiment(
    name="history_faults",
    promise="the history check accuses no honest history",
    control="a double hold, a resale, a lost and a late confirm in each history: 99 in 100 are found",
    unit="histories",
    run=run,
    sabotage=sabotage,
    full=Size(3_000, 1_000),
    short=Size(100, 25),
)
