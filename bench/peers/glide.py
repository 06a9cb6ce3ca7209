"""The contract on valkey-glide: one multiplexed client with a Rust core, one EVALSHA a hold."""

from __future__ import annotations

from glide import GlideClient, GlideClientConfiguration, NodeAddress, Script

from bench.peers.wish import POOL_KEY, SCRIPT, TERMS, PeerWish, outcome_of


class GlidePeer:
    """Holds one mark a call."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.script = Script(SCRIPT)

    async def open(self) -> None:
        """Connect and put the pool on sale."""
        addresses = [NodeAddress("127.0.0.1", self.port)]
        # Its default of 250 ms is for one command alone; a crowd waits its turn.
        configuration = GlideClientConfiguration(addresses, request_timeout=30_000)
        self.client = await GlideClient.create(configuration)
        await self.client.hset(POOL_KEY, {name: str(value) for name, value in TERMS.items()})

    async def hold(self, wish: PeerWish) -> str:
        """The outcome of one hold."""
        reply = await self.client.invoke_script(self.script, keys=list(wish.keys), args=list(wish.arguments))
        assert isinstance(reply, bytes)
        return outcome_of(reply)

    async def close(self) -> None:
        """Close the client."""
        await self.client.close()
