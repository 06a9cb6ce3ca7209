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
from pathlib import Path
from typing import Final

from plate_core import BootContractBroken, Inventory, JournalState, PlateError, RuleBook, load_rule_book
from proof.damaged_store import DAMAGES
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


EXPERIMENT = Experiment(
    name="aof_damaged",
    promise="the store's files cut, flipped, zeroed, gone or older: refused at the start, or served with "
    "exactly what the journal tells",
    control="a server as it comes, compared with nothing",
    unit="damages",
    run=run,
    sabotage=sabotage,
    full=Size(500, 50),
    short=Size(len(DAMAGES), len(DAMAGES)),
)
