"""Marks, patterns and prices through the facade: tables, errors with their facts, properties."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plate_core import (
    InputInvalid,
    Mark,
    MarkUnparseable,
    MciUnknown,
    NoTariffInForce,
    NotOffered,
    PatternInvalid,
    PlateError,
    RuleBook,
    RuleBookInvalid,
    load_rule_book,
    read_law,
)
from tests.conftest import PATTERNS
from tests.facade.citizens import DAY, NOON_MS

BOOK = load_rule_book(PATTERNS)
POOLS = BOOK.pools()
# Rows and the digits that exist in them: 26 letters each, digits 001 to 999.
ROWS = {"person_car": 26**3, "entity_car": 26**2}


@st.composite
def places(draw: st.DrawFn) -> tuple[str, int]:
    """A pool and an ordinal of a mark in it, often at the pool's edge."""
    pool = draw(st.sampled_from(POOLS))
    rows = ROWS[pool.split(".")[0]]
    row = draw(st.one_of(st.sampled_from([0, rows - 1]), st.integers(0, rows - 1)))
    digits = draw(st.one_of(st.sampled_from([1, 999]), st.integers(1, 999)))
    return pool, 1024 * row + digits


def mark_or_refusal(ask: Callable[[], Mark]) -> Mark | InputInvalid:
    """What a question gives: a mark, or why there is none."""
    try:
        return ask()
    except InputInvalid as refused:
        return refused


@given(places())
def test_a_mark_and_its_place_name_each_other(place: tuple[str, int]) -> None:
    """Pool and ordinal give the mark, the mark its pool and ordinal, and its text the mark again."""
    mark = BOOK.mark_at(*place)
    assert (mark.pool, mark.ordinal) == place
    assert BOOK.parse(mark.text) == mark
    assert BOOK.parse(mark.display) == mark
    assert BOOK.parse(f"kz-{mark.text.lower()}") == mark
    assert mark.text == f"{mark.digits}{mark.series}{mark.region}"
    assert mark.pool == f"{mark.format}.{mark.region}"


@given(places(), places())
def test_marks_are_ordered_by_pool_and_ordinal(one: tuple[str, int], other: tuple[str, int]) -> None:
    """Comparison, equality and hash agree with the place."""
    left, right = BOOK.mark_at(*one), BOOK.mark_at(*other)
    key = (POOLS.index(one[0]), one[1])
    other_key = (POOLS.index(other[0]), other[1])
    assert (left < right, left <= right, left > right) == (key < other_key, key <= other_key, key > other_key)
    assert (left == right) == (one == other)
    if one == other:
        assert hash(left) == hash(right)


@given(st.text(max_size=40))
def test_any_text_is_a_mark_or_a_refusal(text: str) -> None:
    """Nothing that is typed does more than be refused, with a reason and without an echo of a long text."""
    found = mark_or_refusal(lambda: BOOK.parse(text))
    if isinstance(found, Mark):
        assert BOOK.parse(found.text) == found
    else:
        position = found.context["position"]
        assert found.context["reason"]
        assert position is None or 1 <= position <= len(text) + 1


@given(st.sampled_from(POOLS), st.integers(0, 2**32 - 1))
def test_any_ordinal_is_a_mark_or_a_refusal(pool: str, ordinal: int) -> None:
    """Exactly the ordinals of issued digits in existing rows are marks."""
    row, digits = divmod(ordinal, 1024)
    exists = row < ROWS[pool.split(".", maxsplit=1)[0]] and 1 <= digits <= 999
    found = mark_or_refusal(lambda: BOOK.mark_at(pool, ordinal))
    if isinstance(found, Mark):
        assert exists
        assert found.ordinal == ordinal
    else:
        assert not exists
        assert found.slug in {"row_beyond_series", "digits_not_issued"}


