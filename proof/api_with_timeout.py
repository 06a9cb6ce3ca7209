"""`python -m proof.api_with_timeout MILLISECONDS`: the API's process with another header read timeout.

A short form waits for a short one; a control has one so long that it is none.
"""

import sys

from plateapi.cli.up import api_server


def main() -> None:
    """Serve until SIGTERM."""
    api_server.HEADER_READ_TIMEOUT_MS = int(sys.argv[1])  # type: ignore[misc]  # a constant but for this
    api_server.main()


if __name__ == "__main__":
    main()
