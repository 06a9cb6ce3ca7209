"""Where a running service keeps what commands look at, without the settings class: that costs 0.3 s.

The defaults are those of `Settings`, which a test compares.
"""

import json
import os
import urllib.error
import urllib.request
from pathlib import Path
from typing import Final

from plateapi.cli.up import runfile

DATA_VARIABLE: Final = "PLATES_DATA_DIR"
DEFAULT_DATA_DIR: Final = Path("var")
REPLICA_NAME: Final = "replica.planes"


def data_dir() -> Path:
    """The data directory."""
    return Path(os.environ.get(DATA_VARIABLE) or DEFAULT_DATA_DIR)


def replica_path(root: Path) -> Path | None:
    """The shared bitmaps of the service that runs here; None when none runs."""
    return root / REPLICA_NAME if runfile.is_running(root) else None


def running_address(root: Path) -> str | None:
    """Where the service that runs here answers; None when none runs."""
    found = runfile.RunFile.read(root) if runfile.is_running(root) else None
    return found.address if found is not None else None


def find_free_mark(address: str) -> str | None:
    """A mark that is free now, by the search of a running server; None when it does not say."""
    try:
        with urllib.request.urlopen(f"{address}/v1/marks?pattern=7*7&limit=1", timeout=5) as answer:  # noqa: S310
            marks = json.load(answer)["marks"]
    except (OSError, urllib.error.URLError, ValueError, KeyError):
        return None
    return str(marks[0]["mark"]) if marks else None
