"""asyncpg: a pool of connections with prepared statements; whoever finds none free waits for one."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import asyncpg

from bench.peers.postgres.cluster import Cluster
from bench.peers.wish import TARIFF, PeerWish

HERE: Final = Path(__file__).resolve().parent
POOL: Final = "person_car.02"
# Of 4, 8, 16, 32 and 64 connections for 256 holds at a time, the fastest.
CONNECTIONS: Final = 8


class PostgresPeer:
    """Holds one mark a call."""

    def __init__(self, cluster: Cluster, connections: int = CONNECTIONS) -> None:
        self.cluster = cluster
        self.connections = connections

    async def open(self) -> None:
        """Connect, and put the pool on sale in an empty database."""
        self.pool = await asyncpg.create_pool(
            **self.cluster.connection, min_size=self.connections, max_size=self.connections, reset=_nothing
        )
        await self.pool.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        for name in ("schema", "hold", "assign_next"):
            await self.pool.execute((HERE / f"{name}.sql").read_text(encoding="utf-8"))
        await self.pool.execute("INSERT INTO pools (pool, tariff) VALUES ($1, $2)", POOL, TARIFF)

    async def offer(self, marks: int) -> None:
        """Give so many marks a row, for SKIP LOCKED to choose from; and let the planner know a full table."""
        await self.pool.execute(
            "INSERT INTO marks (pool, ordinal, state) SELECT $1, n, 'free' FROM generate_series(1, $2) n",
            POOL,
            marks,
        )
        await self.pool.execute("VACUUM ANALYZE marks")

    async def answer(self, wish: PeerWish) -> str:
        """The whole answer of one hold of a chosen mark."""
        digest = _digest(f"{wish.applicant}|{wish.ordinal}")
        told: str = await self.pool.fetchval(
            "SELECT hold($1, $2, $3, $4, $5, $6, 1::smallint, $7, $8, $9, $10)",
            POOL,
            wish.caller,
            wish.request_id,
            digest,
            wish.ordinal,
            wish.applicant,
            wish.office,
            wish.channel,
            wish.tariff,
            wish.amount_tiyn,
        )
        return told

    async def hold(self, wish: PeerWish) -> str:
        """The outcome of one hold of a chosen mark."""
        return outcome_of(await self.answer(wish))

    async def assign_next(self, wish: PeerWish, ordinals: Sequence[int]) -> str:
        """The outcome of one hold of the first of some marks that is free."""
        digest = _digest(f"{wish.applicant}|assign")
        told: str = await self.pool.fetchval(
            "SELECT assign_next($1, $2, $3, $4, $5, $6, 1::smallint, $7, $8, $9, $10)",
            POOL,
            wish.caller,
            wish.request_id,
            digest,
            ordinals,
            wish.applicant,
            wish.office,
            wish.channel,
            wish.tariff,
            wish.amount_tiyn,
        )
        return outcome_of(told)

    async def close(self) -> None:
        """Close every connection."""
        await self.pool.close()


def outcome_of(told: str) -> str:
    """The outcome in an answer.

    >>> outcome_of("held|7|1000|901000|0")
    'held'
    """
    return told.partition("|")[0]


async def _nothing(connection: object) -> None:
    """No verb leaves anything in its session, so a second round trip that cleans up would be for nothing."""
    del connection


def _digest(asked: str) -> str:
    return hashlib.sha256(asked.encode()).hexdigest()[:16]
