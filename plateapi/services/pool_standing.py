"""How a pool stands: whether marks of it can be held now, and if not, what a hold is refused with.

The store judges each hold by itself, on its own time; this says beforehand what it would say, for people and
for machines that look. A test holds the two to each other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

ON_SALE: Final = "on_sale"


@dataclass(frozen=True, slots=True)
class PoolStanding:
    """One pool at one moment.

    Attributes:
        standing: `on_sale`, or the slug that a hold is refused with.
        opens_at_ms: when its sale begins or began; 0 where no hour was set.
    """

    pool: str
    format: str
    region: str
    standing: str
    opens_at_ms: int
    paused: bool
    holds_stopped: bool
    frozen: bool
    read_only: bool

    @classmethod
    def of(cls, pool: str, settings: Mapping[str, Any], now_ms: int) -> "PoolStanding":
        """From a pool's settings, {} where the store does not know it, at a moment of the store's time."""
        format_id, _, region = pool.partition(".")
        return cls(
            pool=pool,
            format=format_id,
            region=region,
            standing=_standing(settings, now_ms),
            opens_at_ms=settings.get("opens_at_ms", 0),
            paused=settings.get("paused", False),
            holds_stopped=settings.get("holds_stopped", False),
            frozen=settings.get("frozen", False),
            read_only=settings.get("read_only", False),
        )


def _standing(settings: Mapping[str, Any], now_ms: int) -> str:
    """The first that stands in the way, in the precedence of docs/reference/outcomes.md."""
    if not settings:
        return "pool_unknown"
    in_the_way = {
        "read_only": settings["read_only"],
        "pool_paused": settings["paused"],
        "holds_stopped": settings["holds_stopped"],
        "not_open": now_ms < settings["opens_at_ms"],
    }
    return next((slug for slug, stands in in_the_way.items() if stands), ON_SALE)
