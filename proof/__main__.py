"""The command: runs experiments one after the other and ends with one table. Exit code 0: all passed."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from proof.catalogue import chosen, experiment
from proof.table import circumstances, print_table, print_verdict
from proof.verdict import Verdict, draw_first_seed, judge, replay


def read_arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(prog="proof", description=__doc__)
    parser.add_argument("--only", default="", help="names, separated by commas")
    parser.add_argument("--short", action="store_true", help="the short form, as `make test` runs it")
    parser.add_argument("--seed", type=int, help="the first trial's seed; drawn where none is given")
    parser.add_argument("--json", type=Path, help="where the verdicts go as well")
    parser.add_argument("--replay", metavar="NAME:SEED", help="one trial again")
    parser.add_argument("--control", action="store_true", help="with --replay: the sabotaged trial")
    return parser.parse_args()


def replay_trial(name_and_seed: str, *, control: bool) -> int:
    """One trial again, and what it finds.

    Raises ``LookupError`` where there is no such experiment or no seed.
    """
    name, _, seed = name_and_seed.partition(":")
    if not seed.isdecimal():
        raise LookupError(
            f"a trial is named as experiment:seed, such as kill_store:417063, not {name_and_seed}"
        )
    faults = replay(experiment(name), int(seed), control=control)
    for fault in faults:
        print(f"{name}:{fault.seed}: {fault.sentence}")
        for line in fault.history:
            print(f"    {line}")
    print(f"{name}:{seed}: {len(faults)} faults")
    return 1 if faults else 0


def show_progress(part: str, done: int, of: int) -> None:
    """One line that is written over, for whoever watches a terminal."""
    if sys.stderr.isatty():
        print(f"\r  {part} {done} of {of}   ", end="", file=sys.stderr, flush=True)


def main() -> int:
    """Run what was asked for. Exit code 2: there is no such experiment or trial."""
    options = read_arguments()
    try:
        wanted = chosen(filter(None, options.only.split(",")))
        if options.replay:
            return replay_trial(options.replay, control=options.control)
    except LookupError as mistake:
        print(mistake.args[0], file=sys.stderr)
        return 2
    verdicts: list[Verdict] = []
    rows: list[dict[str, Any]] = read_rows(options.json) if options.only and options.json else []
    begun = time.monotonic()
    for one in wanted:
        seed = draw_first_seed() if options.seed is None else options.seed
        print(f"{one.name}: {one.promise} [seed {seed}]", flush=True)
        verdicts.append(judge(one, short=options.short, first_seed=seed, progress=show_progress))
        print_verdict(verdicts[-1])
        if options.json:
            rows = [row for row in rows if row["name"] != one.name]
            rows.append(verdicts[-1].facts() | circumstances())
            write_rows(options.json, rows)
    print_table(verdicts, time.monotonic() - begun)
    return 0 if verdicts and all(verdict.passed for verdict in verdicts) else 1


def read_rows(file: Path) -> list[dict[str, Any]]:
    """The rows of the last run: a run of some experiments replaces theirs alone."""
    try:
        rows: list[dict[str, Any]] = json.loads(file.read_bytes())["verdicts"]
    except FileNotFoundError:
        return []
    return rows


def write_rows(file: Path, rows: list[dict[str, Any]]) -> None:
    """Every row so far, anew after each experiment, so that a run that is ended leaves what it found."""
    file.parent.mkdir(parents=True, exist_ok=True)
    found = {"verdicts": sorted(rows, key=lambda row: str(row["name"]))}
    file.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    raise SystemExit(main())
