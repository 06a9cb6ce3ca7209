"""A signed token in its compact form (RFC 7515, section 7.1), read once and strictly.

base64 is forgiving and JSON readers differ on a name that stands twice, so two texts could be one token and
one text two. Here every segment has one spelling, every text is UTF-8 and every name stands once.

Not here: whether the signature fits and what the claims mean (``tokens.py``).
"""

import binascii
import json
from typing import Any, Final, NamedTuple

# base64url writes the last two characters of base64's alphabet otherwise.
TO_BASE64: Final = bytes.maketrans(b"-_", b"+/")
TO_BASE64URL: Final = bytes.maketrans(b"+/", b"-_")


class CompactInvalid(ValueError):
    """Not a signed token in its one spelling; the reason, as a fact without anything of the text."""


class Compact(NamedTuple):
    """The three segments of a token."""

    header: str  # as it travels: the same for all tokens of one key
    payload: bytes
    signature: bytes
    signed: bytes  # what the signature is over

    @classmethod
    def of(cls, token: str) -> "Compact":
        """The segments of a token. Raises :class:`CompactInvalid`.

        >>> Compact.of("e30.e30.AA").payload
        b'{}'
        """
        segments = token.split(".")
        if len(segments) != 3:
            raise CompactInvalid("not three segments")
        header, payload, signature = segments
        found = segment_bytes(payload), segment_bytes(signature)
        try:
            return cls(header, *found, f"{header}.{payload}".encode("ascii"))
        except UnicodeEncodeError as error:
            raise CompactInvalid("not base64url") from error


def segment_bytes(text: str) -> bytes:
    """The bytes of one segment, in the one spelling that base64url without padding allows."""
    try:
        written = text.encode("ascii")
        data = binascii.a2b_base64(
            written.translate(TO_BASE64) + b"=" * (-len(written) % 4), strict_mode=True
        )
    except ValueError as error:
        raise CompactInvalid("not base64url") from error
    # What was left out of the last character's bits, and base64's own characters, come back otherwise.
    if (
        not written
        or binascii.b2a_base64(data, newline=False).translate(TO_BASE64URL).rstrip(b"=") != written
    ):
        raise CompactInvalid("not in base64url's one spelling")
    return data


def object_without_repeats(data: bytes) -> dict[str, Any]:
    """The JSON object that these bytes are. Raises :class:`CompactInvalid`, at any depth."""
    try:
        value = _JSON.decode(data.decode("utf-8"))
    except CompactInvalid:
        raise
    except (ValueError, RecursionError) as error:
        raise CompactInvalid("not JSON") from error
    if not isinstance(value, dict):
        raise CompactInvalid("not an object")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise CompactInvalid("a name stands twice")
    return found


# Made once: `json.loads` with a hook makes a decoder, with a scanner of its own, for each text.
_JSON: Final = json.JSONDecoder(object_pairs_hook=_unique)
