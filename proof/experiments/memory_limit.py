"""The store at its memory limit: what is held goes on to be paid, given back and ended; nothing new is held.

Holds fill the memory that is left. Each one that is then refused is refused whole, with an answer that says
so for certain, and is given under the same request id when there is memory again. The control has the same
functions loaded without their flag for this: then nothing is paid, given back or ended.
What people are told of all this over HTTP stands in ``proof/full_store.py``; the control has it too.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from plate_core import Act, Inventory, Mark, PlateError, RuleBook, load_rule_book
from proof.api_process import api_process
from proof.audit import audit
from proof.crowd import POOLS, Crowd, Unanswered, opened_sale, some_marks
from proof.experiment import Course, Experiment, Fault, Figure, Size, Tally
from proof.full_store import faults_at_a_full_store
from tests.lasting_law import PATTERNS
from tests.servers import StoreServer, new_server, remove_server

# Some hundred holds fit.
ROOM_BYTES: Final = 256 << 10
WANTED: Final = 6_400
BATCH: Final = 32
EARLY: Final = 24
SHORT_TTL_MS: Final = 1_000
PATIENCE_SECONDS: Final = 1.0
EXPIRY_SECONDS: Final = 2.0
FLAG: Final = ", 'allow-oom')"


@dataclass(frozen=True, slots=True)
class _Wish:
    """A mark that one person wants, under a request id that stays the same."""

    person: int
    mark: Mark
    request: str


def run(course: Course) -> Tally:
    """With the functions as they are."""
    return _run(course, flags=True)


def sabotage(course: Course) -> Tally:
    """With functions that are refused like any other when memory is full, as is the server's default."""
    return _run(course, flags=False)


def _run(course: Course, *, flags: bool) -> Tally:
    """All trials of the store's own verbs, and beside them one of a service over HTTP."""
    with ThreadPoolExecutor(1) as beside:
        service = beside.submit(_over_http, course.directory / "service", flags=flags)
        tally = asyncio.run(_trials(course, flags=flags))
        faults = service.result()
    tally.faults += [Fault(course.seeds.start, f"over HTTP: {fault}") for fault in faults]
    tally.figures.append(Figure("wrong over HTTP", len(faults), ""))
    return tally


def _over_http(directory: Path, *, flags: bool) -> list[str]:
    directory.mkdir()
    with api_process(directory, workers=1) as api:
        if not flags:
            _take_flags_away(api.store)
        return asyncio.run(faults_at_a_full_store(api))


async def _trials(course: Course, *, flags: bool) -> Tally:
    book = load_rule_book(PATTERNS)
    tally = Tally()
    for done, seed in enumerate(course.seeds, 1):
        server = new_server("valkey")
        try:
            async with opened_sale(server.url, book) as inventory:
                if not flags:
                    _take_flags_away(server)
                trial = _Trial(server, inventory, book, seed)
                tally.faults += await trial.fill_and_go_on(course.directory / str(seed))
        finally:
            remove_server(server)
        tally.tried += 1
        course.progress(done)
    return tally


def _take_flags_away(server: StoreServer) -> None:
    with server.client() as client:
        [library] = client.function_list(withcode=True)
        fields = dict(zip(library[::2], library[1::2], strict=True)) if isinstance(library, list) else library
        code = fields[b"library_code"].decode()
        if FLAG not in code:
            raise ValueError("no function has the flag")
        client.function_load(code.replace(FLAG, ")"), replace=True)


