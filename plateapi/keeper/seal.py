"""The key that signs the journal: made at the first start, and which public keys are trusted.

Whoever has the private key and can write the journal's directory can write another journal and sign it: only
a checkpoint that was kept elsewhere shows that. So a deployment that means it keeps the key off the data
directory (``PLATES_JOURNAL_KEY_FILE``), and a checkpoint a day with somebody else
(``docs/operating/journal-broken.md``).

Deliberately not here: signing itself, which is the core's, and when it is done (``process.py``).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from plate_core import JournalBroken, public_key
from plateapi.identity.keys import KeyRefused, secret_key
from plateapi.settings import Settings

PUBLIC_KEY_BYTES: Final = 32


def signing_key(settings: Settings) -> bytes:
    """The private key; one is made where the settings name none and there is none yet.

    Raises ``JournalBroken``: ``journal_key_refused`` for a file that cannot be used.
    """
    try:
        return secret_key(settings.journal_key_file, settings.journal_key_path, demo=True)
    except KeyRefused as refused:
        raise JournalBroken(str(refused), "journal_key_refused") from refused


def trusted_keys(settings: Settings) -> list[bytes]:
    """The public keys whose checkpoints are believed: the present one first, then the retired ones.

    Raises ``JournalBroken``: ``journal_key_refused``.
    """
    return [public_key(signing_key(settings)), *_retired(_retired_path(settings))]


def retire_keys(settings: Settings, keys: Sequence[bytes]) -> None:
    """List public keys whose checkpoints are to be believed from now on; those that are need no line.

    Raises ``JournalBroken``: ``journal_key_refused``.
    """
    known = trusted_keys(settings)
    path = _retired_path(settings)
    try:
        with path.open("a", encoding="ascii") as lines:
            lines.writelines(f"{key.hex()}\n" for key in keys if key not in known)
    except OSError as error:
        raise JournalBroken(f"{path}: {error}", "journal_key_refused") from error


def _retired_path(settings: Settings) -> Path:
    path = settings.journal_key_path
    return path.with_name(f"{path.name}.retired")


def _retired(path: Path) -> list[bytes]:
    """Public keys, one a line in hexadecimal; no file, no keys."""
    try:
        keys = [bytes.fromhex(line) for line in path.read_text("ascii").split()]
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        raise JournalBroken(f"{path}: {error}", "journal_key_refused") from error
    if any(len(key) != PUBLIC_KEY_BYTES for key in keys):
        raise JournalBroken(f"{path}: a public key has 64 hexadecimal digits", "journal_key_refused")
    return keys
