"""IINs and BINs: the check digit, the pseudonym, and the keys that make it."""

import hmac
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from idnumbers.nationalid.kaz.business_id import BusinessIDNumber
from idnumbers.nationalid.kaz.individual_id import IndividualIDNumber

from plate_core import Pseudonymiser, number_fault
from plateapi.identity import ApplicantIdInvalid, KeyRefused, Pseudonyms, secret_key
from plateapi.identity.applicants import check_bin, check_iin
from tests.personas import check_digit, new_bin, new_iin

KEY = bytes(range(32))


def numbers(count: int, luck: random.Random) -> Iterator[str]:
    """Any twelve digits, as a BIN has them, with the right check digit, and what people type instead."""
    spoilt = ("", "x", " ", "٩", "-", "00")
    for _ in range(count):
        eleven = f"{luck.randrange(10**11):011}"
        if luck.random() < 0.5:
            eleven = eleven[:4] + luck.choice("4567") + luck.choice("01234") + eleven[6:]
        last = luck.choice([check_digit(eleven), luck.randrange(10)])
        number = f"{eleven}{last}" if last is not None else f"{eleven}0"
        yield number if luck.random() < 0.9 else number[:-1] + luck.choice(spoilt)


def fault_by_library(kind: str, number: str) -> str | None:
    """What the library says, asked so that it neither reads the date nor takes other alphabets' digits."""
    library = IndividualIDNumber if kind == "iin" else BusinessIDNumber
    if len(number) != 12 or not number.isascii() or not number.isdigit():
        return "not_twelve_digits"
    if library.METADATA.regexp.match(number) is None:
        return "not_an_entity"
    expected = library.checksum(number)
    # It answers False for a wrong form, and False == 0: only a true integer counts.
    right = expected is not None and expected is not False and expected == int(number[-1])
    return None if right else "check_digit_wrong"


@pytest.mark.parametrize("kind", ["iin", "bin"])
def test_the_core_agrees_with_the_library(kind: Literal["iin", "bin"]) -> None:
    """On 200,000 numbers, good and bad ones, the same verdict and the same fault."""
    asked = list(numbers(200_000, random.Random(kind)))
    by_library = [fault_by_library(kind, number) for number in asked]
    by_core = [found if isinstance(found, str) else None for found in Pseudonymiser(KEY).of(kind, asked)]
    assert by_core == by_library
    assert by_core == [number_fault(kind, number) for number in asked]
    seen = Counter(by_core)
    assert seen[None] > 20_000
    assert min(seen["check_digit_wrong"], seen["not_twelve_digits"]) > 10_000


def test_the_pseudonym_is_pythons_hmac() -> None:
    """HMAC-SHA256 of kind, 0 and number, cut to sixteen bytes, for people, entities and actors alike."""
    iin, number = new_iin(), new_bin()

    def by_python(message: str) -> bytes:
        return hmac.digest(KEY, message.encode(), "sha256")[:16]

    maker = Pseudonyms(KEY, 1)
    assert maker.person(iin).pseudonym == by_python(f"iin\0{iin}")
    assert maker.entity(number, iin).pseudonym == by_python(f"bin\0{number}")
    assert maker.actor("issuer", "казах").encode() == by_python("actor\0issuer\0казах").hex().encode()


def test_many_people_are_asked_for_at_once() -> None:
    """Each has what he would have alone, a refusal included, in order."""
    good, bad = new_iin(), "900101300018"
    first, refused, last = Pseudonyms(KEY, 1).people([good, bad, good])
    assert first == last == Pseudonyms(KEY, 1).person(good)
    assert isinstance(refused, ApplicantIdInvalid)
    assert (refused.number_kind, refused.fault) == ("iin", "check_digit_wrong")


@pytest.mark.parametrize("number", ["9001013000\ud8001", "\udfff" * 12])
def test_half_a_surrogate_is_no_digit(number: str) -> None:
    """JSON can spell what is no text at all; it is refused like any other."""
    with pytest.raises(ApplicantIdInvalid) as refused:
        Pseudonyms(KEY, 1).person(number)
    assert refused.value.fault == "not_twelve_digits"


@given(st.text("0123456789", min_size=11, max_size=11))
def test_the_core_agrees_with_the_rule(eleven: str) -> None:
    """Of the ten possible check digits exactly the rule's is taken, and none where the rule has none."""
    taken = [digit for digit in "0123456789" if _is_iin(eleven + digit)]
    expected = check_digit(eleven)
    assert taken == ([] if expected is None else [str(expected)])


