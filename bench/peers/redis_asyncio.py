"""The contract on redis.asyncio: a pool of connections, the C parser, one EVALSHA a hold."""

from __future__ import annotations

import redis.asyncio
from redis.commands.core import AsyncScript

from bench.peers.wish import POOL_KEY, SCRIPT, TERMS, PeerWish, outcome_of

# Of 8, 16, 32, 64 and 256 connections for 256 holds at a time, the fastest.
CONNECTIONS = 32


class RedisAsyncioPeer:
    """Holds one mark a call."""

    def __init__(self, url: str, connections: int = CONNECTIONS) -> None:
        pool = redis.asyncio.BlockingConnectionPool.from_url(url, max_connections=connections, timeout=None)
        self.client = redis.asyncio.Redis(connection_pool=pool)
        self.script: AsyncScript = self.client.register_script(SCRIPT)

    async def open(self) -> None:
        """Put the pool on sale and load the script."""
        await self.client.hset(POOL_KEY, mapping=TERMS)
        await self.client.script_load(SCRIPT)

    async def hold(self, wish: PeerWish) -> str:
        """The outcome of one hold."""
        return outcome_of(await self.script(keys=wish.keys, args=wish.arguments))

    async def close(self) -> None:
        """Close every connection."""
        await self.client.aclose()
        await self.client.connection_pool.aclose()
