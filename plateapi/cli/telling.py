"""How a command speaks: a table for people, or JSON for programs; and how it fails, with which exit code.

With `--json` a command writes only JSON to standard output, one object a line, and a failure is a problem
object (`type`, `detail`) there. Without it, results go to standard output and failures to standard error.
"""

import functools
import json
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar

import typer

from plateapi.cli.exits import Exit

if TYPE_CHECKING:
    from rich.console import Console

TYPE_PREFIX: Final = "urn:plates:problem:"

P = ParamSpec("P")
R = TypeVar("R")


class CommandFailed(Exception):
    """A command that cannot do what was asked.

    Args:
        exit_code: one of `Exit`.
        slug: for programs.
        detail: a sentence for people, with what to do next.
        facts: further JSON values of the problem object.
    """

    def __init__(self, exit_code: Exit, slug: str, detail: str, **facts: object) -> None:
        super().__init__(detail)
        self.exit_code = exit_code
        self.slug = slug
        self.detail = detail
        self.facts = facts


def write_json(value: Mapping[str, Any]) -> None:
    """One JSON object, one line, on standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")


def problem(slug: str, detail: str, facts: Mapping[str, object] | None = None) -> dict[str, object]:
    """A problem as the command line writes it: RFC 9457's `type` and `detail`, and facts beside them."""
    return {"type": TYPE_PREFIX + slug, "detail": detail, **(facts or {})}


def console(*, stderr: bool = False) -> "Console":
    """Where people read. Rich is imported only when somebody does."""
    from rich.console import Console  # noqa: PLC0415

    return Console(stderr=stderr, highlight=False, soft_wrap=True)


def say(line: str) -> None:
    """A plain line for people, on standard output."""
    sys.stdout.write(line + "\n")


def complain(line: str) -> None:
    """A plain line for people, on standard error."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def thousands(number: int) -> str:
    """A number for people.

    >>> thousands(5900000)
    '5 900 000'
    """
    return f"{number:,}".replace(",", " ")


def told(command: Callable[P, R]) -> Callable[P, R]:
    """Make a command tell its failures as this file promises. It looks for the option `as_json`."""

    @functools.wraps(command)
    def telling(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except (KeyboardInterrupt, BrokenPipeError):
            raise typer.Exit(Exit.INTERRUPTED) from None
        except Exception as error:
            failure = as_failure(error)
            if failure is None:
                raise
        if kwargs.get("as_json"):
            write_json(problem(failure.slug, failure.detail, failure.facts))
        else:
            complain(failure.detail)
        raise typer.Exit(failure.exit_code)

    return telling


def as_failure(error: Exception) -> CommandFailed | None:
    """What a known error means for a command; None for one that nobody foresaw."""
    if isinstance(error, CommandFailed):
        return error
    # Errors of other rooms exist only where the room was imported: no import is made to fail nicely.
    for module, name, translate in _TRANSLATIONS:
        known = getattr(sys.modules.get(module), name, None)
        if known is not None and isinstance(error, known):
            return translate(error)
    return None


def _of_core(error: Any) -> CommandFailed:  # noqa: ANN401  its class may not be imported
    by_slug = {
        "store_unavailable": Exit.UNREACHABLE,
        "replica_unavailable": Exit.UNREACHABLE,
        "boot_contract_broken": Exit.NOT_STARTED,
        "store_unfit": Exit.NOT_STARTED,
        "outcome_unknown": Exit.UNKNOWN,
        "store_not_empty": Exit.REFUSED,
        "journal_locked": Exit.REFUSED,
        "journal_key_refused": Exit.NOT_STARTED,
        "no_tariff_in_force": Exit.REFUSED,
        "no_mci_in_force": Exit.REFUSED,
    }
    errors = sys.modules["plate_core.errors"]
    invalid = isinstance(error, errors.InputInvalid)
    is_broken = isinstance(error, errors.JournalBroken) and error.slug != "journal_io"
    unnamed = Exit.BROKEN if is_broken else Exit.FAILED
    exit_code = Exit.INVALID if invalid else by_slug.get(error.slug, unnamed)
    # The core's own sentence counts the faults and repeats the first; the lines say them all.
    lines = [fault_line(fault) for fault in error.faults] if invalid else []
    return CommandFailed(exit_code, error.slug, "\n".join(lines) or error.detail, **error.context)


def fault_line(fault: Mapping[str, Any]) -> str:
    """A fault of a file or pattern on a line, as compilers write it.

    >>> fault_line({"file": "a.toml", "line": 3, "column": 7, "code": "x", "message": "No.", "expected": []})
    'a.toml:3:7: No. [x]'
    """
    expected = f" Expected: {', '.join(fault['expected'])}." if fault["expected"] else ""
    return (
        f"{fault['file']}:{fault['line']}:{fault['column']}: {fault['message']}{expected} [{fault['code']}]"
    )


def _of_store(error: Any) -> CommandFailed:  # noqa: ANN401
    exit_code = Exit.UNREACHABLE if error.slug == "store_not_running" else Exit.NOT_STARTED
    return CommandFailed(exit_code, error.slug, str(error))


def _of_registry(error: Any) -> CommandFailed:  # noqa: ANN401
    return CommandFailed(Exit.INVALID, "registry_unreadable", str(error))


def _of_applicants(error: Any) -> CommandFailed:  # noqa: ANN401
    detail = f"The {error.number_kind.upper()} cannot be one: {error.fault.replace('_', ' ')}."
    return CommandFailed(
        Exit.INVALID, "applicant_id_invalid", detail, field=error.number_kind, code=error.fault
    )


def _of_settings(error: Any) -> CommandFailed:  # noqa: ANN401
    faults = [
        f"PLATES_{'_'.join(map(str, fault['loc'])).upper()}: {fault['msg']}"
        for fault in error.errors(include_input=False, include_url=False)
    ]
    return CommandFailed(Exit.NOT_STARTED, "settings_invalid", "\n".join(faults), faults=faults)


def _of_keys(error: Any) -> CommandFailed:  # noqa: ANN401
    return CommandFailed(Exit.NOT_STARTED, "key_refused", str(error))


_TRANSLATIONS: Final[tuple[tuple[str, str, Callable[[Any], CommandFailed]], ...]] = (
    ("plate_core.errors", "PlateError", _of_core),
    ("plateapi.store.refusals", "StoreRefused", _of_store),
    ("plateapi.registry.reader", "RegistryUnreadable", _of_registry),
    ("pydantic", "ValidationError", _of_settings),
    ("plateapi.identity.keys", "KeyRefused", _of_keys),
    ("plateapi.identity.applicants", "ApplicantIdInvalid", _of_applicants),
)
