"""Everything a process needs to serve the engine, opened once: the law, the store, the replica, the clock.

API workers, the keeper and the command line all begin here. Deliberately not here: use cases
(``plateapi/services``), people (``plateapi/identity``), and HTTP. While it is open two things run in the
background: the store's time is asked for, and newly published tariffs are looked for, both every second.
"""

import asyncio
import contextlib
import tomllib
from collections import Counter
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any, Final, TypeVar

import structlog

from plate_core import Answer, Inventory, PlateError, Replica, ReplicaUnavailable, RuleBook, read_law
from plateapi import metrics
from plateapi.clock import StoreClock
from plateapi.genesis import check_store
from plateapi.law import PUBLISHED_PREFIX, Law
from plateapi.published import read_published
from plateapi.refusals import Refused
from plateapi.settings import Settings

log = structlog.get_logger(__name__)

T = TypeVar("T")

# How old the shared bitmaps may be before searching says so instead of showing what was long sold.
REPLICA_AGE_MAX_MS: Final = 30_000
# How old the settings of pools may be that are shown; the store judges each hold by its own.
POOLS_AGE_MAX_MS: Final = 1_000


class Engine:
    """One process's engine. Open it with :meth:`open`; every part is public and typed by the facade."""

    def __init__(
        self, settings: Settings, inventory: Inventory, base: RuleBook, texts: Mapping[str, str]
    ) -> None:
        self.settings = settings
        self.inventory = inventory
        self.law = Law(base)
        # The tariffs' files on disk, by tariff id: what an admin begins a new one from.
        self.tariff_texts = texts
        self.clock = StoreClock()
        self.store_id = ""
        # Formats and regions come from the files alone; no publication changes them.
        self.formats = {known["id"]: known for known in base.formats() if known["enabled"]}
        self.regions = {known["code"]: known for known in base.regions()}
        # Publications that are not what was approved, by document: why. None of them is in force.
        self.tariffs_refused: dict[str, str] = {}
        self._known: dict[str, int] = {}
        self._replica: tuple[RuleBook, Replica] | None = None
        self._watch: asyncio.Task[None] | None = None
        self._pools: dict[str, dict[str, Any]] = {}
        self._pools_read_at_ms = 0
        self._pools_reading = asyncio.Lock()

    @classmethod
    async def open(cls, settings: Settings, *, watch: bool = True) -> "Engine":
        """Compile the law, connect, check the store's contract, load the functions, read what is published.

        Raises ``RuleBookInvalid``, ``StoreUnavailable``, ``BootContractBroken``. ``watch=False`` is for a
        command that looks once and ends.
        """
        files = await asyncio.to_thread(read_law, settings.patterns_dir)
        base = await asyncio.to_thread(RuleBook.compile, files)
        timeouts = {"response_timeout_ms": int(settings.store_response_seconds * 1_000)}
        inventory = Inventory.open(settings.redis_url, base, options=timeouts)
        engine = cls(settings, inventory, base, _tariff_texts(files))
        try:
            engine.store_id = await check_store(inventory, settings)
            await inventory.load_functions()
            await engine.look_again()
        except BaseException:
            inventory.close()
            raise
        if watch:
            engine._watch = asyncio.create_task(engine._keep_watch(), name="engine-watch")
        return engine

    async def close(self) -> None:
        """Stop watching and let go of the store. What was sent is answered first."""
        if self._watch is not None:
            self._watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watch
        self.inventory.close()

    @property
    def book(self) -> RuleBook:
        """The rule book in force now, by the store's time."""
        return self.law.at(self.clock.now_ms())

    def replica(self, at_ms: int | None = None) -> Replica:
        """The shared bitmaps under the rule book of a moment, the present one if none is given.

        Refused while they are built or have stopped.
        """
        now_ms = self.clock.now_ms() if at_ms is None else at_ms
        book = self.law.at(now_ms)
        if self._replica is None or self._replica[0] is not book:
            try:
                self._replica = (book, Replica.open(str(self.settings.replica_path), book))
            except ReplicaUnavailable as error:
                raise Refused("replica_unavailable") from error
        replica = self._replica[1]
        if replica.age_ms(now_ms) > REPLICA_AGE_MAX_MS:
            # The keeper may have built a new file under the same name: look once more at the next request.
            self._replica = None
            raise Refused("replica_unavailable")
        return replica

    async def pool_settings(self) -> Mapping[str, Mapping[str, Any]]:
        """What each pool of the law obeys, {} where the store does not know it; a second old at most.

        Asked by anybody as often as he likes, so that the store is asked at most once a second.
        """
        async with self._pools_reading:
            now_ms = self.clock.now_ms()
            if not self._pools or now_ms - self._pools_read_at_ms >= POOLS_AGE_MAX_MS:
                pools = self.law.base.pools()
                found = await asyncio.gather(*map(self.inventory.pool_settings, pools))
                self._pools, self._pools_read_at_ms = dict(zip(pools, found, strict=True)), now_ms
            return self._pools

    async def look_again(self) -> None:
        """Ask for the store's time and for new publications: every second, and when a tariff changed."""
        self.clock.learn(await self.inventory.server_time_ms())
        await self.read_law()

    async def read_law(self) -> bool:
        """Read what was published since last time; whether anything was.

        In the place of a document that is not what was approved stays what was known under its name, or
        nothing: whoever writes into the store changes no price.
        """
        listed = dict(await self.inventory.list_documents(PUBLISHED_PREFIX))
        if listed == self._known:
            return False
        published = {one.document: one for one in self.law.published if one.document in listed}
        refused = {name: why for name, why in self.tariffs_refused.items() if name in listed}
        for name in (name for name, version in listed.items() if self._known.get(name) != version):
            refused.pop(name, None)
            found = await self.inventory.get_document(name)
            if found is None:
                continue
            try:
                published[name] = await asyncio.to_thread(read_published, name, found[1], self.law.base)
            except PlateError as error:
                refused[name] = error.detail
                metrics.PUBLISHED_TARIFFS_REFUSED.inc()
                log.error(error.slug, document=name, detail=error.detail)
        law = Law(self.law.base, published.values(), before=self.law)
        await asyncio.to_thread(law.compile_ahead, self.clock.now_ms())
        self.law, self.tariffs_refused, self._known = law, refused, listed
        log.info("law_read", published=len(published), revision=self.book.revision)
        return True

    async def count(self, verb: str, answers: Awaitable[Sequence[Answer]]) -> Sequence[Answer]:
        """The answers, counted by verb and outcome for /metrics."""
        counted = await answers
        if len(counted) == 1:
            metrics.outcomes(verb, counted[0].outcome).inc()
            return counted
        # A batch of a hundred mostly ends in one or two ways, and each count is a write.
        for outcome, times in Counter(answer.outcome for answer in counted).items():
            metrics.outcomes(verb, outcome).inc(times)
        return counted

    async def _keep_watch(self) -> None:
        while True:
            await asyncio.sleep(self.settings.law_poll_seconds)
            try:
                await self.look_again()
            except PlateError as error:
                # Requests meet the same error and say so; the watch only must not end by it.
                log.warning("engine_watch_failed", error=type(error).__name__)


def _tariff_texts(files: Sequence[tuple[str, bytes]]) -> dict[str, str]:
    """The tariffs' files by their ids. They have been compiled, so each can be read."""
    texts = [content.decode() for path, content in files if path.startswith("tariffs/")]
    return {str(tomllib.loads(text)["id"]): text for text in texts}
