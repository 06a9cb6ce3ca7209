"""The settings and the users of the embedded server, as text.

Each setting that keeps marks stands in `kept_settings`, which is written at the start and compared with
the running server before anybody attaches to it: one list, two uses.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from plateapi.store.directory import APP_USER, WARDEN_USER, DataDirectory, Passwords

# The country's planes are 90 MB and a live hold takes some 360 bytes; a million holds and a full feed
# stay under 1 GiB. Twice that leaves room for the copy-on-write of an append-only rewrite.
MAXMEMORY_BYTES_DEFAULT: Final = 2 << 30

# What the functions call inside and what the inventory sends itself: no more, as a test finds in the sources.
# A user with only +fcall cannot run a function whose inner commands he lacks. So it is with a script: who may
# load functions gains nothing by +eval.
APP_COMMANDS: Final = (
    "fcall", "function|list", "function|load", "eval", "multi", "exec", "discard",
    "time", "info", "config|get",
    "bitfield", "bitfield_ro", "get", "getrange", "set", "setrange",
    "hdel", "hget", "hgetall", "hkeys", "hmget", "hscan", "hset", "hsetnx",
    "lpop", "lrange", "lset", "rpush", "scan", "unlink",
    "xadd", "xrange", "xread", "xtrim",
    # What a client library says when it connects.
    "auth", "hello", "ping", "select", "client|setinfo",
)  # fmt: skip
WARDEN_COMMANDS: Final = ("ping", "info", "config|get", "shutdown", "auth", "hello")


@dataclass(frozen=True, slots=True)
class StoreOptions:
    """What a deployment may choose about its embedded store.

    Args:
        data_dir: root of the data directory; `store/` and `log/` are made below it.
        maxmemory_bytes: where the server stops taking holds; it never evicts.
        start_seconds: how long a start may take before it is given up; loading a long append-only file
            counts as progress and extends it.
    """

    data_dir: Path
    maxmemory_bytes: int = MAXMEMORY_BYTES_DEFAULT
    start_seconds: float = 30.0


def kept_settings(options: StoreOptions) -> dict[str, str]:
    """The settings without which marks can be lost, as CONFIG GET spells them."""
    return {
        "appendonly": "yes",
        "appendfsync": "always",  # power loss took 77,807 of 277,965 answers with everysec, none with this
        "no-appendfsync-on-rewrite": "no",
        "aof-load-truncated": "no",  # half a file would load without a word
        "save": "",
        "maxmemory": str(options.maxmemory_bytes),
        "maxmemory-policy": "noeviction",
        "databases": "1",
        "port": "0",  # the unix socket is the only door
    }


def config_text(options: StoreOptions, directory: DataDirectory) -> str:
    """`valkey.conf` of the embedded server."""
    settings = kept_settings(options) | {
        "unixsocket": str(directory.socket),
        "unixsocketperm": "700",
        "dir": str(directory.store.resolve()),
        "logfile": str(directory.server_log.resolve()),
        "aclfile": str(users_path(directory)),
        "daemonize": "no",
        "aof-use-rdb-preamble": "yes",
        "tcp-backlog": "511",
        "timeout": "0",
    }
    lines = [f"{name} {_quoted(value)}" for name, value in settings.items()]
    return "# Written anew at each start; change PLATES_* settings instead.\n" + "\n".join(lines) + "\n"


def users_text(passwords: Passwords) -> str:
    """`users.acl`: the app user, the warden who may stop the server, and nobody else.

    Passwords stand as SHA-256, so that a copy of this file opens nothing. They are 192 random bits, which
    is why a plain hash is enough here and would not be for an IIN.
    """
    lines = [
        "user default off resetpass nocommands",
        _user(APP_USER, passwords.app, "~{*}:* &*", APP_COMMANDS),
        _user(WARDEN_USER, passwords.warden, "resetkeys", WARDEN_COMMANDS),
    ]
    return "\n".join(lines) + "\n"


def users_path(directory: DataDirectory) -> Path:
    """Where the users' file lies."""
    return directory.store.resolve() / "users.acl"


def _user(name: str, password: str, scope: str, commands: tuple[str, ...]) -> str:
    secret = hashlib.sha256(password.encode()).hexdigest()
    return f"user {name} on #{secret} {scope} -@all " + " ".join(f"+{word}" for word in commands)


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
