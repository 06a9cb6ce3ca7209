"""From an answer of the store to a refusal that helps: the facts for the asker, and the nearest free marks.

Facts are chosen here one by one. Whatever else an answer holds stays inside: a refusal never says who
has a mark, nor since when, only what the asker can do next.
"""

from typing import Any, Final

from plate_core import Answer, Mark, PlateError
from plateapi.engine import Engine
from plateapi.refusals import Refused
from plateapi.services.holding import Holding

NEAREST_MAX: Final = 5

# What an answer's context may tell an applicant.
FACTS: Final = ("retry_at_ms", "current_revision", "payment", "refund_reason")

# The asker's own record comes with these, so that his client can go on from what stands.
OWN_RECORD: Final = frozenset(
    {"held_by_you", "revision_stale", "payment_already_begun", "extensions_used_up", "mark_allotted"}
)


def refusal(engine: Engine, answer: Answer, mark: Mark | None) -> Refused:
    """The refusal that an answer means, with alternatives where a mark was wanted."""
    if answer.outcome == "unknown":
        return Refused("outcome_unknown")
    facts: dict[str, Any] = {name: answer.context[name] for name in FACTS if name in answer.context}
    facts["server_time_ms"] = answer.server_time_ms
    if mark is not None and answer.outcome != "request_id_reused":
        facts["mark"] = mark.text
        facts["nearest"] = nearest(engine, mark)
    if answer.live is not None and answer.outcome in OWN_RECORD:
        facts["holding"] = own(Holding(answer.mark, answer.live, answer.server_time_ms))
    return Refused(answer.outcome, **facts)


def refusal_of_own(engine: Engine, answer: Answer, mark: Mark) -> Refused:
    """The refusal of an act on something of one's own: another's is told as if there were none."""
    if answer.outcome == "held_by_another":
        return Refused("not_held", mark=mark.text, nearest=nearest(engine, mark))
    return refusal(engine, answer, mark)


def own(holding: Holding) -> dict[str, Any]:
    """A holding of the asker's own, as facts."""
    return {
        "mark": holding.mark.text,
        "state": holding.live.state,
        "hold_id": holding.live.hold_id,
        "revision": holding.live.revision,
        "deadline_ms": holding.live.deadline_ms,
        "amount_tiyn": holding.live.amount_tiyn,
    }


def nearest(engine: Engine, mark: Mark, limit: int = NEAREST_MAX) -> list[dict[str, Any]]:
    """The free marks most like this one, with their prices; none while the replica is not ready."""
    try:
        found = engine.replica().nearest(mark, limit=limit)
        return [{"mark": m.text, "display": m.display, **price(engine, m)} for m in found]
    except (Refused, PlateError):
        # A refusal without alternatives is still the right refusal.
        return []


def price(engine: Engine, mark: Mark) -> dict[str, Any]:
    """What a chosen mark costs now, as facts."""
    quote = engine.book.quote(mark, at_ms=engine.clock.now_ms())
    return {
        "amount_tiyn": quote["amount_tiyn"],
        "currency": "KZT",
        "tier": quote["tier"],
        "mci": quote["mci"],
        "tariff": quote["tariff"],
    }
