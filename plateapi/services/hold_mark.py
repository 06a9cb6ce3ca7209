"""Hold a mark: reserve it for an applicant, at the price of this moment, until a deadline.

The engine quotes at the store's time and the store judges by the tariff in force there. When the two differ
(a tariff came into force in between, or this worker lags), the store answers ``tariff_changed`` and records
nothing: the engine looks again and tries once more under the same request id. A client that names the price
it saw is never held at another.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import orjson

from plate_core import Act, Answer, Mark, PlateError, RuleBook
from plateapi.engine import Engine
from plateapi.people import Errand
from plateapi.refusals import Refused
from plateapi.services.check_format import check_format
from plateapi.services.holding import Holding
from plateapi.services.refuse import nearest, price, refusal

# No revision: a hold priced by it is judged in full (also as a repetition) and never granted.
NO_TARIFF: Final = "0" * 64

Item = tuple[Act, Mark, str, int]
# The store's answer where the mark is held; else why it is not.
Held = Answer | Refused | PlateError


class Wish(NamedTuple):
    """One mark that somebody wants, and the price he saw, if he says it."""

    errand: Errand
    mark_text: str
    expected_amount_tiyn: int | None = None
    expected_tariff: str | None = None

    def act(self) -> Act:
        """The wish's act. A price that was named is part of the request: with another one it is another."""
        if self.expected_amount_tiyn is None and self.expected_tariff is None:
            return self.errand.act()
        return self.errand.act(orjson.dumps([self.expected_amount_tiyn, self.expected_tariff]))


async def hold_mark(engine: Engine, wish: Wish) -> Holding:
    """Hold one mark.

    Raises ``Refused`` with the store's outcome, with ``price_changed``, or with ``format_not_for_applicant``;
    ``MarkUnparseable`` and ``PriceUnknown`` come as the core raises them.
    """
    [result] = await hold_marks(engine, [wish])
    if isinstance(result, Answer):
        return Holding.from_answer(result)
    raise result


async def hold_marks(engine: Engine, wishes: Sequence[Wish]) -> list[Held]:
    """Hold several marks, each for itself: one result a wish, in order."""
    results: dict[int, Held] = {}
    open_wishes: dict[int, tuple[Wish, Mark]] = {}
    book = engine.book
    for index, wish in enumerate(wishes):
        try:
            mark = book.parse(wish.mark_text)
            check_format(engine, mark.format, wish.errand)
            open_wishes[index] = (wish, mark)
        except (PlateError, Refused) as error:
            results[index] = error
    await _hold_open(engine, open_wishes, results)
    changed = {i: open_wishes[i] for i in open_wishes if _is(results[i], "tariff_changed")}
    if changed:
        await engine.look_again()
        await _hold_open(engine, changed, results)
    for index, (wish, mark) in changed.items():
        if _is(results[index], "tariff_changed"):
            results[index] = _price_refusal(engine, wish, mark)
    return [results[index] for index in range(len(wishes))]


async def _hold_open(
    engine: Engine,
    wishes: dict[int, tuple[Wish, Mark]],
    results: dict[int, Held],
) -> None:
    """Ask the store once for all of these, and note each result."""
    items: dict[int, Item] = {}
    now_ms, book = engine.clock.now_ms(), engine.book
    prices = book.prices([mark for _, mark in wishes.values()], now_ms)
    for (index, (wish, mark)), offered in zip(wishes.items(), prices, strict=True):
        if offered is None:
            results[index] = _priceless(book, mark, now_ms)
        else:
            items[index] = _item(wish, mark, *offered)
    if not items:
        return
    answers = await engine.count("hold", engine.inventory.hold(list(items.values())))
    for (index, item), answer in zip(items.items(), answers, strict=True):
        results[index] = answer if answer.done else refusal(engine, answer, item[1])


def _priceless(book: RuleBook, mark: Mark, now_ms: int) -> PlateError:
    """Why a mark has no price now."""
    try:
        book.quote(mark, at_ms=now_ms)
    except PlateError as error:
        return error
    raise RuntimeError("a mark has a price alone and none among others")


def _item(wish: Wish, mark: Mark, tariff: str, amount_tiyn: int) -> Item:
    """The wish with the engine's price; with no tariff at all when the client saw another one."""
    if _agrees(wish, tariff, amount_tiyn):
        return wish.act(), mark, tariff, amount_tiyn
    return wish.act(), mark, NO_TARIFF, wish.expected_amount_tiyn or amount_tiyn


def _agrees(wish: Wish, tariff: str, amount_tiyn: int) -> bool:
    return wish.expected_amount_tiyn in (None, amount_tiyn) and wish.expected_tariff in (None, tariff)


def _price_refusal(engine: Engine, wish: Wish, mark: Mark) -> Refused:
    """Still another tariff after looking again: the price as it is, for the person to decide anew."""
    now = price(engine, mark)
    agrees = _agrees(wish, now["tariff"], now["amount_tiyn"])
    slug = "tariff_changed" if agrees else "price_changed"
    return Refused(slug, mark=mark.text, price=now, nearest=nearest(engine, mark))


def _is(result: object, slug: str) -> bool:
    return isinstance(result, Refused) and result.slug == slug
