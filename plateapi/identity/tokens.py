"""Bearer tokens: a JWT of one issuer, for one audience, by one algorithm, checked once a minute at most.

joserfc verifies the signature. Its reader of tokens lets an ``exp`` of 10³⁰, another kind's ``typ`` and a
name that stands twice pass, so form, header, lifetime and kind are read here, each strictly: what is not
wanted is refused, and nothing is read twice (docs/decisions, 23).

Not here: the form (``compact.py``), roles' rights (each route declares them), key files (``keys.py``),
minting (``local_issuer.py``).
"""

import hashlib
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, KeySet, OKPKey
from joserfc.jws import JWSRegistry

from plateapi.identity.applicants import ApplicantIdInvalid, Pseudonyms
from plateapi.identity.compact import Compact, CompactInvalid, object_without_repeats, segment_bytes
from plateapi.people import CITIZEN_CHANNELS, DESK_CHANNEL, Actor, Applicant, Role

# RFC 9068: an access token says so, and is not mistaken for an id token of the same issuer.
TOKEN_TYPES: Final = frozenset({"at+jwt", "application/at+jwt"})
# Of a header's fields these three are understood; any other (crit, jwk, jku, x5u, b64, ...) is refused.
HEADER_FIELDS: Final = frozenset({"alg", "kid", "typ"})
# An issuer writes the same header into all tokens of a key; one that writes others is read anew each time.
HEADERS_KNOWN_MAX: Final = 16
TEXT_MAX: Final = 255
ROLES_MAX: Final = 16
KNOWN_ROLES: Final = {role.value: role for role in Role}


class TokenRefused(Exception):
    """A token that is not believed: ``token_invalid`` or ``token_expired``, and the reason as a fact."""

    def __init__(self, reason: str, slug: str = "token_invalid") -> None:
        super().__init__(reason)
        self.slug = slug
        self.reason = reason


