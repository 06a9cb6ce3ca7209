"""From a registry file into the store: parse, group by pool, import in batches that overlap.

Importing is setting a bit, so it may be repeated: a run that stopped half-way is completed by running it
again, and a run over what is there already changes nothing. A mark with a live record is a conflict, which
the store journals; it stays with its applicant, and the account names it.

Not here: reading files (`reader`), and retries beyond asking the same request id again (`_send`), which is
how an unknown outcome becomes a known one.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from plate_core import Act, PlateError, RuleBook
from plateapi.registry.arrow import Column
from plateapi.registry.reader import Chunk, RegistryFile
from plateapi.registry.rejects import SideFile, shown

# A bad row's pool in what the facade parses.
BAD_POOL: Final = 0xFFFF
# One call carries so many ordinals of one pool: 64 KiB on the wire.
BATCH_ORDINALS: Final = 16_384
# So many batches are under way at once: the store works while the next ones are parsed.
IN_FLIGHT_MAX: Final = 8
# An outage longer than the sum of these pauses ends the run; running it again completes it.
RETRY_PAUSES_SECONDS: Final = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 5.0, 5.0)
RETRIED: Final = frozenset({"store_unavailable", "outcome_unknown", "overloaded"})
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
        report: called with (position, account) after each block of the file.
    """

    inventory: IssuedMarks
    book: RuleBook
    rejects: SideFile
    conflicts: SideFile
    report: Callable[[int, Account], None] = lambda _position, _account: None
    account: Account = field(default_factory=Account)
    _run: str = field(default_factory=lambda: secrets.token_hex(8))
    _batches: int = 0

    async def run(self, file: RegistryFile) -> Account:
        """Import a whole file.

        Raises:
            RegistryUnreadable: half-way too; what came before is imported.
            PlateError: when the store stays away.
        """
        pools = self.book.pools()
        waiting: dict[int, list[bytes]] = {}
        counts: dict[int, int] = {}
        gate = asyncio.Semaphore(IN_FLIGHT_MAX)
        chunks = file.chunks()
        async with asyncio.TaskGroup() as sending:

            async def send(pool: int) -> None:
                ordinals = b"".join(waiting.pop(pool))
                del counts[pool]
                for start in range(0, len(ordinals), BATCH_ORDINALS * 4):
                    await gate.acquire()
                    batch = ordinals[start : start + BATCH_ORDINALS * 4]
                    sending.create_task(self._send(gate, pools[pool], batch))

            while (chunk := await asyncio.to_thread(next, chunks, None)) is not None:
                for pool, ordinals in await asyncio.to_thread(self._parse, chunk):
                    waiting.setdefault(pool, []).append(ordinals)
                    counts[pool] = counts.get(pool, 0) + len(ordinals) // 4
                    if counts[pool] >= BATCH_ORDINALS:
                        await send(pool)
                self.report(chunk.position, self.account)
            for pool in list(waiting):
                await send(pool)
        self.report(file.total, self.account)
        return self.account

    def _parse(self, chunk: Chunk) -> list[tuple[int, bytes]]:
        """(pool, ordinals) of a chunk's good rows; the bad ones go to the rejects."""
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
            act = Act(request_id=f"import-{self._run}-{self._batches}", caller=CALLER, channel=CHANNEL)
            answer = await self._ask(act, pool, ordinals)
        finally:
            gate.release()
        self.account.imported += answer["imported"]
        self.account.already_imported += answer["already_imported"]
        for ordinal in answer["conflicts"]:
            self.account.conflicts += 1
            self.conflicts.add(self.book.mark_at(pool, ordinal).text)

    async def _ask(self, act: Act, pool: str, ordinals: bytes) -> dict[str, Any]:
        for pause_seconds in RETRY_PAUSES_SECONDS:
            try:
                return await self.inventory.import_issued(act, pool, ordinals)
            except PlateError as error:
                if error.slug not in RETRIED:
                    raise
                # The same request id: whatever happened to the first call happens once.
                await asyncio.sleep(pause_seconds)
        return await self.inventory.import_issued(act, pool, ordinals)


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
