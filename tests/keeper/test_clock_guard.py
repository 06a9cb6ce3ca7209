"""The clock guard: a clock that is kept keeps the right to expire, a clock that is set loses it."""

from pathlib import Path

import pytest

from plateapi.keeper.baseline import read_baseline, read_rest, write_baseline
from plateapi.keeper.clock_guard import ClockGuard, Reading

NOON_MS = 1_784_098_800_000
TOLERANCE_MS = 500


def reading(at_ms: float, server_ms: float, exchange_ms: float = 2) -> Reading:
    """A look at both clocks, `at_ms` after the guard began."""
    return Reading(server_ms=int(NOON_MS + server_ms), asked_at_ms=at_ms, answered_at_ms=at_ms + exchange_ms)


def watched(*offsets_ms: float) -> list[bool]:
    """The guard's judgements, a second apart, of a server clock that is this far from the true one."""
    guard = ClockGuard(tolerance_ms=TOLERANCE_MS)
    return [
        guard.judge(reading(second * 1_000, second * 1_000 + offset))
        for second, offset in enumerate(offsets_ms)
    ]


@pytest.mark.parametrize(
    ("offsets_ms", "judgements"),
    [
        ((0, 0, 0), [True, True, True]),
        ((0, 400, 400), [True, True, True]),  # within the tolerance
        ((0, 1_000, 1_000), [True, False, False]),  # set forward, and left so
        ((0, -1_000, -1_000), [True, False, False]),  # set back
        ((0, 3_600_000, 0), [True, False, True]),  # set forward by an hour and mended
        ((0, 86_400_000, 86_400_000), [True, False, False]),
        ((5_000, 5_000, 5_000), [True, True, True]),  # another epoch is no step
    ],
)
def test_a_step_is_seen_and_a_mended_clock_agrees_again(
    offsets_ms: tuple[float, ...], judgements: list[bool]
) -> None:
    """Only a change counts, and the baseline does not follow a step."""
    assert watched(*offsets_ms) == judgements


def test_a_clock_that_is_slewed_is_followed() -> None:
    """NTP slews at 500 parts per million: an hour of it moves the clock by 1.8 s and is no step."""
    assert all(watched(*(second * 0.5 for second in range(3_600))))


def test_a_clock_that_runs_too_fast_is_not_followed() -> None:
    """Five per mille is no slew: after some minutes it is as far as a step."""
    assert not all(watched(*(second * 5 for second in range(600))))


def test_a_slow_exchange_is_not_taken_for_a_step() -> None:
    """The answer came after 3 s: the server's time lies somewhere within, so nothing is proven."""
    guard = ClockGuard(tolerance_ms=TOLERANCE_MS)
    assert guard.judge(reading(0, 0))
    assert guard.judge(reading(1_000, 1_000 + 1_400, exchange_ms=3_000))
    assert not guard.judge(reading(5_000, 5_000 + 10_000, exchange_ms=3_000))


def test_a_keeper_that_starts_while_the_clock_is_wrong_remembers_the_right_one(tmp_path: Path) -> None:
    """The offset of the last agreement outlives the keeper, in this boot; without it the jump is believed."""
    first = ClockGuard(tolerance_ms=TOLERANCE_MS)
    assert first.judge(reading(0, 0))
    assert first.baseline_ms is not None
    write_baseline(tmp_path, first.baseline_ms)
    jumped = reading(60_000, 60_000 + 3_600_000)
    assert not ClockGuard(tolerance_ms=TOLERANCE_MS, baseline_ms=read_baseline(tmp_path)).judge(jumped)
    assert ClockGuard(tolerance_ms=TOLERANCE_MS).judge(jumped)  # the control: without a memory it is believed


def test_the_memory_of_another_boot_is_worth_nothing(tmp_path: Path) -> None:
    """The machine's clock begins anew with each boot, and a damaged file is no memory either."""
    (tmp_path / "clock-baseline.json").write_text('{"boot": "another", "offset_ms": 5.0}')
    assert read_baseline(tmp_path) is None
    (tmp_path / "clock-baseline.json").write_text("{")
    assert read_baseline(tmp_path) is None


def test_holds_given_by_a_clock_that_was_behind_get_their_time() -> None:
    """A clock set back and right again is trusted once the longest deadline it gave has passed."""
    guard = ClockGuard(tolerance_ms=TOLERANCE_MS, deadline_max_ms=10_000)
    assert guard.judge(reading(0, 0))
    assert not guard.judge(reading(1_000, 1_000 - 3_600_000))
    assert not guard.judge(reading(2_000, 2_000))
    assert guard.rests_for_ms == pytest.approx(9_000)
    assert not guard.judge(reading(10_000, 10_000))
    assert guard.judge(reading(11_000, 11_000))


def test_a_rest_can_be_said_from_outside() -> None:
    """Of clocks that lay apart the guard sees one only: it rests all the same, from the last time on."""
    guard = ClockGuard(tolerance_ms=TOLERANCE_MS, deadline_max_ms=10_000)
    assert guard.judge(reading(0, 0))
    guard.rest_from(1_000)
    assert not guard.judge(reading(2_000, 2_000))
    guard.rest_from(3_000)
    assert not guard.judge(reading(12_000, 12_000))
    assert guard.judge(reading(13_000, 13_000))


def test_a_clock_that_was_ahead_is_trusted_as_soon_as_it_is_right() -> None:
    """The holds that it gave last longer, not shorter: there is nothing to make up for."""
    guard = ClockGuard(tolerance_ms=TOLERANCE_MS, deadline_max_ms=10_000)
    assert guard.judge(reading(0, 0))
    assert not guard.judge(reading(1_000, 1_000 + 3_600_000))
    assert guard.judge(reading(2_000, 2_000))


def test_a_rest_outlives_its_keeper(tmp_path: Path) -> None:
    """A keeper that is restarted in the midst of it goes on resting; a damaged memory is none."""
    assert read_rest(tmp_path) == 0
    write_baseline(tmp_path, NOON_MS, rests_until_ms=5_000)
    memory = {"baseline_ms": read_baseline(tmp_path), "rests_until_ms": read_rest(tmp_path)}
    guard = ClockGuard(tolerance_ms=TOLERANCE_MS, deadline_max_ms=10_000, **memory)
    assert not guard.judge(reading(4_000, 4_000))
    assert guard.judge(reading(5_000, 5_000))
    (tmp_path / "clock-baseline.json").write_text("[]")
    assert read_rest(tmp_path) == 0


@pytest.mark.parametrize("answered_after_ms", [0, 3_000])
def test_a_first_look_that_took_long_is_no_measure(answered_after_ms: float) -> None:
    """Wherever in 3 s the server's time was read: nothing is vouched for, and the next is believed."""
    guard = ClockGuard(tolerance_ms=TOLERANCE_MS, deadline_max_ms=3_600_000)
    judgements = [
        guard.judge(reading(0, answered_after_ms, exchange_ms=3_000)),
        guard.judge(reading(4_000, 4_000)),
        guard.judge(reading(5_000, 5_000)),
    ]
    assert (judgements, guard.rests_for_ms) == ([False, True, True], 0)
