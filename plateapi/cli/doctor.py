"""`plates doctor`: looks at what the service needs and what runs, and says what is wrong and what mends it.

It changes nothing. Each finding is `well`, `note` (worth knowing) or `fault` (mend it); faults make the exit
code. What is not running is a note: a doctor may be asked before the first start.
"""

import asyncio
import platform
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Literal

from rich.markup import escape

from plate_core import BootContractBroken, Inventory, PlateError, PriceUnknown, Replica, RuleBook, build
from plateapi.cli.exits import Exit
from plateapi.cli.law import open_book
from plateapi.cli.places import running_address
from plateapi.cli.telling import complain, console, write_json
from plateapi.genesis import look_at_store
from plateapi.keeper.status import KeeperStatus, read_status
from plateapi.law import day_of
from plateapi.services.pool_standing import ON_SALE, PoolStanding
from plateapi.settings import Settings, unknown_variables
from plateapi.store import StoreRefused, store_is_alive, store_url
from plateapi.store.append_only import append_only_fault
from plateapi.store.binary import server_binary, server_version
from plateapi.store.directory import DataDirectory
from plateapi.store.torn_end import find_torn_end

Judgement = Literal["well", "note", "fault"]

# The country's planes, a day's append-only file before its rewrite, and a day's journal fit in this.
DISK_FREE_MIN_BYTES: Final = 4 << 30
# The keeper writes its status every few seconds; older than this it is stuck or gone.
STATUS_AGE_MAX_MS: Final = 30_000
REPLICA_AGE_MAX_MS: Final = 30_000
# A budget law that sets the next index is signed weeks before the year it is for.
PRICES_AHEAD_DAYS: Final = 45
DAY_MS: Final = 86_400_000
PRICED_DAYS: Final[tuple[tuple[int, Judgement], ...]] = ((0, "fault"), (PRICES_AHEAD_DAYS, "note"))


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        subject: what was looked at.
        judgement: `well`, `note` or `fault`.
        found: what was seen.
        mend: what to do; empty when all is well.
    """

    subject: str
    judgement: Judgement
    found: str
    mend: str = ""


def examine(*, as_json: bool) -> Exit:
    """Look at everything and print what was found."""
    settings = Settings()
    findings = list(_examine(settings))
    if as_json:
        for finding in findings:
            write_json(asdict(finding))
    else:
        _print(findings)
    return Exit.NOT_STARTED if any(finding.judgement == "fault" for finding in findings) else Exit.DONE


def _examine(settings: Settings) -> Iterator[Finding]:
    yield from _prerequisites(settings)
    yield from _settings(settings)
    book = None
    try:
        book = open_book()
        yield Finding("law", "well", f"revision {book.revision[:16]}, {len(book.pools())} pools")
        yield _prices(book)
    except PlateError as error:
        yield Finding("law", "fault", error.detail, "Run `plates explain 777AAA02` to see every fault.")
    yield from _store(settings, book)
    yield from _keeper(settings)
    yield from _replica(settings, book)
    yield _journal(settings)
    address = running_address(settings.data_dir)
    yield Finding(
        "service", "well" if address else "note", address or "not running", "" if address else "make up"
    )


def _prices(book: RuleBook) -> Finding:
    """Whether marks have a price today, and will have one next month: without it nothing is sold."""
    mark = book.mark_at(book.pools()[0], 1)
    for days, judgement in PRICED_DAYS:
        try:
            book.explain(mark, on=day_of(time.time_ns() // 1_000_000 + days * DAY_MS))
        except PriceUnknown as error:
            return Finding("prices", judgement, error.detail, "docs/operating/index-unknown.md")
    return Finding("prices", "well", f"known today and in {PRICES_AHEAD_DAYS} days")


def _prerequisites(settings: Settings) -> Iterator[Finding]:
    profile = build()["profile"]
    yield Finding("python", "well", f"{platform.python_version()} on {sys.platform}-{platform.machine()}")
    if profile == "release":
        yield Finding("core", "well", f"version {build()['version']}, release build")
    else:
        yield Finding("core", "note", f"{profile} build: several times slower", "make build")
    if not settings.redis_url:
        try:
            binary = server_binary()
            yield Finding("valkey", "well", f"{server_version(binary)} ({binary})")
        except StoreRefused as refused:
            yield Finding("valkey", "fault", refused.sentence, refused.mend)
    free = shutil.disk_usage(_existing(settings.data_dir)).free
    enough = free >= DISK_FREE_MIN_BYTES
    yield Finding(
        "disk",
        "well" if enough else "fault",
        f"{free >> 30} GiB free at {settings.data_dir}",
        "" if enough else "Make room: a full disk stops the store and the journal.",
    )
    overcommit = Path("/proc/sys/vm/overcommit_memory")
    if overcommit.exists() and overcommit.read_text().strip() != "1":
        yield Finding(
            "memory overcommit",
            "note",
            "vm.overcommit_memory is not 1: a rewrite of the append-only file may fail when memory is short",
            "sysctl vm.overcommit_memory=1",
        )


def _settings(settings: Settings) -> Iterator[Finding]:
    for refused in settings.refusals():
        yield Finding(refused.setting, "fault", f"{refused.found}; needed: {refused.needed}", refused.mend)
    for name in unknown_variables():
        yield Finding(name, "note", "there is no such setting (misspelt?)", f"unset {name}")
    yield Finding("profile", "well", settings.profile)


def _store(settings: Settings, book: RuleBook | None) -> Iterator[Finding]:
    directory = DataDirectory(settings.data_dir)
    url = settings.redis_url
    if not url:
        try:
            url = store_url(settings.data_dir)
        except StoreRefused as refused:
            yield _still_store(directory, refused)
            return
    if book is None:
        return
    yield from asyncio.run(_contract(url, book, settings))


def _still_store(directory: DataDirectory, refused: StoreRefused) -> Finding:
    """An embedded store that does not answer: not started, stuck, or damaged on disk."""
    if store_is_alive(directory.root):
        return Finding("store", "fault", f"somebody holds {directory.lock} and does not answer", "make down")
    if directory.manifest.exists():
        fault = append_only_fault(server_binary(), directory.manifest)
        if fault is not None and find_torn_end(fault) is not None:
            return Finding(
                "store", "note", f"{fault.file} ends within a write; a start cuts it off", "make up"
            )
        if fault is not None:
            found = f"{fault.file} is damaged: {fault.sentence}"
            return Finding("store", "fault", found, "docs/operating/store-damaged.md")
    return Finding("store", "note", refused.sentence, refused.mend)


async def _contract(url: str, book: RuleBook, settings: Settings) -> list[Finding]:
    inventory = Inventory.open(url, book)
    try:
        await look_at_store(inventory, settings)
        now_ms = await inventory.server_time_ms()
        pools = await _standings(inventory, book, now_ms)
    except BootContractBroken as broken:
        return [
            Finding(
                f"store: {fault['setting']}",
                "fault",
                f"{fault['found']}; needed: {fault['needed']}",
                fault["mend"],
            )
            for fault in broken.context.get("faults", [])
        ]
    except PlateError as error:
        return [Finding("store", "fault", error.detail, "Is PLATES_REDIS_URL right, and does it run?")]
    finally:
        inventory.close()
    apart_ms = abs(now_ms - time.time_ns() // 1_000_000)
    return [
        Finding("store", "well", "keeps the boot contract"),
        Finding("store clock", "well" if apart_ms < 1_000 else "note", f"{apart_ms} ms from this machine's"),
        *_pools(pools),
    ]


async def _standings(inventory: Inventory, book: RuleBook, now_ms: int) -> list[PoolStanding]:
    pools = book.pools()
    settings = await asyncio.gather(*map(inventory.pool_settings, pools))
    return [PoolStanding.of(pool, found, now_ms) for pool, found in zip(pools, settings, strict=True)]


def _pools(pools: list[PoolStanding]) -> Iterator[Finding]:
    """Which pools take no holds and why, and where nothing expires: somebody's decision, never a fault."""
    apart: dict[str, list[str]] = {}
    for pool in pools:
        if pool.standing != ON_SALE:
            apart.setdefault(pool.standing, []).append(pool.pool)
        if pool.frozen:
            apart.setdefault("frozen", []).append(pool.pool)
    if not apart:
        yield Finding("pools", "well", f"{len(pools)} on sale")
    for standing, named in apart.items():
        which = f"all {len(pools)}" if len(named) == len(pools) else ", ".join(named)
        yield Finding(f"pools: {standing}", "note", which, "docs/operating/pools.md")


