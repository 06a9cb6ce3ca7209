"""Manners of the tree: sizes, names, words, and places where `unsafe` may stand; each seen to fail once."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

MOST_LINES = 700
REFUSED_NAMES = {"utils", "util", "helpers", "helper", "manager", "common", "misc"}
# The words that are looked for stand here and in the planted fault below; neither is unfinished work.
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|todo!\(|unimplemented!\(|\bNotImplementedError")
UNSAFE = re.compile(r"^\s*(pub )?unsafe |[^_]\bunsafe \{")
# The only crate of bitmap kernels and shared memory.
UNSAFE_HOME = "plate_core/scan/"


def tracked() -> list[str]:
    """Every source file that git tracks or would."""
    return subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py", "*.rs", "*.lua"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()


def faults_of(name: str, text: str) -> list[str]:
    """What is unmannerly about one file."""
    found = []
    stems = {part.removesuffix(Path(name).suffix) for part in Path(name).parts}
    if stems & REFUSED_NAMES:
        found.append("a name that says nothing")
    if len(text.splitlines()) > MOST_LINES:
        found.append(f"more than {MOST_LINES} lines")
    if name != "tests/tidy/test_manners.py" and UNFINISHED.search(text):
        found.append("unfinished work")
    if name.endswith(".rs"):
        if not name.startswith(UNSAFE_HOME) and any(UNSAFE.search(line) for line in text.splitlines()):
            found.append("unsafe outside its home")
        if "/src/" in name and not text.lstrip().startswith("//!"):
            found.append("no head that says what is here")
    if name.endswith(".lua") and not text.startswith("--"):
        found.append("no head that says what is here")
    if name.endswith(".py") and text.strip() and not text.lstrip("#! /\n").startswith(('"""', 'r"""')):
        found.append("no head that says what is here")
    return found


def test_every_file_keeps_its_manners() -> None:
    """Each source has a head, a telling name, a size that can be read, and nothing unfinished."""
    faults = {
        name: found
        for name in tracked()
        if (ROOT / name).exists() and (found := faults_of(name, (ROOT / name).read_text(encoding="utf-8")))
    }
    assert faults == {}


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        ("plateapi/utils.py", '"""Head."""', "a name that says nothing"),
        ("plateapi/x.py", '"""Head."""\n' + "x = 1\n" * MOST_LINES, f"more than {MOST_LINES} lines"),
        ("plateapi/x.py", '"""Head."""\n# TODO later', "unfinished work"),
        ("plateapi/x.py", "x = 1", "no head that says what is here"),
        ("plate_core/algebra/src/x.rs", "//! Head.\nfn f() { unsafe { g() } }", "unsafe outside its home"),
        ("plate_core/algebra/src/x.rs", "fn f() {}", "no head that says what is here"),
        ("plate_core/inventory/src/functions/x.lua", "return 1", "no head that says what is here"),
    ],
)
def test_an_unmannerly_file_is_seen(name: str, text: str, fault: str) -> None:
    """The check names each planted fault."""
    assert faults_of(name, text) == [fault]