@pytest.mark.parametrize(
    ("text", "reason", "position", "character"),
    [
        ("", "empty", None, None),
        ("  - ", "empty", None, None),
        ("777 AAA 0й", "foreign_character", 10, "й"),
        ("777 AAҮ 02", "lookalike_not_y", 7, "Ү"),
        ("777 AAA 99", "region_unknown", 9, None),
        ("000 AAA 02", "digits_not_issued", 1, None),
        ("7 AAA 02", "wrong_shape", 3, "A"),
        ("77 AA 02", "format_disabled", None, None),
        ("777 AAA 0", "wrong_shape", 10, None),
        ("777 AAA 022", "wrong_shape", 11, "2"),
        ("H 1234 02", "foreign_format", None, None),
        ("7" * 65, "too_long", None, None),
    ],
)
def test_what_is_no_mark_says_why(
    book: RuleBook, text: str, reason: str, position: int | None, character: str | None
) -> None:
    """Reason, position from 1, and the character that was refused."""
    with pytest.raises(MarkUnparseable) as refused:
        book.parse(text)
    context = refused.value.context
    assert refused.value.slug == "mark_unparseable"
    assert (context["reason"], context["position"], context["character"]) == (reason, position, character)


@pytest.mark.parametrize(
    ("text", "format_id", "name"),
    [
        ("H 1234 02", "foreign_owner", "Mark of a foreigner or a foreign organisation"),
        ("D 123 456", "diplomatic", "Diplomatic mark"),
        ("1234 KP", "police", "Police mark"),
        ("1234 AB", "military", "Military mark"),
        ("77 AA 02", "motorcycle", "Motorcycle"),
        ("77 AAA 02", "trailer", "Trailer"),
    ],
)
def test_marks_of_other_kinds_are_refused_by_name(
    book: RuleBook, text: str, format_id: str, name: str
) -> None:
    """What the law calls them, in three languages, and not only an identifier."""
    with pytest.raises(MarkUnparseable) as refused:
        book.parse(text)
    context = refused.value.context
    assert (context["format"], context["format_names"]["en"]) == (format_id, name)
    assert all(context["format_names"][language] for language in ("kk", "ru"))
    assert name in refused.value.detail


@pytest.mark.parametrize(
    "typed", ["777 ааа 02", "KZ777AAA02", "７７７ＡＡＡ０２", "777-aaa-02", " 777\u00a0AAА 02"]
)
def test_what_people_type_is_understood(book: RuleBook, typed: str) -> None:
    """Look-alikes, case, blanks, dashes, full width and a leading KZ are taken for what was meant."""
    mark = book.parse(typed)
    assert (mark.text, mark.display, repr(mark)) == ("777AAA02", "777 AAA 02", "<Mark 777 AAA 02>")


def test_marks_of_two_books_are_equal(book: RuleBook) -> None:
    """A mark is the same mark under another tariff, and serves as a key across."""
    other = RuleBook.compile(read_law(PATTERNS))
    assert book.parse("777AAA02") == other.parse("777AAA02")
    assert len({book.parse("777AAA02"), other.parse("777AAA02")}) == 1
    assert other.quote(book.parse("777AAA02"), at_ms=NOON_MS)["tier"] == "top_identical"


@pytest.mark.parametrize(
    ("text", "mci", "amount_tiyn"),
    [
        ("123ABC02", "10", 4_325_000),
        ("123AAA02", "57", 24_652_500),
        ("121ABC02", "15", 6_487_500),
        ("121AAA02", "72", 31_140_000),
        ("010ABC02", "57", 24_652_500),
        ("707AAA02", "114", 49_305_000),
        ("100ABC02", "137", 59_252_500),
        ("999AAA02", "194", 83_905_000),
        ("001ABC02", "228", 98_610_000),
        ("777AAA02", "285", 123_262_500),
        ("777AA02", "285", 123_262_500),
    ],
)
def test_the_eleven_prices(book: RuleBook, text: str, mci: str, amount_tiyn: int) -> None:
    """Quote and certificate say the price of docs/domain.md, to the tiyn."""
    mark = book.parse(text)
    quote = book.quote(mark, at_ms=NOON_MS)
    assert (quote["mci"], quote["amount_tiyn"], quote["mci_value_tenge"]) == (mci, amount_tiyn, 4_325)
    certificate = book.explain(mark, on=DAY)
    assert certificate["price"] == {
        "mci": mci,
        "mci_value_tenge": 4_325,
        "amount_tiyn": amount_tiyn,
        "currency": "KZT",
    }
    won = [rule for rule in certificate["rules"] if rule["won"]]
    assert len(won) == 1
    assert won[0]["matched"]
    assert won[0]["clause"]["en"]
    assert certificate["tariff"]["revision"] == quote["tariff"]
    assert certificate["tier"] == quote["tier"] == won[0]["offer"]


