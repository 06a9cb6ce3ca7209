"""The commands of `plates`: their words, options and help. What they do stands in the modules they name.

Imports wait until their command runs: `plates explain` must not pay for a web framework.
"""

from pathlib import Path
from typing import Annotated, Literal

import typer

from plateapi.cli.pool_commands import pools
from plateapi.cli.telling import told
from plateapi.cli.usage import Commands

app = typer.Typer(
    name="plates",
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,  # a local may hold somebody's IIN
    help="Allocate state registration marks: explain, search, hold, import, publish, operate.",
    epilog="Exit codes: 0 done, 1 failed, 2 invalid input, 3 refused, 4 unreachable, 5 not started, "
    "6 partly done, 7 outcome unknown, 8 journal broken, 130 interrupted.",
)
tariff = typer.Typer(no_args_is_help=True, help="Tariffs: check a file, see its effect, publish it.")
app.add_typer(tariff, name="tariff")
journal = typer.Typer(no_args_is_help=True, help="The journal on disk: verify, export, show a mark.")
app.add_typer(journal, name="journal")
app.add_typer(pools, name="pools")

Json = Annotated[bool, typer.Option("--json", help="Write JSON, one object a line.")]
OnDay = Annotated[str | None, typer.Option("--on", metavar="DATE", help="The day, YYYY-MM-DD; today.")]
Server = Annotated[str | None, typer.Option("--server", help="Address; the one that runs here.")]
Token = Annotated[str | None, typer.Option("--token", help="Bearer token; or PLATES_TOKEN.")]
RequestId = Annotated[
    str | None,
    typer.Option("--request-id", help="Idempotency-Key; repeat it to resolve an unknown outcome."),
]


@app.command()
@told
def up(as_json: Json = False) -> None:
    """Start the store, the keeper and the API, and stay until Ctrl-C."""
    from plateapi.cli.up import command

    raise typer.Exit(command.up(as_json=as_json))


@app.command()
@told
def down(as_json: Json = False) -> None:
    """Stop what runs in the data directory, whoever started it."""
    from plateapi.cli.up import command

    raise typer.Exit(command.down(as_json=as_json))


@app.command()
@told
def explain(
    marks: Annotated[list[str], typer.Argument(metavar="MARK...", help="Marks, as people type them.")],
    on: OnDay = None,
    acquired: Annotated[
        Literal["chosen", "assigned"], typer.Option(help="How the mark is acquired.")
    ] = "chosen",
    as_json: Json = False,
) -> None:
    """Say what marks cost and why: the certificate of each. Needs no running server."""
    from plateapi.cli import law

    raise typer.Exit(law.explain(marks, on=on, acquired=acquired, as_json=as_json))


@app.command()
@told
def search(
    pattern: Annotated[
        str,
        typer.Argument(metavar="PATTERN", help="A pattern, such as '7?7', 'aba AAA' or '@mirror_digits'."),
    ],
    region: Annotated[
        list[str] | None, typer.Option("--region", help="Region code; may be repeated.")
    ] = None,
    format_id: Annotated[
        list[str] | None,
        typer.Option("--format", help="Format; may be repeated. person_car if it fits."),
    ] = None,
    limit: Annotated[int, typer.Option(min=0, max=1_000, help="How many marks to show.")] = 20,
    as_json: Json = False,
) -> None:
    """Count and list the marks of a pattern: the free ones where the service runs, else all that could be."""
    from plateapi.cli import searching

    raise typer.Exit(searching.search(pattern, region or [], format_id or [], limit=limit, as_json=as_json))


@app.command()
@told
def hold(
    mark: Annotated[str, typer.Argument(metavar="MARK", help="The mark.")],
    server: Server = None,
    token: Token = None,
    request_id: RequestId = None,
    as_json: Json = False,
) -> None:
    """Hold a mark on a running server, for the person of the token."""
    from plateapi.cli import holds
    from plateapi.cli.service import Service

    raise typer.Exit(holds.hold(Service.of(server, token), mark, request_id=request_id, as_json=as_json))


@app.command()
@told
def release(
    mark: Annotated[str, typer.Argument(metavar="MARK", help="The mark.")],
    server: Server = None,
    token: Token = None,
    request_id: RequestId = None,
    as_json: Json = False,
) -> None:
    """Give a hold back."""
    from plateapi.cli import holds
    from plateapi.cli.service import Service

    raise typer.Exit(holds.release(Service.of(server, token), mark, request_id=request_id, as_json=as_json))


@app.command("import")
@told
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV, CSV.gz or Parquet, a mark a row.")],
    as_json: Json = False,
) -> None:
    """Import the registry of issued marks. May be repeated; may run while sales are open."""
    from plateapi.cli import registry

    raise typer.Exit(registry.import_file(file, as_json=as_json))


@app.command("demo-registry")
@told
def demo_registry(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to; .csv, .csv.gz or .parquet.")],
    rows: Annotated[int, typer.Option(min=0, max=100_000_000, help="How many marks.")] = 5_900_000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same file.")] = 1,
    as_json: Json = False,
) -> None:
    """Make up a registry of real size."""
    from plateapi.cli import registry

    raise typer.Exit(registry.make_demo(file, rows=rows, seed=seed, as_json=as_json))


@app.command()
@told
def demo(
    rows: Annotated[int, typer.Option(min=0, max=100_000_000, help="How many marks.")] = 5_900_000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same country.")] = 1,
    as_json: Json = False,
) -> None:
    """Make up a registry and import it: the country as it might look on opening day."""
    from plateapi.cli import demo as opening_day

    raise typer.Exit(opening_day.fill(rows=rows, seed=seed, as_json=as_json))


