"""`python -m proof.careless_api`: the API's process with a log that tells too much, as many do by default.

Each request leaves a line with its path, its query and what its token says.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, Final

from plateapi.cli.up import api_server

LOG: Final = "CARELESS_LOG"


def careless_app() -> Any:  # noqa: ANN401  # an app of ASGI
    """The app behind a line of log."""
    from plateapi.app import create_app  # noqa: PLC0415  # In the worker alone, as the server does it.

    app, log = create_app(), Path(os.environ[LOG]).open("ab", buffering=0)  # noqa: SIM115  # until it ends

    async def told(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401
        if scope["type"] == "http":
            bearer = dict(scope["headers"]).get(b"authorization", b"-")
            log.write(b"%b ?%b %b\n" % (scope["raw_path"], scope["query_string"], bearer))
        await app(scope, receive, send)

    return told


def main() -> None:
    """Serve until SIGTERM."""
    api_server.TARGET = "proof.careless_api:careless_app"  # type: ignore[misc]  # a constant but for this
    api_server.main()


if __name__ == "__main__":
    sys.exit(main())
