"""A running server over HTTP, as the command line speaks to it: the same API that everybody uses.

On urllib: a command makes one to three requests, and importing a full client would take longer than they do.
"""

import json
import os
import secrets
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import Any, Final, Self

from plateapi.cli.exits import Exit
from plateapi.cli.places import data_dir, running_address
from plateapi.cli.telling import TYPE_PREFIX, CommandFailed

SERVER_VARIABLE: Final = "PLATES_SERVER"
TOKEN_VARIABLE: Final = "PLATES_TOKEN"  # noqa: S105  a name
DEFAULT_SERVER: Final = "http://127.0.0.1:8080"
TIMEOUT_SECONDS: Final = 30.0

# What a problem's status means for the exit code; every other refusal is one by the service.
_INVALID: Final = frozenset({400, 413, 415, 422})
_UNREACHABLE: Final = frozenset({502, 503})


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server answered."""

    status: int
    body: Any
    headers: dict[str, str]  # names in lower case


@dataclass(frozen=True, slots=True)
class Service:
    """A server and who asks it."""

    address: str
    token: str = field(repr=False)

    @classmethod
    def of(cls, server: str | None, token: str | None, *, needs_token: bool = True) -> Self:
        """From options, else the environment, else what runs in the data directory.

        Raises:
            CommandFailed: for an address that is none, or without a token.
        """
        address = server or os.environ.get(SERVER_VARIABLE) or running_address(data_dir()) or DEFAULT_SERVER
        if not address.startswith(("http://", "https://")):
            raise CommandFailed(Exit.INVALID, "input_invalid", f"{address!r} is no address of a server.")
        found = token or os.environ.get(TOKEN_VARIABLE)
        if needs_token and not found:
            raise CommandFailed(
                Exit.INVALID,
                "token_missing",
                f"A token is needed: --token or {TOKEN_VARIABLE}. In the demo, `plates token` mints one.",
            )
        return cls(address.rstrip("/"), found or "")

    def ask(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        raw_body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Reply:
        """One request.

        Raises:
            CommandFailed: with the server's problem; UNKNOWN when a mutation was sent and no answer came.
        """
        sent = {"Accept": "application/json", "Accept-Language": language()} | (headers or {})
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        data = raw_body
        if body is not None:
            data = json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        request = urllib.request.Request(  # noqa: S310  the scheme was checked
            self.address + path, data=data, headers=sent, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
                named = {name.lower(): value for name, value in answer.headers.items()}
                return Reply(answer.status, _decoded(answer.read()), named)
        except urllib.error.HTTPError as error:
            with error:
                raise self._refused(error.code, _decoded(error.read())) from None
        except urllib.error.URLError as error:
            raise CommandFailed(
                Exit.UNREACHABLE,
                "server_unreachable",
                f"No server answers at {self.address}: {error.reason}.",
            ) from None
        except (TimeoutError, OSError):
            if method == "GET":
                raise CommandFailed(
                    Exit.UNREACHABLE, "server_unreachable", f"{self.address} did not answer in time."
                ) from None
            key = sent.get("Idempotency-Key", "")
            raise CommandFailed(
                Exit.UNKNOWN,
                "outcome_unknown",
                f"The request was sent and no answer came. Ask again with --request-id {key}.",
                request_id=key,
            ) from None

    def _refused(self, status: int, body: object) -> CommandFailed:
        problem = body if isinstance(body, dict) else {}
        slug = str(problem.get("type", "")).removeprefix(TYPE_PREFIX) or f"http_{status}"
        detail = str(problem.get("detail") or f"The server answered {status}.")
        facts = {name: value for name, value in problem.items() if name not in {"type", "detail"}}
        if slug == "outcome_unknown":
            exit_code = Exit.UNKNOWN
        elif status in _INVALID:
            exit_code = Exit.INVALID
        elif status in _UNREACHABLE:
            exit_code = Exit.UNREACHABLE
        else:
            exit_code = Exit.REFUSED
        return CommandFailed(exit_code, slug, detail, **facts)


def language() -> str:
    """The language of the terminal, of those that the service speaks; English elsewhere."""
    spoken = (os.environ.get("LC_ALL") or os.environ.get("LANG") or "")[:2].lower()
    return spoken if spoken in {"kk", "ru", "en"} else "en"


def new_request_id() -> str:
    """A request id that nobody else has."""
    return f"cli-{secrets.token_hex(12)}"


def _decoded(content: bytes) -> Any:  # noqa: ANN401  JSON
    try:
        return json.loads(content) if content else None
    except ValueError:
        return None
