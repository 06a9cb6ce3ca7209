"""The permitted directions between rooms, and each check seen to fail on a planted fault."""

import ast
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# What each crate may stand on, from the design; everything else of ours or of these others is refused.
FORBIDDEN_CRATES = {
    "plate-algebra": {"redis", "tokio", "pyo3", "plate-scan", "plate-inventory", "plate-fuzz", "memmap2"},
    "plate-scan": {"redis", "tokio", "pyo3", "plate-inventory", "plate-fuzz"},
    "plate-inventory": {"pyo3", "plate-binding", "plate-simulation", "plate-fuzz"},
    "plate-binding": {"plate-simulation", "plate-fuzz"},
    "plate-fuzz": {"pyo3", "plate-binding", "plate-simulation"},
    "plate-simulation": {"pyo3", "plate-binding"},
}


def crate_dependencies() -> dict[str, set[str]]:
    """Every crate of the workspace with all it is built from, directly or not, tests apart."""
    metadata = json.loads(
        subprocess.run(
            ["cargo", "metadata", "--format-version", "1", "--locked", "--offline"],
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        ).stdout
    )
    names = {package["id"]: package["name"] for package in metadata["packages"]}
    needs = {
        node["id"]: {
            dependency["pkg"]
            for dependency in node["deps"]
            if any(kind["kind"] != "dev" for kind in dependency["dep_kinds"])
        }
        for node in metadata["resolve"]["nodes"]
    }

    def reach(start: str) -> set[str]:
        seen: set[str] = set()
        ahead = [start]
        while ahead:
            for need in needs[ahead.pop()] - seen:
                seen.add(need)
                ahead.append(need)
        return {names[one] for one in seen}

    return {names[member]: reach(member) for member in metadata["workspace_members"]}


def forbidden(found: dict[str, set[str]]) -> list[str]:
    """The directions that are not permitted, as sentences."""
    return [
        f"{crate} must not use {used}"
        for crate, refused in FORBIDDEN_CRATES.items()
        for used in sorted(found[crate] & refused)
    ]


def test_crates_keep_their_directions() -> None:
    """No crate reaches what its room must not know."""
    assert forbidden(crate_dependencies()) == []


def test_a_crate_that_breaks_its_direction_is_seen() -> None:
    """The same check names the fault when the algebra is said to use Redis."""
    found = crate_dependencies()
    found["plate-algebra"].add("redis")
    assert forbidden(found) == ["plate-algebra must not use redis"]


def imports_of(source: str) -> Iterator[str]:
    """The modules that a source imports, absolute names only."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def border_crossings(files: dict[str, str]) -> list[str]:
    """Imports of the binding outside the facade, and of ``plateapi.app`` by anybody."""
    found = []
    for name, source in files.items():
        for module in imports_of(source):
            if "_plate_core" in module and not name.startswith(("plate_core/", "tests/")):
                found.append(f"{name} imports the binding past the facade")
            if module == "plateapi.app" and name.startswith("plateapi/"):
                found.append(f"{name} imports the composition root")
            if name.startswith("loadtests/") and module.split(".")[0] in {"plate_core", "plateapi"}:
                found.append(f"{name} knows the engine from inside")
    return sorted(set(found))


def python_files() -> dict[str, str]:
    """Every Python file that git tracks or would."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    return {name: (ROOT / name).read_text(encoding="utf-8") for name in listed if (ROOT / name).exists()}


def test_python_keeps_its_borders() -> None:
    """Only the facade imports the binding, nothing imports the app, the load knows HTTP only."""
    assert border_crossings(python_files()) == []


@pytest.mark.parametrize(
    ("name", "source", "sentence"),
    [
        (
            "plateapi/drivers/routes.py",
            "from plate_core._plate_core import Mark",
            "plateapi/drivers/routes.py imports the binding past the facade",
        ),
        (
            "plateapi/services/x.py",
            "import plateapi.app",
            "plateapi/services/x.py imports the composition root",
        ),
        ("loadtests/x.py", "import plate_core", "loadtests/x.py knows the engine from inside"),
    ],
)
def test_a_crossed_border_is_seen(name: str, source: str, sentence: str) -> None:
    """The check names each planted fault."""
    assert border_crossings({name: source}) == [sentence]
