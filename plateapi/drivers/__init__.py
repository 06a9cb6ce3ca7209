"""The drivers' room: search, one mark and why it costs what it costs, a driver's own holds and payments."""

from plateapi.drivers.holds import room as holds_room
from plateapi.drivers.searching import room as search_room

__all__ = ["holds_room", "search_room"]
