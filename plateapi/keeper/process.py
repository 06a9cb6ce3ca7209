"""The keeper's process: stands for election, and while it is active does the rounds.

Two loops, so that a slow journal never delays the clock guard's lease: the *rounds* (journal, expiry,
tariffs) and the *watch* (election, clock guard, status). Each loop survives what the store does to it: an
error is logged, written to the status, and the next round begins anew.

Deliberately not here: the decision what is due, what a tariff costs, or whether a frame fits the chain.
"""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import structlog

from plate_core import Inventory, Journal, JournalBroken, PlateError, ReplicaWriter, RuleBook
from plateapi.keeper.activation import Activation
from plateapi.keeper.baseline import machine_ms, read_baseline, read_rest, write_baseline
from plateapi.keeper.clock_guard import ClockGuard, Reading
from plateapi.keeper.election import Election
from plateapi.keeper.expiry import sweep_pools
from plateapi.keeper.history import OwnHistory
from plateapi.keeper.journaling import POOLS_WITHOUT_MARKS, UNPLACED_POOL, journal_round
from plateapi.keeper.seal import signing_key
from plateapi.keeper.status import KeeperStatus, is_fresh, write_status
from plateapi.keeper.trimming import Trimming
from plateapi.settings import Settings

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Writing:
    """An open journal, and what is known beside it for as long as it is open."""

    journal: Journal
    history: OwnHistory
    trimming: Trimming


