"""Tariff files as they arrive damaged: cut, flipped, shuffled, with other numbers or another's body."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from typing import Final

from tests.tariffs import PRESENT, tariff_text

Damage = Callable[[random.Random, bytes], bytes]

NUMBER: Final = re.compile(r"\d+")
ID: Final = "kz-damaged"


def damaged_tariff(chance: random.Random, day: str) -> bytes:
    """The present tariff for another day, damaged in one way or in two; a few come through whole."""
    content = tariff_text(ID, day).encode()
    for damage in chance.choices(DAMAGES, k=chance.choice((1, 1, 1, 2))):
        if b"\n" not in content:  # An earlier damage has left a line, or nothing: no two to exchange.
            break
        content = damage(chance, content)
    return content


def _cut(chance: random.Random, content: bytes) -> bytes:
    """The file ends somewhere, as after a full disk."""
    return content[: chance.randrange(len(content))]


def _flip(chance: random.Random, content: bytes) -> bytes:
    """Some bits of some bytes fall over."""
    changed = bytearray(content)
    for _ in range(chance.randint(1, 3)):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _swap_lines(chance: random.Random, content: bytes) -> bytes:
    """Two lines change places."""
    lines = content.split(b"\n")
    one, other = chance.sample(range(len(lines)), 2)
    lines[one], lines[other] = lines[other], lines[one]
    return b"\n".join(lines)


def _double_line(chance: random.Random, content: bytes) -> bytes:
    """A line, mostly a key, stands twice."""
    lines = content.split(b"\n")
    place = chance.randrange(len(lines))
    return b"\n".join([*lines[: place + 1], *lines[place:]])


def _drop_line(chance: random.Random, content: bytes) -> bytes:
    """A line is gone."""
    lines = content.split(b"\n")
    del lines[chance.randrange(len(lines))]
    return b"\n".join(lines)


def _swap_tables(chance: random.Random, content: bytes) -> bytes:
    """Two tables change places: of rules, the one that was asked later is asked before."""
    tables = content.split(b"\n[[")
    if len(tables) < 3:  # An earlier damage has cut the rest off.
        return content
    one, other = chance.sample(range(1, len(tables)), 2)
    tables[one], tables[other] = tables[other], tables[one]
    return b"\n[[".join(tables)


def _change_number(chance: random.Random, content: bytes) -> bytes:
    """A number is another one: a price, a day, a range."""
    text = content.decode(errors="surrogateescape")
    found = chance.choice(list(NUMBER.finditer(text)) or [None])
    if found is None:
        return content
    number = f"{chance.randrange(10 ** len(found[0])):0{len(found[0])}}"
    return (text[: found.start()] + number + text[found.end() :]).encode(errors="surrogateescape")


def _change_price(chance: random.Random, content: bytes) -> bytes:
    """A tier costs something else: a sound tariff that nobody has approved."""
    price = b'mci = "%d"' % chance.randint(1, 400)
    prices = list(re.finditer(rb'mci = "[^"]*"', content))
    if not prices:
        return content
    found = chance.choice(prices)
    return content[: found.start()] + price + content[found.end() :]


def _take_other_body(chance: random.Random, content: bytes) -> bytes:
    """The head of this file and the body of the tariff in force, or that tariff itself."""
    other = PRESENT.read_bytes()
    if chance.random() < 0.5:
        return other
    place = chance.randrange(len(content))
    return content[:place] + other[place:]


DAMAGES: Final[Sequence[Damage]] = (
    _cut,
    _flip,
    _swap_lines,
    _double_line,
    _drop_line,
    _swap_tables,
    _change_number,
    _change_price,
    _change_price,
    _take_other_body,
)
