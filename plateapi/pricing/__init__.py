"""The pricing room: tariffs past, present and to come; drafts, preview, approval by a second person."""

from plateapi.pricing.drafts import room as draft_room
from plateapi.pricing.tariffs import room as tariff_room

__all__ = ["draft_room", "tariff_room"]
