"""The bridge between event loops and the engine, under cancel, close, fork, silence and overload."""

import asyncio
import gc
import os
import threading
import traceback
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
import uvloop

from plate_core import (
    InputInvalid,
    Inventory,
    InventoryClosed,
    InventoryForked,
    OutcomeUnknown,
    RuleBook,
    StoreOverloaded,
    StoreUnavailable,
)
from tests.facade.citizens import Citizen, hold_row, official, open_country
from tests.servers import StoreServer

NOBODY_THERE = "unix:///nowhere/at/all.sock"
POOL = "person_car.02"

Run = Callable[[Coroutine[Any, Any, Any]], Any]


@pytest.fixture(params=[asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    """Runs a coroutine on a loop of each kind."""
    chosen: Run = request.param
    return chosen


def test_an_echo_comes_back(run: Run, book: RuleBook) -> None:
    """The engine answers without any server."""

    async def scene() -> None:
        inventory = Inventory.open(NOBODY_THERE, book)
        assert await inventory.echo() is None
        inventory.close()

    run(scene())


def test_many_at_once_are_each_answered(run: Run, book: RuleBook) -> None:
    """Ten thousand concurrent requests of one turn are answered one by one, and nothing is left over."""

    async def scene() -> None:
        inventory = Inventory.open(NOBODY_THERE, book)
        assert await asyncio.gather(*[inventory.echo() for _ in range(10_000)]) == [None] * 10_000
        assert inventory.backlog == 0
        inventory.close()

    run(scene())


def test_loops_in_threads_share_an_inventory(book: RuleBook) -> None:
    """Each loop is woken for its own requests, also when loops come and go."""
    inventory = Inventory.open(NOBODY_THERE, book)
    done: list[int] = []

    async def scene() -> None:
        done.append(len(await asyncio.gather(*[inventory.echo() for _ in range(500)])))

    for _ in range(3):
        threads = [threading.Thread(target=asyncio.run, args=(scene(),)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert done == [500] * 12
    inventory.close()


def test_a_verb_needs_a_running_loop(book: RuleBook) -> None:
    """Outside an event loop a verb is a programming error, and is Python's own."""
    inventory = Inventory.open(NOBODY_THERE, book)
    with pytest.raises(RuntimeError, match="no running event loop"):
        inventory.echo()
    inventory.close()


@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_a_loop_stopped_in_its_turn_is_not_taken_for_the_running_one(
    new_loop: Callable[[], asyncio.AbstractEventLoop], book: RuleBook
) -> None:
    """Whoever asked in a turn that broke off is answered when it goes on; others ask for themselves."""
    inventory = Inventory.open(NOBODY_THERE, book)
    first, second = new_loop(), new_loop()
    asked: list[asyncio.Future[None]] = []

    def ask_and_stop() -> None:
        asked.append(inventory.echo())
        first.stop()

    async def ask() -> None:
        assert await inventory.echo() is None

    first.call_soon(ask_and_stop)
    first.run_forever()
    with pytest.raises(RuntimeError, match="no running event loop"):
        inventory.echo()
    second.run_until_complete(ask())
    assert first.run_until_complete(asyncio.wait_for(asked[0], 10)) is None
    inventory.close()
    first.close()
    second.close()


def test_cancelling_one_leaves_the_others(run: Run, store: StoreServer, book: RuleBook) -> None:
    """A cancelled awaitable takes nothing back and disturbs nobody; what it asked for was done."""

    async def scene() -> None:
        inventory = Inventory.open(store.url, book)
        await open_country(inventory, book, [POOL])
        store.pause()
        marks = [book.mark_at(POOL, 1024 + number) for number in range(1, 9)]
        people = [Citizen(f"citizen-{number}") for number in range(8)]
        tasks = [
            asyncio.ensure_future(inventory.hold([hold_row(book, citizen.act(), mark)]))
            for citizen, mark in zip(people, marks, strict=True)
        ]
        await asyncio.sleep(0)
        for task in tasks[::2]:
            task.cancel()
        store.resume()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(result) for result in results[::2]] == [asyncio.CancelledError] * 4
        assert [answers[0].outcome for answers in results[1::2]] == ["held"] * 4
        assert [answer.live is not None for answer in await inventory.read(marks)] == [True] * 8
        inventory.close()

    run(scene())


def test_what_is_never_answered_is_unknown(run: Run, store: StoreServer, book: RuleBook) -> None:
    """A silent store makes an item `unknown` and a call `OutcomeUnknown`; asking again under the id tells."""

    async def scene() -> None:
        patient = Inventory.open(store.url, book)
        await open_country(patient, book, [POOL])
        inventory = Inventory.open(store.url, book, options={"response_timeout_ms": 300})
        await inventory.server_time_ms()
        mark = book.mark_at(POOL, 1025)
        row = hold_row(book, Citizen("aigerim").act("the-same-id"), mark)
        store.pause()
        held, written = await asyncio.gather(
            inventory.hold([row]),
            inventory.put_document(
                Citizen("aigerim").act("a-document-id"), "draft", b"{}", expected_version=0
            ),
            return_exceptions=True,
        )
        [answer] = held
        assert (answer.outcome, answer.done, answer.mark, answer.live) == ("unknown", False, mark, None)
        assert (answer.revision, answer.server_time_ms, answer.context) == (0, 0, {})
        assert isinstance(written, OutcomeUnknown)
        store.resume()
        [answer] = await patient.hold([row])
        assert (answer.outcome, answer.done) == ("held", True)
        inventory.close()
        patient.close()

    run(scene())


def test_closing_ends_every_request(run: Run, store: StoreServer, book: RuleBook) -> None:
    """What was sent is unknown, what waited is refused, and what comes later is refused at once."""

    async def scene() -> None:
        inventory = Inventory.open(
            store.url, book, options={"close_grace_ms": 50, "batch_items_max": 1, "batches_in_flight": 1}
        )
        await open_country(inventory, book, [POOL])
        store.pause()
        rows = [
            hold_row(book, Citizen(f"citizen-{number}").act(), book.mark_at(POOL, 1024 + number))
            for number in range(1, 4)
        ]
        sent = asyncio.ensure_future(inventory.hold(rows[:1]))
        await asyncio.sleep(0.05)
        waiting = asyncio.ensure_future(inventory.hold(rows[1:2]))
        mixed = asyncio.ensure_future(inventory.hold(rows[2:]))
        call = asyncio.ensure_future(inventory.server_time_ms())
        await asyncio.sleep(0.05)
        inventory.close()
        inventory.close()
        answers, *refused = await asyncio.gather(sent, waiting, mixed, call, return_exceptions=True)
        assert [answer.outcome for answer in answers] == ["unknown"]
        assert [type(error) for error in refused] == [InventoryClosed, InventoryClosed, OutcomeUnknown]
        assert inventory.backlog == 0
        with pytest.raises(InventoryClosed):
            inventory.echo()
        store.resume()

    run(scene())


def test_an_inventory_nobody_closed_ends_by_itself(run: Run, book: RuleBook) -> None:
    """Dropping the last reference stops the thread; the loop closes without a complaint."""

    async def scene() -> None:
        inventory = Inventory.open(NOBODY_THERE, book)
        await inventory.echo()

    before = _engine_threads()
    for _ in range(5):
        run(scene())
    gc.collect()
    deadline = threading.Event()
    for _ in range(100):
        if _engine_threads() <= before:
            return
        deadline.wait(0.05)
    pytest.fail("engine threads are left over")


def _engine_threads() -> int:
    names = [(task / "comm").read_text().strip() for task in Path("/proc/self/task").iterdir()]
    return names.count("plates-engine")


def test_closing_from_another_thread_reaches_the_loop(book: RuleBook, store: StoreServer) -> None:
    """A request of a running loop gets its end in that loop when somebody else closes."""

    async def scene() -> None:
        inventory = Inventory.open(store.url, book, options={"close_grace_ms": 20})
        await open_country(inventory, book, [POOL])
        store.pause()
        pending = asyncio.ensure_future(inventory.server_time_ms())
        await asyncio.sleep(0.02)
        closer = threading.Thread(target=inventory.close)
        closer.start()
        with pytest.raises(OutcomeUnknown):
            await pending
        closer.join()
        store.resume()

    asyncio.run(scene())


def test_a_closed_loop_takes_its_requests_along(book: RuleBook, store: StoreServer) -> None:
    """A loop that ends with requests under way harms neither the inventory nor the next loop."""
    inventory = Inventory.open(store.url, book)

    async def leave_behind() -> None:
        await open_country(inventory, book, [POOL])
        store.pause()
        inventory.server_time_ms()

    async def come_back() -> int:
        return await inventory.server_time_ms()

    asyncio.run(leave_behind())
    store.resume()
    assert asyncio.run(come_back()) > 0
    inventory.close()


def test_a_full_backlog_refuses_at_once(run: Run, store: StoreServer, book: RuleBook) -> None:
    """More than the bound is a refusal with a time, raised by the call itself, and room comes back."""

    async def scene() -> None:
        inventory = Inventory.open(store.url, book, options={"backlog_items_max": 4})
        await open_country(inventory, book, [POOL])
        store.pause()
        waiting = [inventory.server_time_ms() for _ in range(4)]
        with pytest.raises(StoreOverloaded) as refused:
            inventory.server_time_ms()
        assert 20 <= refused.value.context["retry_after_ms"] <= 5_000
        store.resume()
        assert all(now > 0 for now in await asyncio.gather(*waiting))
        assert await inventory.server_time_ms() > 0
        with pytest.raises(InputInvalid) as too_long:
            inventory.read([book.mark_at(POOL, 1025)] * 5)
        assert too_long.value.slug == "list_too_long"
        inventory.close()

    run(scene())


def test_nobody_there_is_unavailable(run: Run, book: RuleBook) -> None:
    """A server that cannot be reached has done nothing, and the refusal says so."""

    async def scene() -> None:
        inventory = Inventory.open(NOBODY_THERE, book)
        with pytest.raises(StoreUnavailable):
            await inventory.hold(
                [hold_row(book, Citizen("aigerim").act(), book.mark_at("person_car.02", 1025))]
            )
        with pytest.raises(StoreUnavailable):
            await inventory.load_functions()
        inventory.close()

    run(scene())


def test_a_forked_child_is_refused_and_the_parent_goes_on(run: Run, book: RuleBook) -> None:
    """The engine's thread lives in the parent only: the child is told, and breaks nothing."""

    async def scene() -> None:
        inventory = Inventory.open(NOBODY_THERE, book)
        await inventory.echo()
        child = os.fork()
        if child == 0:
            os._exit(_in_the_child(inventory, book))
        _, status = os.waitpid(child, 0)  # noqa: ASYNC222 -- the child must end before we go on
        assert os.waitstatus_to_exitcode(status) == 0
        assert await asyncio.gather(*[inventory.echo() for _ in range(100)]) == [None] * 100
        inventory.close()

    run(scene())


def _in_the_child(inventory: Inventory, book: RuleBook) -> int:
    """0 when the child saw what it should."""

    async def old_and_new() -> None:
        with pytest.raises(InventoryForked):
            inventory.echo()
        inventory.close()
        own = Inventory.open(NOBODY_THERE, book)
        await own.echo()
        own.close()

    try:
        asyncio._set_running_loop(None)
        asyncio.new_event_loop().run_until_complete(old_and_new())
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def test_an_empty_list_needs_no_server(run: Run, book: RuleBook) -> None:
    """No items, no answers."""

    async def scene() -> None:
        inventory = Inventory.open(NOBODY_THERE, book)
        assert await inventory.hold([]) == []
        inventory.close()

    run(scene())


@pytest.mark.parametrize(
    "options",
    [
        {"backlog_items_max": 0},
        {"batch_items_max": 129},
        {"batches_in_flight": -1},
        {"close_grace_ms": 60_001},
        {"response_timeout_ms": 0},
        {"test_clock": 1},
        {"unheard_of": 1},
    ],
    ids=str,
)
def test_options_are_bounded(options: dict[str, int], book: RuleBook) -> None:
    """An option outside its bounds, unknown, or of a test build is refused by name."""
    with pytest.raises(InputInvalid) as refused:
        Inventory.open(NOBODY_THERE, book, options=options)
    assert refused.value.slug == "option_invalid"
    assert next(iter(options)) in refused.value.detail


def test_a_url_that_means_nothing_is_refused(book: RuleBook) -> None:
    """The URL is read when the inventory is opened."""
    with pytest.raises(InputInvalid) as refused:
        Inventory.open("carrier-pigeon://loft", book)
    assert refused.value.slug == "url_invalid"


def test_an_official_act_needs_no_applicant_but_a_hold_does(run: Run, book: RuleBook) -> None:
    """A hold for nobody is refused before anything is sent."""

    async def scene() -> None:
        inventory = Inventory.open(NOBODY_THERE, book)
        with pytest.raises(InputInvalid) as refused:
            inventory.hold([hold_row(book, official(), book.mark_at("person_car.02", 1025))])
        assert refused.value.slug == "applicant_missing"
        inventory.close()

    run(scene())
