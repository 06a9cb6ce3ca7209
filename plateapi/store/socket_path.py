"""Where the unix socket of the store lies.

The kernel's `sockaddr_un` holds 108 bytes on Linux and 104 elsewhere, with the closing zero. A deep data
directory does not fit, and the server would only say "path too long"; then the socket moves to a short
directory of our own under /tmp, named after the data directory, and the start says so.
"""

import hashlib
import os
import stat
import sys
from pathlib import Path

from plateapi.store.refusals import StoreRefused

LIMIT_BYTES = (108 if sys.platform == "linux" else 104) - 1
NAME = "valkey.sock"
# Fixed rather than $TMPDIR, which may itself be deep, and which two shells may not share.
SHORT_PARENT = Path("/tmp")  # noqa: S108  the directory below it is ours alone, and checked


def socket_path(store_dir: Path) -> Path:
    """The socket of the store in `store_dir`: beside the data where it fits, else in a short place.

    The answer depends on the directory only, so that every process finds the same socket.
    """
    wanted = store_dir.resolve() / NAME
    if len(os.fsencode(wanted)) <= LIMIT_BYTES:
        return wanted
    name = hashlib.sha256(os.fsencode(store_dir.resolve())).hexdigest()[:16]
    return SHORT_PARENT / f"plates-{os.geteuid()}-{name}" / NAME


def make_socket_dir(path: Path) -> None:
    """Make the directory of a socket, ours alone.

    Raises:
        StoreRefused: `socket_dir_unsafe`, when somebody else made it first: in a shared /tmp he could
            put his own server where we look for ours.
    """
    directory = path.parent
    directory.mkdir(mode=0o700, exist_ok=True)
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise StoreRefused(
            "socket_dir_unsafe",
            f"{directory} is not a directory that only this user can write to.",
            "Remove it, or choose a data directory with a shorter path (PLATES_DATA_DIR).",
        )
