"""Structured logs: one JSON object a line on standard output, times in UTC, and nothing about a person.

What is logged is chosen field by field where it is logged; nothing logs a body, a path, a header or the text
of an error. Look at ``plateapi/edge/envelope.py`` for the line that every request leaves.
"""

import logging
import sys
from typing import Any, Final

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


def configure(level: str) -> None:
    """Set structlog up for this process, and hold other libraries to warnings."""
    structlog.configure(
        processors=PROCESSORS,
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.BytesLoggerFactory(sys.stdout.buffer),
        cache_logger_on_first_use=True,
    )
    # Other libraries' own lines may hold URLs (httpx logs each request): only their warnings are wanted.
    logging.basicConfig(level=logging.WARNING, stream=sys.stdout, format="%(message)s")
