"""The least of a mark's history that still shows what is wrong with it, for people."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import chain

from loadtests.history.check import check_all
from loadtests.history.records import Finding, Step, Told

Event = Told | Step


def minimal_history(
    finding: Finding, told: Iterable[Told], steps: Iterable[Step], *, undisturbed: bool = False
) -> list[str]:
    """A line an event, in order. Nothing of it can be left out, or the same check would find nothing.

    A finding that is not of one mark (a gap in a pool, a person's limit, a count) has none.
    """
    of_mark = [event for event in chain(told, steps) if event.mark and event.mark == finding.mark]

    def shows_it(events: Sequence[Event]) -> bool:
        answers = [event for event in events if isinstance(event, Told)]
        written = [event for event in events if isinstance(event, Step)]
        found = check_all(answers, written, live_holds_max=len(events), undisturbed=undisturbed)
        return any((one.check, one.mark) == (finding.check, finding.mark) for one in found)

    return lines_of(least(of_mark, shows_it)) if shows_it(of_mark) else []


def least(events: Sequence[Event], shows_it: Callable[[Sequence[Event]], bool]) -> list[Event]:
    """What is left when everything was left out that can be, the largest parts first."""
    left, part = list(events), len(events)
    while part:
        start = 0
        while start < len(left):
            without = left[:start] + left[start + part :]
            if shows_it(without):
                left = without
            else:
                start += part
        part //= 2
    return left


def lines_of(events: Iterable[Event]) -> list[str]:
    """Events for people: by revision, and what has none by its moment."""
    return [_line(event) for event in sorted(events, key=_place)]


def _place(event: Event) -> tuple[int, int, bool]:
    return event.server_ms, event.revision, isinstance(event, Told)


def _line(event: Event) -> str:
    if isinstance(event, Step):
        until = f" until {event.deadline_ms}" if event.deadline_ms else ""
        return (
            f"feed  {event.server_ms} {event.revision:>6} {event.verb:<14} {event.state:<9} "
            f"{event.hold[:8]}{until}"
        )
    asked = f" asked {event.invoked_us}, answered {event.returned_us} us" if event.returned_us else ""
    return (
        f"told  {event.server_ms} {event.revision:>6} {event.outcome:<14} {'':<9} {event.hold[:8]} "
        f"{event.request}{asked}"
    )
