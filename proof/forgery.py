"""Ways of forging a bearer token, each with as many variants as chance gives it.

A forgery begins with claims that would be believed and spoils one thing. Where the signature is not what is
forged, it is the issuer's own: then nothing but a check of ours can refuse the token.

Not here: the other good signature that ECDSA has for the same bytes (r, n - s). Only who already bears the
token can make it, and it says nothing that the token does not say.
"""

from __future__ import annotations

import base64
import json
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.jwk import ECKey

from loadtests.identity import Provider, make_iin

# Where each role is let in; all of them are read only.
DOORS: Final = {
    "driver": "/v1/holdings",
    "auditor": "/v1/audit/marks/123BCZ02",
    "pricing_admin": "/v1/tariff-drafts",
    "pricing_approver": "/v1/tariff-drafts",
}
CURVE_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
ELSEWHERE: Final = "https://keys.example.net/"

Claims = dict[str, Any]
Header = dict[str, Any]


def base64url(data: bytes) -> str:
    """As a token writes bytes."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def compact(value: Any) -> bytes:  # noqa: ANN401  # any JSON
    """JSON as a token holds it."""
    return json.dumps(value, separators=(",", ":")).encode()


@dataclass(frozen=True, slots=True)
class Signer:
    """The issuer, and somebody who is not."""

    provider: Provider
    chance: random.Random

    @property
    def own_key(self) -> ec.EllipticCurvePrivateKey:
        """The issuer's key."""
        key = self.provider.key
        if not isinstance(key, ECKey):
            raise TypeError("the forgeries are of ES256")
        private = key.private_key
        if private is None:
            raise TypeError("the provider has no private key")
        return private

    def strange_key(self) -> ec.EllipticCurvePrivateKey:
        """A key that nobody published."""
        return ec.derive_private_key(self.chance.randrange(1, CURVE_ORDER), ec.SECP256R1())

    def claims(self, **changed: Any) -> Claims:  # noqa: ANN401  # any JSON
        """What would be believed, with changes; ``None`` takes a claim away."""
        role = self.chance.choice(list(DOORS))
        now = int(time.time())
        good: Claims = {
            "iss": self.provider.issuer,
            "aud": self.provider.audience,
            "sub": f"forger-{self.chance.randrange(10**6)}",
            "roles": [role],
            "iat": now - self.chance.randrange(60),
            "exp": now + self.chance.randrange(600, 3_000),
            "jti": f"{self.chance.getrandbits(64):016x}",
        }
        if role == "driver":
            good["iin"] = make_iin(self.chance.randrange(100_000))
        return {name: value for name, value in (good | changed).items() if value is not None}

    def header(self, **changed: Any) -> Header:  # noqa: ANN401  # any JSON
        """What would be believed, with changes; ``None`` takes a field away."""
        good = {"alg": "ES256", "typ": "at+jwt", "kid": self.provider.key_id}
        return {name: value for name, value in (good | changed).items() if value is not None}

    def token(
        self,
        header: Header | bytes,
        claims: Claims | bytes,
        key: ec.EllipticCurvePrivateKey | None = None,
    ) -> str:
        """Signed by ES256, whatever the header says; by the issuer unless another key is given."""
        parts = [one if isinstance(one, bytes) else compact(one) for one in (header, claims)]
        signed = ".".join(base64url(part) for part in parts)
        return f"{signed}.{base64url(self.signature(signed.encode(), key))}"

    def signature(self, signed: bytes, key: ec.EllipticCurvePrivateKey | None = None) -> bytes:
        """As RFC 7518 writes one."""
        r, s = decode_dss_signature((key or self.own_key).sign(signed, ec.ECDSA(SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def public_forms(self) -> list[bytes]:
        """The published key in every form in which somebody may take it for a secret."""
        public = self.own_key.public_key()
        jwk = dict(self.provider.key.as_dict(private=False))
        pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return [
            pem,
            pem.strip(),
            public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
            public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint),
            json.dumps(jwk).encode(),
            compact(jwk),
            str(jwk["x"]).encode(),
        ]


def alg_none(signer: Signer) -> str:
    """No signature is asked for."""
    header = signer.header(alg=signer.chance.choice(["none", "None", "NONE", "nOnE", "", "null"]))
    signed = f"{base64url(compact(header))}.{base64url(compact(signer.claims()))}"
    return f"{signed}.{signer.chance.choice(['', 'AA', base64url(bytes(64))])}"


def strange_key(signer: Signer) -> str:
    """Somebody else's key under the issuer's key id."""
    return signer.token(signer.header(), signer.claims(), signer.strange_key())


def public_key_as_secret(signer: Signer) -> str:
    """HS256 with what the issuer publishes as the secret."""
    header = signer.header(alg=signer.chance.choice(["HS256", "hs256", "ES256"]))
    signed = f"{base64url(compact(header))}.{base64url(compact(signer.claims()))}"
    mac = HMAC(signer.chance.choice(signer.public_forms()), SHA256())
    mac.update(signed.encode())
    return f"{signed}.{base64url(mac.finalize())}"


def unknown_key_id(signer: Signer) -> str:
    """A key id that the issuer does not publish; some have been paths and queries elsewhere."""
    known = signer.provider.key_id
    kid = signer.chance.choice(
        ["", "../../dev/null", "' OR 1=1 --", known.upper(), f"{known}\0", f" {known}", known[:-1], ELSEWHERE]
    )
    return signer.token(signer.header(kid=kid), signer.claims())


def no_key_id(signer: Signer) -> str:
    """No key id, or one that is no text."""
    known = signer.provider.key_id
    kid = signer.chance.choice([None, [known], {"kid": known}, 0, 1.5, True, [[]]])
    return signer.token(signer.header(kid=kid), signer.claims())


def key_in_header(signer: Signer) -> str:
    """The key with which to check it, brought along."""
    key = signer.strange_key()
    kid = signer.chance.choice(["mine", signer.provider.key_id, None])
    numbers = key.public_key().public_numbers()
    jwk = {
        "kty": "EC",
        "crv": "P-256",
        "x": base64url(numbers.x.to_bytes(32, "big")),
        "y": base64url(numbers.y.to_bytes(32, "big")),
    }
    return signer.token(signer.header(kid=kid, jwk=jwk | ({"kid": kid} if kid else {})), signer.claims(), key)


def key_by_address(signer: Signer) -> str:
    """Where the key is to be fetched; now and then the issuer's own signature stands under it."""
    field = signer.chance.choice(["jku", "x5u", "x5c", "x5t", "x5t#S256"])
    value = [base64url(signer.chance.randbytes(40))] if field == "x5c" else f"{ELSEWHERE}{field}"
    key = signer.chance.choice([signer.strange_key(), None])
    return signer.token(signer.header(**{field: value}), signer.claims(), key)


def expired(signer: Signer) -> str:
    """Its time has passed, by a second or by years."""
    now, ago = int(time.time()), signer.chance.choice([0, 1, 5, 60, 86_400, 10**8])
    return signer.token(signer.header(), signer.claims(iat=now - ago - 600, exp=now - ago))


def not_yet_valid(signer: Signer) -> str:
    """Its time has not come."""
    later = int(time.time()) + signer.chance.choice([30, 300, 86_400])
    changed = signer.chance.choice([{"nbf": later}, {"iat": later, "exp": later + 600}])
    return signer.token(signer.header(), signer.claims(**changed))


def endless(signer: Signer) -> str:
    """An end in a year that no calendar has."""
    far = signer.chance.choice([10**30, 10**18, 2**63, 2**64 + 600, 253_402_300_800, 1e30, float("inf")])
    return signer.token(signer.header(), signer.claims(exp=far))


def no_end(signer: Signer) -> str:
    """No end, or one that is no moment."""
    soon = int(time.time()) + 600
    value = signer.chance.choice([None, str(soon), [soon], True, soon + 0.5, {}, float("nan")])
    return signer.token(signer.header(), signer.claims(exp=value))


def lives_too_long(signer: Signer) -> str:
    """It ends, but not soon enough."""
    now = int(time.time())
    longer = signer.chance.choice([3_601, 7_200, 86_400, 10**7, 10**9])
    return signer.token(signer.header(), signer.claims(iat=now, exp=now + longer))


def other_issuer(signer: Signer) -> str:
    """Signed by the right key and said to be of another issuer."""
    own = signer.provider.issuer
    value = signer.chance.choice(
        [None, "https://idp.example", own.upper(), f"{own}/", f"{own}\0", [own], {"iss": own}, f" {own}", 1]
    )
    return signer.token(signer.header(), signer.claims(iss=value))


def other_audience(signer: Signer) -> str:
    """Meant for another service."""
    own = signer.provider.audience
    value = signer.chance.choice([None, "bank", own.upper(), f"{own} bank", f"{own}\0", {own: 1}, 1, ""])
    return signer.token(signer.header(), signer.claims(aud=value))


def listed_audience(signer: Signer) -> str:
    """Lists that name this service beside others, or in another form."""
    own = signer.provider.audience
    value = signer.chance.choice(
        [[own, "bank"], ["bank", own], [], [[own]], ["bank"], [own, own], [own, None], [own.upper()], [{}]]
    )
    return signer.token(signer.header(), signer.claims(aud=value))


def other_kind(signer: Signer) -> str:
    """An id token, a logout token, or nothing that says it is an access token."""
    kinds = [None, "JWT", "logout+jwt", "id_token", "at+jwt;v=1", "at+jwt ", ["at+jwt"], "", 1, "dpop+jwt"]
    return signer.token(signer.header(typ=signer.chance.choice(kinds)), signer.claims())


def nested(signer: Signer) -> str:
    """A good token inside another thing."""
    inner = signer.token(signer.header(), signer.claims())
    match signer.chance.randrange(4):
        case 0:
            return signer.token(signer.header(cty="JWT"), inner.encode())
        case 1:
            return signer.token(signer.header(), compact(inner))
        case 2:
            return signer.token(signer.header(), compact([json.loads(compact(signer.claims()))]))
        case _:
            sealed, tag = base64url(signer.chance.randbytes(12)), base64url(signer.chance.randbytes(16))
            return f"{inner}.{sealed}.{tag}"


def spoilt_signature(signer: Signer) -> str:
    """The issuer's signature, spoilt or written otherwise."""
    head, payload, written = signer.token(signer.header(), signer.claims()).split(".")
    good = base64.urlsafe_b64decode(written + "==")
    turned = bytearray(good)
    turned[signer.chance.randrange(64)] ^= 1 << signer.chance.randrange(8)
    der = signer.own_key.sign(f"{head}.{payload}".encode(), ec.ECDSA(SHA256()))
    last = "AQgw".index(written[-1])  # 64 bytes leave four bits of the last letter unused.
    spoilt = signer.chance.choice(
        [
            base64url(bytes(turned)),
            base64url(good[: signer.chance.randrange(64)]),
            base64url(good + b"\0"),
            base64url(good[32:] + good[:32]),
            base64url(bytes(64)),
            base64url(der),
            written + "=",
            written + "==",
            written[:-1] + "BRhx"[last],
            "",
        ]
    )
    return f"{head}.{payload}.{spoilt}"


def changed_payload(signer: Signer) -> str:
    """Claims changed under a signature that was given to others."""
    claims = signer.claims()
    head, _, signature = signer.token(signer.header(), claims).split(".")
    changed = signer.chance.choice(
        [
            {"roles": ["pricing_approver"], "iin": None, "sub": "somebody"},
            {"sub": "another"},
            {"exp": claims["exp"] + 1},
            {"jti": "another"},
        ]
    )
    return f"{head}.{base64url(compact(claims | changed))}.{signature}"


def repeated_names(signer: Signer) -> str:
    """A name that stands twice, so that two readers may read two things."""
    claims = signer.claims()
    name = signer.chance.choice(["roles", "sub", "exp", "iss", "aud"])
    twice = compact(claims)[:-1] + b"," + compact({name: claims[name]})[1:]
    if signer.chance.random() < 0.5:
        return signer.token(signer.header(), twice)
    header = signer.header()
    name = signer.chance.choice(list(header))
    return signer.token(compact(header)[:-1] + b"," + compact({name: header[name]})[1:], claims)


def critical(signer: Signer) -> str:
    """Extensions that have to be understood, and are not."""
    name = signer.chance.choice(["exp", "urn:example:x", "b64", "alg", "kid", "http://example.net/z"])
    listed = signer.chance.choice([[name], [], name, [name, name], None])
    value = {"exp": 1, "b64": True}.get(name)
    fields = {"crit": listed} | ({name: value} if value is not None else {})
    fields = {key: value for key, value in fields.items() if value is not None} or {"zip": "DEF"}
    return signer.token(signer.header() | fields, signer.claims())


def unencoded_payload(signer: Signer) -> str:
    """RFC 7797: the payload as it is, or said to be so."""
    header = signer.header(b64=False, crit=signer.chance.choice([["b64"], None]))
    payload = compact(signer.claims() | {"sub": "a"})
    if signer.chance.random() < 0.5:
        return signer.token(header, payload)
    head = base64url(compact(header))
    signature = signer.signature(head.encode() + b"." + payload)
    return f"{head}.{payload.decode()}.{base64url(signature)}"


def algorithm_spelt_otherwise(signer: Signer) -> str:
    """Other letters, other algorithms, no text at all; each signed as ES256 wants it."""
    names = ["es256", "Es256", "ES256 ", " ES256", "ES256\0", "ES256K", "ES384", "EdDSA", "RS256", "PS256"]
    alg = signer.chance.choice([*names, ["ES256"], {"alg": "ES256"}, None, 256, True])
    return signer.token(signer.header(alg=alg), signer.claims())


def roles_in_another_form(signer: Signer) -> str:
    """Roles that are no list of texts: `"auditor" in "auditor"` is true in some languages."""
    role = signer.chance.choice(["auditor", "pricing_admin"])
    value = signer.chance.choice(
        [role, {role: True}, [[role]], [role, 1], [role, None], 1, True, [role] * 17, f"{role} driver", None]
    )
    return signer.token(signer.header(), signer.claims(roles=value))


def spaced(signer: Signer) -> str:
    """Letters that are not seen, or seen as others, somewhere in the text."""
    good = signer.token(signer.header(), signer.claims())
    letters = [" ", "\t", "\u00a0", "\u0085", "\u200b", "\ufeff", "\u3000", "\u2024", ",", ";", '"', "%2E"]
    strange = signer.chance.choice(letters)
    # Only blanks may stand around a token.
    places = [good.index("."), len(good) // 2] if strange == " " else [0, good.index("."), len(good)]
    place = signer.chance.choice(places)
    return good[:place] + strange + good[place:]


def person_without_number(signer: Signer) -> str:
    """A driver who is nobody, by a number that is none."""
    good = make_iin(signer.chance.randrange(100_000))
    wrong = good[:-1] + str((int(good[-1]) + signer.chance.randrange(1, 10)) % 10)
    arabic = good.translate({48 + digit: 0x660 + digit for digit in range(10)})
    spellings = [None, wrong, arabic, good[:-1], good + "0", int(good), [good], "", f" {good}"]
    iin = signer.chance.choice(spellings)
    return signer.token(signer.header(), signer.claims(roles=["driver"], iin=iin))


def role_out_of_place(signer: Signer) -> str:
    """An operator of no office, or of two callings; a service that says it is a desk."""
    changed = signer.chance.choice(
        [
            {"roles": ["operator", "auditor"], "iin": None},
            {"roles": ["operator", "driver"], "office": "tson-1", "iin": make_iin(1)},
            {"roles": ["service", "auditor"], "channel": "desk"},
            {"roles": ["service", "auditor"]},
            {"roles": ["auditor"], "channel": "desk"},
            {"roles": ["auditor"], "sub": ""},
            {"roles": ["auditor"], "sub": "x" * 256},
            {"roles": ["auditor"], "sub": "a\nb"},
        ]
    )
    return signer.token(signer.header(), signer.claims(**changed))


FORGERIES: Final[Mapping[str, Callable[[Signer], str]]] = {
    forge.__name__: forge
    for forge in (
        alg_none,
        strange_key,
        public_key_as_secret,
        unknown_key_id,
        no_key_id,
        key_in_header,
        key_by_address,
        expired,
        not_yet_valid,
        endless,
        no_end,
        lives_too_long,
        other_issuer,
        other_audience,
        listed_audience,
        other_kind,
        nested,
        spoilt_signature,
        changed_payload,
        repeated_names,
        critical,
        unencoded_payload,
        algorithm_spelt_otherwise,
        roles_in_another_form,
        spaced,
        person_without_number,
        role_out_of_place,
    )
}
