"""Which of the three languages a person reads: kk, ru, en, in the order of the law.

Kazakh is the state language, so it answers whoever names none of the three (docs/domain.md, section 4).
"""

from functools import lru_cache
from typing import Final, Literal

Language = Literal["kk", "ru", "en"]
LANGUAGES: Final[tuple[Language, ...]] = ("kk", "ru", "en")
DEFAULT_LANGUAGE: Final[Language] = "kk"

# Browsers send well under a hundred characters; a longer header is not read, so it costs nothing.
HEADER_MAX = 256


def negotiate(accept_language: str | None) -> Language:
    """The best of the three by an Accept-Language header (RFC 9110, 12.5.4).

    >>> negotiate("ru-KZ,ru;q=0.9,en;q=0.8"), negotiate("de, en;q=0.3"), negotiate(None)
    ('ru', 'en', 'kk')
    """
    if not accept_language or len(accept_language) > HEADER_MAX:
        return DEFAULT_LANGUAGE
    return _negotiated(accept_language)


@lru_cache(maxsize=512)
def _negotiated(header: str) -> Language:
    best: Language = DEFAULT_LANGUAGE
    best_weight = 0.0
    for part in header.split(","):
        name, _, parameters = part.partition(";")
        primary = name.strip().lower().split("-")[0]
        weight = _weight(parameters)
        for language in LANGUAGES:
            # Strictly more: of equals the first named wins, and * means the first of the law.
            if primary == language and weight > best_weight:
                best, best_weight = language, weight
        if primary == "*" and weight > best_weight:
            best, best_weight = DEFAULT_LANGUAGE, weight
    return best


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if not name:
        return 1.0
    try:
        weight = float(value) if name.strip() == "q" else 0.0
    except ValueError:
        return 0.0
    return weight if 0.0 <= weight <= 1.0 else 0.0
