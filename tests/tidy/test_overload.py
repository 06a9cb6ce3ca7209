"""The judge of an overload: served, refused late, failed and recovered, each seen to be judged otherwise."""

import pytest

from bench.overload import Asked, Kind, Overload, Shape

SHAPE = Shape(before=1.0, over=2.0, after=3.0)
CAPACITY = 10.0
END = 3.0


def every_tenth(took: float = 0.001, kind: Kind = "done") -> list[Asked]:
    """Ten requests a second through all three phases, as many as can be borne."""
    return [Asked(number / CAPACITY, took, kind) for number in range(60)]


def with_(changed: Asked) -> list[Asked]:
    """The same, with one request that went otherwise."""
    return [changed if one.due == changed.due else one for one in every_tenth()]


def judged(asked: list[Asked]) -> Overload:
    """What the judge makes of it."""
    return Overload(asked, CAPACITY, SHAPE)


def test_a_run_without_a_fault_has_none() -> None:
    """All is done in time: full goodput, nobody refused or failed, recovered at once."""
    run = judged(every_tenth())
    assert (run.goodput, run.refusal_p99_ms, run.recovery_seconds, run.failed) == (1.0, None, 0.0, 0)


def test_what_is_refused_is_no_goodput() -> None:
    """Nothing is done while everybody is refused, and the refusal's own time is what counts."""
    run = judged(every_tenth(took=0.2, kind="refused"))
    assert (run.goodput, run.failed) == (0.0, 0)
    assert run.refusal_p99_ms == pytest.approx(200.0)


def test_one_late_refusal_among_sixty_is_the_p99() -> None:
    """A single refusal that came late is not lost among those that came in time."""
    asked = [*every_tenth(kind="refused")[:-1], Asked(5.9, 4.0, "refused")]
    assert judged(asked).refusal_p99_ms == pytest.approx(4_000.0)


def test_one_failure_is_counted() -> None:
    """An answer that is neither is a failure, whenever it came."""
    assert judged(with_(Asked(2.0, 0.001, "failed"))).failed == 1


@pytest.mark.parametrize(("took", "kind"), [(0.5, "done"), (0.001, "refused"), (0.001, "failed")])
def test_recovery_begins_after_the_last_who_was_not_served_in_time(took: float, kind: Kind) -> None:
    """Somebody is served late, refused or failed soon after the end: the quarter of a second begins anew."""
    assert judged(with_(Asked(END + 0.2, took, kind))).recovery_seconds == pytest.approx(0.2)


def test_who_never_recovers_has_the_whole_time() -> None:
    """Refused to the last: as long as anybody watched."""
    assert judged(every_tenth(kind="refused")).recovery_seconds == SHAPE.after
