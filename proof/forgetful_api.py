"""`python -m proof.forgetful_api`: the API's process with one fault, as one is made on any afternoon.

Who changes something and brings no token meets a fault of the server's, and no problem that says so.
"""

from __future__ import annotations

from typing import Any, Final

from plateapi.cli.up import api_server

CHANGING: Final = frozenset({"POST", "DELETE"})


def forgetful_app() -> Any:  # noqa: ANN401  # an app of ASGI
    """The app behind the fault."""
    from plateapi.app import create_app  # noqa: PLC0415  # In the worker alone, as the server does it.

    app = create_app()

    async def served(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401
        if (
            scope["type"] == "http"
            and scope["method"] in CHANGING
            and b"authorization" not in dict(scope["headers"])
        ):
            await send({"type": "http.response.start", "status": 500, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        await app(scope, receive, send)

    return served


def main() -> None:
    """Serve until SIGTERM."""
    api_server.TARGET = "proof.forgetful_api:forgetful_app"  # type: ignore[misc]  # a constant but for this
    api_server.main()


if __name__ == "__main__":
    main()
