"""Where the API's workers count together: in memory, where the machine has some for all.

The library that counts maps its files. A page of a mapped file that a full disk cannot take ends the process
(SIGBUS), and a worker that ends for a number is a request without an answer. In the data directory they would
be on just the disk that is full when the counts matter.
"""

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

SHARED_MEMORY: Final = Path("/dev/shm")  # noqa: S108  the directory below it is ours alone


def empty_counts(data_dir: Path, shared_memory: Path = SHARED_MEMORY) -> Path:
    """An empty directory that is ours alone; counts of workers of an earlier run would be added.

    In the data directory where there is no shared memory, or where somebody else has made ours first.
    """
    for directory in (_in_memory(data_dir, shared_memory), data_dir.resolve() / "metrics"):
        shutil.rmtree(directory, ignore_errors=True)
        with suppress(OSError):
            directory.mkdir(mode=0o700)
            return directory
    raise FileExistsError(f"{directory} cannot be emptied")


@contextmanager
def counting_together(data_dir: Path, shared_memory: Path = SHARED_MEMORY) -> Iterator[Path]:
    """The directory for one run. However the run ends, nobody asks for its counts any more."""
    directory = empty_counts(data_dir, shared_memory)
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _in_memory(data_dir: Path, shared_memory: Path) -> Path:
    """Named after the data directory, so that the next run finds what a killed one has left."""
    name = hashlib.sha256(os.fsencode(data_dir.resolve())).hexdigest()[:16]
    return shared_memory / f"plates-counts-{os.geteuid()}-{name}"
