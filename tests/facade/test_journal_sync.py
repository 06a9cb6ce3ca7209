"""What the journal calls durable was asked of the disk, and a disk that refuses is heard."""

import asyncio
import sys
from pathlib import Path

import pytest

from plate_core import Inventory, Journal, JournalReader

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


async def test_what_a_writer_left_is_written_again(inventory: Inventory, tmp_path: Path) -> None:
    """Whoever opens a journal to write puts its last segment on the disk anew: its last sync may have failed.

    The control is a reader, which leaves it as it is.
    """
    directory = tmp_path / "journal"
    journal = Journal.open(directory)
    entries = await inventory.feed(POOL, "0-0", 1_000)
    journal.append(POOL, entries)
    journal.sync()
    journal.close()
    [segment] = directory.glob("*.journal")
    before = segment.read_bytes()

    begin = _written_bytes()
    assert list(JournalReader(directory).transitions())
    read = _written_bytes()
    Journal.open(directory).close()
    assert read - begin < len(before) <= _written_bytes() - read
    assert segment.read_bytes() == before


def _written_bytes() -> int:
    """How many bytes this process has handed to the kernel so far."""
    told = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(told["wchar"])
