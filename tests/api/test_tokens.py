"""Tokens: what is believed, for how long, and each way in which one is refused."""

import base64
import json
from collections.abc import Callable
from itertools import islice, product
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, OKPKey

from plateapi.identity import LocalIssuer, Pseudonyms, TokenRefused, TokenVerifier
from plateapi.identity.keys import KeyRefused
from plateapi.identity.tokens import HEADERS_KNOWN_MAX
from plateapi.people import Role
from plateapi.settings import Settings
from tests.personas import new_bin, new_iin

NOW = 1_767_600_000
IIN = new_iin()


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.seconds = float(NOW)

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def issuer(tmp_path: Path, clock: Clock) -> LocalIssuer:
    return LocalIssuer(Settings(data_dir=tmp_path), wall_seconds=clock)


def verifier_arguments(clock: Clock) -> dict[str, Any]:
    """What the app gives a verifier beside the keys."""
    return {
        "algorithm": "ES256",
        "issuer": "plates-local",
        "audience": "plates",
        "pseudonyms": Pseudonyms(bytes(range(32)), 1),
        "lifetime_max_seconds": 3_600,
        "leeway_seconds": 5,
        "cache_seconds": 60,
        "cache_entries": 3,
        "length_max": 4_096,
        "wall_seconds": clock,
        "monotonic_seconds": clock,
    }


def verifier(issuer: LocalIssuer, clock: Clock, **changed: Any) -> TokenVerifier:
    """A verifier as the app makes it."""
    return TokenVerifier(issuer.public_keys(), **{**verifier_arguments(clock), **changed})


def claims(**changed: Any) -> dict[str, Any]:
    """Claims of a good token, with changes; ``None`` takes a claim away."""
    good: dict[str, Any] = {
        "iss": "plates-local",
        "aud": "plates",
        "sub": "aigerim",
        "roles": ["driver"],
        "iin": IIN,
        "iat": NOW,
        "exp": NOW + 600,
    }
    return {name: value for name, value in {**good, **changed}.items() if value is not None}


def test_a_driver_is_known_by_a_pseudonym(issuer: LocalIssuer, clock: Clock) -> None:
    """A good token gives its bearer; the IIN is gone, and the same person is the same sixteen bytes."""
    actor = verifier(issuer, clock).actor(issuer.mint("aigerim", [Role.DRIVER], iin=IIN))
    assert actor.roles == {Role.DRIVER}
    assert actor.channel == "portal"
    assert actor.applicant is not None
    assert len(actor.applicant.pseudonym) == 16
    assert actor.applicant == Pseudonyms(bytes(range(32)), 1).person(IIN)
    assert IIN not in repr(actor)


def test_an_entity_acts_through_its_representative(issuer: LocalIssuer, clock: Clock) -> None:
    """A token with a BIN is the entity's, and names the person who acts for it."""
    token = issuer.mint("director", [Role.DRIVER], iin=IIN, bin_number=new_bin())
    applicant = verifier(issuer, clock).actor(token).applicant
    assert applicant is not None
    assert applicant.kind == "entity"
    assert applicant.representative == Pseudonyms(bytes(range(32)), 1).person(IIN).pseudonym


def test_an_operator_sits_at_the_desk(issuer: LocalIssuer, clock: Clock) -> None:
    """Whatever channel an operator's token names, an operator acts at the desk of an office."""
    token = issuer.mint("bauyrzhan", [Role.OPERATOR], office="tson-1", channel="kiosk")
    actor = verifier(issuer, clock).actor(token)
    assert (actor.channel, actor.office, actor.applicant) == ("desk", "tson-1", None)


def test_ed25519_is_the_other_algorithm(tmp_path: Path, clock: Clock) -> None:
    """The algorithm is a setting, and it is one: a verifier of one refuses tokens of the other."""
    other = LocalIssuer(Settings(data_dir=tmp_path, token_algorithm="Ed25519"), wall_seconds=clock)
    token = other.mint("aigerim", [Role.DRIVER], iin=IIN)
    assert verifier(other, clock, algorithm="Ed25519").actor(token).roles == {Role.DRIVER}
    with pytest.raises(ValueError, match="no public key for ES256"):
        verifier(other, clock)


def _tampered(token: str, segment: int, change: Callable[[bytes], bytes]) -> str:
    parts = token.split(".")
    data = base64.urlsafe_b64decode(parts[segment] + "==")
    parts[segment] = base64.urlsafe_b64encode(change(data)).rstrip(b"=").decode()
    return ".".join(parts)


