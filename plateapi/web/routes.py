"""The pages' routes. They change nothing, need no token, and run no script."""

from pathlib import Path
from typing import Final

from fastapi import Request, Response
from fastapi.responses import HTMLResponse

from plateapi.edge.room import Open, Room
from plateapi.edge.visit import visit_of
from plateapi.languages import negotiate
from plateapi.web.address import read_language, read_search
from plateapi.web.pages import mark_page, search_page

# Nothing from elsewhere, no script at all, no style but the one sheet: what a page could be made to load is
# written here once.
CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'"
)
STATIC: Final = Path(__file__).resolve().parent / "static"
STYLE_SHEET: Final = (STATIC / "page.css").read_bytes()
ICON: Final = (STATIC / "icon.svg").read_bytes()

room = Room("pages", "Pages for drivers, drawn on the server.")


def _page(status: int, html: str) -> HTMLResponse:
    return HTMLResponse(
        html,
        status_code=status,
        headers={
            "content-security-policy": CONTENT_SECURITY_POLICY,
            "cache-control": "no-store",
            "vary": "accept-language",
        },
    )


@room.route("GET", "/", roles=Open.ANYONE, include_in_schema=False)
async def show_search(request: Request) -> Response:
    """The search for free marks."""
    negotiated = negotiate(request.headers.get("accept-language"))
    address = read_search(request.query_params, negotiated)
    return _page(*await search_page(visit_of(request).house.engine, address))


@room.route("GET", "/marks/{mark}", roles=Open.ANYONE, include_in_schema=False)
async def show_mark(request: Request, mark: str) -> Response:
    """One mark: its price, and why."""
    negotiated = negotiate(request.headers.get("accept-language"))
    language = read_language(request.query_params, negotiated)
    return _page(*await mark_page(visit_of(request).house.engine, mark, language))


@room.route("GET", "/static/page.css", roles=Open.ANYONE, include_in_schema=False)
async def show_style_sheet() -> Response:
    """The one style sheet."""
    return Response(STYLE_SHEET, media_type="text/css", headers={"cache-control": "max-age=300"})


@room.route("GET", "/static/icon.svg", roles=Open.ANYONE, include_in_schema=False)
async def show_icon() -> Response:
    """What a browser shows beside the page's title."""
    return Response(ICON, media_type="image/svg+xml", headers={"cache-control": "max-age=86400"})
