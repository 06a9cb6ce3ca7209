"""`plates tariff check` and `preview`: what a file of the law is, and what it would change.

Neither needs a server: the file is compiled beside the law on disk. A preview counts free marks
only where a service runs here, for only its shared bitmaps know them; it says so otherwise.
"""

from pathlib import Path
from typing import Any, Final

from plate_core import Replica, ReplicaUnavailable, RuleBook, RuleBookInvalid
from plateapi.cli.exits import Exit
from plateapi.cli.law import open_book, tenge, valid_day
from plateapi.cli.places import data_dir, replica_path
from plateapi.cli.telling import CommandFailed, console, say, thousands, write_json

# Larger than any law; a wrong file named by mistake is told before it is read.
FILE_BYTES_MAX: Final = 16 << 20


def check(path: Path, *, as_json: bool) -> Exit:
    """Compile a tariff beside the law; print its report.

    Raises:
        RuleBookInvalid: with every fault.
    """
    book = open_book()
    found = _the_tariff(book, _beside(book, path), path)
    if as_json:
        write_json(found)
        return Exit.DONE
    say(f"{found['id']} is sound: in force from {found['in_force_from']}, revision {found['revision']}")
    for name, entries in found["report"].items():
        for entry in entries:
            say(f"{name.replace('_', ' ')}: {_entry_words(entry)}")
    return Exit.DONE


def _entry_words(entry: object) -> str:
    """A line of the compiler's report for people.

    >>> _entry_words({"tier": "top", "format": "person_car", "marks": 3510000})
    'tier top, format person_car, marks 3 510 000'
    """
    if not isinstance(entry, dict):
        return str(entry)
    return ", ".join(
        f"{name.replace('_', ' ')} {thousands(value) if type(value) is int else value}"
        for name, value in entry.items()
    )


def preview(path: Path, *, on: str | None, as_json: bool) -> Exit:
    """Print what a tariff would move, exactly, over the whole country.

    Raises:
        RuleBookInvalid: with every fault.
    """
    book = open_book()
    candidate = _beside(book, path)
    found = _the_tariff(book, candidate, path)
    replica = _replica(book)
    day = valid_day(on) if on else found["in_force_from"]
    effect = book.preview(candidate, on=day, replica=replica)
    told = {
        "tariff": found["id"],
        "revision": found["revision"],
        "on": day,
        "free_marks_counted": replica is not None,
        **effect,
        "moves": [_move(move) for move in effect["moves"]],
    }
    if as_json:
        write_json(told)
    else:
        _print_preview(told)
    return Exit.DONE


def read_file(path: Path) -> bytes:
    """A tariff's file.

    Raises:
        CommandFailed: when it cannot be read.
    """
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise CommandFailed(Exit.INVALID, "file_too_large", f"{path} is larger than any tariff.")
        return path.read_bytes()
    except OSError as error:
        raise CommandFailed(Exit.INVALID, "file_unreadable", f"{path}: {error.strerror}.") from error


def _beside(book: RuleBook, path: Path) -> RuleBook:
    """The law with the file's tariff. Faults name the file as it was typed, so that an editor finds it.

    Raises:
        RuleBookInvalid: with every fault.
    """
    content = read_file(path)
    try:
        return book.with_tariff(path.stem, content)
    except RuleBookInvalid as error:
        for fault in error.faults:
            if fault["file"] == f"tariffs/{path.stem}.toml":
                fault["file"] = str(path)
        raise


def _the_tariff(book: RuleBook, candidate: RuleBook, path: Path) -> dict[str, Any]:
    """The tariff that the file brought, or the one of the law that it repeats."""
    known = {tariff["revision"] for tariff in book.tariffs()}
    tariffs = candidate.tariffs()
    new = [tariff for tariff in tariffs if tariff["revision"] not in known]
    if new:
        return new[0]
    same = [tariff for tariff in tariffs if tariff["id"] == path.stem]
    return same[0] if same else tariffs[-1]


def _replica(book: RuleBook) -> Replica | None:
    path = replica_path(data_dir())
    if path is None:
        return None
    try:
        return Replica.open(str(path), book)
    except ReplicaUnavailable:
        return None


def _move(move: dict[str, Any]) -> dict[str, Any]:
    """A move for JSON. A country's duty passes 2^53 tiyn, which many readers of JSON would round: as text."""
    return move | {
        "amount_tiyn": str(move["amount_tiyn"]),
        "samples": [mark.text for mark in move["samples"]],
    }


def _print_preview(told: dict[str, Any]) -> None:
    from rich.table import Table  # noqa: PLC0415  only people pay for it

    out = console()
    out.print(f"{told['tariff']} on {told['on']}, revision {told['revision']}", markup=False)
    if not told["free_marks_counted"]:
        out.print("No service runs here: free marks are not counted.")
    table = Table("from", "to", "marks", "free", "duty, tenge", "samples", box=None, pad_edge=False)
    for move in told["moves"]:
        free = "" if move["free_marks"] is None else thousands(move["free_marks"])
        ends = (move["from"] or "not offered", move["to"] or "not offered")
        duty = tenge(move["amount_tiyn"])
        table.add_row(*ends, thousands(move["marks"]), free, duty, " ".join(move["samples"][:3]))
    out.print(table if told["moves"] else "Nothing moves.")
    for rule in told["shadowed"]:
        out.print(f"This rule can never win: {rule}", markup=False)