def _unsigned(header: dict[str, Any], body: dict[str, Any]) -> str:
    def part(value: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part(header)}.{part(body)}."


def _with_public_key_as_secret(issuer: LocalIssuer) -> str:
    """The classic confusion: HS256 with the public key as the secret."""
    public = issuer.public_keys()["keys"][0]
    secret = OctKey.import_key(json.dumps(public))
    header = {"alg": "HS256", "typ": "at+jwt", "kid": public["kid"]}
    return jwt.encode(header, claims(), secret, algorithms=["HS256"])


def _by_another_key(issuer: LocalIssuer) -> str:
    kid = issuer.public_keys()["keys"][0]["kid"]
    key = ECKey.generate_key("P-256")
    return jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": kid}, claims(), key, algorithms=["ES256"])


def _with_its_own_key(issuer: LocalIssuer) -> str:
    """A token that brings the key it was signed with."""
    key = ECKey.generate_key("P-256", {"kid": "mine"})
    header = {"alg": "ES256", "typ": "at+jwt", "kid": "mine", "jwk": dict(key.as_dict(private=False))}
    return jwt.encode(header, claims(), key, algorithms=["ES256"])


def _by_ed25519(issuer: LocalIssuer) -> str:
    key = OKPKey.generate_key("Ed25519")
    kid = issuer.public_keys()["keys"][0]["kid"]
    header = {"alg": "Ed25519", "typ": "at+jwt", "kid": kid}
    return jwt.encode(header, claims(), key, algorithms=["Ed25519"])


FORGED: dict[str, Callable[[LocalIssuer], str]] = {
    "no token at all": lambda issuer: "",
    "not three segments": lambda issuer: "a.b",
    "five segments, as of an encrypted one": lambda issuer: "a.b.c.d.e",
    "longer than any": lambda issuer: "a" * 5_000,
    "not base64url": lambda issuer: "ä.ö.ü",
    "a header that is no object": lambda issuer: _tampered(issuer.sign(claims()), 0, lambda _: b"[1]"),
    "a payload that is no object": lambda issuer: _tampered(issuer.sign(claims()), 1, lambda _: b"[1]"),
    "another spelling of the same bytes": lambda issuer: issuer.sign(claims()).replace(".", "=.", 1),
    "a signature with a bit turned": lambda issuer: _tampered(
        issuer.sign(claims()), 2, lambda data: bytes([data[0] ^ 1]) + data[1:]
    ),
    "an empty signature": lambda issuer: _tampered(issuer.sign(claims()), 2, lambda data: b""),
    "claims changed after signing": lambda issuer: _tampered(
        issuer.sign(claims()), 1, lambda data: data.replace(b"driver", b"audit0")
    ),
    "alg none": lambda issuer: _unsigned(
        {"alg": "none", "typ": "at+jwt", "kid": issuer.public_keys()["keys"][0]["kid"]}, claims()
    ),
    "alg none without a key id": lambda issuer: _unsigned({"alg": "none", "typ": "at+jwt"}, claims()),
    "HS256 with the public key as the secret": _with_public_key_as_secret,
    "another algorithm": _by_ed25519,
    "signed by another key under our key id": _by_another_key,
    "a key that the token brings along": _with_its_own_key,
    "an unknown key id": lambda issuer: issuer.sign(claims(), {"kid": "unknown"}),
    "a critical extension": lambda issuer: _tampered(
        issuer.sign(claims()), 0, lambda data: data[:-1] + b',"crit":["exp"],"exp":1}'
    ),
    "an id token": lambda issuer: issuer.sign(claims(), {"typ": "JWT"}),
    "a logout token": lambda issuer: issuer.sign(claims(), {"typ": "logout+jwt"}),
    "another issuer": lambda issuer: issuer.sign(claims(iss="https://elsewhere.example")),
    "no issuer": lambda issuer: issuer.sign(claims(iss=None)),
    "another audience": lambda issuer: issuer.sign(claims(aud="bank")),
    "two audiences": lambda issuer: issuer.sign(claims(aud=["plates", "bank"])),
    "no audience": lambda issuer: issuer.sign(claims(aud=None)),
    "no end": lambda issuer: issuer.sign(claims(exp=None)),
    "an end in the year 10^30": lambda issuer: issuer.sign(claims(exp=10**30)),
    "an end that is a text": lambda issuer: issuer.sign(claims(exp=str(NOW + 600))),
    "an end that is a fraction": lambda issuer: issuer.sign(claims(exp=NOW + 600.5)),
    "an end that is true": lambda issuer: issuer.sign(claims(exp=True)),
    "a life of a day": lambda issuer: issuer.sign(claims(exp=NOW + 86_400)),
    "an end before the beginning": lambda issuer: issuer.sign(claims(iat=NOW, exp=NOW - 10)),
    "no beginning": lambda issuer: issuer.sign(claims(iat=None)),
    "issued in the future": lambda issuer: issuer.sign(claims(iat=NOW + 60, exp=NOW + 600)),
    "not valid yet": lambda issuer: issuer.sign(claims(nbf=NOW + 60)),
    "no subject": lambda issuer: issuer.sign(claims(sub=None)),
    "an empty subject": lambda issuer: issuer.sign(claims(sub="")),
    "a subject of a thousand letters": lambda issuer: issuer.sign(claims(sub="x" * 1_000)),
    "roles that are a text": lambda issuer: issuer.sign(claims(roles="driver")),
    "roles that are numbers": lambda issuer: issuer.sign(claims(roles=[1])),
    "a hundred roles": lambda issuer: issuer.sign(claims(roles=["driver"] * 100)),
    "a driver without an IIN": lambda issuer: issuer.sign(claims(iin=None)),
    "a driver whose IIN has a wrong check digit": lambda issuer: issuer.sign(
        claims(iin=IIN[:-1] + str((int(IIN[-1]) + 1) % 10))
    ),
    "an IIN in other digits": lambda issuer: issuer.sign(claims(iin="٩٠٠١٠١٣٠٠٠١٧")),
    "an operator without an office": lambda issuer: issuer.sign(claims(roles=["operator"])),
    "an operator who is a driver too": lambda issuer: issuer.sign(
        claims(roles=["operator", "driver"], office="tson-1")
    ),
    "a service of an unknown channel": lambda issuer: issuer.sign(claims(roles=["service"], channel="desk")),
    "a service without a channel": lambda issuer: issuer.sign(claims(roles=["service"])),
}


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
def test_a_forged_token_is_not_believed(
    forge: Callable[[LocalIssuer], str], issuer: LocalIssuer, clock: Clock
) -> None:
    """Each way of forging is refused as an invalid token, and says nothing of the IIN."""
    with pytest.raises(TokenRefused) as refused:
        verifier(issuer, clock).actor(forge(issuer))
    assert refused.value.slug == "token_invalid"
    assert IIN not in str(refused.value)


