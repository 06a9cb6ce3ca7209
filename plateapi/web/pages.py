"""The pages as HTML: what the services say, in words and drawings.

Deliberately not here: HTTP (``routes.py``), and any decision about a mark. A page shows what a service
answered, or says in the reader's language why there is no answer.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Final

import orjson
from babel.dates import format_date
from babel.numbers import format_decimal
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from plate_core import Mark, PlateError
from plate_core.errors import CursorInvalid, MarkUnparseable, PatternInvalid, PriceUnknown
from plateapi.engine import Engine
from plateapi.languages import Language
from plateapi.refusals import Refused
from plateapi.services.describe_rule_book import Described, describe_rule_book
from plateapi.services.explain_mark import explain_mark
from plateapi.services.search_marks import Search, search_marks
from plateapi.web.address import MARKS_A_PAGE, ORDERS, SearchAddress, cursor_bytes, mark_href, typed_pattern
from plateapi.web.cards import drawing_of, found_card, money, nearest_cards
from plateapi.web.notices import notices
from plateapi.web.texts import fault_sentence, language_names, texts

TEMPLATES: Final = Path(__file__).resolve().parent / "templates"


@cache
def templates() -> Environment:
    """The templates; everything is escaped, and a name that is missing is an error and not a blank."""
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        auto_reload=False,
    )


# --- the search -------------------------------------------------------------------------------------------


async def search_page(engine: Engine, address: SearchAddress) -> tuple[int, str]:
    """Status and HTML of the search: the form, and what was found when something was asked."""
    book = describe_rule_book(engine)
    shown = _nothing()
    status = 200
    if address.asked:
        try:
            shown |= _found(engine, address, book)
        except (PatternInvalid, CursorInvalid) as error:
            status = 422
            shown["faults"] = _faults(error, address.language)
        except Refused as error:
            status = 503 if error.slug == "replica_unavailable" else 422
            shown["faults"] = [_refusal_sentence(error, address.language)]
        except PriceUnknown:
            status = 503
            shown["faults"] = [texts(address.language)["no_price"]]
    shown["notices"] = await notices(engine, address)
    return status, _render("search.html", address, **_form(address, book), **shown)


def _nothing() -> dict[str, Any]:
    """What a search shows before anything was asked."""
    return {
        "faults": [],
        "problem_heading": None,
        "found": None,
        "marks": [],
        "next_href": "",
        "nearest": [],
        "missed": None,
    }


def _form(address: SearchAddress, book: Described) -> dict[str, Any]:
    text = texts(address.language)
    return {
        "query": address,
        "regions": [{"code": region["code"], "name": region[address.language]} for region in book.regions],
        "formats": [(known["id"], known["names"][address.language]) for known in book.formats],
        "orders": [(order, text[f"order_{order}"]) for order in ORDERS],
    }


def _found(engine: Engine, address: SearchAddress, book: Described) -> dict[str, Any]:
    search = Search(
        pattern=address.pattern or None,
        formats=(address.format,),
        regions=(address.region,) if address.region else (),
        order=address.order,
        after=address.after,
        limit=MARKS_A_PAGE,
    )
    page = orjson.loads(search_marks(engine, search))
    text = texts(address.language)
    count = format_decimal(page["count"], locale=address.language)
    names = {tag["id"]: tag["names"][address.language] for tag in book.tags}
    return {
        "found": text["found"].format(count=count) if page["count"] else text["found_none"],
        "marks": [found_card(found, names, address.language) for found in page["marks"]],
        "next_href": _next_href(address, page["next"]),
        **({} if page["count"] else _instead(engine, address)),
    }


def _instead(engine: Engine, address: SearchAddress) -> dict[str, Any]:
    """Who wanted one mark and finds it gone is shown what is like it, and where the reason stands."""
    try:
        mark = engine.book.parse(address.pattern)
    except MarkUnparseable:
        return {}
    return {
        "missed": {
            "href": mark_href(mark.text, address.language),
            "sentence": texts(address.language)["see_mark"].format(mark=mark.display),
        },
        "nearest": nearest_cards(engine, mark, address.language),
    }


def _next_href(address: SearchAddress, cursor: str | None) -> str:
    return "" if cursor is None else replace(address, after=cursor_bytes(cursor)).href()


def _faults(error: PlateError, language: Language) -> Sequence[str]:
    place = texts(language)["problem_place"]
    sentences = [
        place.format(column=fault["column"], sentence=fault_sentence(language, fault["code"]))
        for fault in error.faults
    ]
    return sentences or [fault_sentence(language, error.slug)]


def _refusal_sentence(error: Refused, language: Language) -> str:
    if error.slug == "replica_unavailable":
        sentence: str = texts(language)["unavailable"]
        return sentence
    return fault_sentence(language, error.slug)


# --- one mark ---------------------------------------------------------------------------------------------


async def mark_page(engine: Engine, mark_text: str, language: Language) -> tuple[int, str]:
    """Status and HTML of one mark: its drawing, its state, its price and why."""
    try:
        explained = await explain_mark(engine, mark_text)
    except MarkUnparseable as error:
        return 422, _unreadable(engine, mark_text, error, language)
    except PriceUnknown:
        return 503, _unpriced(engine, engine.book.parse(mark_text), language)
    mark, free = explained.mark, explained.state == "free"
    return 200, _render(
        "mark.html",
        SearchAddress(language),
        **_named(engine, mark, language),
        state=explained.state,
        state_text=texts(language)[f"state_{explained.state}"],
        notices=await notices(engine, SearchAddress(language, region=mark.region, format=mark.format)),
        nearest=[] if free else nearest_cards(engine, mark, language),
        **_priced(explained.certificate, describe_rule_book(engine), language),
    )


def _named(engine: Engine, mark: Mark, language: Language) -> dict[str, Any]:
    """What a mark's page shows whatever is known of its price."""
    return {
        "here": lambda code: mark_href(mark.text, code),
        "mark": mark,
        "drawing": drawing_of(mark),
        "region": f"{mark.region} · {engine.regions[mark.region][language]}",
    }


