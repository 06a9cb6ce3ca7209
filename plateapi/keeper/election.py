"""Which keeper is active: a lease in the store, renewed while its holder lives.

The lease saves work, it does not guard safety. Two keepers that both believe themselves active expire the
same holds (the second finds nothing due) and read the same feed (the journal's file lock lets one write), so
a lease that lapses too early costs a log line and nothing else.
"""

import os
import secrets
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Final, Protocol

import structlog

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
    active: bool = False

    async def stand(self) -> bool:
        """Takes or renews the lease and says whether this keeper is active."""
        active = await self.store.take_lease(LEASE_NAME, self.holder, self.lease_ttl_ms)
        if active != self.active:
            log.info("keeper_active" if active else "keeper_standing_by", holder=self.holder)
        self.active = active
        return active

    async def withdraw(self) -> None:
        """Gives the lease back, so that another keeper need not wait until it lapses."""
        if self.active:
            await self.store.give_lease(LEASE_NAME, self.holder)
            self.active = False
