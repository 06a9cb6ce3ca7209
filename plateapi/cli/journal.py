"""`plates journal`: what is on disk, read without the server and without disturbing the keeper."""

import base64
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import orjson

from plate_core import JournalReader, RuleBook, verify_journal
from plateapi.cli.exits import Exit
from plateapi.cli.law import open_book
from plateapi.cli.moments import moment_text
from plateapi.cli.telling import CommandFailed, complain, say, thousands, write_json
from plateapi.keeper.seal import trusted_keys
from plateapi.settings import Settings

CHECKPOINT_DIGITS: Final = 400

# A line a transition, the longest field last: a history is read whole, so nothing is cut to a window.
COLUMNS: Final = "{:>9}  {:25}  {:13}  {:14}  {:10}  {:12}  {:41}  {}"


def export(file: Path, *, file_format: str | None, as_json: bool) -> Exit:
    """Write every transition in the order of the journal, as lines of JSON or as Parquet with typed columns.

    Raises:
        JournalBroken: at the first frame that does not fit the chain; what came before is written.
    """
    book = open_book()
    pools = frozenset(book.pools())
    steps = (_facts(book, pools, step) for step in JournalReader(Settings().journal_dir).transitions())
    chosen = file_format or ("parquet" if file.suffix == ".parquet" else "json")
    count = _write_parquet(file, steps) if chosen == "parquet" else _write_lines(file, steps)
    if as_json:
        write_json({"transitions": count, "file": str(file)})
    else:
        say(f"{count} transitions written to {file}.")
    return Exit.DONE


def _write_lines(file: Path, steps: Iterator[dict[str, Any]]) -> int:
    count = 0
    with file.open("wb") as lines:
        for facts in steps:
            lines.write(orjson.dumps(facts, option=orjson.OPT_APPEND_NEWLINE))
            count += 1
    return count


def _write_parquet(file: Path, steps: Iterator[dict[str, Any]]) -> int:
    from plateapi.cli import journal_columns  # noqa: PLC0415  lines need no pyarrow

    return journal_columns.write(file, steps)


def verify(*, witnesses: list[str], keys: list[str], as_json: bool) -> Exit:
    """Check the chain, the checkpoints, the revisions of every pool, and what witnesses saw.

    Raises:
        JournalBroken: with the first thing that is wrong.
    """
    settings = Settings()
    began = time.monotonic()
    found = verify_journal(
        settings.journal_dir,
        keys=trusted_keys(settings) + [hexadecimal("--key", key) for key in keys],
        witnesses=[_witness(witness) for witness in witnesses],
        heed=_progress(began),
    )
    seconds = time.monotonic() - began
    last = found["last"]
    facts = {
        "entries": found["entries"],
        "transitions": found["transitions"],
        "entries_unsigned": found["entries_unsigned"],
        "checkpoints": found["checkpoints"],
        "head": found["head"].hex(),
        "last_checkpoint": last.hex() if last else None,
        "seconds": round(seconds, 3),
    }
    if as_json:
        write_json(facts)
    else:
        _say_verified(facts, len(witnesses))
    return Exit.DONE


def key(*, as_json: bool) -> Exit:
    """Print the public key that others verify this journal by."""
    public = trusted_keys(Settings())[0].hex()
    if as_json:
        write_json({"public_key": public})
    else:
        say(public)
    return Exit.DONE


def _say_verified(facts: dict[str, Any], witnesses: int) -> None:
    entries, seconds = facts["entries"], facts["seconds"]
    rate = thousands(round(entries / seconds)) if seconds else "-"
    say(f"{thousands(entries)} entries, {thousands(facts['transitions'])} transitions: every link fits.")
    say(f"{thousands(facts['checkpoints'])} checkpoints, each as it was signed; {witnesses} witnesses agree.")
    say(f"{thousands(facts['entries_unsigned'])} entries are newer than the last checkpoint.")
    say(f"{seconds:.1f} s, {rate} entries/s.")
    if facts["last_checkpoint"]:
        say("Keep the last checkpoint elsewhere, and give it back as --witness:")
        say(facts["last_checkpoint"])


