"""The clock guard's memory: by how much the store's clock led the machine's, and until when the guard rests.

Without it a keeper that starts while the clock is wrong would take the wrong clock for its measure. The file
is worth something during one boot only, because the machine's own clock begins anew with each; so the boot's
id stands in it. Whoever has looked at both clocks and knows that the present one is right removes the file.
"""

import os
import time
from pathlib import Path
from typing import Final

import orjson

FILE_NAME: Final = "clock-baseline.json"
BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


def machine_ms() -> float:
    """The machine's clock that nobody can set, the time it was suspended included."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) * 1000


def read_baseline(directory: Path) -> float | None:
    """The offset of the last agreement in this boot; ``None`` when there was none."""
    try:
        found = orjson.loads((directory / FILE_NAME).read_bytes())
        return float(found["offset_ms"]) if found["boot"] == boot_id() else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def read_rest(directory: Path) -> float:
    """Until when the guard rests after a clock was behind, by the machine's clock; 0 in any other boot."""
    try:
        found = orjson.loads((directory / FILE_NAME).read_bytes())
        return float(found.get("rests_until_ms", 0.0)) if found["boot"] == boot_id() else 0.0
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return 0.0


def write_baseline(directory: Path, offset_ms: float, rests_until_ms: float = 0.0) -> None:
    """Keeps the offset of an agreement; a reader sees the file before or after, never half of it."""
    beside = directory / f"{FILE_NAME}.{os.getpid()}"
    known = {"boot": boot_id(), "offset_ms": offset_ms, "rests_until_ms": rests_until_ms}
    beside.write_bytes(orjson.dumps(known))
    beside.replace(directory / FILE_NAME)


def boot_id() -> str:
    """Tells one boot of the machine from another."""
    return BOOT_ID.read_text("ascii").strip()
