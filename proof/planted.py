"""The core with faults that can be planted at run time, as a process of its own may have it.

`make test-core` builds it beside the release; here it is laid out as the package ``plate_core``, so that a
service is started on it by its import path alone. Which fault is planted says ``PLATES_SABOTAGE``, which only
that build reads; a release has neither the faults nor the variable.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Final

from plate_core import Inventory, RuleBook

ROOT: Final = Path(__file__).resolve().parent.parent
FACADE: Final = ROOT / "plate_core" / "python" / "plate_core"
SABOTAGE: Final = "PLATES_SABOTAGE"
_NONE: Final[Mapping[str, int]] = MappingProxyType({})


def planted_core() -> Path:
    """Where `make test-core` leaves it. Raises ``FileNotFoundError`` with what to run."""
    place = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug" / "lib_plate_core.so"
    if not place.exists():
        raise FileNotFoundError(f"{place} is not built; run: make test-core")
    return place


def planted_environment(directory: Path, sabotage: str = "") -> dict[str, str]:
    """What a process needs in its environment to run on this core, with one fault or with none.

    The package is laid out in ``directory``, which must outlive the process.
    """
    package = directory / "planted" / "plate_core"
    if not package.exists():
        shutil.copytree(FACADE, package, ignore=shutil.ignore_patterns("*.so", "__pycache__"))
        (package / "_plate_core.abi3.so").symlink_to(planted_core())
    return {"PYTHONPATH": f"{package.parent}:{ROOT}", SABOTAGE: sabotage}


def load_planted_core() -> ModuleType:
    """The same core as a module of this process, beside the installed one; nothing of the two mixes.

    Its classes are typed as the installed one's. An inventory has the fault that ``PLATES_SABOTAGE`` names
    when it is opened (:func:`open_planted`).
    """
    place = planted_core()
    name = "plates_planted._plate_core"
    loader = importlib.machinery.ExtensionFileLoader(name, str(place))
    spec = importlib.util.spec_from_file_location(name, place, loader=loader)
    if spec is None:
        raise ImportError(f"{place} is no module")
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def open_planted(
    core: ModuleType, url: str, book: RuleBook, sabotage: str = "", options: Mapping[str, int] = _NONE
) -> Inventory:
    """An inventory of this core, on the server's clock, with one fault or with none."""
    os.environ[SABOTAGE] = sabotage
    try:
        opened: Inventory = core.Inventory.open(url, book, options=dict(options))
    finally:
        del os.environ[SABOTAGE]
    return opened
