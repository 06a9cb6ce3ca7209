"""From an IIN or BIN to a pseudonym: the only page that sees the number itself.

A plain hash of an IIN is reversed in half an hour on one core (there are about 10¹⁰ of them), so the
pseudonym is a keyed HMAC-SHA256, cut to 16 bytes, and the key's id is stored with it. The number is held in
a local variable and goes nowhere: not into an error, a log line, a key name or an answer.

Look next at ``tokens.py`` (drivers: the number comes in the token) and ``plateapi/operators`` (in the body).
"""

import hmac
from typing import Final, Literal

from idnumbers.nationalid.kaz.business_id import BusinessIDNumber
from idnumbers.nationalid.kaz.individual_id import IndividualIDNumber

from plateapi.people import Applicant

PSEUDONYM_BYTES: Final = 16
NUMBER_DIGITS: Final = 12

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
    section 4), so the library's ``validate``, which also reads the date, would refuse real people.
    """
    _check(number, "iin", IndividualIDNumber.checksum)


def check_bin(number: str) -> None:
    """Raise :class:`ApplicantIdInvalid` unless it is a BIN: kind and division of entity, and check digit."""
    _check_digits(number, "bin")
    if BusinessIDNumber.METADATA.regexp.match(number) is None:
        raise ApplicantIdInvalid("bin", "not_an_entity")
    _check(number, "bin", BusinessIDNumber.checksum)


def _check(number: str, kind: NumberKind, checksum: object) -> None:
    _check_digits(number, kind)
    expected = checksum(number)  # type: ignore[operator]  # the library's static methods are untyped
    # The library answers False for a wrong form, and False == 0 in Python: only a true integer counts.
    if expected is None or expected is False or expected != int(number[-1]):
        raise ApplicantIdInvalid(kind, "check_digit_wrong")


def _check_digits(number: str, kind: NumberKind) -> None:
    # ASCII on purpose: \d of the library would also take Arabic-Indic digits.
    if len(number) != NUMBER_DIGITS or not number.isascii() or not number.isdigit():
        raise ApplicantIdInvalid(kind, "not_twelve_digits")


class Pseudonyms:
    """Makes pseudonyms with one key, whose id goes wherever they go.

    >>> maker = Pseudonyms(bytes(range(32)), key_id=1)
    >>> maker.person("900101300017").pseudonym == maker.person("900101300017").pseudonym
    True
    """

    def __init__(self, key: bytes, key_id: int) -> None:
        self._key = key
        self.key_id = key_id

    def person(self, iin: str) -> Applicant:
        """The applicant with this IIN. Raises :class:`ApplicantIdInvalid`."""
        check_iin(iin)
        return Applicant(self._of("iin", iin), "person", self.key_id)

    def entity(self, number: str, representative_iin: str) -> Applicant:
        """The legal entity with this BIN, represented by a person. Raises :class:`ApplicantIdInvalid`."""
        check_bin(number)
        check_iin(representative_iin)
        representative = self._of("iin", representative_iin)
        return Applicant(self._of("bin", number), "entity", self.key_id, representative)

    def actor(self, issuer: str, subject: str) -> str:
        """The pseudonym of a token's bearer: an issuer may use the IIN itself as the subject."""
        return self._of("actor", f"{issuer}\0{subject}").hex()

    def _of(self, kind: str, value: str) -> bytes:
        message = f"{kind}\0{value}".encode()
        return hmac.digest(self._key, message, "sha256")[:PSEUDONYM_BYTES]
