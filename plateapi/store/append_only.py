"""The append-only files of a store: which a manifest names, and what is wrong with the first faulty one.

Each file is judged alone, by the checker that is made for it: the server binary acts as one when it is called
by that checker's name. Refused: to hand the checker the manifest. It takes the base of a Valkey 9 for text,
calls every store damaged, and cannot mend one.

Not here: which fault may be mended without asking (`torn_end`), and what a store that starts is held to
(`plateapi.cli.equality`).
"""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

# A name as a server gives it; no other may lead out of the directory, or be an option to the checker.
_LINE: Final = re.compile(r"file (\w[\w.-]{0,200}) seq \d+ type ([bhi])")
_WHOLE_BYTES: Final = re.compile(r"\bok_up_to=(\d+)")
# The checker reads some 250 MB a second; ten minutes are more than any machine of ours can hold.
_CHECK_SECONDS: Final = 600


@dataclass(frozen=True, slots=True)
class AppendOnlyFault:
    """What is wrong with the append-only files.

    Attributes:
        file: the first that is not whole.
        sentence: what was found there.
        whole_bytes: up to where the file holds whole commands and transactions; None when nothing tells.
        appended_to: whether it is the one that the server wrote last.
    """

    file: Path
    sentence: str
    whole_bytes: int | None = None
    appended_to: bool = False


def append_only_fault(binary: Path, manifest: Path) -> AppendOnlyFault | None:
    """What is wrong with the files that a manifest names, or with itself; None when all are whole.

    Args:
        binary: the server's.
        manifest: the list of files, in the order in which a server loads them.
    """
    try:
        told = _loaded_lines(manifest)
    except OSError as error:
        return AppendOnlyFault(manifest, f"it cannot be read ({error.strerror})")
    if not told:
        return AppendOnlyFault(manifest, "it names no file")
    loaded = [_LINE.fullmatch(line) for line in told]
    for number, line in enumerate(loaded, 1):
        if line is None:
            return AppendOnlyFault(manifest, "a line of it names no file")
        appended_to = number == len(loaded) and line[2] == "i"
        fault = _fault_of(binary, manifest.with_name(line[1]), appended_to=appended_to)
        if fault is not None:
            return fault
    return None


def appended_file(manifest: Path) -> Path | None:
    """The file that the server wrote last; None where no manifest names one, for its server to judge.

    Raises:
        OSError: the manifest cannot be read.
    """
    try:
        told = _loaded_lines(manifest)
    except FileNotFoundError:
        return None
    line = _LINE.fullmatch(told[-1]) if told else None
    return manifest.with_name(line[1]) if line is not None and line[2] == "i" else None


def _loaded_lines(manifest: Path) -> list[str]:
    # A history file waits for its deletion, and no server loads it.
    lines = manifest.read_text(errors="replace").splitlines()
    return [line for line in lines if not line.startswith("#") and not line.endswith(" type h")]


def _fault_of(binary: Path, file: Path, *, appended_to: bool) -> AppendOnlyFault | None:
    try:
        if not file.is_file():
            return AppendOnlyFault(file, "it is gone")
        checked = _check(binary, file)
    except OSError as error:
        return AppendOnlyFault(file, f"it cannot be checked ({error.strerror})")
    except subprocess.TimeoutExpired:
        return AppendOnlyFault(file, f"its checker did not end within {_CHECK_SECONDS} s")
    # The exit code is the judgement. Of the text only the place is used, as a hint that is looked at again
    # (`torn_end`); its advice is not passed on, for `--fix` cuts away all that stands behind a damage.
    if checked.returncode == 0:
        return None
    place = _WHOLE_BYTES.search(checked.stdout)
    if place is None:
        return AppendOnlyFault(file, "its checker finds that it is not whole", appended_to=appended_to)
    whole_bytes = int(place[1])
    sentence = f"it is whole up to byte {whole_bytes} of {file.stat().st_size}"
    return AppendOnlyFault(file, sentence, whole_bytes, appended_to)


def _check(binary: Path, file: Path) -> subprocess.CompletedProcess[str]:
    """Run the checker beside the file: a path in what it prints could look like the place to be read."""
    return subprocess.run(  # noqa: S603  our own binary on our own file
        ["valkey-check-rdb" if file.suffix == ".rdb" else "valkey-check-aof", file.name],
        executable=binary,
        cwd=file.parent,
        capture_output=True,
        text=True,
        errors="replace",
        stdin=subprocess.DEVNULL,
        check=False,
        timeout=_CHECK_SECONDS,
    )
