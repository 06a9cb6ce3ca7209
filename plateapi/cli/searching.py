"""`plates search`: what is free, from the shared bitmaps of a running service; else what there could be.

Without the bitmaps nobody knows what is taken or issued, and the answer says so in `basis`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from plate_core import Replica, ReplicaUnavailable, RuleBook
from plateapi.cli.exits import Exit
from plateapi.cli.law import open_book, today
from plateapi.cli.places import data_dir, replica_path
from plateapi.cli.telling import CommandFailed, console, thousands, write_json

Basis = Literal["replica", "rule_book"]
DEFAULT_FORMAT: Final = "person_car"
NOTES: dict[Basis, str] = {
    "replica": "free marks, as the shared bitmaps of the running service show them",
    "rule_book": "no service runs here, so marks that are taken, issued or withheld are counted too",
}


@dataclass(frozen=True, slots=True)
class Result:
    """What a search found."""

    basis: Basis
    count: int
    marks: list[str]


def search(
    pattern: str, regions: Sequence[str], formats: Sequence[str], *, limit: int, as_json: bool
) -> Exit:
    """Print the count and the first marks of a pattern; without ``formats``, of those that it means."""
    book = open_book()
    # Alone first: a fault then has the column that the user sees.
    book.pattern(pattern)
    _check_known("region", regions, [region["code"] for region in book.regions()])
    enabled = [entry["id"] for entry in book.formats() if entry["enabled"]]
    _check_known("format", formats, enabled)
    formats = formats or _formats_meant(book, pattern, enabled)
    found = _search_replica(book, pattern, regions, formats, limit)
    if found is None:
        found = _search_book(book, pattern, regions, formats, limit)
    if as_json:
        write_json(
            {"count": found.count, "marks": found.marks, "basis": found.basis, "note": NOTES[found.basis]}
        )
    else:
        out = console()
        out.print(f"{thousands(found.count)} marks ({NOTES[found.basis]})", markup=False)
        for mark in found.marks:
            out.print(mark, markup=False)
    return Exit.DONE


def _formats_meant(book: RuleBook, pattern: str, enabled: Sequence[str]) -> Sequence[str]:
    """Persons' marks; every format for a pattern that no person's mark has, such as `777 AA 02`."""
    fits_persons = book.pattern(f"({pattern}) & format:{DEFAULT_FORMAT}").count() > 0
    return [DEFAULT_FORMAT] if fits_persons else enabled


def _check_known(what: str, asked: Sequence[str], known: Sequence[str]) -> None:
    for term in asked:
        if term not in known:
            raise CommandFailed(
                Exit.INVALID, f"{what}_unknown", f"There is no {what} {term!r}; there are {', '.join(known)}."
            )


def _search_replica(
    book: RuleBook, pattern: str, regions: Sequence[str], formats: Sequence[str], limit: int
) -> Result | None:
    path = replica_path(data_dir())
    if path is None:
        return None
    try:
        replica = Replica.open(str(path), book)
        found = replica.search(pattern=pattern, regions=regions, formats=formats, on=today(), limit=limit)
    except ReplicaUnavailable:
        return None
    return Result("replica", found.count, [mark.text for mark in found.marks])


def _search_book(
    book: RuleBook, pattern: str, regions: Sequence[str], formats: Sequence[str], limit: int
) -> Result:
    parts = [f"({pattern})", "(" + " | ".join(f"format:{name}" for name in formats) + ")"]
    if regions:
        parts.append("region:(" + " | ".join(regions) + ")")
    compiled = book.pattern(" & ".join(parts))
    return Result("rule_book", compiled.count(), [mark.text for mark in compiled.marks(limit)])
