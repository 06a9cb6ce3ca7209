"""What is counted for /metrics, each worker for itself, added up over all of them.

With several workers ``PROMETHEUS_MULTIPROC_DIR`` names a directory before the first import of this page
(``plates up`` sets and empties it); then each process counts in a file of its own there, and
:func:`exposition` adds the files up, whichever worker is asked. No label is about a person: routes
are templates.
"""

import os
from functools import cache

from prometheus_client import (
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    values,
)
from prometheus_client.multiprocess import MultiProcessCollector

MULTIPROCESS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


class Process:
    """Which process this is, asked once. The library asks at each count: a twentieth of a request."""

    number = os.getpid()

    @classmethod
    def ask(cls) -> None:
        """Ask anew, in a process that was forked."""
        cls.number = os.getpid()


os.register_at_fork(after_in_child=Process.ask)
if MULTIPROCESS_VARIABLE in os.environ:
    values.ValueClass = values.MultiProcessValue(lambda: Process.number)  # type: ignore[no-untyped-call]

# From a served page of search (well under 1 ms) to a store that hardly answers.
SECONDS_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)

REQUESTS = Counter("plates_requests", "HTTP requests answered.", ("route", "method", "status"))
REQUEST_SECONDS = Histogram(
    "plates_request_seconds", "Time to answer an HTTP request.", ("route", "method"), buckets=SECONDS_BUCKETS
)
REQUESTS_IN_FLIGHT = Gauge(
    "plates_requests_in_flight", "HTTP requests being answered now.", multiprocess_mode="livesum"
)
PROBLEMS = Counter("plates_problems", "Problems answered, by slug.", ("slug",))
OUTCOMES = Counter("plates_outcomes", "What the store said, by verb and outcome.", ("verb", "outcome"))
NOTIFICATIONS = Counter("plates_payment_notifications", "Payment notifications, by outcome.", ("outcome",))
PUBLISHED_TARIFFS_REFUSED = Counter(
    "plates_published_tariffs_refused",
    "Tariffs read that are not what was approved.",
)
TOKENS = Counter("plates_tokens", "Bearer tokens looked at: remembered, verified, refused.", ("result",))

# Finding a series by its labels takes a lock and new texts; a process finds each of these once.
# No label is a caller's text, so there are few.
requests = cache(REQUESTS.labels)
request_seconds = cache(REQUEST_SECONDS.labels)
outcomes = cache(OUTCOMES.labels)
tokens = cache(TOKENS.labels)
problems = cache(PROBLEMS.labels)
notifications = cache(NOTIFICATIONS.labels)


def exposition() -> tuple[bytes, str]:
    """The text of /metrics and its content type, over all workers."""
    content_type = "text/plain; version=0.0.4; charset=utf-8"
    if MULTIPROCESS_VARIABLE not in os.environ:
        return generate_latest(REGISTRY), content_type
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry), content_type
