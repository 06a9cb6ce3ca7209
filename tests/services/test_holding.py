"""What an applicant has, written in Rust for batches and in Python for everybody else."""

import itertools

import orjson
import pytest

from plate_core import Act, Inventory, RuleBook
from plateapi.services.holding import Holding
from plateapi.shapes import HoldingShape, holding_json, holding_values
from tests.facade.citizens import NOON_MS, Citizen, open_country, payment_of
from tests.servers import StoreServer

MARKS = itertools.count(100)
OFFICE = 'Орталық "№ 7" \\ 1-қабат'


def desk_act(citizen: Citizen) -> Act:
    """An act with everything in it that JSON must escape."""
    number = next(MARKS)
    return Act(
        request_id=f"desk-{number:06}",
        caller="operator-1",
        channel="desk",
        office=OFFICE,
        applicant=citizen.pseudonym,
    )


async def test_a_holding_has_one_shape_whoever_writes_it(store: StoreServer, book: RuleBook) -> None:
    """The same text of a hold and of an allotment, fit for the shape; none where there is no record."""
    inventory = Inventory.open(store.url, book)
    aigerim, bolat = Citizen("aigerim"), Citizen("bolat")
    try:
        await open_country(inventory, book, ["person_car.02"])
        mark = book.parse("777AAA02")
        quote = book.quote(mark, at_ms=NOON_MS)
        [held] = await inventory.hold([(desk_act(aigerim), mark, quote["tariff"], quote["amount_tiyn"])])
        assert held.live is not None
        await inventory.begin_payment([(aigerim.act(), mark, held.live.hold_id, held.live.revision)])
        [allotted] = await inventory.confirm([(aigerim.act(), mark, payment_of(held, "t-1"))])
        for answer in (held, allotted):
            written = holding_json(answer)
            assert written == orjson.dumps(holding_values(Holding.from_answer(answer)))
            assert HoldingShape.model_validate_json(written).office == OFFICE
        refused = await bolat.hold(inventory, book, mark)
        assert refused.holding_json() is None
        with pytest.raises(RuntimeError, match="came without its record"):
            holding_json(refused)
    finally:
        inventory.close()