def _progress(began: float) -> Callable[[int], None]:
    """Says how far it is, where somebody watches."""
    told = began

    def tell(entries: int) -> None:
        nonlocal told
        if sys.stderr.isatty() and (now := time.monotonic()) - told >= 1.0:
            told = now
            complain(f"{thousands(entries)} entries after {now - began:.0f} s")

    return tell


def _witness(text: str) -> bytes:
    """A checkpoint from a file, or as it was printed."""
    # Printed it is longer than a file's name may be.
    is_file = len(text) < CHECKPOINT_DIGITS and Path(text).is_file()
    return hexadecimal("--witness", Path(text).read_text("ascii").strip() if is_file else text)


def hexadecimal(option: str, text: str) -> bytes:
    """What an option was given in hexadecimal digits."""
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        detail = f"{option} takes hexadecimal digits, as `plates journal` prints them, or a file of them."
        raise CommandFailed(Exit.INVALID, "hexadecimal_invalid", detail) from error


def show(mark_text: str, *, as_json: bool) -> Exit:
    """Print everything that ever happened to one mark, oldest first."""
    book = open_book()
    mark = book.parse(mark_text)
    pools = frozenset(book.pools())
    steps = JournalReader(Settings().journal_dir).history(mark)
    if as_json:
        for step in steps:
            write_json(_facts(book, pools, step))
        return Exit.DONE
    say(mark.display)
    say(COLUMNS.format("revision", "when", "verb", "state", "payment", "channel", "actor", "on behalf of"))
    for step in steps:
        say(COLUMNS.format(*_cells(_facts(book, pools, step))))
    return Exit.DONE


def _facts(book: RuleBook, pools: frozenset[str], step: dict[str, Any]) -> dict[str, Any]:
    """A transition as plain JSON. A record that was not touched is not repeated: ``untouched`` says so."""
    live = step["live"]
    payment = step["payment"]
    named = step["ordinal"] is not None and step["pool"] in pools
    return {
        "pool": step["pool"],
        "revision": step["revision"],
        "server_ms": step["server_time_ms"],
        "verb": step["verb"],
        "mark": book.mark_at(step["pool"], step["ordinal"]).text if named else None,
        "planes": step["planes"],
        "untouched": live is None and step["planes"]["taken"],
        "state": live.state if live else None,
        "hold": live.hold_id if live else None,
        "applicant": live.applicant.hex() if live else None,
        "deadline_ms": live.deadline_ms if live else None,
        "amount_tiyn": live.amount_tiyn if live else None,
        "tariff": live.tariff if live else None,
        "request": step["request"],
        "actor": step["actor"],
        "on_behalf": step["on_behalf"],
        "representative": step["representative"],
        "office": step["office"],
        "channel": step["channel"],
        "note": step["note"],
        "payment": payment,
        "document": _document_facts(step["document"]),
    }


def _document_facts(document: dict[str, Any] | None) -> dict[str, Any] | None:
    """A document whole: as text where it is text, which all of ours are, and in base64 where it is not."""
    if document is None:
        return None
    content: bytes = document["content"]
    try:
        shown = {"content": content.decode()}
    except UnicodeDecodeError:
        shown = {"content_base64": base64.b64encode(content).decode()}
    return {"name": document["name"], "version": document["version"], **shown}


def _cells(facts: dict[str, Any]) -> Iterator[str]:
    yield str(facts["revision"])
    yield moment_text(facts["server_ms"])
    yield facts["verb"]
    yield facts["state"] or ("as before" if facts["untouched"] else "none")
    yield facts["payment"]["state"] if facts["payment"] else ""
    yield facts["channel"]
    yield facts["actor"]
    yield _behalf(facts)


def _behalf(facts: dict[str, Any]) -> str:
    """For whom, and who represented him in this step: an entity may send somebody else each time."""
    applicant, representative = facts["on_behalf"], facts["representative"]
    return f"{applicant} by {representative}" if representative else applicant or ""
