"""The law as it stands at a moment: the files on disk, and the tariffs published since, each from its hour.

A tariff's file names the day it comes into force; its publication names the hour of that day. So the rule
book of a moment is the base with those published tariffs whose hour has come. There is one book a stretch
between two hours, compiled when it is first wanted and kept; the present one and those to come are compiled
ahead, so that no request waits for a compiler.

A :class:`Law` never changes. A process that learns of a new publication makes a new one and swaps it in.
Not here: where publications are kept (``plateapi/engine.py`` reads the store's documents) and who may publish
(``plateapi/services/approve_tariff.py``).
"""

import hashlib
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta, timezone
from functools import lru_cache
from typing import Any

import orjson

from plate_core import RuleBook

# The country's one time zone since 1 March 2024: a fixed offset, no time zone database.
ALMATY = timezone(timedelta(hours=5), "UTC+5")
EPOCH = date(1970, 1, 1)
DAY_MS = 24 * 60 * 60 * 1_000
UTC_OFFSET_MS = 5 * 60 * 60 * 1_000

PUBLISHED_PREFIX = "tariff/published/"


@dataclass(frozen=True, slots=True)
class PublishedTariff:
    """A tariff that a second person approved, and its hour."""

    revision: str  # content hash, 64 hex digits
    tariff_id: str
    in_force_from: str  # the day its file names, YYYY-MM-DD in Asia/Almaty
    from_ms: int  # the hour of effect, on that day
    file_name: str  # as its author named it
    content: str  # TOML
    author: str  # pseudonyms of the three acts
    submitted_by: str
    approved_by: str
    approved_at_ms: int
    draft: str

    @property
    def document(self) -> str:
        """The document that holds it."""
        return PUBLISHED_PREFIX + self.revision

    def dump(self) -> bytes:
        """As the document's content."""
        return orjson.dumps(self, option=orjson.OPT_SORT_KEYS)

    @classmethod
    def load(cls, content: bytes) -> "PublishedTariff":
        """From the document's content."""
        return cls(**orjson.loads(content))


@dataclass(frozen=True, slots=True)
class TariffFrom:
    """One revision and the moment from which it is in force."""

    revision: str
    from_ms: int


def day_of(at_ms: int) -> str:
    """The civil day in the country at a moment.

    >>> day_of(1_767_553_200_000)  # 2026-01-04T19:00:00Z
    '2026-01-05'
    """
    return _civil_day((at_ms + UTC_OFFSET_MS) // DAY_MS)


@lru_cache(maxsize=64)
def _civil_day(number: int) -> str:
    """Counted from the epoch's. Kept, because every search and quote of a day asks for the same one."""
    return date.fromordinal(EPOCH.toordinal() + number).isoformat()


def begin_of_day_ms(day: str) -> int:
    """The moment at which a civil day begins in the country."""
    return (date.fromisoformat(day).toordinal() - EPOCH.toordinal()) * DAY_MS - UTC_OFFSET_MS


def inner_name(content: str) -> str:
    """The file's name in a rule book: its content's own, so that it never takes another tariff's place."""
    return f"published-{hashlib.sha256(content.encode()).hexdigest()[:16]}.toml"


class Law:
    """The rule book of every moment.

    >>> law = Law(base, [published])  # doctest: +SKIP
    >>> law.at(published.from_ms - 1) is base, law.at(published.from_ms) is base  # doctest: +SKIP
    (True, False)
    """

    def __init__(
        self, base: RuleBook, published: Iterable[PublishedTariff] = (), before: "Law | None" = None
    ) -> None:
        self.base = base
        self.published: Sequence[PublishedTariff] = sorted(
            published, key=lambda tariff: (tariff.from_ms, tariff.approved_at_ms)
        )
        self._moments = [tariff.from_ms for tariff in self.published]
        self._books: dict[tuple[str, ...], RuleBook] = dict(before._books) if before else {}

    def at(self, at_ms: int) -> RuleBook:
        """The rule book in force at a moment."""
        count = bisect_right(self._moments, at_ms)
        return self.base if count == 0 else self._book(count)

    def on(self, day: str, now_ms: int) -> RuleBook:
        """The rule book by which a day is priced: today's as it stands now, another day's as it ends."""
        if day == day_of(now_ms):
            return self.at(now_ms)
        return self.at(begin_of_day_ms(day) + DAY_MS - 1)

    def compile_ahead(self, now_ms: int) -> None:
        """Compile the present book and those to come. Slow (tens of ms a book): call it beside the loop."""
        for count in range(max(1, bisect_right(self._moments, now_ms)), len(self._moments) + 1):
            self._book(count)

    def timeline(self) -> list[TariffFrom]:
        """Every revision by the moment from which it is in force, earliest first, the past too."""
        entries = [
            TariffFrom(tariff["revision"], begin_of_day_ms(tariff["in_force_from"]))
            for tariff in self.base.tariffs()
        ]
        entries += [TariffFrom(tariff.revision, tariff.from_ms) for tariff in self.published]
        # Of two from the same moment the later approved one counts, so it alone stands in the list.
        by_moment = {entry.from_ms: entry for entry in entries}
        return [by_moment[moment] for moment in sorted(by_moment)]

    def timeline_from(self, now_ms: int) -> list[TariffFrom]:
        """The revision in force now and those to come: what pools are told, for they have room for 255."""
        timeline = self.timeline()
        begun = sum(entry.from_ms <= now_ms for entry in timeline)
        return timeline[max(0, begun - 1) :]

    def cuts_ms(self) -> list[int]:
        """The moments at which a price changes, by a tariff or by the MCI: deadlines are cut there."""
        return sorted({*self.base.price_changes_ms(), *self._moments})

    def cuts_from_ms(self, now_ms: int) -> list[int]:
        """Those of them that are still to come: what pools are told."""
        return [cut_ms for cut_ms in self.cuts_ms() if cut_ms > now_ms]

    def find(self, revision: str) -> dict[str, Any] | None:
        """What the rule book says of a revision, in whichever book it stands."""
        count = next((i + 1 for i, p in enumerate(self.published) if p.revision == revision), 0)
        book = self.base if count == 0 else self._book(count)
        return next((tariff for tariff in book.tariffs() if tariff["revision"] == revision), None)

    def _book(self, count: int) -> RuleBook:
        """The book once the first ``count`` publications are in force; of one day's, the last stands."""
        by_day = {tariff.in_force_from: tariff for tariff in self.published[:count]}
        standing = sorted(by_day.values(), key=lambda tariff: tariff.from_ms)
        key = tuple(tariff.revision for tariff in standing)
        book = self._books.get(key)
        if book is None:
            book = self.base
            for tariff in standing:
                book = book.with_tariff(inner_name(tariff.content), tariff.content.encode())
            self._books[key] = book
        return book