@dataclass
class Keeper:
    """One keeper: the parts it works with and what it last saw."""

    settings: Settings
    inventory: Inventory
    book: RuleBook
    activation: Activation
    status: KeeperStatus
    replica: ReplicaWriter
    writing: Writing | None = None
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        """Begins as a candidate."""
        self.guard = ClockGuard(
            tolerance_ms=int(self.settings.clock_tolerance_seconds * 1000),
            deadline_max_ms=self.settings.deadline_max_seconds * 1000,
            baseline_ms=read_baseline(self.settings.data_dir),
            rests_until_ms=read_rest(self.settings.data_dir),
        )
        self.election = Election(self.inventory, int(self.settings.keeper_lease_seconds * 1000))
        self.swept_at = 0.0
        self.signed_at = time.monotonic()
        self.pools: Sequence[str] = self.book.pools()
        self.feeds: Sequence[str] = [*self.pools, *POOLS_WITHOUT_MARKS]

    async def run(self) -> None:
        """Works until ``stopping`` is set; then gives the lease back and leaves the journal durable."""
        try:
            async with asyncio.TaskGroup() as loops:
                loops.create_task(self._repeat(self._watch, lambda: self.settings.keeper_watch_seconds))
                loops.create_task(self._repeat(self._round, self._pause_after_round))
        finally:
            await self._withdraw()

    async def _repeat(self, step: Callable[[], Awaitable[None]], pause: Callable[[], float]) -> None:
        while not self.stopping.is_set():
            try:
                await step()
            except PlateError as error:
                log.warning("keeper_round_failed", part=step.__name__, error=error.slug)
            except OSError as error:
                # A full disk takes no status; the next round tries again.
                log.warning("keeper_round_failed", part=step.__name__, error=os.strerror(error.errno or 0))
            with suppress(TimeoutError):
                await asyncio.wait_for(self.stopping.wait(), timeout=pause())

    def _pause_after_round(self) -> float:
        return 0.0 if self._more else self.settings.journal_poll_seconds

    # --- the watch ----------------------------------------------------------------------------------------

    async def _watch(self) -> None:
        self._keep_replica()
        self.status.tariff_error = self.activation.error
        leased = False
        try:
            agrees = await self._judge_clock()
            self.status.active = await self.election.stand()
            leased = await self._vouch_for_clock(agrees)
        finally:
            self.status.expiry_leased = leased
            self.status.expiry_rests_seconds = round(self.guard.rests_for_ms / 1000)
            self.status.written_at_ms = time.time_ns() // 1_000_000
            # A standby would write over what the active keeper says; it speaks when there is nobody else.
            if self.status.active or not is_fresh(self.settings.data_dir, self.status.written_at_ms):
                write_status(self.settings.data_dir, self.status)

    async def _judge_clock(self) -> Reading | None:
        """Looks at both clocks, active or not: a keeper that takes over has watched for itself.

        The election's own lease ends on the store's clock, so the jump that is to be caught makes standbys
        active; one that took its first look then would believe the wrong clock.
        """
        asked_at_ms = machine_ms()
        server_ms = await self.inventory.server_time_ms()
        reading = Reading(server_ms, asked_at_ms, machine_ms())
        agrees = self.guard.judge(reading)
        self.status.clock_parted_by_ms = round(self.guard.parted_by_ms)
        return reading if agrees else None

    async def _vouch_for_clock(self, agreed: Reading | None) -> bool:
        """The active keeper renews the right to expire while the clocks agree, and else takes it back.

        For a clock that was set back and is set right at once would find the old lease still good. Gives
        whether it was renewed.
        """
        if agreed is None and self.guard.rests_for_ms > 0:
            log.warning("clock_rests", for_seconds=round(self.guard.rests_for_ms / 1000))
        elif agreed is None and self.guard.baseline_ms is not None:
            log.error("clock_alarm", parted_by_ms=self.status.clock_parted_by_ms)
        if not self.status.active or self.guard.baseline_ms is None:
            return False
        self._keep_baseline(self.guard.baseline_ms)
        lease_ms = int(self.settings.expiry_lease_seconds * 1000)
        apart_ms = await self.inventory.lease_expiry(agreed.server_ms + lease_ms if agreed else 0)
        if apart_ms is not None:
            # Of a cluster the guard looks at one clock; which of the others is behind is not known.
            log.error("clocks_apart", apart_ms=apart_ms)
            self.guard.rest_from(machine_ms())
        return agreed is not None and apart_ms is None

    def _keep_baseline(self, offset_ms: float) -> None:
        """Before the lease, so that a crash between the two forgets no rest; without room, the lease alone.

        Where only the disk is full no other keeper takes over, and the disk is no reason to expire nothing.
        """
        try:
            write_baseline(self.settings.data_dir, offset_ms, self.guard.rests_until_ms)
        except OSError as error:
            log.warning("clock_baseline_not_kept", error=os.strerror(error.errno or 0))

    def _keep_replica(self) -> None:
        """Each machine keeps its own replica, whether its keeper is the active one or not."""
        health = self.replica.health()
        self.status.replica_ready = bool(health["ready"])
        self.status.replica_error = str(health["error"] or "")

    # --- the rounds ---------------------------------------------------------------------------------------

    _more = False
    _overdue = False  # a round ended before everything that is due was looked at
    _ids_cursor = 0  # where the next look at old request ids and healed permits begins

    async def _round(self) -> None:
        self._more = False
        if not self.election.active:
            self._close_journal()
            return
        await self._write_journal()
        if self._overdue or time.monotonic() - self.swept_at >= self.settings.sweep_seconds:
            self.swept_at = time.monotonic()
            swept = await sweep_pools(self.inventory, self.pools)
            if swept.missed:
                log.warning("pools_not_swept", pools=list(swept.missed))
            self.status.expired_holds += swept.expired
            self._overdue = swept.more
            self._more |= swept.more
            self._ids_cursor = await self.inventory.sweep_ids(self._ids_cursor)
            await self.activation.follow()

    async def _write_journal(self) -> None:
        """One round of the journal; a journal that refuses is closed and opened anew next time."""
        try:
            writing = self.writing or self._open_journal()
            done = await journal_round(writing.history, writing.journal, self.feeds)
            self._sign(writing.journal)
            await writing.trimming.trim(done.heads, time.monotonic())
        except PlateError as error:
            self._close_journal(sign=not isinstance(error, JournalBroken))
            self.status.journal_error = error.detail
            raise
        self.status.journal_error = ""
        self.status.journalled_entries += done.entries
        self._more = done.more

    def _open_journal(self) -> Writing:
        """Reads from the disk what need not be read in every round."""
        journal = Journal.open(self.settings.journal_dir, signing_key=signing_key(self.settings))
        try:
            pools = [*self.pools, UNPLACED_POOL]
            history = OwnHistory(self.inventory, journal, pools, self.settings.foundings_path)
        except PlateError:
            journal.close()
            raise
        heads = {pool: journal.head(pool) for pool in self.feeds}
        self.writing = Writing(
            journal, history, Trimming(self.inventory, heads, self.settings.feed_trim_seconds)
        )
        return self.writing

    def _sign(self, journal: Journal) -> None:
        """Sign what is on disk, when that was last done long enough ago."""
        now = time.monotonic()
        if now - self.signed_at >= self.settings.journal_checkpoint_seconds:
            self.signed_at = now
            journal.checkpoint(time.time_ns() // 1_000_000)

    def _close_journal(self, *, sign: bool = True) -> None:
        """Leave the journal to whoever opens it next, signed unless it refused.

        Signing begins with writing what was appended, and of a round that was refused nothing is written: the
        journal of a machine whose pools have gaps would go on with some of the others.
        """
        if self.writing is not None:
            if sign:
                with suppress(PlateError):
                    self.writing.journal.checkpoint(time.time_ns() // 1_000_000)
            self.writing.journal.close()
            self.writing = None

    async def _withdraw(self) -> None:
        self._close_journal()
        self.replica.stop()
        with suppress(PlateError):
            await self.election.withdraw()
