"""The published mix: 200 patterns as drivers type them, made from a seed and committed as a file.

Nobody has published what people search for, so the shares are our reading of what they ask at the desk: a
third wants one dear number, a third part of a number, letters or both, the rest a shape, a word or one whole
mark; two in five name their region. What is typed is typed as people do: Cyrillic, lower case, blanks.

`data/patterns-200.txt` is what counts: a figure belongs to the file, and `tests/tidy` holds it to the seed.
Write it anew with `python -m bench.mix`. Not here: searching (`native/src/bin/core_figures.rs`).
"""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Final

FILE: Final = Path(__file__).resolve().parent / "data" / "patterns-200.txt"
SEED: Final = 20260105  # the day on which marks could first be chosen
PATTERNS: Final = 200

HEAD: Final = """\
# The published mix: 200 patterns as drivers type them, one a line; bench/mix.py, seed 20260105.
"""

DEAR: Final = (
    "777",
    "001",
    "007",
    "100",
    "111",
    "222",
    "500",
    "555",
    "700",
    "707",
    "888",
    "900",
    "999",
    "070",
)
PARTS: Final = ("7?7", "77?", "?77", "1?1", "8?8", "0?0", "?00", "5??", "??9", "12?", "99?", "00?")
LETTERS: Final = ("AAA", "KZA", "ABC", "BMW", "ASA", "KAZ", "TTT", "OOO", "HHH", "AMK")
LETTER_PARTS: Final = ("A?A", "AA?", "?AA", "K??", "??Z", "M?M", "A*", "*X", "B*B")
ACROSS: Final = ("7*7", "*77*", "7*", "*7", "1*1", "7*A", "0*O", "*00*", "9*9", "*5 ??C")
WORDS: Final = (
    "мирр",
    "зеркало",
    "айна",
    "тройка",
    "үштік",
    "сотни",
    "десятки",
    "лесенка",
    "mirror",
    "triple",
)
SHAPES: Final = (
    "digits:aba", "digits:aab", "digits:abb", "digits:step(+1)", "digits:?##", "series:aaa", "series:aba",
    "digits:aba & series:aba", "digits:(aba & !707) & series:!aaa", "digits:{001-009,777} & series:A*",
    "7?7 | 8?8", "digits:500-599 & series:KZ?",
)  # fmt: skip
CYRILLIC: Final = str.maketrans("ABEKMHOPCTYX", "АВЕКМНОРСТУХ")


def make_mix(seed: int = SEED) -> list[str]:
    """The 200 patterns: no two alike, the same for a seed."""
    chance = random.Random(seed)
    kinds: list[tuple[Callable[[random.Random], str], int]] = [
        (lambda dice: dice.choice(DEAR), 28),
        (lambda dice: f"{dice.choice(DEAR)} {dice.choice(LETTERS)}", 40),
        (lambda dice: dice.choice(PARTS), 28),
        (lambda dice: f"{dice.choice(PARTS)} {dice.choice(LETTER_PARTS)}", 24),
        (lambda dice: dice.choice((*LETTERS, *LETTER_PARTS[:6])), 24),
        (lambda dice: dice.choice(ACROSS), 12),
        (lambda dice: dice.choice(WORDS), 16),
        (lambda dice: dice.choice(SHAPES), 16),
        (lambda dice: f"{dice.randint(1, 999):03} {dice.choice(LETTERS)} {dice.randint(1, 20):02}", 12),
    ]
    patterns: list[str] = []
    for kind, wanted in kinds:
        complete = len(patterns) + wanted
        while len(patterns) < complete:
            pattern = typed(in_region(kind(chance), chance), chance)
            if pattern not in patterns:
                patterns.append(pattern)
    return patterns


def in_region(pattern: str, chance: random.Random) -> str:
    """Two in five want a mark of their own region; a whole mark and what ends in a star stand as they are."""
    complete = pattern.count(" ") == 2 and pattern[-1].isdigit()
    if complete or "*" in pattern or chance.random() >= 0.4:
        return pattern
    code = f"{chance.randint(1, 20):02}"
    return f"({pattern}) & region:{code}" if set(pattern) & set(":&|") else f"{pattern} {code}"


def typed(pattern: str, chance: random.Random) -> str:
    """As it comes from a keyboard: half of the letters in Cyrillic or in lower case, some blanks left out."""
    if set(pattern) & set(":&|") or any(word in pattern for word in WORDS):
        return pattern
    hand = chance.random()
    if hand < 0.25:
        return pattern.translate(CYRILLIC).lower()
    return pattern.lower() if hand < 0.5 else pattern


def text_of(patterns: list[str]) -> str:
    """The file."""
    return HEAD + "".join(f"{pattern}\n" for pattern in patterns)


def read_mix(path: Path = FILE) -> list[str]:
    """The committed patterns."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


if __name__ == "__main__":
    FILE.write_text(text_of(make_mix()), encoding="utf-8")
