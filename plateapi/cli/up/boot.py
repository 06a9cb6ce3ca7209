"""What must be right before anything serves: settings, port, store, boot contract, functions, law.

Each step either is right or refuses with a sentence that says what mends it; nothing serves half-booted.
"""

import asyncio
import os
import resource
import socket
import threading
from collections.abc import Callable, Coroutine
from typing import Final

from plate_core import BootContractBroken
from plateapi.cli.equality import refuse_difference
from plateapi.cli.exits import Exit
from plateapi.cli.telling import CommandFailed
from plateapi.cli.up.conductor import StoreWatch
from plateapi.engine import Engine
from plateapi.services.load_law import load_law
from plateapi.settings import Settings, unknown_variables
from plateapi.store import StoreOptions, start_store

URL_VARIABLE: Final = "PLATES_REDIS_URL"
# How often it is looked whether somebody stopped the start.
STOP_POLL_SECONDS: Final = 0.1


def leave_no_core_dumps() -> None:
    """Forbid them to this process and all that it starts: memory holds the numbers of the last minutes."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def check_settings(settings: Settings, report: Callable[[str], None]) -> None:
    """Refuse what this profile does not start with; mention variables that are most likely misspelt.

    Raises:
        CommandFailed: with a line for each refused setting.
    """
    for name in unknown_variables():
        report(f"{name} is set, but there is no such setting (misspelt?)")
    refused = settings.refusals()
    if refused:
        lines = [
            f"{fault.setting} is {fault.found}; needed: {fault.needed}. Set {fault.mend}" for fault in refused
        ]
        raise CommandFailed(Exit.NOT_STARTED, "settings_refused", "\n".join(lines))


def choose_port(host: str, port: int) -> int:
    """The port to serve on: the wanted one if it is free, any free one for 0.

    Raises:
        CommandFailed: when another program has it.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CommandFailed(
                Exit.NOT_STARTED,
                "port_taken",
                f"Port {port} of {host} cannot be taken: {os.strerror(error.errno or 0)}. "
                f"Choose another: `PLATES_PORT={port + 1 if port < 65_535 else 8080} make up`.",
            ) from error
        return int(probe.getsockname()[1])


def start_or_find_store(settings: Settings, report: Callable[[str], None]) -> tuple[str, StoreWatch | None]:
    """The store's URL, and what watches it when it is ours.

    Raises:
        StoreRefused: when the embedded store does not start.
    """
    if settings.redis_url:
        return settings.redis_url, None
    options = store_options(settings)
    running = start_store(options, report)
    how = "attached to the store that runs already" if running.attached else "store started"
    report(f"{how}: Valkey {running.version}, process {running.pid}, socket {running.socket}")
    return running.url, StoreWatch(options)


def store_options(settings: Settings) -> StoreOptions:
    """What the settings say about the embedded store."""
    return StoreOptions(
        data_dir=settings.data_dir,
        maxmemory_bytes=settings.store_maxmemory_bytes,
        start_seconds=settings.store_start_seconds,
    )


def load_store(
    settings: Settings, report: Callable[[str], None], stopping: threading.Event, *, embedded: bool
) -> bool:
    """Hold the store to the boot contract and to its journal, and bring functions and law into it.

    False where the run was stopped meanwhile: with a journal of years nobody would wait so long after Ctrl-C.

    Raises:
        CommandFailed: with a line for each broken term of the contract, or for each difference.
        RuleBookInvalid: with every fault of the law's files.
    """
    try:
        return asyncio.run(_unless_stopped(stopping, _load(settings, report, embedded=embedded)))
    except BootContractBroken as broken:
        lines = [
            f"{fault['setting']} is {fault['found']}; needed: {fault['needed']}. {fault['mend']}"
            for fault in broken.context.get("faults", [])
        ]
        detail = "\n".join(["This store can lose marks, so nothing is served from it:", *lines])
        raise CommandFailed(Exit.NOT_STARTED, broken.slug, detail, **broken.context) from broken


async def _unless_stopped(stopping: threading.Event, work: Coroutine[None, None, None]) -> bool:
    """The work to its end, or until the run is stopped: then it is cancelled, and False."""
    task = asyncio.create_task(work)
    while not task.done() and not stopping.is_set():
        await asyncio.wait({task}, timeout=STOP_POLL_SECONDS)
    if not task.done():
        task.cancel()
        await asyncio.wait({task})
    if task.cancelled():
        return False
    task.result()
    return True


async def _load(settings: Settings, report: Callable[[str], None], *, embedded: bool) -> None:
    engine = await Engine.open(settings, watch=False)
    try:
        await refuse_difference(engine.inventory, engine.law.base, settings, report, embedded=embedded)
        await load_law(engine, report)
    finally:
        await engine.close()
