"""The schemas of `patterns/schema`: every file of the law obeys its own, and each schema refuses a slip."""

import datetime
import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator, FormatChecker  # type: ignore[import-untyped]

PATTERNS = Path(__file__).resolve().parents[2] / "patterns"
FILES = sorted((PATTERNS / "kz").rglob("*.toml"))
SCHEMAS = sorted((PATTERNS / "schema").glob("*.schema.json"))
SHARED = ("text", "names", "id", "sure", "day", "provenance")


def schema_of(file: Path) -> Path:
    """The schema that the first line of a file names."""
    directive = file.read_text(encoding="utf-8").splitlines()[0]
    assert directive.startswith("#:schema "), f"{file.name} names no schema"
    return (file.parent / directive.removeprefix("#:schema ")).resolve()


def plain(value: Any) -> Any:
    """TOML as JSON: days become texts."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return value.isoformat() if isinstance(value, datetime.date) else value


def faults_of(schema: Path, document: Any) -> list[str]:
    """What the schema says against a document."""
    validator = Draft7Validator(
        json.loads(schema.read_text(encoding="utf-8")), format_checker=FormatChecker()
    )
    return [error.message for error in validator.iter_errors(document)]


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PATTERNS)))
def test_a_file_obeys_the_schema_it_names(file: Path) -> None:
    """Every file names a schema of `patterns/schema` and obeys it; one key too many is seen."""
    document = plain(tomllib.loads(file.read_text(encoding="utf-8")))
    schema = schema_of(file)
    assert schema in SCHEMAS
    assert faults_of(schema, document) == []
    assert faults_of(schema, {**document, "tear": "dear"}) != []


def test_every_schema_is_named_by_a_file() -> None:
    """No schema lies about unused, and each is a schema."""
    assert {schema_of(file) for file in FILES} == set(SCHEMAS)
    for schema in SCHEMAS:
        Draft7Validator.check_schema(json.loads(schema.read_text(encoding="utf-8")))


def test_the_schemas_share_their_words() -> None:
    """Each schema stands alone for editors, so what they repeat must stay the same."""
    definitions = [json.loads(schema.read_text(encoding="utf-8"))["definitions"] for schema in SCHEMAS]
    for name in SHARED:
        assert all(each[name] == definitions[0][name] for each in definitions), name


@pytest.mark.parametrize(
    ("file", "entry", "key", "value"),
    [
        ("regions.toml", "region", "code", "2"),
        ("mci.toml", "mci", "value_tenge", 4325.5),
        ("mci.toml", "mci", "in_force_from", "1 January"),
        ("formats/foreign.toml", "foreign", "template", "[F NNNN"),
        ("tariffs/kz-2026.toml", "tier", "mci", "2,8"),
        ("tariffs/kz-2026.toml", "tier", "mci", 228),
        ("tariffs/kz-2026.toml", "rule", "acquired", "inherited"),
        ("tariffs/kz-2026.toml", "rule", "not_offered", True),
        ("tariffs/kz-2026.toml", "rule", "sure", "very"),
        ("withheld/person_car.toml", "withheld", "series", ["bad"]),
        ("withheld/person_car.toml", "withheld", "pattern", "7*"),
        ("beauty/digits.toml", "beauty", "beauty", 30_000),
        ("beauty/digits.toml", "beauty", "words", "kk"),
        ("beauty/look_alikes.toml", "beauty", "look_alikes", {"8": "BB"}),
        ("words/kk.toml", "word", "series", "ATALAR"),
    ],
)
def test_a_slip_in_an_entry_is_seen(file: str, entry: str, key: str, value: object) -> None:
    """Each schema refuses a value that the engine refuses too."""
    path = PATTERNS / "kz" / file
    document = plain(tomllib.loads(path.read_text(encoding="utf-8")))
    document[entry][0][key] = value
    assert faults_of(schema_of(path), document) != []
