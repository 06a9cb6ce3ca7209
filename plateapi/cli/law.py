"""What the rule book alone can say: explain marks, count and list patterns, check a tariff file.

No server, no store, no settings class: the files of `patterns/` and the facade, so that `plates explain`
answers in the time it takes to compile the law.
"""

import os
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal

from plate_core import MarkUnparseable, PriceUnknown, RuleBook, load_rule_book
from plateapi.cli.exits import Exit
from plateapi.cli.telling import CommandFailed, console, problem, write_json
from plateapi.law import day_of

# The same default as `Settings.patterns_dir`, which a test compares: importing that class takes longer than
# everything else here together.
PATTERNS_VARIABLE: Final = "PLATES_PATTERNS_DIR"
DEFAULT_PATTERNS_DIR: Final = Path(__file__).resolve().parents[2] / "patterns" / "kz"

Acquired = Literal["chosen", "assigned"]


def patterns_dir() -> Path:
    """Where the law lies."""
    return Path(os.environ.get(PATTERNS_VARIABLE) or DEFAULT_PATTERNS_DIR)


def open_book() -> RuleBook:
    """The rule book on disk.

    Raises:
        CommandFailed: when there is none.
        RuleBookInvalid: with every fault.
    """
    try:
        return load_rule_book(patterns_dir())
    except (OSError, ValueError) as error:
        raise CommandFailed(Exit.NOT_STARTED, "law_missing", f"{error} ({PATTERNS_VARIABLE}).") from error


def today() -> str:
    """The civil day in the country, by this machine's clock."""
    return day_of(time.time_ns() // 1_000_000)


def valid_day(day: str | None) -> str:
    """A day as typed, or today.

    Raises:
        CommandFailed: for what is no day.
    """
    if day is None:
        return today()
    try:
        return datetime.strptime(day, "%Y-%m-%d").date().isoformat()
    except ValueError:
        raise CommandFailed(
            Exit.INVALID, "input_invalid", f"{day!r} is no day; write it as 2026-01-05."
        ) from None


def explain(texts: Sequence[str], *, on: str | None, acquired: Acquired, as_json: bool) -> Exit:
    """Write the certificate of each mark, in order; the exit code of the whole."""
    day = valid_day(on)
    book = open_book()
    exit_code = Exit.DONE
    for text in texts:
        certificate, code = certificate_of(book, text, day, acquired)
        exit_code = code if code == Exit.INVALID or exit_code == Exit.DONE else exit_code
        if as_json:
            write_json(certificate)
        else:
            _print_certificate(certificate)
    return exit_code


def certificate_of(book: RuleBook, text: str, day: str, acquired: Acquired) -> tuple[dict[str, Any], Exit]:
    """The certificate of what somebody typed, or a problem object, and what it means for the exit code."""
    try:
        mark = book.parse(text)
    except MarkUnparseable as error:
        return problem(error.slug, error.detail, error.context), Exit.INVALID
    try:
        return book.explain(mark, acquired=acquired, on=day), Exit.DONE
    except PriceUnknown as error:
        known = {"mark": mark.text, "format": mark.format, "region": mark.region, "price": None, "on": day}
        return known | problem(error.slug, error.detail, error.context), Exit.REFUSED


def _print_certificate(certificate: dict[str, Any]) -> None:
    out = console()
    if "type" in certificate:
        out.print(f"{certificate.get('mark', '')} {certificate['detail']}".strip(), markup=False)
        return
    price = certificate["price"]
    if price is None:
        out.print(f"[bold]{certificate['display']}[/]  is not offered in this way on {certificate['on']}")
    else:
        out.print(
            f"[bold]{certificate['display']}[/]  {certificate['tier_names']['en']}: {price['mci']} MCI = "
            f"{tenge(price['amount_tiyn'])} {price['currency']} (1 MCI = {price['mci_value_tenge']} tenge)"
        )
    if certificate["withheld"]:
        out.print(f"  withheld, never offered: {certificate['withheld_reason']['en']}", markup=False)
    if certificate["tags"]:
        out.print(f"  beautiful: {', '.join(certificate['tags'])}", markup=False)
    for rule in certificate["rules"]:
        if rule["matched"]:
            out.print(_rule_line(rule), markup=False)


def _rule_line(rule: dict[str, Any]) -> str:
    """A rule that matched; the first of them wins. The others are in the JSON."""
    parts = [f"{name} {rule[name]}" for name in ("digits", "series") if rule[name]] or ["any mark"]
    clause = f" ({rule['clause']['en']})" if rule["clause"] else ""
    return f"  {'won' if rule['won'] else 'also'}: {rule['id']}: {', '.join(parts)}{clause}"


def tenge(amount_tiyn: int | str) -> str:
    """An amount for people.

    >>> tenge(98610000), tenge(1751625)
    ('986 100', '17 516.25')
    """
    whole, rest = divmod(abs(int(amount_tiyn)), 100)
    sign = "-" if int(amount_tiyn) < 0 else ""
    return sign + f"{whole:,}".replace(",", " ") + (f".{rest:02d}" if rest else "")
