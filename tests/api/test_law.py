"""The law of a moment: files on disk, publications from their hour, corrections, and what pools are told."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from plate_core import RuleBook, load_rule_book
from plateapi.clock import StoreClock
from plateapi.law import Law, PublishedTariff, begin_of_day_ms, day_of
from plateapi.refusals import Refused
from plateapi.services.check_tariff import CheckedTariff, FaultyTariff, compile_tariff
from plateapi.services.submit_draft import hour_of_effect
from plateapi.settings import Settings
from tests.tariffs import tariff_text

ROOT = Path(__file__).resolve().parents[2]
DAY = "2026-12-01"
BEGINS_MS = begin_of_day_ms(DAY)
HOUR_MS = 3_600_000


@pytest.fixture(scope="module")
def base() -> RuleBook:
    return load_rule_book(ROOT / "patterns" / "kz")


def published(base: RuleBook, content: str, from_ms: int, approved_at_ms: int = 1) -> PublishedTariff:
    """A publication of this text, from this moment."""
    checked = compile_tariff(Law(base), "trial.toml", content)
    assert isinstance(checked, CheckedTariff), checked
    return PublishedTariff(
        revision=checked.revision,
        tariff_id=checked.tariff_id,
        in_force_from=checked.in_force_from,
        from_ms=from_ms,
        file_name="trial.toml",
        content=content,
        author="a",
        submitted_by="a",
        approved_by="b",
        approved_at_ms=approved_at_ms,
        draft="d",
    )


def price(law: Law, at_ms: int, mark: str = "123ABC02") -> str:
    """How many MCI an ordinary mark costs at a moment."""
    book = law.at(at_ms)
    return str(book.quote(book.parse(mark), at_ms=at_ms)["mci"])


def test_a_publication_is_in_force_from_its_hour(base: RuleBook) -> None:
    """Not from midnight of the day that its file names, but from the hour that was approved."""
    trial = published(base, tariff_text("kz-trial", DAY, ordinary="11"), BEGINS_MS + 9 * HOUR_MS)
    law = Law(base, [trial])
    assert price(law, trial.from_ms - 1) == "10"
    assert price(law, trial.from_ms) == "11"
    assert law.at(trial.from_ms).tariff_in_force(trial.from_ms)["revision"] == trial.revision


def test_two_workers_read_the_same_law(base: RuleBook) -> None:
    """In whatever order publications are read, the law is the same, and a book is compiled once."""
    first = published(base, tariff_text("kz-a", DAY, ordinary="11"), BEGINS_MS)
    second = published(base, tariff_text("kz-b", "2026-12-05", ordinary="12"), begin_of_day_ms("2026-12-05"))
    one, other = Law(base, [first, second]), Law(base, [second, first])
    assert one.timeline() == other.timeline()
    assert one.cuts_ms() == other.cuts_ms()
    later = begin_of_day_ms("2026-12-06")
    assert price(one, later) == price(other, later) == "12"
    assert one.at(later) is one.at(later + 1)
    assert Law(base, [first, second], before=one).at(later) is one.at(later)


def test_a_wrong_tariff_is_corrected_on_its_day(base: RuleBook) -> None:
    """A later publication for the same day takes the earlier one's place from its own hour."""
    wrong = published(base, tariff_text("kz-wrong", DAY, ordinary="1000"), BEGINS_MS)
    right = published(base, tariff_text("kz-right", DAY, ordinary="11"), BEGINS_MS + HOUR_MS, 2)
    law = Law(base, [wrong, right])
    assert price(law, BEGINS_MS) == "1000"
    assert price(law, BEGINS_MS + HOUR_MS) == "11"
    assert [entry.revision for entry in law.timeline()][-2:] == [wrong.revision, right.revision]


def test_pools_are_told_every_revision_and_every_cut(base: RuleBook) -> None:
    """The timeline has one revision a moment, rising; the cuts have every hour and the MCI's changes too."""
    trial = published(base, tariff_text("kz-trial", DAY), BEGINS_MS + HOUR_MS)
    law = Law(base, [trial])
    moments = [entry.from_ms for entry in law.timeline()]
    assert moments == sorted(set(moments))
    assert trial.from_ms in law.cuts_ms()
    assert set(base.price_changes_ms()) <= set(law.cuts_ms())
    assert law.cuts_ms() == sorted(set(law.cuts_ms()))


def test_what_is_past_is_told_no_more(base: RuleBook) -> None:
    """From its own moment on a revision is the first one told, and its cut is none any more."""
    trial = published(base, tariff_text("kz-trial", DAY), BEGINS_MS + HOUR_MS)
    law = Law(base, [trial])
    assert [entry.from_ms for entry in law.timeline_from(trial.from_ms)] == [trial.from_ms]
    assert law.timeline_from(trial.from_ms - 1) == law.timeline()[-2:]
    assert law.timeline_from(0) == law.timeline()
    assert trial.from_ms in law.cuts_from_ms(trial.from_ms - 1)
    assert trial.from_ms not in law.cuts_from_ms(trial.from_ms)


def test_a_day_is_priced_by_the_law_of_its_end(base: RuleBook) -> None:
    """Today is priced as it stands; another day by what will have come into force on it."""
    trial = published(base, tariff_text("kz-trial", DAY, ordinary="11"), BEGINS_MS + 9 * HOUR_MS)
    law = Law(base, [trial])
    morning = BEGINS_MS + HOUR_MS
    assert law.on(DAY, morning) is law.base
    assert law.on(DAY, morning - 48 * HOUR_MS) is law.at(trial.from_ms)
    assert law.on("2026-11-30", morning) is law.base


