"""Structured logs: one JSON object a line on standard output, times in UTC, and nothing about a person.

What is logged is chosen field by field where it is logged; nothing logs a body, a path, a header or the text
of an error. Look at ``plateapi/edge/envelope.py`` for the line that every request leaves.
"""

import logging
import sys
from contextlib import suppress
from typing import Any, BinaryIO, Final, cast

import orjson
import structlog

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def _dump(event: Any, **_: Any) -> bytes:  # noqa: ANN401  # structlog's own signature
    return orjson.dumps(event, default=str)


PROCESSORS: Final = (
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.JSONRenderer(serializer=_dump),
)


class Outlet:
    """Standard output, which may lie on a full disk: then a line is lost, and nothing else.

    >>> outlet = Outlet(open("/dev/full", "wb", buffering=0))
    >>> outlet.write(b"lost"), outlet.flush()
    (0, None)
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def write(self, line: bytes) -> int:
        """Write a line if there is room."""
        try:
            return self._stream.write(line)
        except OSError:
            return 0

    def flush(self) -> None:
        """Pass on what waits; what is refused waits on, as far as there is room for it."""
        with suppress(OSError):
            self._stream.flush()


def configure(level: str) -> None:
    """Set structlog up for this process, and hold other libraries to warnings."""
    structlog.configure(
        processors=list(PROCESSORS),
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.BytesLoggerFactory(cast(BinaryIO, Outlet(sys.stdout.buffer))),
        cache_logger_on_first_use=True,
    )
    # Other libraries' own lines may hold URLs (httpx logs each request): only their warnings are wanted.
    logging.basicConfig(level=logging.WARNING, stream=sys.stdout, format="%(message)s")