class TokenVerifier:
    """Turns a token into the :class:`Actor` who bears it, and remembers it for a short while.

    The memory holds a digest of the token and the actor, never the token or its IIN; it is bounded, lasts
    ``cache_seconds`` (60 at most) and never beyond the token's own end.
    """

    def __init__(
        self,
        keys: Mapping[str, Any],
        *,
        algorithm: str,
        issuer: str,
        audience: str,
        pseudonyms: Pseudonyms,
        lifetime_max_seconds: int,
        leeway_seconds: int,
        cache_seconds: int,
        cache_entries: int,
        length_max: int,
        wall_seconds: Callable[[], float] = time.time,
        monotonic_seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._signatures = JWSRegistry(algorithms=[algorithm]).get_alg(algorithm)
        self._keys = self._keys_by_id(keys, ECKey if algorithm == "ES256" else OKPKey)
        self._keys_by_header: dict[str, Key] = {}
        self._algorithm = algorithm
        self._issuer = issuer
        self._audience = audience
        self._pseudonyms = pseudonyms
        self._lifetime_max = lifetime_max_seconds
        self._leeway = leeway_seconds
        self._cache_seconds = cache_seconds
        self._cache_entries = cache_entries
        self._length_max = length_max
        self._wall = wall_seconds
        self._monotonic = monotonic_seconds
        self._believed: dict[bytes, tuple[Actor, float]] = {}
        self.hits = 0
        self.misses = 0

    def _keys_by_id(self, published: Mapping[str, Any], kind: type[ECKey | OKPKey]) -> dict[str, Key]:
        """The issuer's public keys that fit the algorithm, by their id."""
        keys = KeySet.import_key_set({"keys": list(published["keys"])}).keys
        fitting: dict[str, Key] = {
            key.kid: key
            for key in keys
            if isinstance(key, kind) and key.kid and not key.is_private and self._fits(key)
        }
        if not fitting:
            raise ValueError(f"the key set holds no public key for {self._signatures.name} with an id")
        return fitting

    def _fits(self, key: Key) -> bool:
        """Whether its curve, and the use that it says of itself, are those of the algorithm."""
        try:
            self._signatures.check_key(key)
            key.check_key_op("verify")
        except (JoseError, ValueError):
            return False
        return True

    def actor(self, token: str) -> Actor:
        """The bearer of this token. Raises :class:`TokenRefused`."""
        if len(token) > self._length_max:
            raise TokenRefused("longer than any token of the issuer")
        digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        found = self._believed.get(digest)
        if found is not None and self._monotonic() < found[1] and self._wall() < found[0].expires_at_seconds:
            self.hits += 1
            return found[0]
        self.misses += 1
        actor = self._actor_of(self._verified_claims(token))
        self._remember(digest, actor)
        return actor

    def _remember(self, digest: bytes, actor: Actor) -> None:
        if self._cache_seconds == 0:
            return
        self._believed.pop(digest, None)
        while len(self._believed) >= self._cache_entries:
            # Insertion order: the oldest belief goes first, and it is the nearest to its end anyway.
            del self._believed[next(iter(self._believed))]
        self._believed[digest] = (actor, self._monotonic() + self._cache_seconds)

    def _verified_claims(self, token: str) -> dict[str, Any]:
        try:
            compact = Compact.of(token)
            key = self._key_of(compact.header)
            if not self._signatures.verify(compact.signed, compact.signature, key):
                raise TokenRefused("the signature is wrong")
            self._remember_header(compact.header, key)
            claims = object_without_repeats(compact.payload)
        except CompactInvalid as error:
            raise TokenRefused(str(error)) from error
        self._check_claims(claims)
        return claims

    def _key_of(self, header: str) -> Key:
        """The key that a header names, one of the issuer's and for the one algorithm."""
        known = self._keys_by_header.get(header)
        if known is not None:
            return known
        key = self._keys.get(self._key_id(object_without_repeats(segment_bytes(header))))
        if key is None:
            raise TokenRefused("signed with a key that the issuer does not publish")
        return key

    def _remember_header(self, header: str, key: Key) -> None:
        """Only what the issuer has signed: else sixteen forged ones would keep his own out for good."""
        if len(self._keys_by_header) < HEADERS_KNOWN_MAX:
            self._keys_by_header[header] = key

    def _key_id(self, header: dict[str, Any]) -> str:
        if set(header) != HEADER_FIELDS:
            raise TokenRefused("the header must hold alg, kid and typ, and nothing else")
        if header["alg"] != self._algorithm:
            raise TokenRefused("another algorithm")
        kind = header["typ"]
        if not isinstance(kind, str) or kind.lower() not in TOKEN_TYPES:
            raise TokenRefused("not an access token (typ)")
        if not isinstance(header["kid"], str):
            raise TokenRefused("the key id is no text")
        return header["kid"]

    def _check_claims(self, claims: dict[str, Any]) -> None:
        if claims.get("iss") != self._issuer:
            raise TokenRefused("another issuer")
        audience = claims.get("aud")
        if audience not in (self._audience, [self._audience]):
            raise TokenRefused("another audience")
        now = self._wall()
        issued, expires = _moment(claims, "iat"), _moment(claims, "exp")
        if issued > now + self._leeway:
            raise TokenRefused("issued in the future")
        if "nbf" in claims and _moment(claims, "nbf") > now + self._leeway:
            raise TokenRefused("not valid yet")
        if expires <= issued or expires - issued > self._lifetime_max:
            raise TokenRefused("lives longer than the issuer may allow")
        if expires <= now:
            raise TokenRefused("its time has passed", "token_expired")

    def _actor_of(self, claims: dict[str, Any]) -> Actor:
        subject = _text(claims, "sub")
        roles = _roles(claims)
        channel, office = self._place(claims, roles)
        return Actor(
            pseudonym=self._pseudonyms.actor(self._issuer, subject),
            roles=roles,
            channel=channel,
            office=office,
            applicant=self._applicant(claims) if Role.DRIVER in roles else None,
            expires_at_seconds=int(claims["exp"]),
        )

    def _applicant(self, claims: dict[str, Any]) -> Applicant:
        try:
            if "bin" in claims:
                return self._pseudonyms.entity(_text(claims, "bin"), _text(claims, "iin"))
            return self._pseudonyms.person(_text(claims, "iin"))
        except ApplicantIdInvalid as error:
            raise TokenRefused(f"claim {error.number_kind}: {error.fault}") from None

    @staticmethod
    def _place(claims: dict[str, Any], roles: frozenset[Role]) -> tuple[str, str]:
        """The channel and the office: an operator sits at a desk in an office, a service is a channel."""
        if Role.OPERATOR in roles:
            if Role.SERVICE in roles or Role.DRIVER in roles:
                raise TokenRefused("an operator's token carries no other acting role")
            return DESK_CHANNEL, _text(claims, "office")
        office = _text(claims, "office") if "office" in claims else ""
        if Role.SERVICE not in roles and "channel" not in claims:
            return "portal", office
        channel = _text(claims, "channel")
        if channel not in CITIZEN_CHANNELS:
            raise TokenRefused("unknown channel")
        return channel, office


def _moment(claims: dict[str, Any], name: str) -> int:
    """Whole seconds since the epoch, within the years 1970 to 9999: an ``exp`` of 10³⁰ is no date."""
    value = claims.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 253_402_300_800:
        raise TokenRefused(f"claim {name} is no moment in whole seconds")
    return value


def _text(claims: dict[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not 1 <= len(value) <= TEXT_MAX or not value.isprintable():
        raise TokenRefused(f"claim {name} is missing or no short text")
    return value


def _roles(claims: dict[str, Any]) -> frozenset[Role]:
    """The roles that this service knows; an issuer may name others for other services."""
    named = claims.get("roles")
    if not isinstance(named, list) or len(named) > ROLES_MAX:
        raise TokenRefused("claim roles is no short list")
    if not all(isinstance(name, str) for name in named):
        raise TokenRefused("claim roles holds something else than texts")
    return frozenset(KNOWN_ROLES[name] for name in named if name in KNOWN_ROLES)
