"""`python -m bench.peers.serve TARGET PORT WORKERS`: any app behind the server that production has.

Same server, same loop, same settings; only the app differs, so that a ratio compares apps.
"""

from __future__ import annotations

import sys

from granian.constants import HTTPModes, Interfaces, Loops
from granian.http import HTTP1Settings
from granian.server import Server

from plateapi.cli.up.api_server import BACKLOG, HEADER_READ_TIMEOUT_MS, WORKER_STOP_SECONDS
from plateapi.cli.up.turns import take_long_turns


def main() -> None:
    """Serve until SIGTERM."""
    take_long_turns()
    target, port, workers = sys.argv[1:]
    Server(
        target,
        factory=True,
        address="127.0.0.1",
        port=int(port),
        interface=Interfaces.ASGI,
        workers=int(workers),
        loop=Loops.uvloop,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_READ_TIMEOUT_MS),
        backlog=BACKLOG,
        websockets=False,
        workers_kill_timeout=WORKER_STOP_SECONDS,
    ).serve()


if __name__ == "__main__":
    main()
