"""The payment side's room: signed notifications, the only way to an allotment, and the demo's stand-in."""

from plateapi.payments.notifications import room
from plateapi.payments.stand_in import room as stand_in_room

__all__ = ["room", "stand_in_room"]
