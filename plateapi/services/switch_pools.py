"""Turn a switch of pools: pause them, stop new holds, freeze expiry, stop all changes; and turn it back.

A switch is in the store's own settings of a pool, so it holds from the next call on, on every machine, and in
the hold itself. It is the act of whoever runs the service; there is no route for it (docs/decisions/0012).
Each act is a line of the pool's journal: who, when, and why.

Not here: the opening hour, which is a setting of the service and brought by ``load_law``.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from plate_core import Act, Inventory, PlateError, RuleBook

Switch = Literal["paused", "holds_stopped", "frozen", "read_only"]

# The acts of those who look after the store; `caller` says which of them.
CHANNEL: Final = "keeper"


@dataclass(frozen=True, slots=True)
class Turn:
    """Which switch, which way, who turns it and why.

    ``request_id`` sent again turns nothing twice, and tells what became of an act whose answer was lost.
    """

    switch: Switch
    on: bool
    by: str
    reason: str
    request_id: str


async def switch_pools(inventory: Inventory, book: RuleBook, pools: Sequence[str], turn: Turn) -> None:
    """Turn a switch of these pools of the rule book, one after the other.

    Founds none: a pool that the store does not know was lost with its marks, and would be sold anew. Raises
    ``PlateError`` (``pools_unknown``) for those, before anything is turned.

    Raises ``InputInvalid`` for a reason or a name that the journal cannot take, before anything is turned;
    ``OutcomeUnknown`` when some may be turned and some not: the same request id, sent again, ends it.
    """
    await _must_be_founded(inventory, pools)
    if turn.switch == "frozen" and turn.on:
        await _freeze_limits(inventory)
    act = Act(request_id=turn.request_id, caller=turn.by, channel=CHANNEL)
    fields: Mapping[str, bool] = {turn.switch: turn.on}
    await inventory.configure_pools(act, dict.fromkeys(pools, fields), reason=turn.reason)
    if turn.switch == "frozen":
        await _follow_pools(inventory, book, turn.on)


async def _must_be_founded(inventory: Inventory, pools: Sequence[str]) -> None:
    found = await asyncio.gather(*map(inventory.pool_settings, pools))
    unknown = [pool for pool, settings in zip(pools, found, strict=True) if not settings]
    if unknown:
        raise PlateError(
            f"The store lacks {len(unknown)} pools ({unknown[0]} first); only `plates up` founds any.",
            "pools_unknown",
            {"pools": unknown},
        )


async def _freeze_limits(inventory: Inventory) -> None:
    """Permits do not heal any more. First, because a hold must never outlive its permit."""
    await inventory.configure_limits({"frozen": True})


async def _follow_pools(inventory: Inventory, book: RuleBook, on: bool) -> None:
    """Let permits heal again once no pool is frozen, and leave them frozen while one is.

    Whoever else turns pools at the same moment looks last as well, so the later of the two looks is right.
    """
    if not on and not await _any_frozen(inventory, book):
        await inventory.configure_limits({"frozen": False})
    if await _any_frozen(inventory, book):
        await _freeze_limits(inventory)


async def _any_frozen(inventory: Inventory, book: RuleBook) -> bool:
    found = await asyncio.gather(*map(inventory.pool_settings, book.pools()))
    return any(settings.get("frozen", False) for settings in found)
