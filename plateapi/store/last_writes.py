"""The last writes of a store, put on the disk once more before a server reads them.

A server that was ended between its write and its sync, or ended itself because the sync failed, leaves bytes
that the kernel shows and the disk may not have. The next server takes them for kept: whoever asks again under
his request id is told `held` without a write, and the next power cut takes it away (decision 22).

To sync them again is not enough. After a failed sync the kernel counts the pages as clean, says that the next
one succeeded, and writes nothing. So the same bytes are written over themselves, which makes the pages dirty,
and then synced. Where that fails no server starts, and nobody is told anything.

Not here: a write that is not whole (`torn_end`).
"""

import os
from pathlib import Path
from typing import Final

from plateapi.store.append_only import appended_file

# One turn of a server writes what its clients have sent: some MB under load, 4.4 for the planes of a region.
# Under `everysec` it is two seconds of writes, 60 MB at 100,000 holds a second.
LAST_BYTES: Final = 64 << 20
STEP_BYTES: Final = 4 << 20


def write_last_again(manifest: Path) -> int:
    """Write the end of the file that was appended to over itself, and sync it; how many bytes.

    Only for who has the lock of the directory: nobody else may append meanwhile. Whoever dies in between has
    changed nothing.

    Args:
        manifest: the list of append-only files; nothing is done where it is not there.

    Raises:
        OSError: the disk is full or broken.
    """
    file = appended_file(manifest)
    if file is None or not file.is_file():
        return 0
    descriptor = os.open(file, os.O_RDWR | os.O_CLOEXEC)
    try:
        size = os.fstat(descriptor).st_size
        begin = max(0, size - LAST_BYTES)
        for at in range(begin, size, STEP_BYTES):
            _write_again(descriptor, at, min(STEP_BYTES, size - at))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return size - begin


def _write_again(descriptor: int, at: int, count: int) -> None:
    content = memoryview(os.pread(descriptor, count, at))
    while content:
        written = os.pwrite(descriptor, content, at)
        content, at = content[written:], at + written
