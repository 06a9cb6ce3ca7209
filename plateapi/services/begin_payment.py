"""Begin to pay for a hold: the mark waits for its payment, and the applicant gets an invoice.

The quote stands: the price is the hold's own, whatever the tariff is by now (invariant 3). Nobody but the
payment side can make the mark his; this only opens the window in which it may.
"""

from dataclasses import dataclass

from plateapi.engine import Engine
from plateapi.people import Errand
from plateapi.refusals import Refused
from plateapi.services.holding import Holding, HoldVersion
from plateapi.services.payment_reference import ReferenceSeal
from plateapi.services.refuse import refusal_of_own


@dataclass(frozen=True, slots=True)
class Invoice:
    """What is to be paid, to whom, until when, and under which reference."""

    holding: Holding
    provider: str
    reference: str
    amount_tiyn: int
    pay_before_ms: int


async def begin_payment(
    engine: Engine, seal: ReferenceSeal, errand: Errand, mark_text: str, version: HoldVersion
) -> Invoice:
    """Open the payment window of a hold.

    Raises ``Refused`` with the store's outcome: ``not_held``, ``revision_stale``, ``hold_expired``,
    ``payment_already_begun`` and what stands before them.
    """
    if errand.applicant is None:
        raise Refused("not_held")
    mark = engine.book.parse(mark_text)
    item = (errand.act(), mark, version.hold_id, version.revision)
    answer = (await engine.count("begin_payment", engine.inventory.begin_payment([item])))[0]
    if not answer.done:
        raise refusal_of_own(engine, answer, mark)
    holding = Holding.from_answer(answer)
    return Invoice(
        holding=holding,
        provider=engine.settings.payment_provider,
        reference=seal.seal(holding, errand.applicant),
        amount_tiyn=holding.live.amount_tiyn,
        pay_before_ms=holding.live.deadline_ms,
    )
