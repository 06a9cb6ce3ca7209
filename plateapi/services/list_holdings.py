"""What an applicant has now: his holds and his allotments, over all pools."""

from plateapi.engine import Engine
from plateapi.people import Applicant
from plateapi.services.holding import HOLD_STATES, Holding


async def list_holdings(engine: Engine, applicant: Applicant) -> tuple[list[Holding], list[Holding]]:
    """Holds (the soonest deadline first) and allotments (the latest first).

    A hold past its deadline that was not swept yet is over in every verb, so it is not shown as one.
    """
    found = await engine.inventory.read_applicant(applicant.pseudonym)
    now_ms = engine.clock.now_ms()
    holdings = [Holding(mark, live, now_ms) for mark, live in found]
    holds = [h for h in holdings if h.live.state in HOLD_STATES and h.live.deadline_ms > now_ms]
    allotments = [h for h in holdings if h.live.state not in HOLD_STATES]
    return (
        sorted(holds, key=lambda holding: holding.live.deadline_ms),
        sorted(allotments, key=lambda holding: -holding.live.held_at_ms),
    )
