"""What people were told, one JSON object a line, in the checker's words.

A line is written after the answer has arrived and before the person acts on it, so a launch that is cut short
loses nothing that anybody relied on.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, TextIO

# HTTP's words for what took effect, by the route that was asked.
HELD, EXTENDED, RELEASED, BEGUN, ALLOTTED = "held", "extended", "released", "payment_begun", "allotted"


class Teller:
    """Writes the answers of one process's people: to ``file``, or to one of its own in ``directory``."""

    def __init__(self, directory: Path | None = None, *, file: Path | None = None) -> None:
        file = file or (directory or Path()) / f"told-{os.getpid()}.ndjson"
        file.parent.mkdir(parents=True, exist_ok=True)
        self._file: TextIO = file.open("a", encoding="utf-8")

    def holding(self, person: str, request: str, outcome: str, holding: dict[str, Any]) -> None:
        """An effect on a mark, with the holding as it was answered."""
        self._write(
            person=person,
            request=request,
            mark=holding["mark"],
            outcome=outcome,
            revision=holding["revision"],
            hold=holding["hold_id"],
            server_ms=holding["server_time_ms"],
            deadline_ms=holding["deadline_ms"] or 0,
            amount_tiyn=holding["amount_tiyn"],
        )

    def plain(self, person: str, request: str, mark: str, outcome: str, **facts: Any) -> None:  # noqa: ANN401
        """A refusal, or an effect that came without a holding."""
        blank = {"revision": 0, "hold": "", "server_ms": 0, "deadline_ms": 0, "amount_tiyn": 0}
        self._write(person=person, request=request, mark=mark, outcome=outcome, **(blank | facts))

    def _write(self, **fields: Any) -> None:  # noqa: ANN401  # the fields of a Told
        self._file.write(json.dumps(fields) + "\n")
        self._file.flush()
