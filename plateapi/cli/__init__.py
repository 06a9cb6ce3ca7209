"""The command line, `plates`: what people type and what scripts rely on.

    app         the commands: their words, options and help; nothing else
    telling     how a command speaks: for people, or as JSON; how it fails, with which exit code
    exits       the exit codes
    usage       words that typer cannot read
    law         explain
    searching   search
    tariffs     tariff check, preview
    service     a running server over HTTP
    holds       hold, release
    publishing  tariff publish, approve, list
    registry    import, demo-registry
    tokens      token
    doctor      doctor
    demo        demo: the registry, made up and imported
    places      where a running service keeps what commands look at
    moments     time as people type and read it
    up/         up, down

Deliberately not here: decisions. Commands ask the facade, the services over HTTP, or the registry room.
"""

import sys


def main() -> None:
    """The console script."""
    # Imported here so that `import plateapi.cli.up...`, which children do, does not pay for the commands.
    from plateapi.cli.app import app  # noqa: PLC0415

    sys.exit(app())
