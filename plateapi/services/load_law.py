"""Bring the law into the store: what each pool obeys, and which marks are never offered.

It may be done at any time and any number of times: what is there already is left as it is, so a start
without news costs one look a pool.

Not here: which tariff is in force when (``plateapi/law.py``); pauses and kill switches, which an operator
sets and this leaves alone.
"""

import secrets
from datetime import datetime
from typing import Any, Final

from plate_core import Act, PlateError
from plateapi.engine import Engine
from plateapi.genesis import note_store
from plateapi.law import ALMATY
from plateapi.services.withhold_by_law import CALLER, CHANNEL, Report, withhold_by_law

# How long things last, by the core's names; from these follow how long a permit does.
TIMES: Final = ("hold_ttl_ms", "extension_ms", "max_extensions", "payment_window_ms", "request_retention_ms")


def _silent(_sentence: str) -> None:
    """Nobody is told."""


async def load_law(engine: Engine, report: Report = _silent) -> None:
    """Everything that a store must know before it serves, in the order in which it is safe.

    The store is noted as ours first: from here on no other one is taken for it. Nobody else founds pools.

    Marks are withheld in a pool before its tariffs arrive, because without a tariff nothing can be held.
    """
    note_store(engine.settings, engine.store_id)
    await found_pools(engine)
    await withhold_by_law(engine, report)
    changed = await bring_settings(engine)
    if changed:
        report(f"{changed} pools told what is in force")


async def found_pools(engine: Engine) -> int:
    """Make the pools that the store does not know, without a tariff: how many."""
    unknown = [pool for pool in engine.law.base.pools() if not await engine.inventory.pool_settings(pool)]
    if unknown:
        # With their times from the first day: permits are never shortened, and by default would last longer.
        wanted = pool_settings(engine, await engine.inventory.server_time_ms())
        times = {name: wanted[name] for name in TIMES}
        await engine.inventory.configure_pools(_act("found"), dict.fromkeys(unknown, times))
    return len(unknown)


async def bring_settings(engine: Engine) -> int:
    """Tell every pool its tariffs, cuts and times, where it has others: how many pools were told.

    Founds no pool: one that a serving store does not know was lost with its marks, and would be sold anew.
    Raises ``PlateError`` (``pools_unknown``) for those, after the others were told.
    """
    # Asked, not counted on: a clock ahead of the store's would drop the tariff that is still in force there.
    wanted = pool_settings(engine, await engine.inventory.server_time_ms())
    differing, unknown = {}, []
    for pool in engine.law.base.pools():
        found = await engine.inventory.pool_settings(pool)
        if not found:
            unknown.append(pool)
        elif any(_differs(name, found[name], value) for name, value in wanted.items()):
            differing[pool] = wanted
    if differing:
        await engine.inventory.configure_pools(_act("settings"), differing)
    limits = shard_limits(engine)
    found_limits = await engine.inventory.limits()
    if any(found_limits.get(name) != value for name, value in limits.items()):
        await engine.inventory.configure_limits(limits)
    if unknown:
        raise PlateError(
            f"The store lacks {len(unknown)} pools ({unknown[0]} first); only `plates up` founds any.",
            "pools_unknown",
            {"pools": unknown},
        )
    return len(differing)


def pool_settings(engine: Engine, now_ms: int) -> dict[str, Any]:
    """What the service's settings and the law say to each pool, by the names of the core.

    Of the law only what is in force at ``now_ms`` or later: a pool has room for 255 tariffs and cuts.
    """
    settings = engine.settings
    return {
        "opens_at_ms": moment_ms(settings.opens_at),
        "clock_guard": True,
        "tariffs": [(entry.revision, entry.from_ms) for entry in engine.law.timeline_from(now_ms)],
        "cuts_ms": engine.law.cuts_from_ms(now_ms),
        "hold_ttl_ms": settings.hold_ttl_seconds * 1_000,
        "extension_ms": settings.extension_seconds * 1_000,
        "max_extensions": settings.max_extensions,
        "payment_window_ms": settings.payment_window_seconds * 1_000,
        "cooldown_ms": settings.cooldown_seconds * 1_000,
        "same_mark_daily_cap": settings.same_mark_daily_cap,
        "request_retention_ms": settings.request_retention_seconds * 1_000,
        "feed_backlog_max": settings.feed_backlog_max,
    }


def shard_limits(engine: Engine) -> dict[str, Any]:
    """What the service's settings say about limits across pools, by the names of the core."""
    settings = engine.settings
    return {
        "live_holds_person": settings.live_holds_person,
        "live_holds_entity": settings.live_holds_entity,
        "operator_daily_cap": settings.operator_daily_cap,
        "clock_guard": True,
    }


def moment_ms(text: str) -> int:
    """A moment of the settings; one without a zone is the country's own time, an empty one long ago.

    >>> moment_ms("2026-01-05T09:00:00"), moment_ms("")
    (1767585600000, 0)
    """
    if not text:
        return 0
    moment = datetime.fromisoformat(text)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=ALMATY)).timestamp() * 1_000)


def _differs(name: str, found: Any, wanted: Any) -> bool:  # noqa: ANN401  a setting of any type
    if name == "tariffs":
        # The store keeps the beginning of a revision.
        return [(revision[:16], from_ms) for revision, from_ms in found] != [
            (revision[:16], from_ms) for revision, from_ms in wanted
        ]
    return bool(found != wanted)


def _act(what: str) -> Act:
    """An act of the law itself. Its id is new each time: bringing A, B and A again are three acts."""
    return Act(request_id=f"law-{what}-{secrets.token_hex(12)}", caller=CALLER, channel=CHANNEL)
