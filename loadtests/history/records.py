"""What the checker reads: answers that clients received, and transitions that the journal keeps.

Both come as one JSON object a line. Only what is named here is read, so the API and the journal may grow.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

# What a client may have been told that took effect on a mark.
EFFECTS = frozenset({"held", "extended", "released", "payment_begun", "allotted", "cancelled"})


@dataclass(frozen=True, slots=True)
class Told:
    """One answer as a client received it."""

    person: str  # which client
    request: str  # its Idempotency-Key, or the provider's transaction
    mark: str
    outcome: str  # an effect, or the slug of a problem
    revision: int  # 0 where the answer carries none
    hold: str  # hex id, or ""
    server_ms: int
    deadline_ms: int  # 0: none
    amount_tiyn: int
    # When it was asked and answered, by one clock for all clients; 0 and 0 where nobody looked.
    invoked_us: int = 0
    returned_us: int = 0


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment as a transition of the journal carries it."""

    transaction: str
    state: str  # settled, refund_due, refunded
    amount_tiyn: int


@dataclass(frozen=True, slots=True)
class Step:
    """One transition of the journal."""

    pool: str
    revision: int
    server_ms: int
    verb: str
    mark: str  # "" where the pool itself is meant
    state: str  # state of the live record after it, "" where there is none
    hold: str
    applicant: str
    deadline_ms: int
    amount_tiyn: int
    payment: Payment | None
    untouched: bool = False  # a fact beside a live record, which stays as it was and is not repeated


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken promise."""

    check: str
    mark: str
    sentence: str

    def __str__(self) -> str:
        """Read by people."""
        return f"{self.check}: {self.mark}: {self.sentence}"


def read_told(paths: Iterable[Path], about: str = "") -> Iterator[Told]:
    """The answers of all clients, file after file; only those about a mark, where one is named."""
    for path in paths:
        with path.open(encoding="utf-8") as lines:
            for line in filter(lambda line: about in line, lines):
                yield Told(**json.loads(line))


def read_steps(path: Path, about: str = "") -> Iterator[Step]:
    """The journal as `plates journal export` writes it; only what is about a mark, where one is named."""
    with path.open(encoding="utf-8") as lines:
        for line in filter(lambda line: about in line, lines):
            fields = json.loads(line)
            payment = fields.get("payment")
            yield Step(
                pool=fields["pool"],
                revision=fields["revision"],
                server_ms=fields["server_ms"],
                verb=fields["verb"],
                mark=fields.get("mark") or "",
                state=fields.get("state") or "",
                hold=fields.get("hold") or "",
                applicant=fields.get("applicant") or "",
                deadline_ms=fields.get("deadline_ms") or 0,
                amount_tiyn=fields.get("amount_tiyn") or 0,
                payment=Payment(payment["transaction"], payment["state"], payment["amount_tiyn"])
                if payment
                else None,
                untouched=fields.get("untouched", False),
            )
