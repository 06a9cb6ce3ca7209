"""The pages' texts, read once: ``texts/{kk,ru,en}.toml``, each with the same keys."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from plateapi.languages import LANGUAGES, Language

DIRECTORY: Final = Path(__file__).resolve().parent / "texts"


@cache
def texts(language: Language) -> Mapping[str, Any]:
    """Everything a page says in one language; ``fault`` is a table of its own."""
    return tomllib.loads((DIRECTORY / f"{language}.toml").read_text(encoding="utf-8"))


def language_names() -> list[tuple[Language, str]]:
    """The languages as they call themselves, in the order of the law."""
    return [(language, texts(language)["language"]) for language in LANGUAGES]


def fault_sentence(language: Language, code: str) -> str:
    """What is wrong with a pattern or a mark, for a citizen."""
    table = texts(language)["fault"]
    sentence: str = table.get(code, table["other"])
    return sentence
