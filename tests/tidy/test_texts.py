"""Everything a citizen sees is there in Kazakh, Russian and English."""

import string
import tomllib
from pathlib import Path
from typing import Any

TEXTS = Path(__file__).resolve().parents[2] / "plateapi" / "web" / "texts"


def fields(template: str) -> set[str]:
    """The places of a text that are filled in."""
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


def differences(texts: dict[str, dict[str, str]]) -> list[str]:
    """Keys that a language lacks or leaves empty, and texts that fill in other places than English."""
    found = []
    for language, table in texts.items():
        for key in texts["en"].keys() | table.keys():
            if not table.get(key) or key not in texts["en"]:
                found.append(f"{language}: {key}")
            elif fields(table[key]) != fields(texts["en"][key]):
                found.append(f"{language}: {key} fills in other places")
    return sorted(found)


def flat(table: dict[str, Any], before: str = "") -> dict[str, str]:
    """A table of tables as one, with dotted keys."""
    found: dict[str, str] = {}
    for key, value in table.items():
        found |= flat(value, f"{before}{key}.") if isinstance(value, dict) else {before + key: value}
    return found


def read_texts() -> dict[str, dict[str, str]]:
    """The pages' texts by language."""
    paths = sorted(TEXTS.glob("*.toml"))
    return {path.stem: flat(tomllib.loads(path.read_text(encoding="utf-8"))) for path in paths}


def test_pages_speak_three_languages_alike() -> None:
    """Each language has exactly the keys of the others, with the same places to fill in."""
    texts = read_texts()
    assert sorted(texts) == ["en", "kk", "ru"]
    assert differences(texts) == []


def test_a_missing_text_is_seen() -> None:
    """A key that one language lacks, and a forgotten place, are named."""
    texts = read_texts()
    del texts["kk"]["search"]
    texts["ru"]["found"] = "Найдено"
    assert differences(texts) == ["kk: search", "ru: found fills in other places"]
