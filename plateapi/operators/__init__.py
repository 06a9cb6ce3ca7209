"""The operators' room: the same acts for a citizen at a desk, and batches for the services of channels."""

from plateapi.operators.batches import room as batch_room
from plateapi.operators.desk import room as desk_room

__all__ = ["batch_room", "desk_room"]
