"""A journal in the hands of somebody who knows its format: whatever he does to it, it is seen.

Each trial copies a journal that a crowd has filled, forges it in one of eleven ways, and has it verified
against the public key and one checkpoint that was kept elsewhere. The control looks at the chain of hashes
alone: it believes a journal whose end was cut off, and one that was written anew with links that fit.
"""

from __future__ import annotations

import asyncio
import random
import shutil
from pathlib import Path
from typing import Final

from plate_core import JournalBroken, load_rule_book, verify_journal
from proof.experiment import Course, Experiment, Fault, Figure, Size, Tally
from proof.forged_journal import FORGERIES, Forgery, restamp_with_the_key
from proof.kept import PUBLIC_KEY, SIGNING_KEY, Kept, keep_sale
from tests.lasting_law import PATTERNS
from tests.servers import new_server, remove_server

WAYS: Final = [*FORGERIES, "restamp_with_the_key"]
ROUNDS: Final = 8


def run(course: Course) -> Tally:
    """Verify with the public key and a witness: every forgery must be seen."""
    return _trials(course, bare=False)


def sabotage(course: Course) -> Tally:
    """Verify the chain alone."""
    return _trials(course, bare=True)


def _trials(course: Course, *, bare: bool) -> Tally:
    kept = _keep(course)
    untouched = course.directory / "untouched"
    shutil.copytree(kept.journal, untouched)
    seen = _refusal(untouched, kept, bare=bare)
    faults = [Fault(course.seeds.start, f"the untouched journal was refused: {seen}")] if seen else []
    tally, slugs = Tally(faults=faults), set()
    for done, seed in enumerate(course.seeds, 1):
        way = WAYS[seed % len(WAYS)]
        forged = _forge(kept, course.directory / "forged", way, seed)
        seen = _refusal(forged, kept, bare=bare)
        slugs.add(seen)
        if not seen:
            tally.faults.append(Fault(seed, f"{way}: the journal was believed"))
        tally.tried += 1
        course.progress(done)
    tally.figures = [
        Figure("ways of forging", len(WAYS), ""),
        Figure("kinds of refusal", len(slugs - {""}), ""),
    ]
    return tally


def _keep(course: Course) -> Kept:
    """The journal that all trials forge. A crowd fills it, so it is not the same twice; the forgeries are."""
    server = new_server("valkey")
    try:
        book = load_rule_book(PATTERNS)
        sale = keep_sale(server, course.directory / "journal", book, 1, rounds=ROUNDS, journeys=40)
        return asyncio.run(sale)
    finally:
        remove_server(server)


def _forge(kept: Kept, place: Path, way: str, seed: int) -> Path:
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(kept.journal, place)
    forgery = Forgery.of(place, random.Random(seed))
    if way in FORGERIES:
        FORGERIES[way](forgery)
    else:
        restamp_with_the_key(forgery, SIGNING_KEY)
    return place


def _refusal(directory: Path, kept: Kept, *, bare: bool) -> str:
    """Why the journal is not believed; empty where it is."""
    if bare:
        (directory / "checkpoints.signed").unlink(missing_ok=True)
    trust = {} if bare else {"keys": [PUBLIC_KEY], "witnesses": [kept.witness]}
    try:
        verify_journal(directory, **trust)
    except JournalBroken as broken:
        return broken.slug
    return ""


EXPERIMENT = Experiment(
    name="journal_tampered",
    promise="a journal edited, cut, dropped from, inserted into, swapped or written anew: always seen by "
    "its key and one checkpoint kept elsewhere",
    control="the chain of hashes alone, without checkpoints",
    unit="forgeries",
    run=run,
    sabotage=sabotage,
    full=Size(1_001, 110),
    short=Size(44, 22),
)
