"""Which experiments there are, in the order in which they run: every file of ``proof/experiments`` is one."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable

from proof import experiments
from proof.experiment import Experiment


def all_experiments() -> list[Experiment]:
    """Every experiment, by name."""
    return [experiment(found.name) for found in pkgutil.iter_modules(experiments.__path__)]


def experiment(name: str) -> Experiment:
    """The experiment of this name.

    Raises ``KeyError`` with the names that there are.
    """
    names = [found.name for found in pkgutil.iter_modules(experiments.__path__)]
    if name not in names:
        raise KeyError(f"there is no experiment {name}; there are: {', '.join(names)}")
    found = importlib.import_module(f"proof.experiments.{name}").EXPERIMENT
    if not isinstance(found, Experiment) or found.name != name:
        raise TypeError(f"proof/experiments/{name}.py does not bring the experiment {name}")
    return found


def chosen(names: Iterable[str]) -> list[Experiment]:
    """Those of these names, in their order; all of them where none is named."""
    wanted = list(names)
    return [experiment(name) for name in wanted] if wanted else all_experiments()