def test_a_publication_survives_its_document(base: RuleBook) -> None:
    """What is written is what is read."""
    trial = published(base, tariff_text("kz-trial", DAY), BEGINS_MS)
    assert PublishedTariff.load(trial.dump()) == trial
    assert trial.document == f"tariff/published/{trial.revision}"


def test_a_draft_is_checked_against_the_whole_law(base: RuleBook) -> None:
    """An id that a published tariff has is a fault, though it is not in force yet; its day is none."""
    standing = published(base, tariff_text("kz-trial", DAY), BEGINS_MS)
    law = Law(base, [standing])
    same_id = compile_tariff(law, "mine.toml", tariff_text("kz-trial", "2026-12-05", ordinary="12"))
    assert isinstance(same_id, FaultyTariff)
    assert [(fault["code"], fault["file"]) for fault in same_id.faults] == [("tariff_repeated", "mine.toml")]
    same_day = compile_tariff(law, "mine.toml", tariff_text("kz-other", DAY, ordinary="12"))
    assert isinstance(same_day, CheckedTariff)


def test_a_draft_never_takes_the_place_of_a_file(base: RuleBook) -> None:
    """A draft named like the file of the present tariff leaves that tariff, and its past, as they are."""
    checked = compile_tariff(Law(base), "kz-2026.toml", tariff_text("kz-trial", DAY, ordinary="11"))
    assert isinstance(checked, CheckedTariff)
    assert {tariff["id"] for tariff in checked.book.tariffs()} >= {"kz-2026", "kz-trial"}


def test_the_same_content_is_published_once(base: RuleBook) -> None:
    """What the law holds already cannot be uploaded as something new."""
    standing = published(base, tariff_text("kz-trial", DAY), BEGINS_MS)
    with pytest.raises(Refused, match="tariff_already_published"):
        compile_tariff(Law(base, [standing]), "again.toml", standing.content)


def test_every_fault_of_a_draft_is_told(base: RuleBook) -> None:
    """All at once, each with line and column, under the name that its author gave."""
    broken = (
        tariff_text("kz-trial", DAY).replace('mci = "2.8"', 'mci = "2,8"').replace('mci = "15"', "mci = 15")
    )
    found = compile_tariff(Law(base), "mine.toml", broken)
    assert isinstance(found, FaultyTariff)
    assert len(found.faults) == 2
    assert all(fault["file"] == "mine.toml" and fault["line"] > 1 for fault in found.faults)


@pytest.mark.parametrize(
    ("from_ms", "refused"),
    [
        (None, None),
        (BEGINS_MS, None),
        (BEGINS_MS + 24 * HOUR_MS - 1, None),
        (BEGINS_MS - 1, "effect_outside_day"),
        (BEGINS_MS + 24 * HOUR_MS, "effect_outside_day"),
    ],
)
def test_the_hour_of_effect_is_on_the_tariffs_day(from_ms: int | None, refused: str | None) -> None:
    """Any hour of the day that the file names, and none of another."""
    assert _refusal_of_hour(from_ms, now_ms=BEGINS_MS - 48 * HOUR_MS) == refused


@pytest.mark.parametrize(
    ("lead_ms", "refused"), [(10_000, None), (9_999, "effect_too_soon"), (-1, "effect_too_soon")]
)
def test_the_hour_of_effect_is_far_enough_off(lead_ms: int, refused: str | None) -> None:
    """Every pool must know before its hour; ten seconds by default are enough, one ms less is not."""
    hour_ms = BEGINS_MS + HOUR_MS
    assert _refusal_of_hour(hour_ms, now_ms=hour_ms - lead_ms) == refused


def _refusal_of_hour(from_ms: int | None, now_ms: int) -> str | None:
    clock = StoreClock(monotonic_ms=lambda: 0)
    clock.learn(now_ms)
    engine = SimpleNamespace(clock=clock, settings=Settings())
    try:
        effect_ms = hour_of_effect(engine, DAY, from_ms)  # type: ignore[arg-type]  # what it needs of an engine
    except Refused as refused:
        return refused.slug
    assert effect_ms == (BEGINS_MS if from_ms is None else from_ms)
    return None


def test_days_are_the_countrys() -> None:
    """Midnight is that of UTC+5, whatever the machine's zone."""
    assert day_of(BEGINS_MS) == DAY
    assert day_of(BEGINS_MS - 1) == "2026-11-30"
    assert begin_of_day_ms("1970-01-01") == -5 * HOUR_MS


def test_the_stores_clock_counts_on() -> None:
    """Between two looks the monotonic clock counts on; a new look takes over, also backwards."""
    ticks = iter([1_000.0, 1_250.0, 1_500.0, 1_500.0])
    clock = StoreClock(monotonic_ms=lambda: next(ticks))
    clock.learn(50_000)
    assert clock.now_ms() == 50_250
    clock.learn(40_000)
    assert clock.now_ms() == 40_000


def test_a_clock_that_was_never_set_says_so() -> None:
    """Before the store was asked there is no time, and none is made up."""
    with pytest.raises(RuntimeError, match="not known"):
        StoreClock().now_ms()
