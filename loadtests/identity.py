"""People for a launch: identification numbers that are valid, and tokens as an identity provider gives them.

The provider is the local issuer that `make up` begins with; the launch borrows its private key from the data
directory, as the provider of a rehearsal would.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey

FIRST_WEIGHTS = tuple(range(1, 12))
SECOND_WEIGHTS = (3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2)
TOKEN_SECONDS = 3_600


def make_iin(number: int) -> str:
    """The valid IIN of an invented person; the same number, 0 to 999,999, gives the same person.

    The check digit has weights 1 to 11 modulo 11, and a second row of weights where the first gives 10; where
    that gives 10 too, the person is born a day later.

    >>> make_iin(1)
    '900101300017'
    """
    block, serial = divmod(number, 10_000)
    for day in range(1, 29):
        body = f"{90 + block % 10}{1 + block // 10:02}{day:02}3{serial:04}"
        digits = [int(character) for character in body]
        for weights in (FIRST_WEIGHTS, SECOND_WEIGHTS):
            check = sum(weight * digit for weight, digit in zip(weights, digits, strict=True)) % 11
            if check < 10:
                return body + str(check)
    raise ValueError(f"no day of the month gives person {number} a check digit")


@dataclass(frozen=True)
class Provider:
    """The identity provider of a rehearsal."""

    key: ECKey | OKPKey
    algorithm: str
    key_id: str
    issuer: str
    audience: str

    @classmethod
    def of(cls, data_dir: Path) -> Provider:
        """Borrow the local issuer's key."""
        found = json.loads((data_dir / "keys" / "issuer.private.json").read_bytes())
        key = (ECKey if found["kty"] == "EC" else OKPKey).import_key(found)
        return cls(key, found["alg"], found["kid"], issuer="plates-local", audience="plates")

    def token(self, subject: str, role: str, **claims: str) -> str:
        """A token of one person; ``claims`` are iin, office, channel."""
        now = int(time.time())
        body: dict[str, Any] = {
            "iss": self.issuer,
            "aud": self.audience,
            "sub": subject,
            "roles": [role],
            "iat": now,
            "exp": now + TOKEN_SECONDS,
            "jti": f"{subject}-{now}",
        }
        header = {"alg": self.algorithm, "typ": "at+jwt", "kid": self.key_id}
        return jwt.encode(header, body | claims, self.key, algorithms=[self.algorithm])
