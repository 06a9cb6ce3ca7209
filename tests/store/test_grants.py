"""The app user may do exactly what the inventory does, found in its sources."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from plate_core import Inventory, load_rule_book
from plateapi.store import StoreOptions, start_store, store_url
from plateapi.store.server_config import APP_COMMANDS
from tests.conftest import PATTERNS, ROOT

SOURCES = ROOT / "plate_core" / "inventory" / "src"

# What a client library sends without being asked, and what makes a group of commands one.
CONNECTION = {"auth", "hello", "ping", "select", "client|setinfo", "multi", "exec", "discard"}
CONTAINERS = {"FUNCTION", "CONFIG"}
# A server of its own has no other nodes (docs/operating/boot-contract.md says what a cluster's user wants).
CLUSTER = {"asking", "cluster", "wait"}

LUA_CALL = re.compile(r"""call\(\s*'([A-Z_]+)'|\{\s*'([A-Z_]+)'""")
RUST_COMMAND = re.compile(r"""cmd\(\s*"([A-Z_]+)"\s*\)((?:\s*\.arg\("[A-Z]+"\))?)""")


def commands_of_lua(text: str) -> Iterator[str]:
    """Commands that a function calls: by name, or as the first word of a list that is called."""
    for found in LUA_CALL.finditer(text):
        yield (found[1] or found[2]).lower()


def commands_of_rust(text: str) -> Iterator[str]:
    """Commands that the inventory sends; of a command with sub-commands the sub-command too."""
    for found in RUST_COMMAND.finditer(text):
        if found[1] in CONTAINERS:
            word = re.search(r'"([A-Z]+)"', found[2] or text[found.end() : found.end() + 80])
            assert word is not None, f"{found[1]} without a sub-command"
            yield f"{found[1]}|{word[1]}".lower()
        else:
            yield found[1].lower()


def without_tests(path: Path) -> str:
    """A Rust source up to its tests."""
    return path.read_text("utf-8").split("#[cfg(test)]")[0]


def needed() -> set[str]:
    """Every command found in the sources."""
    lua = (path.read_text("utf-8") for path in SOURCES.rglob("*.lua"))
    rust = (without_tests(path) for path in SOURCES.rglob("*.rs") if "tests" not in path.parts)
    found = {word for text in lua for word in commands_of_lua(text)}
    found |= {word for text in rust for word in commands_of_rust(text)}
    return found | ({"fcall"} if any("FCALL" in without_tests(p) for p in SOURCES.rglob("*.rs")) else set())


def test_the_app_user_may_do_what_is_needed_and_no_more() -> None:
    """The grants equal the commands of the sources and of the connection."""
    assert sorted(APP_COMMANDS) == sorted(needed() - CLUSTER | CONNECTION)


def test_a_command_in_a_source_is_seen() -> None:
    """The controls: a call in a function, a list that is called, a command with a sub-command."""
    assert list(commands_of_lua("redis.call('FLUSHALL') local a = { 'DEL', key }")) == ["flushall", "del"]
    assert list(commands_of_rust('redis::cmd("CONFIG").arg("SET"); cmd("KEYS")')) == ["config|set", "keys"]


async def test_the_inventory_works_as_the_app_user(options: StoreOptions) -> None:
    """Contract, functions, settings and the lease of expiry, under exactly these grants."""
    start_store(options)
    book = load_rule_book(PATTERNS)
    inventory = Inventory.open(store_url(options.data_dir), book)
    try:
        await inventory.check_contract()
        await inventory.load_functions()
        assert await inventory.server_time_ms() > 0
        assert await inventory.pool_settings("person_car.02") == {}
        assert await inventory.lease_expiry(0) is None
    finally:
        inventory.close()


@pytest.mark.parametrize("word", ["flushall", "keys", "debug", "shutdown", "config|set", "del"])
def test_what_loses_or_leaks_is_not_granted(word: str) -> None:
    """Named once more, so that widening the list by such a word has to be done twice."""
    assert word not in APP_COMMANDS