class _Trial:
    """One store that is filled: in the first pool. In the second, holds end by themselves."""

    def __init__(self, server: StoreServer, inventory: Inventory, book: RuleBook, seed: int) -> None:
        self.server, self.inventory, self.book, self.seed = server, inventory, book, seed
        self.crowd = Crowd(inventory, book, random.Random(seed), (), patience_seconds=PATIENCE_SECONDS)
        self.holds: dict[str, tuple[str, int]] = {}  # hold and revision by mark
        self.faults: list[Fault] = []

    async def fill_and_go_on(self, directory: Path) -> list[Fault]:
        """From the holds that were made in time to those that are refused and made good."""
        early = self._wishes(some_marks(self.book, EARLY))
        wanted = self._wishes(some_marks(self.book, WANTED + EARLY, POOLS[:1])[EARLY:], after=EARLY)
        await self._shorten_second_pool()
        await self._hold(early)
        with self.server.client() as client:
            used = client.info("memory")["used_memory"]
            client.config_set("maxmemory", used + ROOM_BYTES)
            refused = await self._fill(wanted)
            # Buffers come and go around a limit; well beyond it nothing passes by chance.
            client.config_set("maxmemory", used)
            await self._go_on(early[:: len(POOLS)])
            await self._expect_expiry(len(early[1 :: len(POOLS)]))
            client.config_set("maxmemory", used << 4)
        await self._make_good(refused)
        told = self.crowd.ledger.told
        return self.faults + await audit(self.inventory, self.book, told, POOLS, directory, self.seed)

    def _wishes(self, marks: Sequence[Mark], after: int = 0) -> list[_Wish]:
        """Each mark is wanted by somebody else."""
        return [_Wish(n, mark, f"wish-{n:08}") for n, mark in enumerate(marks, after + 1)]

    async def _shorten_second_pool(self) -> None:
        act = Act(request_id="shorten-second-pool", caller="keeper", channel="keeper")
        await self.inventory.configure_pools(act, {POOLS[1]: {"hold_ttl_ms": SHORT_TTL_MS}})

    async def _hold(self, wishes: Sequence[_Wish]) -> None:
        """All of them in one call; raises what the call raises."""
        rows = [
            (
                self.crowd.act_again(wish.person, wish.request),
                wish.mark,
                self.crowd.tariff,
                self.crowd.amount_tiyn,
            )
            for wish in wishes
        ]
        for wish, answer in zip(wishes, await self.inventory.hold(rows), strict=True):
            self.crowd.ledger.note(str(wish.person), wish.request, "hold", answer, "")
            if answer.live is None:
                self._fault(f"{wish.mark.text} was refused: {answer.outcome}")
            else:
                self.holds[wish.mark.text] = (answer.live.hold_id, answer.live.revision)

    async def _fill(self, wishes: Sequence[_Wish]) -> list[_Wish]:
        """Hold until the store is full; those that it refused, and nothing of them is in it."""
        for start in range(0, len(wishes), BATCH):
            batch = wishes[start : start + BATCH]
            try:
                await self._hold(batch)
            except PlateError as error:
                if error.slug != "store_full":
                    self._fault(f"a hold at the limit was answered by {error.slug}")
                for answer in await self.inventory.read([wish.mark for wish in batch]):
                    if answer.live is not None:
                        self._fault(f"{answer.mark.text} was refused and is held")
                return list(batch)
        self._fault(f"{len(wishes)} holds did not fill {ROOM_BYTES} bytes")
        return []

    async def _go_on(self, held: Sequence[_Wish]) -> None:
        """By turns, one gives his mark back and the next buys it."""
        acts = [self._buy(wish) if wish.person % 4 == 1 else self._release(wish) for wish in held]
        for ended in await asyncio.gather(*acts, return_exceptions=True):
            if isinstance(ended, Unanswered):
                self._fault(f"at the limit, without an answer: {ended}")
            elif ended is not None:
                raise ended

    async def _release(self, wish: _Wish) -> None:
        hold, revision = self.holds[wish.mark.text]
        answer = await self.crowd.ask(
            "release", wish.person, lambda act: (act, wish.mark, hold, revision), hold=hold
        )
        if answer.outcome != "released":
            self._fault(f"{wish.mark.text} could not be given back: {answer.outcome}")

    async def _buy(self, wish: _Wish) -> None:
        await self.crowd.buy(wish.person, wish.mark, *self.holds[wish.mark.text])
        [answer] = await self.inventory.read([wish.mark])
        if answer.live is None or answer.live.state != "allotted":
            self._fault(f"{wish.mark.text} could not be bought")

    async def _expect_expiry(self, due: int) -> None:
        """So many holds of the second pool come to their end, and are ended."""
        expired, why = 0, "nothing was due"
        until = asyncio.get_running_loop().time() + EXPIRY_SECONDS
        while expired < due and asyncio.get_running_loop().time() < until:
            try:
                answers, _ = await self.inventory.sweep(POOLS[1])
                expired += sum(answer.outcome == "expired" for answer in answers)
            except PlateError as error:
                why = error.slug
            await asyncio.sleep(0.05)
        if expired < due:
            self._fault(f"{expired} of {due} holds ended at the limit: {why}")

    async def _make_good(self, refused: Sequence[_Wish]) -> None:
        """With memory again, the same request ids get their marks."""
        if refused:
            await self._hold(refused)

    def _fault(self, sentence: str) -> None:
        self.faults.append(Fault(self.seed, sentence))


EXPERIMENT = Experiment(
    name="memory_limit",
    promise="the store at its memory limit: expiry, release and payment go on, holds are refused whole",
    control="functions loaded without `allow-oom`, as is the server's default",
    unit="stores filled",
    run=run,
    sabotage=sabotage,
    full=Size(10, 3),
    short=Size(1, 1),
)
