"""IINs and BINs: the check digit, the pseudonym, and the keys that make it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plateapi.identity import ApplicantIdInvalid, KeyRefused, Pseudonyms, secret_key
from plateapi.identity.applicants import check_bin, check_iin
from tests.personas import check_digit, new_bin, new_iin

KEY = bytes(range(32))


@given(st.text("0123456789", min_size=11, max_size=11))
def test_the_library_agrees_with_the_rule(eleven: str) -> None:
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
    """The library answers False for what it does not know, and False equals 0: that 0 is no check digit."""
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
