"""The exit codes of `plates`, each with one meaning; docs/reference/cli.md lists them for scripts."""

from enum import IntEnum


class Exit(IntEnum):
    """How a command ended."""

    DONE = 0
    FAILED = 1  # something unforeseen; the last line says what
    INVALID = 2  # what was typed, or a file, cannot be meant as it stands
    REFUSED = 3  # the service or the law says no
    UNREACHABLE = 4  # no server or store answers
    NOT_STARTED = 5  # settings, port, store or boot contract keep the service from starting
    PARTLY_DONE = 6  # done, with rows left out that the account names
    UNKNOWN = 7  # sent, no answer: ask again with the same request id
    BROKEN = 8  # the journal is not what was written, or a store is not what its journal tells
    INTERRUPTED = 130  # Ctrl-C
