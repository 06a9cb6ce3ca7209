"""The demo profile's own token issuer: a key pair in the data directory and its public half as a JWKS.

It stands in for a real identity provider (eGov IDP, OpenID Connect) and refuses to exist outside the demo
profile. ``plates token`` mints with it; the API only reads the public half.
"""

import json
import secrets
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey

from plateapi.identity.keys import KeyRefused, make_once
from plateapi.people import Role
from plateapi.settings import Settings

PRIVATE_FILE: Final = "issuer.private.json"


class LocalIssuer:
    """Mints tokens for people of a demonstration and for tests."""

    def __init__(self, settings: Settings, *, wall_seconds: Callable[[], float] = time.time) -> None:
        path = settings.keys_dir / PRIVATE_FILE
        if settings.profile != "demo":
            raise KeyRefused(path, "the local issuer is for the demo profile only")
        self._settings = settings
        self._wall = wall_seconds
        self._key = _own_key(path, settings.token_algorithm)

    def public_keys(self) -> dict[str, Any]:
        """The public half, as a JWKS (RFC 7517)."""
        return {"keys": [dict(self._key.as_dict(private=False))]}

    def mint(
        self,
        subject: str,
        roles: Sequence[Role],
        *,
        iin: str | None = None,
        bin_number: str | None = None,
        office: str | None = None,
        channel: str | None = None,
        lifetime_seconds: int = 3_600,
    ) -> str:
        """A token as the real issuer would give it.

        >>> issuer.mint("aigerim", [Role.DRIVER], iin="900101300017")  # doctest: +SKIP
        """
        now = int(self._wall())
        claims: dict[str, Any] = {
            "iss": self._settings.token_issuer,
            "aud": self._settings.token_audience,
            "sub": subject,
            "roles": [role.value for role in roles],
            "iat": now,
            "exp": now + min(lifetime_seconds, self._settings.token_lifetime_max_seconds),
            "jti": secrets.token_hex(8),
        }
        optional = {"iin": iin, "bin": bin_number, "office": office, "channel": channel}
        claims.update({name: value for name, value in optional.items() if value is not None})
        return self.sign(claims)

    def sign(self, claims: dict[str, Any], header: dict[str, Any] | None = None) -> str:
        """Sign any claims, also such as :meth:`mint` would not make: what refusals are tested with."""
        plain = {"alg": self._settings.token_algorithm, "typ": "at+jwt", "kid": str(self._key.kid)}
        return jwt.encode({**plain, **(header or {})}, claims, self._key, algorithms=[plain["alg"]])


def _own_key(path: Path, algorithm: str) -> ECKey | OKPKey:
    """The issuer's key pair, made at the first call and the same from then on."""
    parameters: dict[str, Any] = {"use": "sig", "alg": algorithm, "kid": f"local-{secrets.token_hex(4)}"}
    kind = ECKey if algorithm == "ES256" else OKPKey
    curve = "P-256" if algorithm == "ES256" else "Ed25519"
    made = kind.generate_key(curve, parameters)  # type: ignore[arg-type]  # one call for two kinds of key
    make_once(path, json.dumps(made.as_dict(private=True)).encode())
    found = json.loads(path.read_bytes())
    if found.get("alg") != algorithm:
        raise KeyRefused(path, f"holds a key for {found.get('alg')}, not for {algorithm}; remove it")
    return kind.import_key(found)
