"""The tiers of 2026 as regular expressions: what a service in Python would write first, and write well.

A text is normalised by one translation (look-alikes, case, full width, blanks, dashes). Then there are two:
`classify` tries a precompiled expression a rule, in the order of the tariff; `classify_folded` is what that
becomes for who has measured: one expression of all rules, which tells by its group which one it was.
Both give tiers only. Not here: prices, tags, what is withheld, and reasons. A text that is no mark is None.
"""

import re
from collections.abc import Iterable
from typing import Final

LOOK_ALIKES: Final = dict(zip("АВЕКМНОРСТУХІавекмнорстухі", "ABEKMHOPCTYXI" * 2, strict=True))
FULL_WIDTH: Final = {chr(code): chr(code - 0xFF01 + 0x21).upper() for code in range(0xFF01, 0xFF5F)}
LOWER_CASE: Final = {letter: letter.upper() for letter in "abcdefghijklmnopqrstuvwxyz"}
SKIPPED: Final = dict.fromkeys(" \t\r\n\u00a0\u2009\u200b\u202f\u3000\ufeff-‐‑‒–—―−")
TYPED: Final = str.maketrans({**LOOK_ALIKES, **FULL_WIDTH, **LOWER_CASE, **SKIPPED})

TOP: Final = "(?:00[1-9]|777)"
HUNDREDS: Final = "(?:[1-9]00|111|222|333|444|555|666|888|999)"
TENS: Final = "(?:0[1-9]0|077|707)"
MIRROR: Final = "(?:" + "|".join(f"{digit}[^{digit}]{digit}" for digit in "123456789") + ")"
ORDINARY: Final = "(?!000)[0-9]{3}"
IDENTICAL: Final = "(?:" + "|".join(f"{letter}{{2,3}}" for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ") + ")"
ANY: Final = "[A-Z]{2,3}"
REGION: Final = "(?:0[1-9]|1[0-9]|20)"

# In the order in which the rules of the tariff win.
RULES: Final = {
    "top_identical": TOP + IDENTICAL,
    "top": TOP + ANY,
    "hundreds_identical": HUNDREDS + IDENTICAL,
    "hundreds": HUNDREDS + ANY,
    "tens_identical": TENS + IDENTICAL,
    "tens": TENS + ANY,
    "mirror_identical": MIRROR + IDENTICAL,
    "mirror": MIRROR + ANY,
    "ordinary_identical": ORDINARY + IDENTICAL,
    "ordinary": ORDINARY + ANY,
}
EXPRESSIONS: Final = [(tier, re.compile(f"(?:KZ)?{rule}{REGION}")) for tier, rule in RULES.items()]
FOLDED: Final = re.compile(
    "(?:KZ)?(?:" + "|".join(f"(?P<{tier}>{rule})" for tier, rule in RULES.items()) + ")" + REGION
)


def classify(marks: Iterable[str]) -> list[str | None]:
    """The tier of each text by the first rule that matches it, None where it is no mark."""
    return [tier_of(text.translate(TYPED)) for text in marks]


def tier_of(mark: str) -> str | None:
    """The tier of a normalised mark."""
    for tier, expression in EXPRESSIONS:
        if expression.fullmatch(mark):
            return tier
    return None


def classify_folded(marks: Iterable[str]) -> list[str | None]:
    """The same by one expression."""
    full_match = FOLDED.fullmatch
    found = (full_match(text.translate(TYPED)) for text in marks)
    return [match.lastgroup if match else None for match in found]
