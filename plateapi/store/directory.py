"""The data directory: what lies where, who may read it, and the passwords of the store's users.

    var/store/   append-only files, users.acl, secrets.json, owner.lock, valkey.conf: ours alone (0700)
    var/log/     what the processes say

Not here: the journal (`plateapi.keeper`) and the address file of `plates up`; they only share the root.
"""

import json
import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path

from plateapi.store.refusals import StoreRefused
from plateapi.store.socket_path import socket_path

APP_USER = "plates"
WARDEN_USER = "warden"


@dataclass(frozen=True, slots=True)
class Passwords:
    """The passwords of the two users of an embedded store."""

    app: str
    warden: str


@dataclass(frozen=True, slots=True)
class DataDirectory:
    """The paths below one data directory."""

    root: Path

    @property
    def store(self) -> Path:
        """The server's working directory."""
        return self.root / "store"

    @property
    def log(self) -> Path:
        """Where every process writes what it has to say."""
        return self.root / "log"

    @property
    def server_log(self) -> Path:
        """The store's own log."""
        return self.log / "valkey.log"

    @property
    def lock(self) -> Path:
        """The file whose lock is the ownership of this directory."""
        return self.store / "owner.lock"

    @property
    def socket(self) -> Path:
        """The only door of the store."""
        return socket_path(self.store)

    @property
    def manifest(self) -> Path:
        """The list of append-only files; without it a server would start empty."""
        return self.store / "appendonlydir" / "appendonly.aof.manifest"

    @property
    def secrets_file(self) -> Path:
        """The passwords of the store's users."""
        return self.store / "secrets.json"

    @property
    def initialised(self) -> Path:
        """Exists once a server has written here, so that vanished data is told from a first start."""
        return self.store / "initialised"

    def prepare(self) -> None:
        """Make the directories, or refuse those that others may write to or that are not ours.

        Raises:
            StoreRefused: `data_dir_unusable`, `data_dir_not_ours`, `data_dir_open_to_others`.
        """
        for directory in (self.root, self.store, self.log):
            try:
                directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            except OSError as error:
                raise StoreRefused(
                    "data_dir_unusable",
                    f"The directory {directory} cannot be made: {error.strerror}.",
                    "Choose another with PLATES_DATA_DIR.",
                ) from error
            _refuse_foreign(directory, 0o022)
        _refuse_foreign(self.store, 0o077)

    def read_passwords(self) -> Passwords | None:
        """The passwords of the store here; None before its first start."""
        try:
            _refuse_foreign(self.secrets_file, 0o077)
            words = json.loads(self.secrets_file.read_text())
            return Passwords(app=words["app"], warden=words["warden"])
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as error:
            raise StoreRefused(
                "data_dir_unusable",
                f"{self.secrets_file} is not what this program wrote there.",
                "Stop the store if it runs, remove the file, and start again: new passwords are made.",
            ) from error

    def make_passwords(self) -> Passwords:
        """Make the passwords, at the first start. Only the owner of the lock may call this."""
        made = Passwords(app=secrets.token_urlsafe(24), warden=secrets.token_urlsafe(24))
        write_private(self.secrets_file, json.dumps({"app": made.app, "warden": made.warden}) + "\n")
        return made


def write_private(path: Path, text: str) -> None:
    """Replace a file by one that only we can read, whole or not at all."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def _refuse_foreign(path: Path, forbidden_bits: int) -> None:
    found = path.stat()
    if found.st_uid != os.geteuid():
        raise StoreRefused(
            "data_dir_not_ours",
            f"{path} belongs to user {found.st_uid}; this process runs as user {os.geteuid()}.",
            "Run as its owner, or choose another directory with PLATES_DATA_DIR.",
        )
    if found.st_mode & forbidden_bits:
        mode = stat.S_IMODE(found.st_mode) & ~forbidden_bits
        raise StoreRefused(
            "data_dir_open_to_others",
            f"{path} is open to other users (mode {stat.S_IMODE(found.st_mode):04o}).",
            f"Close it: `chmod {mode:04o} {path}`.",
        )
