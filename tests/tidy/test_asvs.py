"""The page of ASVS items names tests that exist, and each row names one or says that it is not met."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "security" / "asvs.md"
ITEM = re.compile(r"\| (?P<items>\d+\.\d+\.\d+(?:, \d+\.\d+\.\d+)*) \|")
NAMED = re.compile(r"`(?P<file>[\w/.]+\.(?:py|rs))::(?P<name>\w+)`")
NOT_MET = "not met"


def faults_of(page: str) -> list[str]:
    """Every row that shows nothing and does not say so, and every test that is not there."""
    faults = []
    for row in page.splitlines():
        found = ITEM.match(row)
        if found is None:
            continue
        named = [(one["file"], one["name"]) for one in NAMED.finditer(row)]
        faults += [f"{file}::{name} is not there" for file, name in named if not is_there(file, name)]
        if not named and NOT_MET not in row:
            faults.append(f"{found['items']} shows nothing")
    return faults


def is_there(file: str, name: str) -> bool:
    """Whether a file has a test, an experiment or a function of this name."""
    path = ROOT / file
    if not path.is_file():
        return False
    begins = rf"^\s*(?:async )?(?:def|fn) {name}\b|^{name} = "
    return re.search(begins, path.read_text(encoding="utf-8"), re.MULTILINE) is not None


def test_every_named_test_exists() -> None:
    """And the page has enough rows to be the page that is meant."""
    page = PAGE.read_text(encoding="utf-8")
    assert faults_of(page) == []
    assert len(re.findall(ITEM.pattern, page)) >= 60
    assert "| 2.3.4 |" in page


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("| 1.2.3 | asks | `tests/tidy/test_asvs.py::test_no_such` |", "test_no_such is not there"),
        ("| 1.2.3 | asks | `tests/tidy/no_such.py::test_it` |", "no_such.py::test_it is not there"),
        ("| 1.2.3 | asks | all is well |", "1.2.3 shows nothing"),
    ],
)
def test_a_planted_row_is_seen(row: str, fault: str) -> None:
    """A wrong name, a wrong file, a row of words."""
    assert fault in faults_of(row)[0]
