"""From an IIN or BIN to a pseudonym: the only page that sees the number itself.

A plain hash of an IIN is reversed in half an hour on one core (there are about 10¹⁰ of them), so the
pseudonym is a keyed HMAC-SHA256, cut to 16 bytes, and the key's id is stored with it. The number is held in
a local variable and goes nowhere: not into an error, a log line, a key name or an answer.

Look next at ``tokens.py`` (drivers: the number comes in the token) and ``plateapi/operators`` (in the body).
"""

from collections.abc import Sequence
from typing import Literal

from plate_core import Pseudonymiser, number_fault
from plateapi.people import Applicant

NumberKind = Literal["iin", "bin"]
Fault = Literal["not_twelve_digits", "check_digit_wrong", "not_an_entity"]


class ApplicantIdInvalid(Exception):
    """An IIN or BIN that cannot be one: which of the two, and why. It never holds the number."""

    def __init__(self, number_kind: NumberKind, fault: Fault) -> None:
        super().__init__(f"{number_kind}: {fault}")
        self.number_kind = number_kind
        self.fault = fault


def check_iin(number: str) -> None:
    """Raise :class:`ApplicantIdInvalid` unless the twelve digits carry their check digit.

    Only the check digit is judged: since 2013 a birth date that does not fit is no error (docs/domain.md,
    section 4).
    """
    _check("iin", number)


def check_bin(number: str) -> None:
    """Raise :class:`ApplicantIdInvalid` unless it is a BIN: kind and division of entity, and check digit."""
    _check("bin", number)


def _check(kind: NumberKind, number: str) -> None:
    fault = number_fault(kind, number)
    if fault is not None:
        raise ApplicantIdInvalid(kind, fault)


class Pseudonyms:
    """Makes pseudonyms with one key, whose id goes wherever they go.

    >>> maker = Pseudonyms(bytes(range(32)), key_id=1)
    >>> maker.person("900101300017").pseudonym == maker.person("900101300017").pseudonym
    True
    """

    def __init__(self, key: bytes, key_id: int) -> None:
        self._maker = Pseudonymiser(key)
        self.key_id = key_id

    def person(self, iin: str) -> Applicant:
        """The applicant with this IIN. Raises :class:`ApplicantIdInvalid`."""
        return Applicant(self._of("iin", iin), "person", self.key_id)

    def people(self, iins: Sequence[str]) -> list[Applicant | ApplicantIdInvalid]:
        """The same of many, in order; a number that is none has its refusal there."""
        return [
            Applicant(found, "person", self.key_id)
            if isinstance(found, bytes)
            else ApplicantIdInvalid("iin", found)
            for found in self._maker.of("iin", iins)
        ]

    def entity(self, number: str, representative_iin: str) -> Applicant:
        """The legal entity with this BIN, represented by a person. Raises :class:`ApplicantIdInvalid`."""
        pseudonym = self._of("bin", number)
        return Applicant(pseudonym, "entity", self.key_id, self._of("iin", representative_iin))

    def actor(self, issuer: str, subject: str) -> str:
        """The pseudonym of a token's bearer: an issuer may use the IIN itself as the subject."""
        return self._maker.other("actor", f"{issuer}\0{subject}").hex()

    def _of(self, kind: NumberKind, number: str) -> bytes:
        [found] = self._maker.of(kind, [number])
        if isinstance(found, bytes):
            return found
        raise ApplicantIdInvalid(kind, found)