def _keeper(settings: Settings) -> Iterator[Finding]:
    status = read_status(settings.data_dir)
    age_ms = time.time_ns() // 1_000_000 - status.written_at_ms if status else None
    if status is None or age_ms is None or age_ms > STATUS_AGE_MAX_MS:
        yield Finding(
            "keeper", "note", "not running" if age_ms is None else f"silent for {age_ms // 1000} s", "make up"
        )
        return
    yield Finding("keeper", "well", "active" if status.active else "standing by")
    if status.journal_error:
        yield Finding("journal writing", "fault", status.journal_error, "docs/operating/journal-broken.md")
    if status.tariff_error:
        yield Finding(
            "published tariffs", "fault", status.tariff_error, "docs/operating/wrong-tariff-published.md"
        )
    if status.active and not status.expiry_leased:
        yield _unleased(status, settings)
    if status.replica_error:
        yield Finding("replica writing", "fault", status.replica_error, "Look into var/log/keeper.log.")


def _unleased(status: KeeperStatus, settings: Settings) -> Finding:
    """Why nothing expires: a clock was behind, clocks lie apart, or a server did not answer."""
    alarm = "docs/operating/clock-alarm.md"
    if status.expiry_rests_seconds:
        sentence = f"the clock was behind: nothing expires for {status.expiry_rests_seconds} s more"
        return Finding("clock", "note", sentence, alarm)
    if abs(status.clock_parted_by_ms) > settings.clock_tolerance_seconds * 1_000:
        sentence = f"clocks parted by {status.clock_parted_by_ms} ms: nothing expires"
        return Finding("clock", "fault", sentence, alarm)
    sentence = "a server of the store did not take the right to expire, and nothing expires in its pools"
    return Finding("expiry", "fault", sentence, "docs/operating/store-down.md, of a cluster failover.md")


