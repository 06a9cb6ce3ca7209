"""The core with faults that can be planted at run time, as a process of its own may have it.

`make test-core` builds it beside the release; here it is laid out as the package ``plate_core``, so that a
service is started on it by its import path alone. Which fault is planted says ``PLATES_SABOTAGE``, which only
that build reads; a release has neither the faults nor the variable.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
FACADE: Final = ROOT / "plate_core" / "python" / "plate_core"
SABOTAGE: Final = "PLATES_SABOTAGE"


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
