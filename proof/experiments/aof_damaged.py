"""The store's files damaged behind its back: nothing is served that the journal does not tell.

Each trial copies the data of a store that a crowd has filled, damages the copy, starts a server on it and
holds it to the boot contract and to the journal. As `plates up` does, it first cuts off what seems to be the
end of a torn write. What is served all the same must be what the undamaged store held: every plane, record,
payment, setting and document, read by a plain client. The control is a server as it comes
(`aof-load-truncated yes`) that nobody compares with anything.
"""

from __future__ import annotations

import asyncio
import random
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final

from plate_core import BootContractBroken, Inventory, JournalState, PlateError, RuleBook, load_rule_book
from proof.experiment import Course, Experiment, Fault, Figure, Size, Tally
from proof.kept import Kept, contents_of, is_up, keep_sale
from tests.lasting_law import PATTERNS
from tests.servers import StoreServer, new_server, remove_server

JOURNEYS: Final = 60
ROUNDS: Final = 4
AS_IT_COMES: Final = {"aof-load-truncated": "yes"}


def run(course: Course) -> Tally:
    """Every start is refused, or what is served is what the journal tells."""
    return asyncio.run(_trials(course, {}, compared=True))


def sabotage(course: Course) -> Tally:
    """Whatever the server loads is served."""
    return asyncio.run(_trials(course, AS_IT_COMES, compared=False))


async def _trials(course: Course, settings: dict[str, str], *, compared: bool) -> Tally:
    book = load_rule_book(PATTERNS)
    kept, older = await _keep(course, book)
    tally, ends = Tally(), Counter[str]()
    for done, seed in enumerate(course.seeds, 1):
        rng = random.Random(seed)
        way = list(DAMAGES)[seed % len(DAMAGES)]
        # Short on purpose: the path of a unix socket ends at 107 bytes.
        place = kept.store.with_name(f"{kept.store.name}-{seed % 1_000}")
        shutil.copytree(older if way == "older_copy" else kept.store, place)
        DAMAGES[way](place / "appendonlydir", rng)
        server = StoreServer("valkey", place, settings)
        try:
            ended = await _start(server, kept, book, compared=compared)
            ends[ended] += 1
            if ended == "served" and contents_of(server) != kept.contents:
                tally.faults.append(Fault(seed, f"{way}: served, and it is not what the journal tells"))
        finally:
            remove_server(server)
        tally.tried += 1
        course.progress(done)
    shutil.rmtree(kept.store)
    tally.figures = [Figure(ended, count, "starts") for ended, count in sorted(ends.items())]
    return tally


async def _keep(course: Course, book: RuleBook) -> tuple[Kept, Path]:
    """A store with its journal, at rest; and an older copy of the store."""
    server = new_server("valkey")
    older = course.directory / "older"
    journal = course.directory / "journal"
    await keep_sale(server, journal, book, 1, rounds=ROUNDS, journeys=JOURNEYS)
    server.kill()
    shutil.copytree(server.directory, older, ignore=_sockets)
    server.start()
    kept = await keep_sale(server, journal, book, 2, rounds=1, journeys=JOURNEYS)
    server.kill()
    (server.directory / "s.sock").unlink(missing_ok=True)
    return kept, older


def _sockets(_directory: str, names: list[str]) -> list[str]:
    return [name for name in names if name.endswith(".sock")]


async def _start(server: StoreServer, kept: Kept, book: RuleBook, *, compared: bool) -> str:
    """Start on what is there: `served`, or who refused it."""
    if not is_up(server, mending=compared):
        return "refused by the server"
    if not compared:
        return "served"
    inventory = Inventory.open(server.url, book)
    try:
        await inventory.check_contract(kept.store_id)
        found = await inventory.compare(JournalState.of(kept.journal))
    except BootContractBroken:
        return "refused by the contract"
    except PlateError:
        return "refused as unreadable"
    finally:
        inventory.close()
    return "refused by the comparison" if found["differences"] else "served"


