"""The building blocks of the experiments about networks and tariffs find what they say they find."""

import asyncio
from contextlib import suppress

from plate_core import RuleBook
from proof.proxy import Odds, running_proxy, whole_calls
from proof.reference_prices import ReferenceTariff
from tests.facade.citizens import NOON_MS
from tests.tariffs import PRESENT, tariff_text

CALL = b"*3\r\n$5\r\nFCALL\r\n$1\r\nf\r\n$1\r\n0\r\n"
NEVER = Odds(reset=0, silence=0, swallow=0, again=0)
INDEX_TENGE = 4_325


def test_whole_calls_are_told_from_the_rest() -> None:
    """Only calls of functions, and only whole ones, are sent again; what is no command is left alone."""
    assert whole_calls(CALL + b"*1\r\n$4\r\nPING\r\n" + CALL) == [CALL, CALL]
    assert whole_calls(CALL + CALL[:-3]) == [CALL]
    assert whole_calls(b"POST / HTTP/1.1\r\n\r\n") == []


async def echoed(odds: Odds, sent: bytes, times: int = 1) -> tuple[list[bytes], list[bytes]]:
    """What a client hears through a proxy from a server that repeats, and what the server was sent."""
    arrived: list[bytes] = []

    async def repeat(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while piece := await reader.read(1_024):
                arrived.append(piece)
                writer.write(piece)
            writer.close()
            await writer.wait_closed()

    server = await asyncio.start_server(repeat, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    heard = []
    async with server, running_proxy(lambda: asyncio.open_connection("127.0.0.1", port), 1, odds) as proxy:
        for _ in range(times):
            reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
            writer.write(sent)
            try:
                heard.append(await reader.read(1_024))
            except ConnectionResetError:
                heard.append(b"")
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
    return heard, arrived


async def test_what_meets_no_fault_passes() -> None:
    """Late by milliseconds, and whole."""
    assert await echoed(NEVER, b"hello", times=3) == ([b"hello"] * 3, [b"hello"] * 3)


async def test_a_swallowed_reply_was_a_request_that_arrived() -> None:
    """The client hears of an end and nothing else; the server has done what it was asked."""
    assert await echoed(Odds(reset=0, silence=0, swallow=1, again=0), b"hello") == ([b""], [b"hello"])


async def test_a_reset_takes_the_request_with_it() -> None:
    """Nothing arrived, and the client cannot know."""
    assert await echoed(Odds(reset=1, silence=0, swallow=0, again=0), b"hello") == ([b""], [])


async def test_a_call_arrives_again() -> None:
    """Once in its place, and once more over a connection of its own, whose answer nobody reads."""
    heard, arrived = await echoed(Odds(reset=0, silence=0, swallow=0, again=1), CALL)
    assert (heard, arrived) == ([CALL], [CALL, CALL])


def test_the_second_reading_of_a_tariff_says_what_the_compiler_says(book: RuleBook) -> None:
    """Of all digits, with letters alike and not; and a text with another price is told apart."""
    texts = [PRESENT.read_text(encoding="utf-8"), tariff_text("kz-other", "2026-02-01", mirror="16")]
    same, other = map(ReferenceTariff.read, texts)
    differing = 0
    for digits in (f"{number:03}" for number in range(1, 1_000)):
        for series in ("AAA", "ABC", "AA", "AB"):
            mark = book.parse(f"{digits}{series}02")
            asked = (mark.format, mark.digits, mark.series, INDEX_TENGE)
            amount_tiyn = book.quote(mark, at_ms=NOON_MS)["amount_tiyn"]
            assert same.amount_tiyn(*asked) == amount_tiyn
            differing += other.amount_tiyn(*asked) != amount_tiyn
    assert differing > 0
