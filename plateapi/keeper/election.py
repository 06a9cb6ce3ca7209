"""Which keeper is active: a lease in the store, renewed while its holder lives.

The lease saves work. Two keepers that both believe themselves active expire the same holds (the second finds
nothing due), and of those that share a journal directory the file lock lets one write. Keepers of machines
that share nothing have a journal each, and no lock between them; so a keeper that slept past its lease
believes nothing any more until it has asked again, and neither writes nor trims.
"""

import math
import os
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

import structlog

from plateapi.keeper.baseline import machine_ms

LEASE_NAME: Final = "keeper"

log = structlog.get_logger(__name__)


class LeaseStore(Protocol):
    """What an election needs of the inventory."""

    def take_lease(self, name: str, holder: str, ttl_ms: int) -> Awaitable[bool]:
        """Take or renew the lease; whether it is held now."""
        ...

    def give_lease(self, name: str, holder: str) -> Awaitable[bool]:
        """Give the lease back; whether it was held."""
        ...


@dataclass
class Election:
    """One keeper's candidacy."""

    store: LeaseStore
    lease_ttl_ms: int
    holder: str = field(default_factory=lambda: f"{os.getpid()}-{secrets.token_hex(6)}")
    clock_ms: Callable[[], float] = machine_ms
    _until_ms: float = -math.inf

    @property
    def active(self) -> bool:
        """Whether the lease was held at the last asking, and cannot have lapsed since."""
        return self.clock_ms() < self._until_ms

    async def stand(self) -> bool:
        """Takes or renews the lease and says whether this keeper is active."""
        was_active = self.active
        # Counted from before the asking: the store begins to count later, so the lease outlives this.
        asked_at_ms = self.clock_ms()
        held = await self.store.take_lease(LEASE_NAME, self.holder, self.lease_ttl_ms)
        self._until_ms = asked_at_ms + self.lease_ttl_ms if held else -math.inf
        if self.active != was_active:
            log.info("keeper_active" if held else "keeper_standing_by", holder=self.holder)
        return self.active

    async def withdraw(self) -> None:
        """Gives the lease back, so that another keeper need not wait until it lapses."""
        if self.active:
            await self.store.give_lease(LEASE_NAME, self.holder)
            self._until_ms = -math.inf
