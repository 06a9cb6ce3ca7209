"""`python -m proof.api_fuzzer ADDRESS DATA_DIR SEED CASES SECONDS PHASE,PHASE`: schemathesis with a memory.

schemathesis draws every request from the OpenAPI page, good ones and bad ones, alone and in chains. Here most
of them are given what a client would have: a token of a role of the route (now and then of another, or none),
a mark that somebody may hold, the version that was seen last. So they come further than to the first refusal.

What was drawn is then sent again as others, for drawing is slow and asking is not: a case is a request by
somebody. It prints one line of JSON: how many cases, by which phases and statuses, and what was
wrong.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
import requests
import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import FailureGroup
from schemathesis.engine import events, from_schema
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from loadtests.identity import Provider, make_iin

CHECKS: Final = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
)
PHASES: Final = ("examples", "coverage", "fuzzing", "stateful")
ROLES: Final = ("driver", "operator", "service", "pricing_admin", "pricing_approver", "auditor")
NEVER_SEEN: Final = f'"{"0" * 32}-1"'
PEOPLE: Final = 40
EXAMPLES_A_ROUND: Final = 60
SERVER_FAULT: Final = 500
ANSWER_SECONDS: Final = 30
# How often a request gets what a client would have, and how often another role than the route's.
LIKELY: Final = 0.7
OTHER_ROLE: Final = 0.1
# What is drawn is asked again by so many others of the six roles and nobody.
OTHERS_ASKING: Final = 3


@dataclass
class Memory:
    """What clients of the service have: their tokens, the marks they want, the versions they saw."""

    provider: Provider
    chance: random.Random
    versions: dict[str, str] = field(default_factory=dict)
    references: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.marks = [
            f"{self.chance.randrange(100, 999)}{letters}Z02" for letters in ("BC", "DH", "KT", "PB")
        ]
        self.marks += [f"{self.chance.randrange(100, 999)}MH{region:02}" for region in (1, 2)]
        self.tokens = {role: [self._token(role, number) for number in range(PEOPLE)] for role in ROLES}

    def _token(self, role: str, number: int) -> str:
        claims: dict[str, str] = {}
        if role == "driver":
            claims = {"iin": make_iin(self.chance.randrange(100_000))}
        elif role == "operator":
            claims = {"office": "tson-1"}
        elif role == "service":
            claims = {"channel": "kiosk"}
        return self.provider.token(f"{role}-{number}", role, **claims)

    def prepare(self, case: Any) -> None:  # noqa: ANN401  # schemathesis's own
        """Give a request what its client would have."""
        self._authorize(case)
        if self.chance.random() > LIKELY:
            return
        mark = self.chance.choice(self.marks)
        if "mark" in (case.path_parameters or {}):
            case.path_parameters["mark"] = mark
        if isinstance(case.body, dict):
            self._prepare_body(case.body, mark)
        if "If-Match" in (case.headers or {}):
            case.headers["If-Match"] = self.versions.get(mark, NEVER_SEEN)
        if "Idempotency-Key" in (case.headers or {}):
            case.headers["Idempotency-Key"] = f"fuzz-{self.chance.getrandbits(64):016x}"

    def _authorize(self, case: Any) -> None:  # noqa: ANN401
        case.headers = case.headers or {}
        chance = self.chance.random()
        own = [role for role in case.operation.definition.raw.get("x-roles", ()) if role in ROLES]
        if not own or chance < OTHER_ROLE / 2:
            return
        role = self.chance.choice(ROLES if chance < OTHER_ROLE else own)
        case.headers["Authorization"] = f"Bearer {self.chance.choice(self.tokens[role])}"

    def _prepare_body(self, body: dict[str, Any], mark: str) -> None:
        if "mark" in body:
            body["mark"] = mark
            body.pop("expected", None)
        if "applicant" in body:
            body["applicant"] = {"iin": make_iin(self.chance.randrange(100_000))}
        if "reference" in body and self.references:
            body["reference"] = self.chance.choice(self.references)
        for item in body.get("items") or ():
            if isinstance(item, dict) and "mark" in item:
                self._prepare_body(item, self.chance.choice(self.marks))

    def others(self, authorization: str) -> list[str]:
        """Tokens of some roles but that of this header, or none."""
        given = authorization.removeprefix("Bearer ")
        tokens = [self.chance.choice(own) for own in self.tokens.values() if given not in own]
        return self.chance.sample([*tokens, ""] if given else tokens, OTHERS_ASKING)

    def learn(self, response: Any) -> None:  # noqa: ANN401
        """What an answer tells a client."""
        try:
            told = response.json()
        except ValueError:
            return
        if not isinstance(told, dict):
            return
        if "etag" in response.headers and isinstance(told.get("mark"), str):
            self.versions[told["mark"]] = response.headers["etag"][0]
        if isinstance(invoice := told.get("invoice"), dict):
            self.references = [*self.references[-20:], invoice["reference"]]


@dataclass
class Fuzzing:
    """Rounds of all phases, each with another seed, until there are enough cases."""

    address: str
    memory: Memory
    wanted: Sequence[str]  # of PHASES
    session: requests.Session = field(default_factory=requests.Session)
    drawn: int = 0
    repeated: int = 0
    phases: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    faults: list[dict[str, str]] = field(default_factory=list)

    def round(self, page: dict[str, Any], seed: int, *, cases: int, seconds: float) -> None:
        """One go through the page: until so many cases are reached, and for so long at most."""
        schema = schemathesis.openapi.from_dict(
            page, config=_config(self.address, self.wanted, seed, seconds)
        )
        stream = from_schema(schema).execute()
        for event in stream:
            if isinstance(event, events.ScenarioFinished | events.FuzzScenarioFinished):
                self._count(event)
            elif isinstance(event, events.NonFatalError | events.FatalError):
                # A phase that had nothing to draw from, or a fault of the generator: it must be seen.
                self.faults.append({"sentence": f"schemathesis: {event}", "request": ""})
            if self.cases >= cases:
                stream.stop()

    def _count(self, event: Any) -> None:  # noqa: ANN401
        recorder = event.recorder
        self.drawn += len(recorder.interactions)
        self.phases[str(getattr(event, "phase", "fuzzing"))] += len(recorder.interactions)
        for interaction in recorder.interactions.values():
            status = interaction.response.status_code if interaction.response is not None else 0
            self.statuses[status] += 1
            if status == 0 or status >= SERVER_FAULT:
                self._fault(f"answered with {status}", interaction.request)
        for case_id, checks in recorder.checks.items():
            for check in checks:
                if check.failure_info is not None:
                    request = recorder.interactions[case_id].request
                    failure = check.failure_info.failure
                    self._fault(f"{check.name}: {failure.title} {failure.message}"[:400], request)

    @property
    def cases(self) -> int:
        """Requests by somebody."""
        return self.drawn + self.repeated

    def ask_as_others(self, case: Any, response: Any) -> None:  # noqa: ANN401
        """The same request by others: of other roles, or by nobody."""
        for token in self.memory.others(response.request.headers.get("Authorization", "")):
            request = response.request.copy()
            request.headers.pop("Authorization", None)
            if token:
                request.headers["Authorization"] = f"Bearer {token}"
            answer = self.session.send(request, timeout=ANSWER_SECONDS)
            self.repeated += 1
            self.statuses[answer.status_code] += 1
            if answer.status_code >= SERVER_FAULT:
                self._fault(f"answered with {answer.status_code}", request)
            try:
                case.validate_response(answer, checks=list(CHECKS))
            except FailureGroup as group:
                for failure in group.exceptions:
                    self._fault(f"{failure.title} {failure.message}"[:400], request)

    def _fault(self, what: str, request: Any) -> None:  # noqa: ANN401
        self.faults.append(
            {"sentence": f"{request.method} {request.uri}: {what}", "request": repr(request)[:2000]}
        )


def remember(fuzzing: Fuzzing) -> None:
    """Have schemathesis ask the memory before each request, tell it each answer, and everybody ask again."""

    @schemathesis.hook("before_call")
    def before_call(_context: Any, case: Any, _kwargs: Any) -> None:  # noqa: ANN401
        fuzzing.memory.prepare(case)

    @schemathesis.hook("after_call")
    def after_call(_context: Any, case: Any, response: Any) -> None:  # noqa: ANN401
        fuzzing.memory.learn(response)
        fuzzing.ask_as_others(case, response)

    @schemathesis.serializer("application/toml")
    def write_toml(_context: Any, value: Any) -> bytes:  # noqa: ANN401
        """A tariff is a text: now and then a good one."""
        return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


def _config(address: str, wanted: Sequence[str], seed: int, seconds: float) -> SchemathesisConfig:
    return SchemathesisConfig.from_dict(
        {
            "seed": seed,
            "base-url": address,
            "max-time": max(1, int(seconds)),
            "continue-on-failure": True,
            "request-timeout": ANSWER_SECONDS,
            "generation": {"max-examples": EXAMPLES_A_ROUND, "database": "none", "no-shrink": True},
            "phases": {phase: {"enabled": phase in wanted} for phase in PHASES},
            "checks": {"enabled": False} | {check.__name__: {"enabled": True} for check in CHECKS},
        }
    )


def main() -> None:
    """Fuzz until there are enough cases or the time is over."""
    address, data_dir, seed, cases, seconds, phases = sys.argv[1:]
    memory = Memory(Provider.of(Path(data_dir)), random.Random(int(seed)))
    page = httpx.get(f"{address}/openapi.json", timeout=30).json()
    fuzzing = Fuzzing(address, memory, phases.split(","))
    remember(fuzzing)
    until = time.monotonic() + float(seconds)
    number = int(seed)
    while fuzzing.cases < int(cases) and time.monotonic() < until - 1:
        fuzzing.round(page, number, cases=int(cases), seconds=until - time.monotonic())
        number += 1
    told = {
        "cases": fuzzing.cases,
        "drawn": fuzzing.drawn,
        "phases": fuzzing.phases,
        "statuses": fuzzing.statuses,
        "faults": fuzzing.faults,
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
