"""The API's process: granian with the settings that keep honest requests served under slow and many others.

Run on the leash by `plates up`: `python -m plateapi.cli.up.leash FD plateapi.cli.up.api_server`.
"""

import resource
from typing import Final

from granian.constants import HTTPModes, Interfaces, Loops
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server import Server

from plateapi.settings import Settings

# Named, not imported: nothing imports the composition root.
TARGET: Final = "plateapi.app:create_app"
# A client that does not finish its headers in this time is cut off: honest requests were served in 122 ms
# under 2,000 such clients (with 2 s), where a server without it turned them into 503 for everyone. hyper
# begins the same clock anew when an answer is sent, and neither it nor granian has another for an idle
# connection; so this is also how long a client may keep one in its pool. At 2 s whoever asked again after
# three found it reset. 5 s is what uvicorn and node give, and trickling clients are still gone in seconds.
HEADER_READ_TIMEOUT_MS: Final = 5_000
# The kernel's queue of connections not yet taken up; the opening minute brings thousands at once.
BACKLOG: Final = 8_192
# Longer than any request; then a worker that does not end is ended.
WORKER_STOP_SECONDS: Final = 8


def allow_many_connections() -> None:
    """Take as many descriptors as may be had: a service manager gives 1,024, and a launch needs more."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def main() -> None:
    """Serve until SIGTERM."""
    settings = Settings()
    allow_many_connections()
    Server(
        TARGET,
        factory=True,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        workers=settings.workers,
        loop=Loops.uvloop,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_READ_TIMEOUT_MS),
        backlog=BACKLOG,
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=WORKER_STOP_SECONDS,
        log_level=LogLevels.info,
    ).serve()


if __name__ == "__main__":
    main()
