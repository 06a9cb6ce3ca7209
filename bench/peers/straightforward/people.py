"""Who asks the peer: bearer tokens of the same issuer, verified once and remembered for a minute."""

from __future__ import annotations

import hashlib
import hmac
import time
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

CACHE_SECONDS: Final = 60
CACHE_ENTRIES: Final = 20_000


class TokenRefused(Exception):
    """Not a token of our issuer, or not any more."""


class People:
    """Turns tokens into claims and identification numbers into pseudonyms."""

    def __init__(self, key: dict[str, Any], pseudonym_key: bytes) -> None:
        self._key = ECKey.import_key(key)
        self._pseudonym_key = pseudonym_key
        self._known: dict[str, tuple[dict[str, Any], float]] = {}

    def claims(self, authorization: str) -> dict[str, Any]:
        """The claims of a bearer token. Raises :class:`TokenRefused`."""
        token = authorization.removeprefix("Bearer ")
        now = time.time()
        found = self._known.get(token)
        if found is not None and now < found[1]:
            return found[0]
        try:
            claims = jwt.decode(token, self._key, algorithms=["ES256"]).claims
        except (JoseError, ValueError) as error:
            raise TokenRefused from error
        if claims.get("iss") != "plates-local" or claims.get("aud") != "plates" or claims["exp"] <= now:
            raise TokenRefused
        if len(self._known) >= CACHE_ENTRIES:
            del self._known[next(iter(self._known))]
        self._known[token] = (claims, min(now + CACHE_SECONDS, claims["exp"]))
        return claims

    def pseudonym(self, iin: str) -> str:
        """The applicant, by a name that says nothing."""
        return hmac.new(self._pseudonym_key, iin.encode(), hashlib.sha256).hexdigest()[:32]