def test_many_prices_are_those_of_each_mark_alone(book: RuleBook) -> None:
    """Tariff and amount as quoted, in order; None where the quote is refused, whatever the reason."""
    marks = [book.parse(text) for text in ("777AAA02", "123ABC02", "777AA02", "123ABC05")]
    quotes = [book.quote(mark, at_ms=NOON_MS) for mark in marks]
    assert book.prices(marks, NOON_MS) == [(quote["tariff"], quote["amount_tiyn"]) for quote in quotes]
    for at_ms in (0, 2**62):
        assert book.prices(marks, at_ms) == [None] * 4
        with pytest.raises(PlateError):
            book.quote(marks[0], at_ms=at_ms)
    assert book.prices([], NOON_MS) == []


def test_an_ordinary_mark_is_assigned_at_another_price(book: RuleBook) -> None:
    """The same mark costs 2.8 MCI where it is not chosen."""
    quote = book.quote(book.parse("123ABC02"), acquired="assigned", at_ms=NOON_MS)
    assert (quote["mci"], quote["amount_tiyn"]) == ("2.8", 1_211_000)


@pytest.mark.parametrize(
    ("error", "slug", "ask"),
    [
        (NoTariffInForce, "no_tariff_in_force", lambda book, mark: book.explain(mark, on="2025-12-31")),
        (NoTariffInForce, "no_tariff_in_force", lambda book, mark: book.tiers("2000-01-01")),
        (MciUnknown, "mci_unknown", lambda book, mark: book.explain(mark, on="2031-01-01")),
        (NotOffered, "not_offered", lambda book, mark: book.quote(mark, acquired="assigned", at_ms=NOON_MS)),
        (InputInvalid, "date_invalid", lambda book, mark: book.explain(mark, on="05.01.2026")),
        (InputInvalid, "acquired_unknown", lambda book, mark: book.explain(mark, acquired="stolen")),
        (InputInvalid, "at_ms_invalid", lambda book, mark: book.quote(mark, at_ms=2**63 - 1)),
        (InputInvalid, "pool_unknown", lambda book, mark: book.mark_at("person_car.99", 1)),
        (InputInvalid, "pool_unknown", lambda book, mark: book.mark_at("motorcycle.02", 1)),
    ],
)
def test_what_has_no_price_says_why(book: RuleBook, error: type[Exception], slug: str, ask: Any) -> None:
    """Each refusal has its class and its slug."""
    with pytest.raises(error) as refused:
        ask(book, book.parse("777AAA02"))
    assert refused.value.slug == slug  # type: ignore[attr-defined]


def test_programming_errors_stay_pythons_own(book: RuleBook) -> None:
    """Values of other types and numbers that fit nothing are not dressed up."""
    with pytest.raises(TypeError):
        book.parse(777)  # type: ignore[arg-type]
    with pytest.raises(OverflowError):
        book.mark_at("person_car.02", -1)
    with pytest.raises(OverflowError):
        book.mark_at("person_car.02", 2**32)
    with pytest.raises(TypeError):
        Mark()
    with pytest.raises(AttributeError):
        book.parse("777AAA02").text = "1"  # type: ignore[misc]


def test_a_pattern_counts_contains_and_lists(book: RuleBook) -> None:
    """A pattern is a set of marks."""
    pattern = book.pattern("7?7 AAA 02")
    marks = pattern.marks(100)
    assert pattern.text == "7?7 AAA 02"
    assert pattern.count() == len(marks) == 10
    assert all(pattern.contains(mark) for mark in marks)
    assert not pattern.contains(book.parse("777AAA03"))
    assert pattern.marks(3) == marks[:3]


def test_a_bad_pattern_gives_all_its_faults(book: RuleBook) -> None:
    """Every fault has place, code, sentence and what was expected."""
    with pytest.raises(PatternInvalid) as refused:
        book.pattern("(7?? | {1-")
    assert len(refused.value.faults) >= 1
    for fault in refused.value.faults:
        assert set(fault) == {"file", "line", "column", "code", "message", "expected"}
        assert fault["line"] == 1
        assert 1 <= fault["column"] <= len("(7?? | {1-") + 1