@app.command()
@told
def token(
    *,
    role: Annotated[list[str], typer.Option("--role", help="driver, operator, service, ...; repeatable.")],
    subject: Annotated[str | None, typer.Option(help="Whose token.")] = None,
    iin: Annotated[str | None, typer.Option(help="A driver's IIN.")] = None,
    bin_number: Annotated[str | None, typer.Option("--bin", help="A legal entity's BIN.")] = None,
    office: Annotated[str | None, typer.Option(help="An operator's office.")] = None,
    channel: Annotated[str | None, typer.Option(help="portal, desk, kiosk, ...")] = None,
    lifetime_seconds: Annotated[int, typer.Option(min=1, help="How long it is believed.")] = 3_600,
    as_json: Json = False,
) -> None:
    """Mint a token of the local issuer (demo profile only)."""
    from plateapi.cli import tokens

    request = tokens.TokenRequest(role, subject, iin, bin_number, office, channel, lifetime_seconds)
    raise typer.Exit(tokens.mint(request, as_json=as_json))


@app.command()
@told
def restore(
    key: Annotated[
        list[str] | None,
        typer.Option("--key", metavar="HEX", help="A public key that signed this journal; repeatable."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Rebuild an empty store from the journal, and prove that the two are equal."""
    from plateapi.cli import restoring

    raise typer.Exit(restoring.restore(keys=key or [], as_json=as_json))


@app.command()
@told
def doctor(as_json: Json = False) -> None:
    """Look at what the service needs and what runs, and say what is wrong."""
    from plateapi.cli import doctor as surgery

    raise typer.Exit(surgery.examine(as_json=as_json))


TariffFile = Annotated[Path, typer.Argument(metavar="FILE", help="A tariff, as in patterns/kz/tariffs.")]


@tariff.command()
@told
def check(file: TariffFile, as_json: Json = False) -> None:
    """Compile a tariff file beside the law on disk; every fault at once. Needs no server."""
    from plateapi.cli import tariffs

    raise typer.Exit(tariffs.check(file, as_json=as_json))


@tariff.command()
@told
def preview(file: TariffFile, on: OnDay = None, as_json: Json = False) -> None:
    """Say which marks and how much duty move from which tier to which. Free marks where the service runs."""
    from plateapi.cli import tariffs

    raise typer.Exit(tariffs.preview(file, on=on, as_json=as_json))


@tariff.command()
@told
def publish(
    *,
    file: TariffFile,
    at: Annotated[
        str | None, typer.Option(help="Hour of effect on the tariff's day, 2027-01-01T09:00; as it begins.")
    ] = None,
    server: Server = None,
    token: Token = None,
    request_id: RequestId = None,
    as_json: Json = False,
) -> None:
    """Upload a tariff and submit it for its hour; another person has to approve exactly that revision."""
    from plateapi.cli import publishing
    from plateapi.cli.service import Service

    asked = Service.of(server, token)
    raise typer.Exit(publishing.publish(asked, file, at=at, request_id=request_id, as_json=as_json))


@tariff.command()
@told
def approve(
    *,
    draft: Annotated[str, typer.Argument(metavar="DRAFT", help="The draft's id, as publish prints it.")],
    revision: Annotated[
        str,
        typer.Argument(metavar="REVISION", help="The revision, 64 hex digits: exactly what you have read."),
    ],
    server: Server = None,
    token: Token = None,
    request_id: RequestId = None,
    as_json: Json = False,
) -> None:
    """Approve a submitted tariff. Nobody who wrote or submitted it can."""
    from plateapi.cli import publishing
    from plateapi.cli.service import Service

    asked = Service.of(server, token)
    raise typer.Exit(publishing.approve(asked, draft, revision, request_id=request_id, as_json=as_json))


@tariff.command("list")
@told
def list_(server: Server = None, as_json: Json = False) -> None:
    """The tariffs that were, are and will be in force: of the server that runs, else of the files on disk."""
    from plateapi.cli import publishing

    raise typer.Exit(publishing.list_all(server, as_json=as_json))


@journal.command("export")
@told
def journal_export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to.")],
    file_format: Annotated[
        Literal["json", "parquet"] | None,
        typer.Option("--format", help="Lines of JSON, or Parquet; as the file's name ends."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Write every transition of the journal."""
    from plateapi.cli import journal as journal_on_disk

    raise typer.Exit(journal_on_disk.export(file, file_format=file_format, as_json=as_json))


@journal.command("verify")
@told
def journal_verify(
    witness: Annotated[
        list[str] | None,
        typer.Option("--witness", metavar="FILE|HEX", help="A checkpoint kept elsewhere; repeatable."),
    ] = None,
    key: Annotated[
        list[str] | None, typer.Option("--key", metavar="HEX", help="A further public key to trust.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Check chain, checkpoints and revisions, and that the journal is the one that witnesses saw."""
    from plateapi.cli import journal as journal_on_disk

    raise typer.Exit(journal_on_disk.verify(witnesses=witness or [], keys=key or [], as_json=as_json))


@journal.command("key")
@told
def journal_key(as_json: Json = False) -> None:
    """Print the public key that signs the journal here."""
    from plateapi.cli import journal as journal_on_disk

    raise typer.Exit(journal_on_disk.key(as_json=as_json))


@journal.command("show")
@told
def journal_show(
    mark: Annotated[str, typer.Argument(metavar="MARK", help="The mark, as people type it.")],
    as_json: Json = False,
) -> None:
    """Print everything that ever happened to one mark, oldest first."""
    from plateapi.cli import journal as journal_on_disk

    raise typer.Exit(journal_on_disk.show(mark, as_json=as_json))
