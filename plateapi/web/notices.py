"""What stands above the search while marks cannot be held: a pool that is paused, stopped or not open yet.

The standing is the one of `GET /v1/pools`. Whoever looks for his mark and would be refused at the end is told
at the beginning. A store that does not answer is told here too; it keeps nobody from searching, because the
search never goes there.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from babel.dates import format_datetime

from plate_core import PlateError
from plateapi.engine import Engine
from plateapi.languages import Language
from plateapi.law import ALMATY
from plateapi.services.list_pools import list_pools
from plateapi.services.pool_standing import ON_SALE, PoolStanding
from plateapi.web.address import SearchAddress
from plateapi.web.texts import texts

# A page waits no longer than this for what is only a hint.
PATIENCE_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True)
class _Reason:
    """Why a pool is not on sale; regions with the same one share a sentence."""

    standing: str
    opens_at_ms: int

    @classmethod
    def of(cls, pool: PoolStanding) -> "_Reason":
        return cls(pool.standing, pool.opens_at_ms if pool.standing == "not_open" else 0)


async def notices(engine: Engine, address: SearchAddress) -> list[str]:
    """A sentence a reason, of the pools that the form asks about."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            pools = await list_pools(engine)
    except (PlateError, TimeoutError):
        return [texts(address.language)["standing_unknown"]]
    asked = [pool for pool in pools if _is_asked(pool, address)]
    by_reason: dict[_Reason, list[str]] = {}
    for pool in asked:
        by_reason.setdefault(_Reason.of(pool), []).append(pool.region)
    return [
        _sentence(reason, _where(engine, regions, len(asked), address.language), address.language)
        for reason, regions in by_reason.items()
        if reason.standing != ON_SALE
    ]


def _is_asked(pool: PoolStanding, address: SearchAddress) -> bool:
    return pool.format == address.format and address.region in ("", pool.region)


def _where(engine: Engine, regions: Iterable[str], asked: int, language: Language) -> str:
    """The regions' names, or that it is all of them."""
    names = [engine.regions[region][language] for region in regions]
    everywhere: str = texts(language)["region_all"]
    return everywhere if len(names) == asked > 1 else ", ".join(names)


def _sentence(reason: _Reason, where: str, language: Language) -> str:
    opens = datetime.fromtimestamp(reason.opens_at_ms / 1_000, UTC).astimezone(ALMATY)
    moment = format_datetime(opens, "d MMMM y, HH:mm", locale=language)
    sentence: str = texts(language)[f"standing_{reason.standing}"]
    return sentence.format(where=where, moment=moment)
