"""What a tariff's text says that a mark costs, read a second time: rules asked in their order, mark by mark.

It shares nothing with the compiler: the text is read by ``tomllib``, and a set of digits or letters is asked
of one value at a time. It knows the part of the pattern language that tariffs use (values, ranges, templates,
``?``, ``|``) and says so where it meets more, so that nothing is compared with a guess.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

_RANGE = re.compile(r"(\d+)-(\d+)|([A-Z]+)-([A-Z]+)")
_TEMPLATE = re.compile(r"[0-9A-Za-z?]+")


class BeyondReference(Exception):
    """A set in more of the language than is known here."""


@dataclass(frozen=True)
class ReferenceTariff:
    """A tariff as its text has it."""

    content: dict[str, Any]

    @classmethod
    def read(cls, text: str) -> ReferenceTariff:
        """Raises ``tomllib.TOMLDecodeError`` where the text is no TOML."""
        return cls(tomllib.loads(text))

    def amount_tiyn(self, form: str, digits: str, series: str, index_tenge: int) -> int | None:
        """What a chosen mark of this format costs; None where no rule offers it."""
        for rule in self.content["rule"]:
            speaks = rule["acquired"] == "chosen" and form in rule.get("formats", [form])
            if speaks and _names(rule.get("digits"), digits) and _names(rule.get("series"), series):
                return None if rule.get("not_offered") else self._tier_tiyn(rule["tier"], index_tenge)
        return None

    def _tier_tiyn(self, tier: str, index_tenge: int) -> int:
        [mci] = [Decimal(one["mci"]) for one in self.content["tier"] if one["id"] == tier]
        return int(mci * 100 * index_tenge)


def _names(values: str | None, value: str) -> bool:
    """Whether a set holds a value; one that is left out holds all."""
    return values is None or any(_holds(part.strip(), value) for part in values.split("|"))


def _holds(part: str, value: str) -> bool:
    if found := _RANGE.fullmatch(part):
        first, last = [end for end in found.groups() if end]
        return first <= value <= last
    if not _TEMPLATE.fullmatch(part):
        raise BeyondReference(part)
    return len(part) == len(value) and _fits(part, value)


def _fits(template: str, value: str) -> bool:
    """Equal small letters stand for equal characters, different ones for different; the rest for itself."""
    meant: dict[str, str] = {}
    for letter, character in zip(template, value, strict=True):
        if letter.islower():
            if meant.setdefault(letter, character) != character:
                return False
        elif letter not in {"?", character}:
            return False
    return len(set(meant.values())) == len(meant)
