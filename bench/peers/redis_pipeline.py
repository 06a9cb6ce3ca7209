"""The contract on a pipeline of redis-py: no await at all, so many EVALSHA a round trip."""

from __future__ import annotations

from collections.abc import Sequence

import redis

from bench.peers.wish import POOL_KEY, SCRIPT, TERMS, PeerWish, outcome_of


class RedisPipelinePeer:
    """Holds many marks a call."""

    def __init__(self, url: str) -> None:
        self.client = redis.Redis.from_url(url)

    def open(self) -> None:
        """Put the pool on sale and load the script."""
        self.client.hset(POOL_KEY, mapping=TERMS)
        self.digest: str = self.client.script_load(SCRIPT)

    def hold(self, wishes: Sequence[PeerWish]) -> list[str]:
        """The outcome of each hold."""
        return [outcome_of(reply) for reply in self.answers(wishes)]

    def answers(self, wishes: Sequence[PeerWish]) -> list[bytes]:
        """The whole answer of each hold."""
        pipeline = self.client.pipeline(transaction=False)
        for wish in wishes:
            keys = wish.keys
            pipeline.evalsha(self.digest, len(keys), *keys, *wish.arguments)
        return [bytes(answer) for answer in pipeline.execute()]

    def close(self) -> None:
        """Close the connection."""
        self.client.close()
