"""Ask the store again under the same request id, until it is known what happened.

For work that has no person waiting: bringing the law, importing a registry. The request id makes it safe:
whatever became of the first call happens once. A person's request is never repeated for him; he is told.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

from plate_core import OutcomeUnknown, StoreOverloaded, StoreUnavailable

T = TypeVar("T")

# An outage longer than the sum of these pauses ends the work; doing it again completes it.
PAUSES_SECONDS: Final = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 5.0, 5.0)


async def ask_again(call: Callable[[], Awaitable[T]], pauses_seconds: Sequence[float] = PAUSES_SECONDS) -> T:
    """The answer of a call that names its request id, however often it has to be made.

    Raises:
        OutcomeUnknown, StoreOverloaded, StoreUnavailable: when the store stays away for all the pauses.
    """
    for pause_seconds in pauses_seconds:
        try:
            return await call()
        except (OutcomeUnknown, StoreOverloaded, StoreUnavailable):
            await asyncio.sleep(pause_seconds)
    return await call()
