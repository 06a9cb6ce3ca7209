"""The keeper's decisions are those that the simulation makes: one table, put to both.

The simulation (``plate_core/simulation``) has the keeper transcribed in Rust. Its own test holds it to
``tables/keeper.txt``, and here the Python that runs in the service is held to the same lines.
"""

import asyncio
from collections.abc import Iterator, Sequence

import pytest

from plateapi.keeper.clock_guard import ClockGuard, Reading
from plateapi.keeper.journaling import journal_round
from plateapi.keeper.trimming import NOTHING, Trimming
from tests.conftest import ROOT

TABLE = ROOT / "plate_core/simulation/tables/keeper.txt"
POOLS = ("0", "1")


def subjects(kind: str) -> list[list[list[str]]]:
    """The subjects of one kind, each a list of lines, each line its words."""
    blocks = TABLE.read_text("utf-8").strip().split("\n\n")
    return [[line.split() for line in block.splitlines()] for block in blocks if block.startswith(f"{kind} ")]


def heads(word: str) -> dict[str, str]:
    """Stream ids by pool; a pool of which nothing is new is left out."""
    revisions = zip(POOLS, word.split(","), strict=True)
    return {pool: f"{revision}-0" for pool, revision in revisions if revision != "0"}


@pytest.mark.parametrize("lines", subjects("guard"))
def test_the_clock_guard_judges_as_the_simulation_does(lines: list[list[str]]) -> None:
    """Reading by reading: the judgement, and what the next guard is to know, to the last bit."""
    (_, tolerance_ms, deadline_max_ms), *questions = lines
    guard = ClockGuard(tolerance_ms=int(tolerance_ms), deadline_max_ms=int(deadline_max_ms))
    for _, server_ms, asked_at_ms, answered_at_ms, vouches, *memory in questions:
        judged = guard.judge(Reading(int(server_ms), float(asked_at_ms), float(answered_at_ms)))
        assert judged == (vouches == "true")
        assert [guard.baseline_ms, guard.rests_until_ms] == [float(ms) for ms in memory]


class TrimmedFeeds:
    """Notes what it is asked to forget."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.trimmed: dict[str, str] = {}

    async def trim_feed(self, pool: str, through: str) -> int:
        """Note it."""
        self.trimmed[pool] = through
        return 1

    def take(self) -> dict[str, str]:
        """What was noted since the last time."""
        trimmed, self.trimmed = self.trimmed, {}
        return trimmed


@pytest.mark.parametrize("lines", subjects("trimming"))
def test_feeds_are_trimmed_as_in_the_simulation(lines: list[list[str]]) -> None:
    """Turn by turn: what is durable waits a whole turn, and then exactly that goes."""
    (_, turn_ms, first), *turns = lines
    feeds = TrimmedFeeds()
    at_first = {pool: heads(first).get(pool, NOTHING) for pool in POOLS}
    trimming = Trimming(feeds, at_first, int(turn_ms) / 1_000)
    for _, now_ms, durable, trimmed in turns:
        asyncio.run(trimming.trim(heads(durable), int(now_ms) / 1_000))
        assert feeds.take() == heads(trimmed)


class NotedRound:
    """A feed and a journal that note what is done with them, in order."""

    def __init__(self, counts: Sequence[int]) -> None:
        """Feeds of so many entries."""
        self.feed_entries = dict(zip(POOLS, counts, strict=True))
        self.heads = dict.fromkeys(POOLS, NOTHING)
        self.done: list[str] = []

    async def feeds(self, places: Sequence[tuple[str, str, int]]) -> list[list[tuple[str, bytes]]]:
        """Every entry there is."""
        self.done.append("read")
        return [list(self._entries(pool)) for pool, _, _ in places]

    def _entries(self, pool: str) -> Iterator[tuple[str, bytes]]:
        for revision in range(1, self.feed_entries[pool] + 1):
            yield f"{revision}-0", b""

    def append(self, pool: str, entries: Sequence[tuple[str, bytes]]) -> int:
        """The last of them is the head."""
        self.heads[pool] = entries[-1][0]
        self.done.append(f"append:{pool}:{entries[-1][0].partition('-')[0]}")
        return len(entries)

    def sync(self) -> None:
        """Durable."""
        self.done.append("sync")

    def head(self, pool: str) -> str:
        """The last that was appended."""
        return self.heads[pool]


@pytest.mark.parametrize("lines", subjects("round"))
def test_a_round_has_the_order_that_the_simulation_has(lines: list[list[str]]) -> None:
    """Read, append pool by pool, sync; nothing is synced where nothing was appended."""
    ((_, counts, *done),) = lines
    noted = NotedRound([int(count) for count in counts.split(",")])
    journalled = asyncio.run(journal_round(noted, noted, POOLS))
    assert noted.done == done
    assert dict(journalled.heads) == {pool: head for pool, head in noted.heads.items() if head != NOTHING}


def test_the_table_has_every_subject() -> None:
    """A table that lost its lines would pass without a question."""
    assert all(len(subjects(kind)) == 40 for kind in ("guard", "trimming", "round"))
    assert TABLE.stat().st_size > 20_000
