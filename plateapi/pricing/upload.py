"""A tariff's file as a request's body: TOML as it is, so that curl can send a file."""

from typing import Any, Final

from fastapi import Request

from plateapi.pricing.schemas import TOML
from plateapi.refusals import Refused

# The setting that bounds a tariff's file.
UPLOAD_LIMIT: Final = "tariff_max_bytes"

TOML_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {TOML: {"schema": {"type": "string", "description": "A tariff, see patterns/README.md"}}},
    }
}


async def toml_text(request: Request) -> str:
    """The body as text. Refused: ``body_unreadable`` when it is not UTF-8."""
    try:
        return (await request.body()).decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused("body_unreadable") from error
