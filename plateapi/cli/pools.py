"""`plates pools`: how pools stand, and the switches of whoever runs the service.

Straight to the store, without the API: a switch must work when no worker answers. The words of the commands
stand in ``plateapi/cli/pool_commands.py``.
"""

import asyncio
import getpass
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from rich.table import Table

from plate_core import Inventory, OutcomeUnknown, RuleBook
from plateapi.cli.exits import Exit
from plateapi.cli.law import open_book
from plateapi.cli.moments import moment_text
from plateapi.cli.service import new_request_id
from plateapi.cli.telling import CommandFailed, console, say, write_json
from plateapi.problems import TWELVE_DIGITS
from plateapi.services.pool_standing import ON_SALE, PoolStanding
from plateapi.services.switch_pools import Switch, Turn, switch_pools
from plateapi.settings import Settings
from plateapi.store import store_url


@dataclass(frozen=True, slots=True)
class Choice:
    """Which pools are meant: of these regions and these formats; none named means any."""

    regions: Sequence[str]
    formats: Sequence[str]
    all: bool = False

    def of(self, book: RuleBook) -> list[str]:
        """The pools, in the order of the rule book.

        Raises:
            CommandFailed: for a region or a format that the rule book does not know.
        """
        chosen = []
        for pool in book.pools():
            format_id, _, region = pool.partition(".")
            if region in (self.regions or [region]) and format_id in (self.formats or [format_id]):
                chosen.append(pool)
        known = {part for pool in chosen for part in pool.split(".")}
        for slug, named in (("region_unknown", self.regions), ("format_unknown", self.formats)):
            for word in named:
                if word not in known:
                    raise CommandFailed(Exit.INVALID, slug, f"The rule book has no {word!r} there.")
        return chosen


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be turned, as somebody typed it."""

    switch: Switch
    on: bool
    reason: str
    by: str | None
    request_id: str | None

    def turn(self) -> Turn:
        """The act.

        Raises:
            CommandFailed: for a reason that the journal must not keep.
        """
        if TWELVE_DIGITS.search(self.reason):
            raise CommandFailed(
                Exit.INVALID, "input_invalid", "The reason holds what looks like an IIN or BIN: leave it out."
            )
        request_id = self.request_id or new_request_id()
        return Turn(self.switch, self.on, self.by or getpass.getuser(), self.reason, request_id)


def list_all(choice: Choice, *, as_json: bool) -> Exit:
    """Print how pools stand."""
    book = open_book()
    standings = asyncio.run(_look(book, choice.of(book)))
    _print(standings, as_json=as_json)
    return Exit.DONE


def turn(choice: Choice, wish: Wish, *, as_json: bool) -> Exit:
    """Turn a switch of the pools that are named, and print how they stand then.

    Raises:
        CommandFailed: when none is named; UNKNOWN, with the request id to repeat, when the answer was lost.
    """
    if not (choice.regions or choice.formats or choice.all):
        raise CommandFailed(
            Exit.INVALID, "input_invalid", "Name pools by --region and --format, or all of them by --all."
        )
    book = open_book()
    pools, act = choice.of(book), wish.turn()
    try:
        standings = asyncio.run(_turn(book, pools, act))
    except OutcomeUnknown as error:
        raise CommandFailed(
            Exit.UNKNOWN,
            error.slug,
            f"{error.detail} Ask again with --request-id {act.request_id}.",
            request_id=act.request_id,
        ) from error
    _print(standings, as_json=as_json)
    return Exit.DONE


async def _turn(book: RuleBook, pools: Sequence[str], act: Turn) -> list[PoolStanding]:
    inventory = _open(book)
    try:
        await switch_pools(inventory, book, pools, act)
        return await _standings(inventory, pools)
    finally:
        inventory.close()


async def _look(book: RuleBook, pools: Sequence[str]) -> list[PoolStanding]:
    inventory = _open(book)
    try:
        return await _standings(inventory, pools)
    finally:
        inventory.close()


def _open(book: RuleBook) -> Inventory:
    settings = Settings()
    return Inventory.open(settings.redis_url or store_url(settings.data_dir), book)


async def _standings(inventory: Inventory, pools: Sequence[str]) -> list[PoolStanding]:
    now_ms = await inventory.server_time_ms()
    found = await asyncio.gather(*map(inventory.pool_settings, pools))
    return [PoolStanding.of(pool, settings, now_ms) for pool, settings in zip(pools, found, strict=True)]


def _print(standings: Sequence[PoolStanding], *, as_json: bool) -> None:
    if as_json:
        for standing in standings:
            write_json(asdict(standing))
        return
    table = Table("pool", "standing", "opens", "switches")
    for found in standings:
        switches = [
            name for name in ("paused", "holds_stopped", "frozen", "read_only") if getattr(found, name)
        ]
        opens = moment_text(found.opens_at_ms) if found.opens_at_ms else ""
        table.add_row(found.pool, found.standing, opens, ", ".join(switches))
    console().print(table)
    say(f"{sum(found.standing == ON_SALE for found in standings)} of {len(standings)} pools are on sale.")
