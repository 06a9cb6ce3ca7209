"""`plates token`: a token of the local issuer, which exists in the demo profile only."""

from collections.abc import Sequence
from dataclasses import dataclass

from plateapi.cli.exits import Exit
from plateapi.cli.telling import CommandFailed, say, write_json
from plateapi.identity.applicants import check_bin, check_iin
from plateapi.identity.local_issuer import LocalIssuer
from plateapi.people import Role
from plateapi.settings import Settings


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """Whose token, and what stands in it."""

    roles: Sequence[str]
    subject: str | None
    iin: str | None
    bin_number: str | None
    office: str | None
    channel: str | None
    lifetime_seconds: int


def mint(request: TokenRequest, *, as_json: bool) -> Exit:
    """Print a token.

    Raises:
        KeyRefused: outside the demo profile.
        ApplicantIdInvalid: for a number that the service would refuse in every request.
    """
    if request.iin is not None:
        check_iin(request.iin)
    if request.bin_number is not None:
        check_bin(request.bin_number)
    roles = [_role(name) for name in request.roles]
    issuer = LocalIssuer(Settings())
    token = issuer.mint(
        request.subject or f"{roles[0].value}-demo",
        roles,
        iin=request.iin,
        bin_number=request.bin_number,
        office=request.office,
        channel=request.channel,
        lifetime_seconds=request.lifetime_seconds,
    )
    if as_json:
        write_json({"token": token, "roles": [role.value for role in roles]})
    else:
        say(token)
    return Exit.DONE


def _role(name: str) -> Role:
    try:
        return Role(name)
    except ValueError:
        known = ", ".join(role.value for role in Role)
        raise CommandFailed(
            Exit.INVALID, "role_unknown", f"There is no role {name!r}; there are {known}."
        ) from None
