"""Forged tokens at the door of the real app: nobody is let in.

Each trial forges one token and knocks with it, and with the good one beside it, which must be let in: else
nothing was tried. The control verifies with joserfc alone, as a service would that trusts its library.
"""

from __future__ import annotations

import asyncio
import dataclasses
import random
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwt import JWTClaimsRegistry

from plateapi.identity.tokens import TokenRefused, TokenVerifier
from proof.experiment import Course, Experiment, Fault, Figure, Size, Tally
from proof.forgery import DOORS, FORGERIES, Signer
from proof.inside import Inside, opened_inside

LET_IN: Final = 200
REFUSED: Final = 401
EACH: Final = 50


class LibraryAlone(TokenVerifier):
    """What joserfc believes, and nothing asked beyond it."""

    def _verified_claims(self, token: str) -> dict[str, Any]:
        registry = JWTClaimsRegistry(
            leeway=self._leeway,
            iss={"essential": True, "value": self._issuer},
            aud={"essential": True, "value": self._audience},
            exp={"essential": True},
        )
        key = next(iter(self._keys.values()))
        try:
            found = jwt.decode(token, key, algorithms=[self._algorithm])
            registry.validate(found.claims)
        except (JoseError, ValueError, TypeError, AttributeError, OverflowError) as error:
            raise TokenRefused("joserfc refuses it") from error
        return found.claims


def run(course: Course) -> Tally:
    """Knock with forged tokens; nobody may be let in."""
    return asyncio.run(_trials(course, library_alone=False))


def sabotage(course: Course) -> Tally:
    """The same, at a door where only the library looks."""
    return asyncio.run(_trials(course, library_alone=True))


async def _trials(course: Course, *, library_alone: bool) -> Tally:
    tally = Tally()
    async with opened_inside(course.directory, token_cache_seconds=0) as inside:
        if library_alone:
            _trust_the_library(inside)
        kinds = set()
        for done, seed in enumerate(course.seeds, 1):
            kind = list(FORGERIES)[seed % len(FORGERIES)]
            kinds.add(kind)
            tally.faults += await _knock(inside, kind, seed)
            tally.tried += 1
            course.progress(done)
    tally.figures = [Figure("kinds of forgery", len(kinds), "")]
    return tally


async def _knock(inside: Inside, kind: str, seed: int) -> list[Fault]:
    """A good token at its own door, then a forged one: even `role_missing` would mean it was believed."""
    signer = Signer(inside.provider, random.Random(seed))
    good = signer.claims()
    door = DOORS[good["roles"][0]]
    status = await _ask(inside, door, signer.token(signer.header(), good))
    if status != LET_IN:
        return [Fault(seed, f"the good token was answered with {status}, so the forged one was not tried")]
    forged = FORGERIES[kind](signer)
    status = await _ask(inside, door, forged)
    if status == REFUSED:
        return []
    return [Fault(seed, f"{kind} was answered with {status} at {door}", [forged])]


async def _ask(inside: Inside, door: str, token: str) -> int:
    # Bytes as they are, where HTTP has them: a server reads a header as Latin-1.
    written = token.encode("latin-1" if max(token) <= "\xff" else "utf-8")
    headers = [(b"authorization", b"Bearer " + written)]
    return (await inside.client.get(door, headers=headers)).status_code


def _trust_the_library(inside: Inside) -> None:
    verifier = inside.house.tokens
    lax = LibraryAlone.__new__(LibraryAlone)
    lax.__dict__.update(verifier.__dict__)
    inside.app.state.house = dataclasses.replace(inside.house, tokens=lax)


EXPERIMENT = Experiment(
    name="forged_tokens",
    promise="27 ways of forging a token, each with random variants: none is let in by the real app",
    control="joserfc alone looks at the tokens, without our own checks",
    unit="tokens",
    run=run,
    sabotage=sabotage,
    full=Size(EACH * len(FORGERIES), 10 * len(FORGERIES)),
    short=Size(4 * len(FORGERIES), 2 * len(FORGERIES)),
)
