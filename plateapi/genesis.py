"""Which store the journal beside us belongs to: its id, in a small file of the data directory.

A store that was emptied, or another one, would sell every mark anew. So `plates up` notes the id of the store
that it founds or first meets, and from then on every process that opens the store names it to the boot
contract, which refuses any other. Where the note is missing and the journal has entries, an empty store is
refused all the same.

Not here: the other terms of the contract, which the core judges; whether the journal has come further than
the store, which the keeper sees (``plateapi/keeper/journaling.py``).
"""

import os
from contextlib import suppress
from typing import Any, Final

from plate_core import BootContractBroken, Inventory, JournalBroken, JournalReader
from plateapi.settings import Settings

# No store has this id, so the contract names the store that it finds, and founds none.
_NO_STORE: Final = "none"
_NOTHING: Final = "nothing"


def known_store(settings: Settings) -> str | None:
    """The id of the store that this data directory belongs to; None before the first `plates up`."""
    with suppress(FileNotFoundError):
        return settings.genesis_path.read_text("ascii").strip()
    return None


def note_store(settings: Settings, store_id: str) -> None:
    """Write down the store's id, whole or not at all. An id that stands there is left alone."""
    if known_store(settings) is not None:
        return
    path = settings.genesis_path
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    with fresh.open("w", encoding="ascii") as file:
        file.write(store_id + "\n")
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


async def check_store(inventory: Inventory, settings: Settings) -> str:
    """Hold the store to the boot contract, as the one that our journal belongs to: its id.

    A store without a birth certificate is founded only where nothing of ours was ever written. Raises
    ``BootContractBroken``, for an emptied or another store with the fault ``genesis``.
    """
    known = known_store(settings)
    if known is None and journal_has_entries(settings):
        known = await _present_store(inventory, settings)
    return str((await inventory.check_contract(known))["id"])


async def look_at_store(inventory: Inventory, settings: Settings) -> None:
    """The same, and founds nothing: a new store is well where nothing of ours was ever written."""
    known = known_store(settings)
    try:
        await inventory.check_contract(known or _NO_STORE)
    except BootContractBroken as broken:
        if known is not None:
            raise
        found, others = _apart(broken)
        if found == _NOTHING and journal_has_entries(settings):
            raise _emptied(settings, others) from broken
        if others:
            raise BootContractBroken(broken.detail, broken.slug, {"faults": others}) from broken


def journal_has_entries(settings: Settings) -> bool:
    """Whether anything was journalled here. A damaged journal has been written to as well."""
    if not settings.journal_dir.is_dir():
        return False
    try:
        return next(iter(JournalReader(settings.journal_dir).transitions()), None) is not None
    except JournalBroken:
        return True


async def _present_store(inventory: Inventory, settings: Settings) -> str:
    """The id of the store as it is; refused where there is none."""
    try:
        await inventory.check_contract(_NO_STORE)
    except BootContractBroken as broken:
        found, others = _apart(broken)
        if found == _NOTHING:
            raise _emptied(settings, others) from broken
        if found is None:
            raise
        return found
    return _NO_STORE


def _apart(broken: BootContractBroken) -> tuple[str | None, list[dict[str, Any]]]:
    """The id that the contract found instead of the known one, if it says so, and its other faults."""
    faults: list[dict[str, Any]] = broken.context["faults"]
    found = [str(fault["found"]) for fault in faults if fault["setting"] == "genesis"]
    return (found[0] if found else None), [fault for fault in faults if fault["setting"] != "genesis"]


def _emptied(settings: Settings, others: list[dict[str, Any]]) -> BootContractBroken:
    """The refusal of an empty store beside a journal."""
    needed = f"the store whose journal is in {settings.journal_dir}"
    mend = (
        "give the URL of that store, put back the data directory that belongs to this journal, or rebuild "
        "the store from it: plates restore"
    )
    fault = {"setting": "genesis", "found": _NOTHING, "needed": needed, "mend": mend}
    return BootContractBroken(
        f"the store is empty, and it must be {needed}: {mend}", context={"faults": [*others, fault]}
    )
