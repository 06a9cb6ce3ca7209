"""The country's law with an index that never ends: for tests, benches and launches, and never for service.

The real law knows the index (MCI) of the years whose budget law is known, and refuses every price beyond as
`mci_unknown`. That is right in service. A proof that prices by today's date would turn red on New Year's
morning, though nothing broke; so it runs on this copy, in which the last known index stands for good.
Nor does the index change in it, so no hold of a test is cut in the last minutes of a year.

Not here: the law that is judged. What the files of `patterns/kz` say is proven on those files, by days of
the years that they know.
"""

import atexit
import re
import shutil
import tempfile
import tomllib
from functools import cache
from pathlib import Path

PATTERNS = Path(__file__).resolve().parent.parent / "patterns" / "kz"
NEVER = "9998-12-31"
ONE_SERIES = re.compile(r"series = \[\s*(\"[A-Z]+\").*?\]", re.DOTALL)

MADE_UP = """[[mci]]
value_tenge = {value_tenge}
in_force_from = {in_force_from}
in_force_until = {in_force_until}
sure = "NF"
note = "Made up for tests: the last index that the law knows, for all days. Nobody has set it."
"""


@cache
def lasting_law() -> Path:
    """A folder to be set as ``PLATES_PATTERNS_DIR``; it is there until this process ends."""
    parent = tempfile.TemporaryDirectory(prefix="lasting-law-")
    atexit.register(parent.cleanup)
    return law_until(Path(parent.name) / "kz", NEVER)


@cache
def light_law() -> Path:
    """The lasting law with one withheld series a format: founded in a second, not in half a minute."""
    law = shutil.copytree(lasting_law(), lasting_law().with_name("light"))
    for file in (law / "withheld").glob("*.toml"):
        text = file.read_text(encoding="utf-8")
        file.write_text(ONE_SERIES.sub(r"series = [\1]", text), "utf-8")
    return law


def law_until(directory: Path, day: str) -> Path:
    """A copy in ``directory`` whose index is unknown after ``day``: New Year's morning, when it is wanted."""
    law = shutil.copytree(PATTERNS, directory)
    mci = law / "mci.toml"
    mci.write_text(until(mci.read_text(encoding="utf-8"), day), encoding="utf-8")
    return law


def until(text: str, day: str) -> str:
    """The text of `mci.toml` with one span: the last known index, from the first known day until ``day``."""
    first, *_, last = tomllib.loads(text)["mci"]
    span = last | {"in_force_from": first["in_force_from"], "in_force_until": day}
    return text[: text.index("[[mci]]")] + MADE_UP.format_map(span)
