"""The peer's store: one script a step, each one atomic call; who has a mark stands in the mark's hash."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from redis.asyncio import Redis

HERE: Final = Path(__file__).resolve().parent
HOLD_MS: Final = 15 * 60 * 1_000
PAYMENT_MS: Final = 30 * 60 * 1_000
LIVE_HOLDS: Final = 3
ANSWERS_KEPT_SECONDS: Final = 25 * 60 * 60


@dataclass(frozen=True, slots=True)
class Held:
    """A hold, or what it became."""

    mark: str
    state: str
    hold_id: str
    revision: int
    deadline_ms: int
    amount_tiyn: int
    server_time_ms: int


class Refused(Exception):
    """What the rules refuse, by its name."""


class Store:
    """The scripts over one connection pool."""

    def __init__(self, url: str) -> None:
        self._redis: Redis = Redis.from_url(url, decode_responses=True)
        self._hold, self._begin, self._settle = (
            self._redis.register_script((HERE / f"{name}.lua").read_text(encoding="utf-8"))
            for name in ("hold", "begin_payment", "settle")
        )

    async def close(self) -> None:
        """Let go of the connections."""
        await self._redis.aclose()

    async def hold(self, request: str, applicant: str, mark: str, amount_tiyn: int) -> Held:
        """Reserve a mark. Raises :class:`Refused`."""
        now = _now_ms()
        answer = await self._hold(
            keys=[f"mark:{mark}", f"request:{request}", f"holds:{applicant}"],
            args=[
                *(secrets.token_hex(16), applicant, amount_tiyn, now, now + HOLD_MS),
                *(LIVE_HOLDS, ANSWERS_KEPT_SECONDS, mark),
            ],
        )
        outcome, *rest = answer
        if outcome != "held":
            raise Refused(outcome)
        revision, deadline_ms, hold_id = rest
        return Held(mark, "held", hold_id, int(revision), int(deadline_ms), amount_tiyn, now)

    async def begin_payment(
        self, request: str, applicant: str, mark: str, hold_id: str, revision: int
    ) -> Held:
        """Open the payment window. Raises :class:`Refused`."""
        now = _now_ms()
        outcome, *rest = await self._begin(
            keys=[f"mark:{mark}", f"request:{request}"],
            args=[hold_id, applicant, revision, now, now + PAYMENT_MS, ANSWERS_KEPT_SECONDS],
        )
        if outcome != "payment_begun":
            raise Refused(outcome)
        revision, deadline_ms, amount = (int(value) for value in rest)
        return Held(mark, "paying", hold_id, revision, deadline_ms, amount, now)

    async def settle(
        self, transaction: str, applicant: str, mark: str, hold_id: str, amount_tiyn: int
    ) -> str:
        """Money came: ``allotted`` or ``refund_due``."""
        (outcome,) = await self._settle(
            keys=[f"mark:{mark}", f"payment:{transaction}", f"holds:{applicant}"],
            args=[hold_id, transaction, amount_tiyn, _now_ms(), mark],
        )
        return str(outcome)

    async def free(self, marks: Sequence[str]) -> list[str]:
        """Those that nobody has, asked in one round trip."""
        async with self._redis.pipeline(transaction=False) as pipeline:
            for mark in marks:
                pipeline.hmget(f"mark:{mark}", "state", "deadline")
            records: list[list[Any]] = await pipeline.execute()
        now = _now_ms()
        return [mark for mark, record in zip(marks, records, strict=True) if not _is_taken(record, now)]


def _is_taken(record: Sequence[Any], now_ms: int) -> bool:
    state, deadline = record
    return state == "allotted" or (state is not None and int(deadline) > now_ms)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