def _unreadable(engine: Engine, mark_text: str, error: PlateError, language: Language) -> str:
    """The search again, with what was typed, where it stops being a mark, and why."""
    text = texts(language)
    address = SearchAddress(language, pattern=typed_pattern(mark_text))
    reason, position = str(error.context.get("reason")), error.context.get("position")
    sentences = [text["unreadable"]]
    if reason in text["fault"]:
        said = fault_sentence(language, reason)
        place = text["problem_place"].format(column=position, sentence=said)
        sentences.insert(0, place if position else said)
    shown = _nothing() | {
        "faults": sentences,
        "problem_heading": text["unreadable_heading"].format(typed=address.pattern),
    }
    return _render("search.html", address, **_form(address, describe_rule_book(engine)), **shown)


def _priced(certificate: dict[str, Any], book: Described, language: Language) -> dict[str, Any]:
    price = certificate["price"]
    reason = certificate["withheld_reason"]
    text = texts(language)
    tier_names = {tier["id"]: tier["names"][language] for tier in book.tiers}
    tag_names = {tag["id"]: tag["names"][language] for tag in book.tags}
    return {
        "amount": money(price["amount_tiyn"], language) if price else "",
        "price_sum": _price_sum(price, language) if price else "",
        "withheld": text["not_offered"].format(reason=reason[language]) if reason else "",
        "rules": [_rule(rule, tier_names, language) for rule in certificate["rules"] if rule["matched"]],
        "tier": certificate["tier_names"][language] if price else "",
        "tags": ", ".join(tag_names[tag] for tag in certificate["tags"]),
        "tariff": certificate["tariff"]["revision"],
        "mci_in_force_from": format_date(
            date.fromisoformat(certificate["mci"]["in_force_from"]), "long", locale=language
        ),
    }


def _price_sum(price: dict[str, Any], language: Language) -> str:
    mci = format_decimal(Decimal(price["mci"]), locale=language)
    value = format_decimal(price["mci_value_tenge"], locale=language)
    sentence: str = texts(language)["price_sum"].format(mci=mci, value=value)
    return sentence


def _rule(rule: dict[str, Any], tier_names: dict[str, str], language: Language) -> dict[str, Any]:
    """A rule that matched, named by the tier that it offers; the certificate's own words for its clause."""
    clause = rule["clause"]
    return {
        "name": tier_names.get(rule["offer"], rule["id"]),
        "won": rule["won"],
        "clause": clause[language] if clause else "",
    }


def _unpriced(engine: Engine, mark: Mark, language: Language) -> str:
    return _render(
        "mark.html",
        SearchAddress(language),
        **_named(engine, mark, language),
        state="free",
        state_text="",
        nearest=[],
        amount="",
        withheld="",
    )


def _render(name: str, address: SearchAddress, **values: Any) -> str:  # noqa: ANN401  # what a template shows
    shown = {
        "language": address.language,
        "languages": language_names(),
        "text": texts(address.language),
        "here": lambda code: address.in_language(code).href(),
        "notices": [],
    }
    return templates().get_template(name).render(**(shown | values))