# --- damages ------------------------------------------------------------------------------------------------

Damage = Callable[[Path, random.Random], None]


def _increments(files: Path) -> Path:
    """The file that the server appends to."""
    return max(files.glob("*.incr.aof"), key=lambda file: file.stat().st_size)


def cut(files: Path, rng: random.Random) -> None:
    """The file ends somewhere."""
    file = _increments(files)
    with file.open("r+b") as opened:
        opened.truncate(rng.randrange(file.stat().st_size))


def cut_between_commands(files: Path, rng: random.Random) -> None:
    """The file ends after a whole command: no server can tell."""
    file = _increments(files)
    whole = file.read_bytes()
    ends = [at for at in _ends_of_transactions(whole) if at < len(whole)]
    file.write_bytes(whole[: rng.choice(ends)])


def _ends_of_transactions(whole: bytes) -> list[int]:
    mark, ends, at = b"*1\r\n$4\r\nEXEC\r\n", [], 0
    while (found := whole.find(mark, at)) >= 0:
        at = found + len(mark)
        ends.append(at)
    return ends


def flip(files: Path, rng: random.Random) -> None:
    """One bit of the file."""
    _change(_increments(files), rng, lambda byte: byte ^ (1 << rng.randrange(8)))


def flip_in_a_record(files: Path, rng: random.Random) -> None:
    """One bit of a value, where the server looks at nothing."""
    file = _increments(files)
    whole = bytearray(file.read_bytes())
    places, at = [], 0
    while (at := whole.find(b":live\r\n", at)) >= 0:
        at += 1
        places.append(at)
    start = rng.choice(places)
    # A field of 4 bytes, then the record's own length and bytes: an applicant stands 42 bytes into it.
    at = whole.find(b"\r\n", whole.find(b"$", start + 20) + 1) + 2 + rng.randrange(42, 58)
    whole[min(at, len(whole) - 1)] ^= 1 << rng.randrange(8)
    file.write_bytes(whole)


def zero(files: Path, rng: random.Random) -> None:
    """A sector of zeros."""
    file = _increments(files)
    whole = bytearray(file.read_bytes())
    at = rng.randrange(len(whole)) // 512 * 512
    whole[at : at + 512] = bytes(len(whole[at : at + 512]))
    file.write_bytes(whole)


def remove_increments(files: Path, _rng: random.Random) -> None:
    """The file is gone."""
    _increments(files).unlink()


def remove_manifest(files: Path, _rng: random.Random) -> None:
    """What says which files there are is gone."""
    next(files.glob("*.manifest")).unlink()


def flip_manifest(files: Path, rng: random.Random) -> None:
    """One bit of what says which files there are."""
    _change(next(files.glob("*.manifest")), rng, lambda byte: byte ^ (1 << rng.randrange(8)))


def remove_all(files: Path, _rng: random.Random) -> None:
    """The directory is gone: a server would start empty, and say nothing."""
    shutil.rmtree(files)


def older_copy(_files: Path, _rng: random.Random) -> None:
    """Whole, and from before the last sales; the copy was chosen already."""


def _change(file: Path, rng: random.Random, change: Callable[[int], int]) -> None:
    whole = bytearray(file.read_bytes())
    at = rng.randrange(len(whole))
    whole[at] = change(whole[at])
    file.write_bytes(whole)


DAMAGES: Final[dict[str, Damage]] = {
    one.__name__: one
    for one in (
        cut,
        cut_between_commands,
        flip,
        flip_in_a_record,
        zero,
        remove_increments,
        remove_manifest,
        flip_manifest,
        remove_all,
        older_copy,
    )
}

EXPERIMENT = Experiment(
    name="aof_damaged",
    promise="the store's files cut, flipped, zeroed, gone or older: refused at the start, or served with "
    "exactly what the journal tells",
    control="a server as it comes, compared with nothing",
    unit="damages",
    run=run,
    sabotage=sabotage,
    full=Size(500, 50),
    short=Size(10, 10),
)
