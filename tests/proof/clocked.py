"""The core as tests may have it: built with the feature `test_clock`, so that time is an argument.

A release neither knows the option nor has the library in it. This build lies beside it, is loaded from its
file, and has classes of its own; nothing of it mixes with the installed core.
"""

import importlib.machinery
import importlib.util
import os
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.conftest import ROOT

# Where `make test-core` leaves it; a shared target directory is named by cargo's own variable.
PLACE = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug" / "lib_plate_core.so"


def load_clocked_core() -> Any:
    """The module, as `plate_core._plate_core` is, with a clock."""
    if not PLACE.exists():
        pytest.fail(f"{PLACE} is not built; run: make test-core")
    name = "plates_clocked._plate_core"
    loader = importlib.machinery.ExtensionFileLoader(name, str(PLACE))
    spec = importlib.util.spec_from_file_location(name, PLACE, loader=loader)
    assert spec is not None
    module: ModuleType = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module
