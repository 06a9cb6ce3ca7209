"""A command line that cannot be read: told in typer's words to people, as a problem object to programs.

Here because typer judges the words before any command runs, out of reach of `telling.told`.
"""

import sys
from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperGroup

from plateapi.cli.exits import Exit
from plateapi.cli.telling import problem, write_json

JSON_OPTION = "--json"


class Commands(TyperGroup):
    """The commands of `plates`, whose usage errors keep the promise of `--json` too."""

    def main(self, args: Sequence[str] | None = None, *others: Any, **named: Any) -> Any:  # noqa: ANN401
        """Run the command that the words name; leave with its exit code."""
        words = list(sys.argv[1:] if args is None else args)
        if JSON_OPTION not in words:
            return super().main(words, *others, **named)
        try:
            sys.exit(super().main(words, *others, **(named | {"standalone_mode": False})))
        except typer.TyperException as error:
            said = error.format_message().rstrip(".")
            write_json(problem("usage_invalid", f"{said}. `plates --help` lists the words."))
            sys.exit(Exit.INVALID)
