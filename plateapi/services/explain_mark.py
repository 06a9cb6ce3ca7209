"""One mark: what it is, what it costs and why (the certificate), and whether it is free.

The state comes from the replica, which is milliseconds old. While it is being built, the store is asked.
"""

from dataclasses import dataclass
from typing import Any, Literal

from plate_core import Mark
from plateapi.engine import Engine
from plateapi.refusals import Refused


@dataclass(frozen=True, slots=True)
class Explained:
    """A mark with its certificate and its state."""

    mark: Mark
    state: str  # free, taken, issued or withheld
    certificate: dict[str, Any]
    server_time_ms: int


async def explain_mark(
    engine: Engine,
    mark_text: str,
    *,
    acquired: Literal["chosen", "assigned"] = "chosen",
    on: str | None = None,
) -> Explained:
    """The mark as the law sees it on a day (today if none is named), and as it stands now.

    Raises ``MarkUnparseable`` and ``PriceUnknown`` as the core does.
    """
    now_ms = engine.clock.now_ms()
    book = engine.book if on is None else engine.law.on(on, now_ms)
    mark = book.parse(mark_text)
    return Explained(
        mark=mark,
        state=await state_of(engine, mark),
        certificate=book.explain(mark, acquired=acquired, on=on),
        server_time_ms=now_ms,
    )


async def state_of(engine: Engine, mark: Mark) -> str:
    """Whether a mark is free, taken, issued or withheld."""
    try:
        return engine.replica().state(mark)
    except Refused:
        answer = (await engine.inventory.read([mark]))[0]
        planes = answer.context["planes"]
        # The same precedence as the hold's: withheld before issued before taken.
        return next((plane for plane in ("withheld", "issued", "taken") if planes[plane]), "free")
