"""Cards: a mark as a link, with its drawing and its price, as lists of marks show it.

Look next at ``plate.py``, which draws, and ``pages.py``, which says what a list is of.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from babel.numbers import format_decimal
from markupsafe import Markup

from plate_core import Mark
from plateapi.engine import Engine
from plateapi.languages import Language
from plateapi.services.refuse import nearest
from plateapi.web.address import mark_href
from plateapi.web.plate import draw_plate

TIYN_A_TENGE: Final = 100
# Two rows of three on a wide screen.
NEAREST_MAX: Final = 6


def money(amount_tiyn: int, language: Language) -> str:
    r"""An amount in tenge as people of that language write it; tiyn only where there are any.

    The sign is set here: the locales know it in Kazakh and write "KZT" in Russian, which nobody does.

    >>> money(1_751_625, "en"), money(123_262_500, "ru")
    ('₸17,516.25', '1\xa0232\xa0625\xa0₸')
    """
    pattern = "#,##0" if amount_tiyn % TIYN_A_TENGE == 0 else "#,##0.00"
    tenge = format_decimal(Decimal(amount_tiyn) / TIYN_A_TENGE, pattern, locale=language)
    return f"₸{tenge}" if language == "en" else f"{tenge}\xa0₸"


def found_card(found: Mapping[str, Any], tag_names: dict[str, str], language: Language) -> dict[str, Any]:
    """A mark that a search found, as its page of JSON has it."""
    amount = found["amount_tiyn"]
    return {
        "href": mark_href(found["mark"], language),
        "drawing": drawing(found["digits"], found["series"], found["region"], title=found["display"]),
        "amount": "" if amount is None else money(amount, language),
        "tags": ", ".join(tag_names[tag] for tag in found["tags"]),
    }


def nearest_cards(engine: Engine, mark: Mark, language: Language) -> list[dict[str, Any]]:
    """The free marks most like one that is not to be had."""
    return [
        {
            "href": mark_href(near["mark"], language),
            "drawing": drawing_of(engine.book.parse(near["mark"])),
            "amount": money(near["amount_tiyn"], language),
            "tags": "",
        }
        for near in nearest(engine, mark, NEAREST_MAX)
    ]


def drawing_of(mark: Mark) -> Markup:
    """The plate of a mark."""
    return drawing(mark.digits, mark.series, mark.region, title=mark.display)


def drawing(digits: str, series: str, region: str, *, title: str) -> Markup:
    """A plate, safe to set into a page: every part of it is drawn or escaped by ``draw_plate``."""
    return Markup(draw_plate(digits, series, region, title=title))  # noqa: S704
