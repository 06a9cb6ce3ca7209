"""The people of the facade's tests, without a single raw pseudonym in a test."""

import hashlib
import itertools
from dataclasses import dataclass
from typing import Any

from plate_core import Act, Answer, Inventory, Mark, RuleBook

# Noon of 15 July 2026 in Almaty: a tariff and an MCI are in force.
NOON_MS = 1_784_098_800_000
DAY = "2026-07-15"

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Citizen:
    """Somebody who holds, pays and gives back, over a channel and in his own name."""

    name: str
    channel: str = "portal"
    kind: str = "person"
    represented_by: "Citizen | None" = None

    @property
    def pseudonym(self) -> bytes:
        """What stands for his IIN."""
        return hashlib.sha256(self.name.encode()).digest()[:16]

    def act(self, request_id: str | None = None) -> Act:
        """One request of his; without an id it is a new one."""
        return Act(
            request_id=request_id or f"request-{next(_numbers):08d}",
            caller=f"driver-{self.name}",
            channel=self.channel,
            applicant=self.pseudonym,
            applicant_kind=self.kind,  # type: ignore[arg-type]
            representative=self.represented_by.pseudonym if self.represented_by else None,
        )

    async def hold(
        self, inventory: Inventory, book: RuleBook, mark: Mark, request_id: str | None = None
    ) -> Answer:
        """Holds a mark at its price."""
        [answer] = await inventory.hold([hold_row(book, self.act(request_id), mark)])
        return answer


KEEPER = Citizen("keeper", "keeper")
PAYMENTS = Citizen("payments", "payment")


def official(request_id: str | None = None, channel: str = "keeper") -> Act:
    """An act in nobody's particular name: settings, imports, withholding."""
    return Act(request_id=request_id or f"request-{next(_numbers):08d}", caller="keeper", channel=channel)


def hold_row(book: RuleBook, act: Act, mark: Mark) -> tuple[Act, Mark, str, int]:
    """What ``Inventory.hold`` takes, priced."""
    quote = book.quote(mark, at_ms=NOON_MS)
    return act, mark, quote["tariff"], quote["amount_tiyn"]


def payment_of(answer: Answer, transaction: str, **changes: Any) -> dict[str, Any]:
    """The message that this hold was paid."""
    assert answer.live is not None
    paid = {
        "provider": "bank",
        "transaction": transaction,
        "hold_id": answer.live.hold_id,
        "amount_tiyn": answer.live.amount_tiyn,
        "paid_at_ms": NOON_MS,
    }
    return paid | changes


async def open_country(inventory: Inventory, book: RuleBook, pools: list[str], **settings: Any) -> None:
    """Loads the functions and founds pools with the tariffs of the law in force."""
    await inventory.load_functions()
    tariffs = [(tariff["revision"], tariff["in_force_from_ms"]) for tariff in book.tariffs()]
    fields = {"tariffs": tariffs, **settings}
    await inventory.configure_pools(official(), dict.fromkeys(pools, fields))
