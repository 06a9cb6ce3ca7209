"""The whole surface, for programs (/openapi.json) and for people (/docs).

The page is drawn here from the same declarations, needs no script and loads nothing from elsewhere: a service
inside the country shows its documents without asking another for them.
"""

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import jinja2
import orjson
from fastapi import FastAPI, Request, Response
from markupsafe import Markup, escape

from plate_core import build
from plateapi.edge import openapi
from plateapi.edge.room import JSON, Open, Room
from plateapi.problems import PROBLEMS, TEXTS


def set_code(text: str) -> Markup:
    """A text of ours with the words between backticks set as code; every part is escaped.

    >>> set_code("show `type` & rest")
    Markup('show <code>type</code> &amp; rest')
    """
    parts = (
        Markup("<code>{}</code>").format(part) if place % 2 else escape(part)
        for place, part in enumerate(text.split("`"))
    )
    return Markup("").join(parts)


TEMPLATES: Final = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
TEMPLATES.filters["set_code"] = set_code
TEMPLATE: Final = TEMPLATES.from_string((Path(__file__).parent / "surface.html").read_text("utf-8"))
STYLE: Final = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 64rem; margin: 2rem auto; padding: 0 1rem; }
code { background: #8882; padding: 0 .3em; border-radius: .2em; }
section { border-top: 1px solid #8886; margin-top: 2rem; }
.method { display: inline-block; min-width: 4em; font-weight: 700; }
dt { margin-top: .6rem; } dd { margin: 0 0 0 4em; }
"""
STYLE_HASH: Final = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
SECURITY_POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; img-src 'self'; base-uri 'none';"
    " frame-ancestors 'none'"
)


def surface_room(rooms: Sequence[Room]) -> Room:
    """The room that shows these rooms, itself left out."""
    room = Room("surface", "The surface itself.")

    @room.route("GET", "/openapi.json", roles=Open.ANYONE, include_in_schema=False)
    async def show_openapi(request: Request) -> Response:
        """The OpenAPI page."""
        return Response(orjson.dumps(_page(request.app, rooms)), media_type=JSON)

    @room.route("GET", "/docs", roles=Open.ANYONE, include_in_schema=False)
    async def show_docs(request: Request) -> Response:
        """The same for people."""
        html = TEMPLATE.render(
            page=_page(request.app, rooms), style=STYLE, problems=PROBLEMS, texts=TEXTS["en"]
        )
        headers = {"content-security-policy": SECURITY_POLICY}
        return Response(html, media_type="text/html; charset=utf-8", headers=headers)

    return room


def _page(app: FastAPI, rooms: Sequence[Room]) -> dict[str, Any]:
    """The OpenAPI page, written once a process: 60 ms, and the same ever after."""
    if not hasattr(app.state, "surface"):
        app.state.surface = openapi.describe(app, rooms, build()["version"])
    page: dict[str, Any] = app.state.surface
    return page
