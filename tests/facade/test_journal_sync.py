"""What the journal calls durable was asked of the disk, and a disk that refuses is heard."""

import asyncio
import sys
from pathlib import Path

import pytest

from plate_core import Inventory

POOL = "person_car.02"
WRITER = """
import sys
from plate_core import Journal, JournalBroken
directory, pool, id, entry = sys.argv[1:]
journal = Journal.open(directory)
journal.append(pool, [(id, bytes.fromhex(entry))])
try:
    journal.sync()
except JournalBroken as error:
    sys.exit(error.slug)
"""


@pytest.mark.parametrize(("disk", "said"), [([], ""), (["inject=fdatasync:error=EIO"], "journal_io")])
async def test_a_disk_that_refuses_to_sync_is_heard(
    inventory: Inventory, tmp_path: Path, disk: list[str], said: str
) -> None:
    """A writer whose disk gives EIO to each fdatasync says so; with an honest disk it says nothing."""
    [(entry_id, entry), *_] = await inventory.feed(POOL, "0-0", 1)
    refusing = ["strace", "-f", "-qq", "-o", str(tmp_path / "trace"), "-e", *disk] if disk else []
    writer = [sys.executable, "-c", WRITER, str(tmp_path / "journal"), POOL, entry_id, entry.hex()]
    process = await asyncio.create_subprocess_exec(*refusing, *writer, stderr=asyncio.subprocess.PIPE)
    _, heard = await process.communicate()
    assert heard.decode().strip() == said