def _replica(settings: Settings, book: RuleBook | None) -> Iterator[Finding]:
    if book is None or not settings.replica_path.exists():
        yield Finding("replica", "note", f"{settings.replica_path} does not exist", "make up")
        return
    try:
        age_ms = Replica.open(str(settings.replica_path), book).age_ms(time.time_ns() // 1_000_000)
    except PlateError as error:
        yield Finding("replica", "note", error.detail, "make up")
        return
    fresh = age_ms <= REPLICA_AGE_MAX_MS
    yield Finding("replica", "well" if fresh else "note", f"{age_ms} ms old", "" if fresh else "make up")


def _journal(settings: Settings) -> Finding:
    """What lies on disk. Whether its chain holds is the keeper's to say: only one process may open it."""
    segments = [path for path in settings.journal_dir.glob("*") if path.is_file()]
    if not segments:
        return Finding("journal", "note", f"nothing in {settings.journal_dir} yet")
    size = sum(path.stat().st_size for path in segments)
    return Finding("journal", "well", f"{len(segments)} files, {size >> 20} MiB in {settings.journal_dir}")


def _existing(path: Path) -> Path:
    return next(place for place in (path.resolve(), *path.resolve().parents) if place.exists())


def _print(findings: list[Finding]) -> None:
    colours = {"well": "green", "note": "yellow", "fault": "red"}
    out = console()
    for finding in findings:
        text = escape(f"{finding.subject}: {finding.found}")
        out.print(f"[{colours[finding.judgement]}]{finding.judgement:5}[/]  {text}")
        if finding.mend:
            out.print(f"       mend: {finding.mend}", markup=False)
    if any(finding.judgement == "fault" for finding in findings):
        complain("Something has to be mended.")
