"""Problems: one table, three languages, every outcome of the core in it, nothing of the caller's in them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import plate_core
from plate_core import errors as core
from plateapi.edge.errors import SLUG_BY_CLASS, problem_of
from plateapi.languages import LANGUAGES, negotiate
from plateapi.problems import PROBLEMS, TEXTS, masked, problem_body, retry_after_seconds
from plateapi.reference import PAGES, STATUSES
from plateapi.refusals import Refused

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_problem_is_said_in_every_language(language: str) -> None:
    """Title, reason and what to do next, each a sentence of its own."""
    texts = TEXTS[language]
    assert set(texts) == set(PROBLEMS)
    for slug, text in texts.items():
        assert text.title, slug
        assert not text.title.endswith("."), slug
        assert text.detail.endswith((".", "?")), slug
        assert text.action.endswith("."), slug
    titles = [text.title for text in texts.values()]
    assert len(set(titles)) == len(titles)


def test_the_three_languages_are_three() -> None:
    """No sentence was left in another language: kk and ru are Cyrillic, en is not, and all differ."""
    for slug in PROBLEMS:
        titles = {language: TEXTS[language][slug].title for language in LANGUAGES}
        assert len(set(titles.values())) == 3, slug
        assert titles["en"].isascii(), slug
        assert not titles["ru"].isascii(), slug
        assert set(titles["ru"].lower()).isdisjoint("әғқңөұүһі"), slug


def test_every_refusal_of_the_core_is_a_problem() -> None:
    """Whatever the store refuses has its row; what it does, and what is unknown, has another way."""
    refusals = {one["slug"] for one in plate_core.outcomes() if not one["done"]}
    assert refusals - {"unknown"} <= set(PROBLEMS)
    assert "outcome_unknown" in PROBLEMS


def test_every_exception_of_the_core_is_a_problem() -> None:
    """Each class of plate_core.errors leads to a row of the table."""
    for name in dir(core):
        kind = getattr(core, name)
        if isinstance(kind, type) and issubclass(kind, core.PlateError) and kind is not core.PlateError:
            slug, _ = problem_of(kind("a sentence"))
            assert slug in PROBLEMS
            assert slug != "internal_error", name
    assert all(slug in PROBLEMS for _, slug in SLUG_BY_CLASS)


def test_what_nobody_expected_says_nothing() -> None:
    """An unexpected exception is an internal error without a word of its own."""
    assert problem_of(ValueError("IIN 900101300017")) == ("internal_error", {})


def test_a_problem_has_the_members_of_the_standard() -> None:
    """RFC 9457's members, what to do next, and the facts beside them."""
    body = problem_body("held_by_another", "ru", {"retry_at_ms": 5, "type": "mine"}, instance="urn:x:1")
    assert body["type"] == "urn:plates:problem:held_by_another"
    assert body["status"] == 409
    assert body["retry_at_ms"] == 5
    assert body["instance"] == "urn:x:1"
    assert set(body) == {"type", "title", "status", "detail", "action", "instance", "retry_at_ms"}


@pytest.mark.parametrize(
    ("slug", "facts", "now_ms", "seconds"),
    [
        ("held_by_another", {"retry_at_ms": 61_500}, 0, 62),
        ("held_by_another", {"retry_at_ms": 10}, 1_000, 1),
        ("held_by_another", {}, 0, None),
        ("store_unavailable", {}, 0, 2),
        ("outcome_unknown", {}, 0, 1),
        ("request_invalid", {}, 0, None),
    ],
)
def test_when_to_come_back(slug: str, facts: dict[str, int], now_ms: int, seconds: int | None) -> None:
    """The fact if there is one, in whole seconds and at least one; else what the table says."""
    assert retry_after_seconds(slug, facts, now_ms) == seconds


@given(st.from_regex(r"[0-9]{12}", fullmatch=True))
def test_twelve_digits_never_come_back(iin: str) -> None:
    """At any depth of a problem's facts, an IIN that was typed is masked; times and ids are not."""
    facts = {
        "faults": [{"message": f"unexpected {iin}", "expected": [iin]}],
        iin: "x",
        "retry_at_ms": 1_767_600_000_000,
    }
    shown = masked(facts)
    assert iin not in repr(shown)
    assert "1767600000000" in repr(shown)
    assert masked(f"a{iin}b0") == f"a{iin}b0"


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "kk"),
        ("", "kk"),
        ("kk", "kk"),
        ("ru-KZ,ru;q=0.9,en;q=0.8", "ru"),
        ("en-GB", "en"),
        ("de, en;q=0.3", "en"),
        ("de", "kk"),
        ("en;q=0.5, ru;q=0.7", "ru"),
        ("ru;q=0, en;q=0.1", "en"),
        ("*", "kk"),
        ("en;q=0.2, *;q=0.9", "kk"),
        ("ru;q=x", "kk"),
        ("ru;q=7", "kk"),
        ("RU", "ru"),
        ("ru" * 500, "kk"),
    ],
)
def test_the_language_is_negotiated(header: str | None, language: str) -> None:
    """The best of three; Kazakh where none of them is named."""
    assert negotiate(header) == language


def test_every_status_says_who_does_what() -> None:
    """Each status of the table has its line for user, operator and support."""
    assert {kind.status for kind in PROBLEMS.values()} <= set(STATUSES)


@pytest.mark.parametrize("name", PAGES)
def test_the_reference_is_what_the_code_says(name: str) -> None:
    """The committed page equals what would be written; otherwise run ``make reference``."""
    assert (ROOT / "docs" / "reference" / name).read_bytes() == PAGES[name]()


def test_a_page_that_drifted_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same comparison fails when a problem is added without its page."""
    before = PAGES["problems.md"]()
    monkeypatch.setitem(PROBLEMS, "route_unknown", PROBLEMS["request_invalid"])
    assert PAGES["problems.md"]() != before


def test_a_refusal_carries_facts() -> None:
    """A service's refusal is a slug with facts, and becomes exactly that problem."""
    assert problem_of(Refused("draft_stale", current_version=4)) == ("draft_stale", {"current_version": 4})
