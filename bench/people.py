"""Who asks in the benches of HTTP: 11,000 people with a token each, and no mark wanted twice.

Each person may have twenty live holds here (`house.py`), so a crowd can ask 220,000 times.
"""

from __future__ import annotations

import itertools
import json
from pathlib import Path

from loadtests.identity import Provider, make_iin
from loadtests.plan import APPLICATIONS, PATTERNS, Request, quoted, write_plan

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
REGIONS = 20
BATCH = 100


class Crowd:
    """People and marks without end."""

    def __init__(self, provider: Provider, directory: Path, *, people: int = APPLICATIONS) -> None:
        self.directory = directory
        self.tokens = [
            provider.token(f"person-{number}", "driver", iin=make_iin(number), channel="portal")
            for number in range(people)
        ]
        self.service = provider.token("channel", "service", channel="egov_mobile")
        self._people = itertools.cycle(enumerate(self.tokens))
        self._numbers = itertools.count()
        # Beyond the people with tokens, so that a batch takes nobody's holds away.
        self._applicants = itertools.cycle(range(people, 100_000))
        self._keys = itertools.count(10_000)
        self._files = itertools.count()

    def holds(self, count: int, *, regions: int = 1) -> Path:
        """So many people, each for one mark of one region, or of so many in turn."""
        return self._write([self._hold(regions) for _ in range(count)])

    def greetings(self, count: int) -> Path:
        """As many requests to the app that only says hello; their tokens come along."""
        return self._write([self._hold(1, path="/hello") for _ in range(count)])

    def searches(self, count: int) -> Path:
        """People who only look."""
        patterns = itertools.cycle(PATTERNS)
        return self._write(
            [
                self._request(
                    "search", "GET", f"/v1/marks?pattern={quoted(next(patterns))}&region=02", "", 200
                )
                for _ in range(count)
            ]
        )

    def batches(self, count: int, *, regions: int = 1) -> Path:
        """A channel's service account with a hundred people at a time, marks of one region or of so many."""
        return self._write([self._batch(regions) for _ in range(count)])

    def _hold(self, regions: int, path: str = "/v1/holds") -> Request:
        person, token = next(self._people)
        body = json.dumps({"mark": self._mark(regions)})
        return self._request("hold", "POST", path, token, 201, person=f"person-{person}", body=body)

    def _batch(self, regions: int) -> Request:
        items = [
            {"mark": self._mark(regions), "applicant": {"iin": make_iin(next(self._applicants))}}
            for _ in range(BATCH)
        ]
        body = json.dumps({"items": items})
        return self._request("batch", "POST", "/v1/hold-batches", self.service, 200, body=body)

    def _mark(self, regions: int) -> str:
        """A mark that nobody wanted yet: of region 02, as the searches are, or of so many regions in turn."""
        number = next(self._numbers)
        region = 2 if regions == 1 else number % regions + 1
        rest, digits = divmod(number, 999)
        second, third = divmod(rest, 26)
        return f"{digits + 1:03}B{LETTERS[second]}{LETTERS[third]}{region:02}"

    def _request(
        self,
        label: str,
        method: str,
        path: str,
        token: str,
        status: int,
        *,
        person: str = "",
        body: str | None = None,
    ) -> Request:
        key = f"bench-{next(self._keys)}" if method == "POST" else ""
        return Request(person, label, method, path, token, key, body, status)

    def _write(self, requests: list[Request]) -> Path:
        return write_plan(requests, self.directory / f"crowd-{next(self._files)}.ndjson")
