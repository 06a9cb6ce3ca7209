"""From a registry file into the store: parse, group by pool, import in batches that overlap.

Importing is setting a bit, so it may be repeated: a run that stopped half-way is completed by running it
again, and a run over what is there already changes nothing. A mark with a live record is a conflict, which
the store journals; it stays with its applicant, and the account names it.

Not here: reading files (`reader`).
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from plate_core import Act, RuleBook
from plateapi.registry.arrow import Column
from plateapi.registry.reader import Chunk, RegistryFile, RegistryUnreadable
from plateapi.registry.rejects import SideFile, shown
from plateapi.services.ask_again import ask_again

# A bad row's pool in what the facade parses.
BAD_POOL: Final = 0xFFFF
# So many ordinals of a pool are gathered, sorted and sent in one call: the more, the closer they lie.
BATCH_ORDINALS: Final = 65_536
# So many calls are under way at once, each in four parts of 128 marks. They share each fsync of the store; a
# driver's hold that arrives meanwhile waits for 64 parts of 0.2 ms at most.
IN_FLIGHT_MAX: Final = 16
CALLER: Final = "registry-import"
CHANNEL: Final = "registry"


class IssuedMarks(Protocol):
    """What an import needs of the inventory."""

    def import_issued(self, act: Act, pool: str, ordinals: bytes) -> Awaitable[dict[str, Any]]:
        """Import ordinals (u32, little-endian) of a pool."""
        ...


@dataclass(slots=True)
class Account:
    """What an import did; every row is in exactly one of the five counts."""

    imported: int = 0
    already_imported: int = 0
    conflicts: int = 0
    rejected: int = 0
    blank: int = 0

    @property
    def rows(self) -> int:
        """Rows seen."""
        return self.imported + self.already_imported + self.conflicts + self.rejected + self.blank


@dataclass(slots=True)
class Importer:
    """One run over one file.

    Args:
        inventory: the store.
        book: parses the marks.
        rejects: gets line, value and reason of each bad row.
        conflicts: gets each mark that has a live record.
        report: called with (position, account) as rows are answered; position as in `RegistryFile.total`.
    """

    inventory: IssuedMarks
    book: RuleBook
    rejects: SideFile
    conflicts: SideFile
    report: Callable[[int, Account], None] = lambda _position, _account: None
    account: Account = field(default_factory=Account)
    _run_id: str = field(default_factory=lambda: secrets.token_hex(8))
    _batches: int = 0
    _rows_read: int = 0
    _position: int = 0

    async def run(self, file: RegistryFile) -> Account:
        """Import a whole file. The first error ends the run; batches under way end with it.

        Raises:
            RegistryUnreadable: half-way too; what came before is imported.
            PlateError: when the store stays away, or takes nothing now (`read_only`).
        """
        try:
            await self._run_all(file)
        except ExceptionGroup as several:
            # Of several calls that failed together the first says enough.
            raise several.exceptions[0] from several
        self.report(file.total, self.account)
        return self.account

    async def _run_all(self, file: RegistryFile) -> None:
        pools = self.book.pools()
        waiting: dict[int, list[bytes]] = {}
        gate = asyncio.Semaphore(IN_FLIGHT_MAX)
        chunks = file.chunks()
        async with asyncio.TaskGroup() as sending:

            async def send(pool: int) -> None:
                ordinals = _sorted(b"".join(waiting.pop(pool)))
                for start in range(0, len(ordinals), BATCH_ORDINALS * 4):
                    await gate.acquire()
                    batch = ordinals[start : start + BATCH_ORDINALS * 4]
                    sending.create_task(self._send(gate, pools[pool], batch))

            unreadable = None
            try:
                while (chunk := await asyncio.to_thread(next, chunks, None)) is not None:
                    for pool, ordinals in await asyncio.to_thread(self._parse, chunk):
                        waiting.setdefault(pool, []).append(ordinals)
                        if sum(map(len, waiting[pool])) >= BATCH_ORDINALS * 4:
                            await send(pool)
                    self._tell()
            except RegistryUnreadable as error:
                unreadable = error
            # Also when the file ended badly: what was read is imported.
            for pool in list(waiting):
                await send(pool)
        if unreadable is not None:
            raise unreadable

    def _tell(self) -> None:
        """How far it is: of what was read, the share that is answered."""
        done = self._position * self.account.rows // max(self._rows_read, 1)
        self.report(done, self.account)

    def _parse(self, chunk: Chunk) -> list[tuple[int, bytes]]:
        """(pool, ordinals) of a chunk's good rows; the bad ones go to the rejects."""
        self._rows_read += len(chunk.marks) + len(chunk.malformed)
        self._position = chunk.position
        for bad in chunk.malformed:
            self.account.rejected += 1
            self.rejects.add(bad.line, shown(bad.value.encode()), bad.reason)
        offsets, data = _arrow_buffers(chunk.marks)
        pool_bytes, ordinal_bytes, faults = self.book.parse_column(offsets, data)
        for row, reason in faults:
            value = chunk.marks[row].as_py()
            if value is None or not value.strip():
                self.account.blank += 1  # the end of a file, a line left empty: not a row
                continue
            self.account.rejected += 1
            self.rejects.add(chunk.line(row), shown(value), reason)
        return list(_by_pool(pool_bytes, ordinal_bytes))

    async def _send(self, gate: asyncio.Semaphore, pool: str, ordinals: bytes) -> None:
        try:
            self._batches += 1
            act = Act(request_id=f"import-{self._run_id}-{self._batches}", caller=CALLER, channel=CHANNEL)
            answer = await ask_again(lambda: self.inventory.import_issued(act, pool, ordinals))
        finally:
            gate.release()
        self.account.imported += answer["imported"]
        self.account.already_imported += answer["already_imported"]
        for ordinal in answer["conflicts"]:
            self.account.conflicts += 1
            self.conflicts.add(self.book.mark_at(pool, ordinal).text)
        for ordinal in answer["never_issued"]:
            # What parses is issued, so this is a store of another shape; the line is not known any more.
            self.account.rejected += 1
            self.rejects.add("", f"{pool} {ordinal}", "never_issued")
        self._tell()


