"""The peer's marks: patterns as character sets, prices as a few rules, pages drawn by a seed."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

DIGITS: Final = "0123456789"
LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
FORM: Final = re.compile(r"(\d{3})([A-Z]{3})(\d{2})")
MCI_TIYN: Final = 432_500
TENS: Final = {f"{tens}0".zfill(3) for tens in range(1, 10)} | {"077", "707"}


class PatternInvalid(ValueError):
    """Not a pattern that this peer knows."""


def price_tiyn(mark: str) -> int:
    """What a mark costs, by the tariff of 2026."""
    digits, series, _ = split(mark)
    surcharge = 57 if len(set(series)) == 1 else 0
    if digits == "777" or digits.startswith("00"):
        base = 230
    elif digits.endswith("00") or len(set(digits)) == 1:
        base = 137
    elif digits in TENS:
        base = 57
    elif digits[0] == digits[2]:
        base = 15
    else:
        base = 10
    return (base + surcharge) * MCI_TIYN


def split(mark: str) -> tuple[str, str, str]:
    """Digits, series and region. Raises :class:`PatternInvalid` for what is no mark."""
    found = FORM.fullmatch(mark)
    if found is None or found[1] == "000":
        raise PatternInvalid(mark)
    return found[1], found[2], found[3]


@lru_cache(maxsize=1_024)
def candidates(pattern: str) -> tuple[list[str], list[str]]:
    """The digits and the series that a pattern allows; all marks are their product."""
    digits, _, series = pattern.strip().partition(" ")
    if "*" in digits:
        head, _, tail = digits.partition("*")
        digits = head + "?" * (3 - len(head) - len(tail)) + tail
    return (
        [text for text in map("{:03}".format, range(1, 1_000)) if _fits(digits, text)],
        [
            first + second + third
            for first in LETTERS
            for second in LETTERS
            for third in LETTERS
            if _fits(series or "???", first + second + third)
        ],
    )


def _fits(pattern: str, text: str) -> bool:
    """`?` is any, a capital or a digit itself, and small letters are equal where they are equal."""
    bound: dict[str, str] = {}
    for wanted, character in zip(pattern, text, strict=True):
        if wanted == "?":
            continue
        if wanted.islower():
            if bound.setdefault(wanted, character) != character:
                return False
        elif wanted != character:
            return False
    return all(bound[one] != bound[other] for one in bound for other in bound if one < other)


def drawn(pattern: str, region: str, seed: int, count: int) -> Iterator[str]:
    """Marks of a pattern in the order that a seed gives; enough of them for a page."""
    digits, series = candidates(pattern)
    luck = random.Random(seed)
    total = len(digits) * len(series)
    for place in luck.sample(range(total), min(count, total)):
        row, column = divmod(place, len(digits))
        yield f"{digits[column]}{series[row]}{region}"
