"""The table of bad inputs to the API: a cause, who sends it, what he sends, and the problem that names it.

Tokens have a table of their own (test_tokens.py), notifications theirs (test_references.py).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.personas import new_bin, new_iin

JSON = {"content-type": "application/json"}
TOML = {"content-type": "application/toml"}
HOLDS = "/v1/holds"
DESK = "/v1/desk/holds"
BATCH = "/v1/hold-batches"
MARKS = "/v1/marks"
DRAFTS = "/v1/tariff-drafts"
CHECK = "/v1/tariff-validations"
ETAG = f'"{"ab" * 16}-1"'


@dataclass(frozen=True)
class Bad:
    """One cause."""

    cause: str
    who: str
    method: str
    path: str
    status: int
    slug: str
    options: dict[str, Any] = field(default_factory=dict)
    field_named: str | None = None  # the field that `errors` must name
    fault: str | None = None  # the code that `faults` must have


def bodies() -> Iterator[Bad]:
    """Bodies of a hold that are no such bodies."""
    unreadable = {
        "no body at all": b"",
        "not JSON": b"mark=777AAA02",
        "JSON cut off": b'{"mark": "777AAA02"',
        "two values": b'{"mark": "777AAA02"} {}',
        "not UTF-8": b'{"mark": "\xff\xfe"}',
        "half a surrogate pair": b'{"mark": "\\ud800"}',
        "single quotes": b"{'mark': '777AAA02'}",
        "ten thousand brackets": b"[" * 10_000,
        "UTF-16": '{"mark": "777AAA02"}'.encode("utf-16"),
    }
    for cause, content in unreadable.items():
        yield Bad(
            cause, "driver", "POST", HOLDS, 400, "body_unreadable", {"content": content, "headers": JSON}
        )
    invalid: dict[str, tuple[Any, str]] = {
        "a list": ([], ""),
        "a text": ("777AAA02", ""),
        "a number": (777, ""),
        "no mark": ({}, "mark"),
        "mark null": ({"mark": None}, "mark"),
        "mark a number": ({"mark": 777}, "mark"),
        "mark a list": ({"mark": ["777AAA02"]}, "mark"),
        "mark empty": ({"mark": ""}, "mark"),
        "mark too long": ({"mark": "7" * 65}, "mark"),
        "a field too many": ({"mark": "777AAA02", "paid": True}, "paid"),
        "expected a number": ({"mark": "777AAA02", "expected": 5}, "expected"),
        "expected null": ({"mark": "777AAA02", "expected": None}, "expected"),
        "a price below nothing": (
            {"mark": "777AAA02", "expected": {"amount_tiyn": -1}},
            "expected.amount_tiyn",
        ),
        "a price in text": ({"mark": "777AAA02", "expected": {"amount_tiyn": "5"}}, "expected.amount_tiyn"),
        "a price in fractions": (
            {"mark": "777AAA02", "expected": {"amount_tiyn": 5.5}},
            "expected.amount_tiyn",
        ),
        "a price that is true": (
            {"mark": "777AAA02", "expected": {"amount_tiyn": True}},
            "expected.amount_tiyn",
        ),
        "a price of no money": (
            {"mark": "777AAA02", "expected": {"amount_tiyn": 10**30}},
            "expected.amount_tiyn",
        ),
        "a tariff too short": ({"mark": "777AAA02", "expected": {"tariff": "ab"}}, "expected.tariff"),
        "a tariff in capitals": ({"mark": "777AAA02", "expected": {"tariff": "AB" * 32}}, "expected.tariff"),
        "an expectation unknown": ({"mark": "777AAA02", "expected": {"tier": "x"}}, "expected.tier"),
    }
    for cause, (body, named) in invalid.items():
        yield Bad(cause, "driver", "POST", HOLDS, 422, "request_invalid", {"json": body}, named)
    for cause, content, named in (("null", b"null", ""), ("a number that is none", b'{"mark": NaN}', "mark")):
        options = {"content": content, "headers": JSON}
        yield Bad(cause, "driver", "POST", HOLDS, 422, "request_invalid", options, named)
    for cause, kind in {
        "no content type": "",
        "a form": "application/x-www-form-urlencoded",
        "plain text": "text/plain",
        "a relative of JSON": "application/json-patch+json",
    }.items():
        options = {"content": b'{"mark": "777AAA02"}', "headers": {"content-type": kind}}
        yield Bad(cause, "driver", "POST", HOLDS, 415, "content_type_unsupported", options)


def marks() -> Iterator[Bad]:
    """Texts that are no mark on sale, at a hold and in a path."""
    texts = {
        "digits 000": "000AAA02",
        "a region that is none": "777AAA99",
        "region 00": "777AAA00",
        "a region after the last": "777AAA21",
        "one digit": "7AAA02",
        "four digits": "7777AAA02",
        "four letters": "777AAAA02",
        "no letters": "77702",
        "no region": "777AAA",
        "a Kazakh letter that is no Y": "777ҰҰҰ02",
        "a letter of no alphabet here": "777ÄÖÜ02",
        "an emoji": "777🚗02",
        "a foreigner's mark": "F1234",
        "a diplomat's mark": "D123456",
        "a mark of 1993": "A123BCD",
        "a zero byte": "777\0AAA02",
        "a formula": "=1+1",
        "markup": "<script>",
        "a path": "../../etc",
    }
    for cause, text in texts.items():
        yield Bad(cause, "driver", "POST", HOLDS, 422, "mark_unparseable", {"json": {"mark": text}})
    yield Bad("a mark in a path", "nobody", "GET", f"{MARKS}/XYZ", 422, "mark_unparseable")
    yield Bad(
        "a long mark in a path", "nobody", "GET", f"{MARKS}/{'7' * 65}", 422, "request_invalid", {}, "mark"
    )
    yield Bad(
        "a mark for others",
        "driver",
        "POST",
        HOLDS,
        422,
        "format_not_for_applicant",
        {"json": {"mark": "777AA02"}},
    )


def searches() -> Iterator[Bad]:
    """Queries that cannot be meant."""
    invalid: dict[str, tuple[dict[str, Any], str]] = {
        "an empty pattern": ({"pattern": ""}, "pattern"),
        "a long pattern": ({"pattern": "?" * 129}, "pattern"),
        "a limit of none": ({"limit": 0}, "limit"),
        "a limit of a thousand": ({"limit": 1_000}, "limit"),
        "a limit in words": ({"limit": "ten"}, "limit"),
        "an order unknown": ({"order": "cheapest"}, "order"),
        "a seed below nothing": ({"seed": -1}, "seed"),
        "a seed too great": ({"seed": 2**64}, "seed"),
        "a price below nothing": ({"amount_tiyn_min": -5}, "amount_tiyn_min"),
        "a price in words": ({"amount_tiyn_max": "cheap"}, "amount_tiyn_max"),
        "maybe free": ({"free_only": "maybe"}, "free_only"),
        "a parameter unknown": ({"colour": "red"}, "colour"),
        "a pattern twice": ({"pattern": ["7?7", "8?8"]}, "pattern"),
        "a cursor too long": ({"after": "x" * 513}, "after"),
        "a region of no letters": ({"region": ""}, "region.0"),
        "too many regions": ({"region": ["02"] * 33}, "region"),
    }
    for cause, (query, named) in invalid.items():
        yield Bad(
            f"search: {cause}", "nobody", "GET", MARKS, 422, "request_invalid", {"params": query}, named
        )
    for cause, query, slug in (
        ("a region unknown", {"region": "21"}, "region_unknown"),
        ("a region by name", {"region": "Almaty"}, "region_unknown"),
        ("a format unknown", {"format": "spaceship"}, "format_unknown"),
        ("a format not on sale", {"format": "motorcycle"}, "format_unknown"),
        ("a tier unknown", {"tier": "gold"}, "tier_unknown"),
        ("a tag unknown", {"tag": "pretty"}, "tag_unknown"),
        ("a cursor of nothing", {"after": "AAAA"}, "cursor_invalid"),
        ("a cursor that is no base64", {"after": "!"}, "cursor_invalid"),
        ("a bracket open", {"pattern": "[1-"}, "pattern_invalid"),
        ("a letter that is none", {"pattern": "7Ä7"}, "pattern_invalid"),
        ("a range backwards", {"pattern": "digits(9-1)"}, "pattern_invalid"),
        ("nothing but operators", {"pattern": "& |"}, "pattern_invalid"),
    ):
        yield Bad(f"search: {cause}", "nobody", "GET", MARKS, 422, slug, {"params": query})
    for cause, query, status, slug in (
        ("a day that is none", {"on": "2026-02-30"}, 422, "request_invalid"),
        ("a day in words", {"on": "tomorrow"}, 422, "request_invalid"),
        ("a day before the law", {"on": "2020-01-01"}, 409, "no_tariff_in_force"),
        ("a way of acquiring unknown", {"acquired": "found"}, 422, "request_invalid"),
    ):
        yield Bad(f"explain: {cause}", "nobody", "GET", f"{MARKS}/777AAA02", status, slug, {"params": query})
    path, query = f"{MARKS}/777AAA02/nearest", {"params": {"limit": 0}}
    yield Bad("no neighbours", "nobody", "GET", path, 422, "request_invalid", query, "limit")


def applicants() -> Iterator[Bad]:
    """People who cannot be, at a desk and in a batch."""
    iin, number = new_iin(), new_bin()
    wrong, wrong_bin = (one[:-1] + str((int(one[-1]) + 1) % 10) for one in (iin, number))
    for cause, applicant, named in (
        ("a wrong check digit", {"iin": wrong}, "iin"),
        ("eleven digits", {"iin": iin[:-1]}, "iin"),
        ("thirteen digits", {"iin": iin + "0"}, "iin"),
        ("letters", {"iin": "A" * 12}, "iin"),
        ("other digits", {"iin": "٩٠٠١٠١٣٠٠٠١٧"}, "iin"),
        ("an empty IIN", {"iin": ""}, "iin"),
        ("a person's number as a BIN", {"bin": iin, "representative_iin": iin}, "bin"),
        ("a wrong check digit of a BIN", {"bin": wrong_bin, "representative_iin": iin}, "bin"),
        ("a representative who is none", {"bin": number, "representative_iin": wrong}, "iin"),
    ):
        body = {"applicant": applicant, "mark": "777AAA02"}
        yield Bad(
            f"desk: {cause}", "operator", "POST", DESK, 422, "applicant_id_invalid", {"json": body}, named
        )
    for cause, body, named in (
        ("nobody", {"mark": "777AAA02"}, "applicant"),
        ("an empty applicant", {"applicant": {}, "mark": "777AAA02"}, "applicant"),
        ("two applicants", {"applicant": {"iin": iin, "bin": number}, "mark": "777AAA02"}, "applicant"),
        ("a BIN without its person", {"applicant": {"bin": number}, "mark": "777AAA02"}, "applicant"),
        ("an IIN as a number", {"applicant": {"iin": int(iin)}, "mark": "777AAA02"}, "applicant.iin"),
        ("an applicant in text", {"applicant": iin, "mark": "777AAA02"}, "applicant"),
        ("a name besides", {"applicant": {"iin": iin, "name": "x"}, "mark": "777AAA02"}, "applicant.name"),
    ):
        yield Bad(f"desk: {cause}", "operator", "POST", DESK, 422, "request_invalid", {"json": body}, named)
    for cause, batch, named in (
        ("no items", {}, "items"),
        ("an empty batch", {"items": []}, "items"),
        ("items in text", {"items": "all"}, "items"),
        ("an item that is none", {"items": [5]}, "items.0"),
        ("an item without a mark", {"items": [{"applicant": {"iin": iin}}]}, "items.0.mark"),
    ):
        yield Bad(f"batch: {cause}", "service", "POST", BATCH, 422, "request_invalid", {"json": batch}, named)
    for cause, body, slug in (
        ("no region", {}, "request_invalid"),
        ("a region of one digit", {"region": "2"}, "request_invalid"),
        ("a region unknown", {"region": "77"}, "region_unknown"),
        ("a format unknown", {"region": "02", "format": "spaceship"}, "format_unknown"),
    ):
        yield Bad(f"assign: {cause}", "driver", "POST", "/v1/assignments", 422, slug, {"json": body})


def acts() -> Iterator[Bad]:
    """Acts on what is not there, and paths that lead nowhere."""
    hold, allotment = f"{HOLDS}/777AAA02", "/v1/allotments/777AAA02/cancellation"
    for cause, method, path in (
        ("extend nothing", "POST", f"{hold}/extension"),
        ("release nothing", "DELETE", hold),
        ("pay for nothing", "POST", f"{hold}/payment"),
    ):
        yield Bad(cause, "driver", method, path, 404, "not_held", {"version": ETAG})
    yield Bad("give nothing back", "driver", "POST", allotment, 404, "not_allotted", {"version": ETAG})
    path, version = f"{HOLDS}/XYZ/extension", {"version": ETAG}
    yield Bad("extend what is no mark", "driver", "POST", path, 422, "mark_unparseable", version)
    for cause, method, path, status, slug in (
        ("a path to nowhere", "GET", "/v1/plates", 404, "route_unknown"),
        ("a slash too many", "GET", "/v1/marks/", 404, "route_unknown"),
        ("an old version", "GET", "/v0/marks", 404, "route_unknown"),
        ("a method unknown here", "DELETE", "/v1/marks", 405, "method_not_allowed"),
        ("a method unknown there", "PATCH", "/v1/rule-book", 405, "method_not_allowed"),
        ("a method unknown anywhere", "BREW", "/v1/rule-book", 405, "method_not_allowed"),
        ("a draft's id that is none", "GET", f"{DRAFTS}/mine", 422, "request_invalid"),
        ("a draft that is not there", "GET", f"{DRAFTS}/{'0' * 16}", 404, "draft_unknown"),
        ("a preview of nothing", "GET", f"{DRAFTS}/{'0' * 16}/preview", 404, "draft_unknown"),
        ("a tariff's revision that is none", "GET", "/v1/tariffs/2026", 422, "request_invalid"),
        ("a tariff that was never", "GET", f"/v1/tariffs/{'0' * 64}", 404, "tariff_unknown"),
    ):
        yield Bad(cause, "admin", method, path, status, slug)
    yield Bad(
        "a history of what is no mark", "auditor", "GET", "/v1/audit/marks/XYZ", 422, "mark_unparseable"
    )
