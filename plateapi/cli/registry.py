"""`plates import` and `plates demo-registry`."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Final

from plate_core import Inventory
from plateapi.cli.exits import Exit
from plateapi.cli.law import open_book
from plateapi.cli.telling import CommandFailed, console, say, thousands, write_json
from plateapi.registry.demo import RegistryTooLarge, write_demo_registry
from plateapi.registry.importer import Account, Importer
from plateapi.registry.reader import RegistryFile
from plateapi.registry.rejects import conflicts_file, rejects_file
from plateapi.settings import Settings
from plateapi.store import store_url

# Digits 001 to 999.
MARKS_A_SERIES: Final = 999

Report = Callable[[int, Account], None]


def import_file(path: Path, *, as_json: bool) -> Exit:
    """Import a registry into the store that runs, and tell what happened to each row."""
    file = RegistryFile(path)
    book = open_book()
    settings = Settings()
    inventory = Inventory.open(settings.redis_url or store_url(settings.data_dir), book)
    began = time.monotonic()
    with rejects_file(path) as rejects, conflicts_file(path) as conflicts, _progress(file, as_json) as report:
        try:
            account = asyncio.run(Importer(inventory, book, rejects, conflicts, report).run(file))
        finally:
            inventory.close()
    seconds = time.monotonic() - began
    if as_json:
        write_json(
            asdict(account)
            | {
                "rows": account.rows,
                "seconds": round(seconds, 3),
                "rejects_file": str(rejects.path) if rejects.count else None,
                "conflicts_file": str(conflicts.path) if conflicts.count else None,
            }
        )
    else:
        _print_account(account, rejects.path, conflicts.path, seconds)
    return Exit.PARTLY_DONE if account.rejected or account.conflicts else Exit.DONE


def make_demo(path: Path, *, rows: int, seed: int, as_json: bool) -> Exit:
    """Write a demonstration registry."""
    began = time.monotonic()
    try:
        written = write_demo_registry(path, rows=rows, seed=seed, withheld_series=_withheld_series())
    except RegistryTooLarge as error:
        raise CommandFailed(Exit.INVALID, "input_invalid", str(error)) from error
    except ValueError as error:
        raise CommandFailed(Exit.INVALID, "input_invalid", str(error)) from error
    except OSError as error:
        raise CommandFailed(Exit.FAILED, "write_failed", f"{path}: {error.strerror}.") from error
    seconds = time.monotonic() - began
    if as_json:
        write_json({"file": str(path), "rows": written, "seed": seed, "seconds": round(seconds, 3)})
    else:
        say(f"{path}: {thousands(written)} marks in {seconds:.1f} s, seed {seed}")
    return Exit.DONE


@contextmanager
def _progress(file: RegistryFile, as_json: bool) -> Iterator[Report]:
    """A bar on standard error, for people."""
    if as_json:
        yield lambda _position, _account: None
        return
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    columns = (
        TextColumn("importing"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[done]} marks"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console(stderr=True)) as bar:
        task = bar.add_task("import", total=file.total, done="0")

        def report(position: int, account: Account) -> None:
            done = account.imported + account.already_imported
            bar.update(task, completed=position, done=thousands(done))

        yield report


def _print_account(account: Account, rejects: Path, conflicts: Path, seconds: float) -> None:
    lines = [
        (account.imported, "imported"),
        (account.already_imported, "were there already"),
        (account.conflicts, f"are in somebody's hands and stay there: {conflicts}"),
        (account.rejected, f"rows are no marks: {rejects}"),
    ]
    for count, meaning in lines:
        if count or meaning == "imported":
            say(f"{thousands(count):>12} {meaning}")
    say(f"{thousands(account.rows)} rows in {seconds:.1f} s")


def _withheld_series() -> set[str]:
    """Letters that are withheld as a whole, so that none of them was handed out: 999 marks of a pool each."""
    book = open_book()
    first_region = {pool.partition(".")[0]: pool for pool in reversed(book.pools())}
    counts: Counter[str] = Counter()
    for pool in first_region.values():
        for entry in book.withheld(pool):
            counts.update(mark.series for mark in entry["marks"])
    return {series for series, count in counts.items() if count == MARKS_A_SERIES}
