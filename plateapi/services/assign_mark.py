"""Give an applicant the next ordinary mark: assigned, not chosen, at the lowest price (2.8 MCI in 2026).

The replica names candidates that were free a moment ago; the store takes the first that still is.
"""

import hashlib

from plateapi.engine import Engine
from plateapi.law import day_of
from plateapi.people import Errand
from plateapi.refusals import Refused
from plateapi.services.check_format import check_format
from plateapi.services.holding import Holding
from plateapi.services.refuse import refusal

CANDIDATES = 16


async def assign_mark(engine: Engine, errand: Errand, format_id: str, region: str) -> Holding:
    """Hold an ordinary mark of this format and region.

    Raises ``Refused``: ``format_unknown``, ``region_unknown``, ``none_left``, or the store's outcome.
    """
    pool = _pool(engine, format_id, region)
    check_format(engine, format_id, errand)
    for attempt in (1, 2):
        now_ms = engine.clock.now_ms()
        candidates = engine.replica().ordinary(pool, limit=CANDIDATES, seed=_seed(errand), on=day_of(now_ms))
        if not candidates:
            raise Refused("none_left", format=format_id, region=region)
        quote = engine.book.quote(candidates[0], acquired="assigned", at_ms=now_ms)
        item = (errand.act(), candidates, quote["tariff"], quote["amount_tiyn"])
        answers = await engine.count("assign_next", engine.inventory.assign_next([item]))
        if answers[0].outcome != "tariff_changed" or attempt == 2:
            break
        await engine.look_again()
    if answers[0].done:
        return Holding.from_answer(answers[0])
    raise refusal(engine, answers[0], None)


def _pool(engine: Engine, format_id: str, region: str) -> str:
    if format_id not in engine.formats:
        raise Refused("format_unknown")
    if region not in engine.regions:
        raise Refused("region_unknown")
    return f"{format_id}.{region}"


def _seed(errand: Errand) -> int:
    """Spreads concurrent askers over the candidates; the same request looks at the same ones again."""
    text = f"{errand.caller}\0{errand.request_id}".encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:6], "big")
