"""The plan of a launch day: 11,000 applications, each with its person, token, wishes and request ids.

A plan is made before the clock starts, because signing 11,000 tokens is the identity provider's work and not
the service's. The same day gives the same people with the same wishes; both generators, the native one and
Locust, travel the same plan, and so does the peer.

Not here: travelling (`bench/native`, `day_locustfile.py`), judging (`history/check.py`).
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import quote

from loadtests.channels import Channel
from loadtests.identity import Provider, make_iin

# What was filed on 5 January 2026 (docs/domain.md, section 1).
APPLICATIONS = 11_000
REGIONS = 20
# One in five stands at a desk, as in `make load`.
DESK_SHARE = 0.2
DESKS = 200
OFFICES = ("01-001", "02-003", "05-010", "17-002")
# On the opening morning everybody wants the same forty: so many try one of these first, whatever they find.
WANTED_SHARE = 0.1
WANTED = [
    f"{digits}{series}{region}"
    for digits in ("001", "007", "100", "777", "888")
    for series in ("AAA", "BBB")
    for region in ("01", "02", "05", "17")
]
PATTERNS = ("7*7", "00?", "aba", "??? AAA", "777 ???", "*77 ?A?", "5?5", "9?? ?B?", "1?1", "??? KZ?")


@dataclass(frozen=True, slots=True)
class Journey:
    """One application, as `bench/native/src/launch/plan.rs` reads it."""

    person: str
    token: str
    search: str
    wishes: list[str]
    holds: str  # the path of the holds: the drivers' own, or the desk's
    applicant: dict[str, str] | None  # the citizen, where an operator asks for him
    key: str  # what its request ids begin with


def journeys(provider: Provider, *, count: int = APPLICATIONS, day: int = 0) -> Iterator[Journey]:
    """So many people, everyone of them another one, and on each day others."""
    luck = random.Random(day)
    operators = [
        provider.token(f"operator-{desk}", "operator", office=OFFICES[desk % len(OFFICES)], channel="desk")
        for desk in range(min(DESKS, count))
    ]
    for number in range(day * APPLICATIONS, day * APPLICATIONS + count):
        common = {
            "search": _search(luck, number),
            "wishes": [luck.choice(WANTED)] if luck.random() < WANTED_SHARE else [],
            "key": f"day-{day}-{number:05}",
        }
        if luck.random() < DESK_SHARE:
            desk = number % len(operators)
            yield Journey(
                person=f"operator-{desk}",
                token=operators[desk],
                holds="/v1/desk/holds",
                applicant={"iin": make_iin(number)},
                **common,
            )
        else:
            name = f"driver-{number}"
            token = provider.token(name, "driver", iin=make_iin(number), channel="portal")
            yield Journey(person=name, token=token, holds="/v1/holds", applicant=None, **common)


def _search(luck: random.Random, number: int) -> str:
    """A pattern in a region, shuffled by a seed of one's own: two people rarely see the same page."""
    pattern, region = quoted(luck.choice(PATTERNS)), luck.randrange(1, REGIONS + 1)
    return f"/v1/marks?pattern={pattern}&region={region:02}&order=shuffle&seed={number}"


def quoted(pattern: str) -> str:
    """A pattern as it stands in a query.

    >>> quoted("7?7 *")
    '7%3F7%20%2A'
    """
    return quote(pattern, safe="")


def write_plan(lines: Iterable[Journey | Request | Channel], file: Path) -> Path:
    """One JSON object a line."""
    with file.open("w", encoding="utf-8") as plan:
        plan.writelines(json.dumps(asdict(line)) + "\n" for line in lines)
    return file


@dataclass(frozen=True, slots=True)
class Request:
    """One request for its own sake, as the same file of the generator reads it."""

    person: str
    label: str
    method: str
    path: str
    token: str
    key: str
    body: str | None
    status: int