def _is_iin(number: str) -> bool:
    try:
        check_iin(number)
    except ApplicantIdInvalid:
        return False
    return True


def test_a_day_of_birth_that_no_one_has_is_no_fault() -> None:
    """Since 2013 an IIN's date may not fit; refusing it would refuse real people."""
    number = new_iin()
    assert number[2:6] == "0231"
    check_iin(number)


@pytest.mark.parametrize(
    ("number", "fault"),
    [
        ("", "not_twelve_digits"),
        ("90010130001", "not_twelve_digits"),
        ("9001013000170", "not_twelve_digits"),
        ("90010130001x", "not_twelve_digits"),
        (" 90010130001", "not_twelve_digits"),
        ("٩٠٠١٠١٣٠٠٠١٧", "not_twelve_digits"),
        ("900101300018", "check_digit_wrong"),
        ("000000000001", "check_digit_wrong"),
    ],
)
def test_a_wrong_iin_says_why_and_not_what(number: str, fault: str) -> None:
    """The refusal names the fault and never repeats the number."""
    with pytest.raises(ApplicantIdInvalid) as refused:
        check_iin(number)
    assert (refused.value.number_kind, refused.value.fault) == ("iin", fault)
    assert number == "" or number not in str(refused.value)


def test_a_bin_is_told_from_an_iin() -> None:
    """Where a BIN is asked, a person's number is not taken, though its check digit is right."""
    check_bin(new_bin())
    with pytest.raises(ApplicantIdInvalid) as refused:
        check_bin(new_iin())
    assert refused.value.fault == "not_an_entity"


def test_a_bin_whose_check_digit_is_wrong_is_refused() -> None:
    """All nine others."""
    good = new_bin()
    for digit in "0123456789":
        if digit != good[-1]:
            with pytest.raises(ApplicantIdInvalid):
                check_bin(good[:-1] + digit)


def test_a_pseudonym_depends_on_key_and_kind() -> None:
    """Another key gives another pseudonym; a person's and an entity's never meet; it is not a plain hash."""
    iin, number = new_iin(), new_bin()
    mine, other = Pseudonyms(KEY, 1), Pseudonyms(KEY[::-1], 2)
    assert mine.person(iin) == mine.person(iin)
    assert mine.person(iin).pseudonym != other.person(iin).pseudonym
    assert mine.person(number).pseudonym != mine.entity(number, iin).pseudonym
    assert mine.entity(number, iin).representative == mine.person(iin).pseudonym
    assert (mine.person(iin).key_id, other.person(iin).key_id) == (1, 2)


def test_a_key_is_made_once(tmp_path: Path) -> None:
    """The demo's key is made at the first asking, is for its owner alone, and stays."""
    path = tmp_path / "keys" / "applicant.key"
    first = secret_key(None, path, demo=True)
    assert secret_key(None, path, demo=True) == first
    assert path.stat().st_mode & 0o077 == 0
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(
    ("content", "mode", "reason"),
    [
        (None, 0o600, "cannot be read"),
        ("zz" * 32, 0o600, "not hexadecimal"),
        ("ab" * 16, 0o600, "16 bytes"),
        ("00" * 32, 0o600, "repeats one byte"),
        ("0123456789abcdef" * 4, 0o644, "may be read by others"),
        ("ключ", 0o600, "cannot be read"),
    ],
)
def test_a_key_file_that_will_not_do_is_refused(
    tmp_path: Path, content: str | None, mode: int, reason: str
) -> None:
    """Each fault of a key file has its own words, which never hold the key."""
    path = tmp_path / "named.key"
    if content is not None:
        path.write_text(content, encoding="utf-8")
        path.chmod(mode)
    with pytest.raises(KeyRefused, match=reason) as refused:
        secret_key(path, tmp_path / "made", demo=False)
    assert content is None or content not in str(refused.value)


def test_production_makes_no_key(tmp_path: Path) -> None:
    """Outside the demo a key that is not named is refused, and nothing is made."""
    with pytest.raises(KeyRefused, match="demo profile only"):
        secret_key(None, tmp_path / "applicant.key", demo=False)
    assert list(tmp_path.iterdir()) == []