def _sorted(ordinals: bytes) -> bytes:
    """Neighbours together: a batch then touches few bytes of a plane."""
    numbers = pa.Array.from_buffers(pa.uint32(), len(ordinals) // 4, [None, pa.py_buffer(ordinals)])
    return bytes(numbers.sort().buffers()[1])[: len(ordinals)]


def _arrow_buffers(marks: Column) -> tuple[bytes, bytes]:
    """Offsets (int32) and data of a binary array, as the facade takes them."""
    if marks.offset or marks.null_count:
        marks = pa.concat_arrays([marks.fill_null(b"")])
    _, offsets, data = marks.buffers()
    width = 4 * (len(marks) + 1)
    return offsets.to_pybytes()[:width], data.to_pybytes() if data is not None else b""


def _by_pool(pool_bytes: bytes, ordinal_bytes: bytes) -> Iterator[tuple[int, bytes]]:
    rows = len(pool_bytes) // 2
    pools = pa.Array.from_buffers(pa.uint16(), rows, [None, pa.py_buffer(pool_bytes)])
    ordinals = pa.Array.from_buffers(pa.uint32(), rows, [None, pa.py_buffer(ordinal_bytes)])
    order = pc.sort_indices(pools)
    sorted_ordinals = ordinals.take(order).buffers()[1].to_pybytes()
    place = 0
    for entry in sorted(pc.value_counts(pools).to_pylist(), key=lambda entry: int(entry["values"])):
        until = place + 4 * int(entry["counts"])
        if entry["values"] != BAD_POOL:
            yield int(entry["values"]), sorted_ordinals[place:until]
        place = until
