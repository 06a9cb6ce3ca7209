"""`plates restore`: an empty store, rebuilt from the journal of the data directory, and proven equal to it.

The registry's marks are in the journal as well, so no file of it is needed. What a transition does not tell
is named in ``docs/operating/backup-and-restore.md``; applicants' limits come with the next ``plates up``.
"""

import asyncio
import time
from contextlib import suppress
from typing import Any

from plate_core import Inventory, Journal, JournalState, RuleBook, load_rule_book, verify_journal
from plateapi.cli.equality import differs
from plateapi.cli.exits import Exit
from plateapi.cli.journal import hexadecimal
from plateapi.cli.telling import CommandFailed, complain, say, thousands, write_json
from plateapi.cli.up import runfile
from plateapi.cli.up.boot import store_options
from plateapi.genesis import note_store
from plateapi.keeper.seal import retire_keys, trusted_keys
from plateapi.settings import Settings
from plateapi.store import start_store, stop_store, store_is_alive
from plateapi.store.directory import DataDirectory


def restore(*, keys: list[str], as_json: bool) -> Exit:
    """Rebuild an empty store, compare it with the journal, and note it as the store that belongs to it.

    ``keys`` are for a journal whose own went with the data directory. Once all is equal they are listed as
    retired, so that the service believes their checkpoints from then on.

    Raises:
        CommandFailed: while the service runs, and where the two are not equal afterwards.
        JournalBroken: for a journal that does not verify, or that somebody writes.
        StoreUnfit: ``store_not_empty``; nothing was written then.
    """
    settings = Settings()
    if runfile.is_running(settings.data_dir):
        raise CommandFailed(Exit.REFUSED, "still_running", "The service runs here; `plates down` stops it.")
    DataDirectory(settings.data_dir).prepare()
    given = [hexadecimal("--key", key) for key in keys]
    # Held until the end: no keeper may write while the journal is read, and a torn tail is cut off first.
    journal = Journal.open(settings.journal_dir)
    try:
        verified = verify_journal(settings.journal_dir, keys=trusted_keys(settings) + given)
        done = _into_store(settings)
        retire_keys(settings, given)
    finally:
        journal.close()
    if as_json:
        write_json({"transitions": verified["transitions"], **done})
    else:
        say(
            f"Restored from {thousands(verified['transitions'])} transitions: {done['pools']} pools, "
            f"{thousands(done['records'])} records, {thousands(done['payments'])} payments, equal to the "
            f"journal; {done['seconds']:.1f} s."
        )
    return Exit.DONE


def _into_store(settings: Settings) -> dict[str, Any]:
    """Start the embedded store, unless a URL names another, and leave it as it was found."""
    if settings.redis_url:
        return asyncio.run(_restore(settings, settings.redis_url))
    ran_before = store_is_alive(settings.data_dir)
    url = start_store(store_options(settings), complain).url
    try:
        return asyncio.run(_restore(settings, url))
    finally:
        if not ran_before:
            stop_store(settings.data_dir)


async def _restore(settings: Settings, url: str) -> dict[str, Any]:
    began = time.monotonic()
    book: RuleBook = await asyncio.to_thread(load_rule_book, settings.patterns_dir)
    state = await asyncio.to_thread(JournalState.of, settings.journal_dir, for_restoring=True)
    timeouts = {"response_timeout_ms": int(settings.store_response_seconds * 1_000)}
    inventory = Inventory.open(url, book, options=timeouts)
    try:
        genesis = await inventory.restore(state)
        found = await inventory.compare(state)
    finally:
        inventory.close()
    if found["differences"]:
        failure = differs(found["differences"], book, settings.journal_dir)
        raise CommandFailed(Exit.BROKEN, failure.slug, failure.detail, **failure.facts)
    _note(settings, genesis["id"])
    counts = {name: found[name] for name in ("pools", "records", "payments")}
    return counts | {"store": genesis["id"], "seconds": round(time.monotonic() - began, 3)}


def _note(settings: Settings, store_id: str) -> None:
    """The journal belongs to this store now, and both notes are of the lost one."""
    for stale in (settings.foundings_path, settings.genesis_path):
        with suppress(FileNotFoundError):
            stale.unlink()
    note_store(settings, store_id)
