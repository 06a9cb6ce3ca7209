"""A body has its time: late it is cut off, and whoever else cancels the request is obeyed all the same."""

import asyncio

import pytest
from starlette.exceptions import HTTPException
from starlette.types import Message

from plateapi.edge.envelope import BodyMeter

LIMIT_BYTES = 10


async def never_sent() -> Message:
    """A body that does not come."""
    await asyncio.Event().wait()
    raise AssertionError("nobody sets it")


async def waiting(meter: BodyMeter) -> "asyncio.Task[Message]":
    """A request that waits for its body."""
    task = asyncio.create_task(meter.receive())
    await asyncio.sleep(0)
    return task


async def test_a_late_body_is_cut_off_and_leaves_no_cancellation_behind() -> None:
    """408, its connection closed, and what waits next in the same request is not cancelled by it."""
    with pytest.raises(HTTPException) as cut:
        await BodyMeter(never_sent, LIMIT_BYTES, 0.0).receive()
    assert (cut.value.status_code, cut.value.headers) == (408, {"connection": "close"})
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


@pytest.mark.parametrize("is_late", [False, True])
async def test_a_cancellation_from_outside_is_no_late_body(is_late: bool) -> None:
    """A request that is cancelled ends as cancelled, also where its body is late in the same moment."""
    meter = BodyMeter(never_sent, LIMIT_BYTES, 60.0)
    task = await waiting(meter)
    if is_late:
        meter._cut_off(task)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert task.cancelled()
