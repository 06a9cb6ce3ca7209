"""Long turns on the processor: a process that others' requests wake is not put before who is at work.

Linux lets whoever is woken interrupt whoever runs. A worker is woken by every request and the store by every
call, and on few processors they keep taking the processor from each other: two and a half switches a request,
each with a cold cache after it, were a sixth of a launch day. Under SCHED_BATCH a woken process waits until
the one that runs sleeps or has had its turn of some 3 ms; meanwhile more requests come and are done together.
While a processor is idle nothing changes.

Deliberately not here: priorities. Everybody keeps his share, and no right is needed to ask for this.
"""

import os
from contextlib import suppress


def take_long_turns() -> None:
    """Ask it for this process and all that it begins from now on. Linux alone has it."""
    if not hasattr(os, "SCHED_BATCH"):
        return
    # A sandbox may forbid the call: then it is as it was, and only slower.
    with suppress(OSError):
        # Whoever has named another policy for the service has meant it.
        if os.sched_getscheduler(0) == os.SCHED_OTHER:
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