def test_the_token_they_are_forged_from_is_good(issuer: LocalIssuer, clock: Clock) -> None:
    """The control: what the forgeries change is believed when nothing is changed."""
    assert verifier(issuer, clock).actor(issuer.sign(claims())).roles == {Role.DRIVER}


def test_a_name_that_stands_twice_is_refused(issuer: LocalIssuer, clock: Clock) -> None:
    """JSON readers differ on which of two equal names counts, so neither does."""
    key = issuer._key
    payload = json.dumps(claims()).replace('"sub"', '"sub": "dana", "sub"').encode()
    head = {"alg": "ES256", "typ": "at+jwt", "kid": key.kid}
    from joserfc import jws  # noqa: PLC0415  # Only here: signing bytes that are no dictionary.

    token = jws.serialize_compact(head, payload, key, algorithms=["ES256"])
    with pytest.raises(TokenRefused, match="twice"):
        verifier(issuer, clock).actor(token)


def test_only_keys_for_the_algorithm_are_known(issuer: LocalIssuer, clock: Clock) -> None:
    """A key of another curve or use, or for signing only, is none of ours; without one we do not start."""
    [good] = issuer.public_keys()["keys"]
    other = ECKey.generate_key("P-384", {"kid": "p-384"}).as_dict(private=False)
    others = [other, {**good, "use": "enc"}, {**good, "key_ops": ["sign"]}, {**good, "alg": "ES384"}]
    for unfit in others:
        with pytest.raises(ValueError, match="no public key for ES256"):
            TokenVerifier({"keys": [unfit]}, **verifier_arguments(clock))
    believing = TokenVerifier({"keys": [*others[:1], good]}, **verifier_arguments(clock))
    assert believing.actor(issuer.sign(claims())).roles == {Role.DRIVER}