def test_a_list_of_marks_is_classified(book: RuleBook) -> None:
    """Tier and tags of each, in order; what is not offered in this way has no tier."""
    marks = [book.parse("777AAA02"), book.parse("123ABC02")]
    assert book.classify(marks, on=DAY) == [
        ("top_identical", ["triple_digits", "identical_letters"]),
        ("ordinary", ["ladder_up", "letters_ladder"]) if False else book.classify([marks[1]], on=DAY)[0],
    ]
    assert book.classify(marks, acquired="assigned", on=DAY)[0][0] is None


def test_the_law_is_listed(book: RuleBook) -> None:
    """Regions, formats, pools, tags, tiers and tariffs, with names in three languages."""
    assert [region["code"] for region in book.regions()] == [f"{code:02}" for code in range(1, 21)]
    assert all(region["kk"] and region["ru"] and region["en"] for region in book.regions())
    enabled = [shape for shape in book.formats() if shape["enabled"]]
    assert [shape["id"] for shape in enabled] == ["person_car", "entity_car"]
    assert [shape["applicant"] for shape in enabled] == ["person", "entity"]
    assert len(book.pools()) == 40
    assert all(tag["marks"] > 0 and tag["names"]["kk"] for tag in book.tags())
    tiers = {tier["id"]: tier for tier in book.tiers(DAY)}
    assert tiers["top_identical"]["amount_tiyn"] == 123_262_500
    [tariff] = book.tariffs()
    assert tariff["id"] == "kz-2026"
    assert len(tariff["revision"]) == 64
    chosen = sum(row["marks"] for row in tariff["report"]["tiers"] if row["acquired"] == "chosen")
    assert chosen == 20 * 999 * (26**3 + 26**2)
    in_force = book.tariff_in_force(NOON_MS)
    assert in_force is not None
    assert in_force["revision"] == tariff["revision"]
    assert book.tariff_in_force(0) is None
    assert tariff["in_force_from_ms"] in book.price_changes_ms()


def test_a_draft_stands_beside_the_law(book: RuleBook) -> None:
    """A draft with faults is refused with all of them; what a good one moves is counted."""
    [(name, content)] = [file for file in read_law(PATTERNS) if file[0].startswith("tariffs/")]
    with pytest.raises(RuleBookInvalid) as refused:
        book.with_tariff("kz-2027.toml", content.replace(b'mci = "285"', b'mci = "much"', 1))
    assert refused.value.faults[0]["code"] == "mci_invalid"
    assert refused.value.faults[0]["file"] == "tariffs/kz-2027.toml"
    draft = content.replace(b'id = "kz-2026"', b'id = "kz-draft"', 1).replace(
        b"in_force_from = 2026-01-01", b"in_force_from = 2026-12-01", 1
    )
    candidate = book.with_tariff("kz-draft.toml", draft.replace(b'mci = "285"', b'mci = "300"', 1))
    assert candidate.revision != book.revision
    preview = book.preview(candidate, on=DAY)
    [move] = preview["moves"]
    assert (move["from"], move["to"], move["free_marks"]) == ("top_identical", "top_identical", None)
    assert move["marks"] == 20 * 10 * (26 + 26)
    assert move["difference_tiyn"] == 15 * 4_325 * 100
    assert move["amount_tiyn"] == move["marks"] * move["difference_tiyn"]
    assert preview["unmoved_marks"] + move["marks"] == 20 * 999 * (26**3 + 26**2)
    assert all(isinstance(mark, Mark) for mark in move["samples"])
    assert name == "tariffs/kz-2026.toml"


def test_a_law_without_files_is_refused() -> None:
    """Nothing is a rule book by accident."""
    with pytest.raises(RuleBookInvalid) as refused:
        RuleBook.compile([])
    assert {fault["code"] for fault in refused.value.faults} >= {"file_missing"}
    with pytest.raises(NotADirectoryError):
        load_rule_book(PATTERNS / "regions.toml")
