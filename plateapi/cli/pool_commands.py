"""The commands of `plates pools`: their words, options and help. What they do: ``plateapi/cli/pools.py``.

Each switch has two words, one that turns it on and one that turns it back; the table says all they differ in.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Final

import typer

from plateapi.cli.telling import told

if TYPE_CHECKING:
    from plateapi.services.switch_pools import Switch

pools = typer.Typer(no_args_is_help=True, help="Pools: how they stand; pause, stop, freeze and go back.")

Region = Annotated[list[str] | None, typer.Option("--region", help="Region code; may be repeated.")]
Format = Annotated[list[str] | None, typer.Option("--format", help="Format; may be repeated.")]
All = Annotated[bool, typer.Option("--all", help="Every pool of the country.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, for the journal; one line, nobody's IIN.")]
By = Annotated[str | None, typer.Option("--by", help="Who, for the journal; this machine's login.")]
RequestId = Annotated[
    str | None, typer.Option("--request-id", help="Repeat it to resolve an unknown outcome.")
]
Json = Annotated[bool, typer.Option("--json", help="Write JSON, one object a line.")]

# Word, switch, on or off, help.
TURNS: Final[tuple[tuple[str, "Switch", bool, str], ...]] = (
    ("pause", "paused", True, "Refuse new holds as `pool_paused`; payments, releases and expiry go on."),
    ("resume", "paused", False, "Take holds again after a pause."),
    ("stop-holds", "holds_stopped", True, "Refuse new holds as `holds_stopped`: the kill switch of a fault."),
    ("allow-holds", "holds_stopped", False, "Take holds again after they were stopped."),
    ("freeze", "frozen", True, "Let nothing expire: holds and permits last until it is thawed."),
    ("thaw", "frozen", False, "Let deadlines pass again; what is overdue ends at once."),
    ("stop-changes", "read_only", True, "Refuse every change, payments too: only reading goes on."),
    ("allow-changes", "read_only", False, "Take changes again after they were stopped."),
)


@pools.command("list")
@told
def list_(region: Region = None, format_id: Format = None, as_json: Json = False) -> None:
    """How pools stand: on sale, or what a hold is refused with, and when they open."""
    from plateapi.cli import pools as acts

    raise typer.Exit(acts.list_all(acts.Choice(region or [], format_id or []), as_json=as_json))


def _command(switch: "Switch", on: bool) -> Callable[..., None]:
    """A command that turns one switch one way."""

    @told
    def turn(
        *,
        region: Region = None,
        format_id: Format = None,
        all_pools: All = False,
        reason: Reason,
        by: By = None,
        request_id: RequestId = None,
        as_json: Json = False,
    ) -> None:
        from plateapi.cli import pools as acts

        choice = acts.Choice(region or [], format_id or [], all_pools)
        wish = acts.Wish(switch, on, reason, by, request_id)
        raise typer.Exit(acts.turn(choice, wish, as_json=as_json))

    return turn


for _word, _switch, _on, _help in TURNS:
    pools.command(_word, help=_help)(_command(_switch, _on))