def test_only_headers_that_the_issuer_signed_are_remembered(issuer: LocalIssuer, clock: Clock) -> None:
    """Forged ones leave no trace, and of the issuer's own so many are kept; all of them are believed."""
    believing = verifier(issuer, clock)
    forged = _tampered(issuer.sign(claims()), 0, lambda data: data[:-1] + b" }")
    with pytest.raises(TokenRefused, match="signature"):
        believing.actor(forged)
    assert believing._keys_by_header == {}
    for a, t, *jwt_ in islice(product("aA", "tT", "jJ", "wW", "tT"), HEADERS_KNOWN_MAX + 4):
        kind = f"{a}{t}+{''.join(jwt_)}"
        assert believing.actor(issuer.sign(claims(), {"typ": kind})).roles == {Role.DRIVER}
    assert len(believing._keys_by_header) == HEADERS_KNOWN_MAX


def test_claims_in_another_encoding_are_refused(issuer: LocalIssuer, clock: Clock) -> None:
    """JSON of a token is UTF-8 (RFC 7519): a reader that guesses the encoding reads other names."""
    from joserfc import jws  # noqa: PLC0415  # Only here: signing bytes that are no dictionary.

    key = issuer._key
    head = {"alg": "ES256", "typ": "at+jwt", "kid": key.kid}
    token = jws.serialize_compact(head, json.dumps(claims()).encode("utf-16"), key, algorithms=["ES256"])
    with pytest.raises(TokenRefused, match="not JSON"):
        verifier(issuer, clock).actor(token)


def test_a_token_ends_at_its_end(issuer: LocalIssuer, clock: Clock) -> None:
    """No leeway at the end, and a remembered token ends as well."""
    believing = verifier(issuer, clock)
    token = issuer.sign(claims(exp=NOW + 30))
    believing.actor(token)
    clock.seconds = NOW + 29.9
    believing.actor(token)
    assert believing.hits == 1
    clock.seconds = NOW + 30
    with pytest.raises(TokenRefused) as refused:
        believing.actor(token)
    assert refused.value.slug == "token_expired"


def test_a_verified_token_is_remembered_for_a_minute(issuer: LocalIssuer, clock: Clock) -> None:
    """Within the minute nothing is verified again; after it, it is."""
    believing = verifier(issuer, clock)
    token = issuer.sign(claims())
    believing.actor(token)
    clock.seconds += 59
    believing.actor(token)
    assert (believing.hits, believing.misses) == (1, 1)
    clock.seconds += 2
    believing.actor(token)
    assert (believing.hits, believing.misses) == (1, 2)


def test_the_memory_is_bounded(issuer: LocalIssuer, clock: Clock) -> None:
    """With room for three, the first of four is forgotten, and the others are not."""
    believing = verifier(issuer, clock)
    tokens = [issuer.sign(claims(sub=f"driver-{number}")) for number in range(4)]
    for token in tokens:
        believing.actor(token)
    for token in tokens[1:]:
        believing.actor(token)
    assert believing.hits == 3
    believing.actor(tokens[0])
    assert believing.misses == 5


def test_the_memory_holds_no_token_and_no_iin(issuer: LocalIssuer, clock: Clock) -> None:
    """What is remembered is a digest and an actor."""
    believing = verifier(issuer, clock)
    token = issuer.sign(claims())
    believing.actor(token)
    kept = repr(believing._believed)
    assert token not in kept
    assert IIN not in kept


def test_the_local_issuer_is_for_the_demo_only(tmp_path: Path) -> None:
    """In production there is no local issuer, whatever lies in the data directory."""
    with pytest.raises(KeyRefused, match="demo profile"):
        LocalIssuer(Settings(data_dir=tmp_path, profile="production"))


def test_a_production_that_lacks_anything_says_all_of_it() -> None:
    """Production names every setting that the demo makes up, with an example each."""
    refused = {fault.setting for fault in Settings(profile="production").refusals()}
    assert refused == {
        "PLATES_TOKEN_JWKS_FILE",
        "PLATES_TOKEN_ISSUER",
        "PLATES_APPLICANT_KEY_FILE",
        "PLATES_PAYMENT_KEY_FILE",
        "PLATES_PAYMENT_REFERENCE_KEY_FILE",
        "PLATES_PAYMENT_PROVIDER",
        "PLATES_PAYMENT_STAND_IN",
    }
    assert Settings(profile="demo").refusals() == []
