"""The search for numbers finds them in every form, and nothing where nothing is."""

import base64
import hashlib
import random
from pathlib import Path

import pytest

from plateapi.identity.applicants import check_bin, check_iin
from proof.canaries import OVERLAP_BYTES, PIECE_BYTES, CanarySearch, entity_number, person_number

NUMBER = person_number(417)
FORMS = {
    "plain": NUMBER.encode(),
    "plain, backwards": NUMBER[::-1].encode(),
    "hex": NUMBER.encode().hex().encode(),
    "percent-encoded": "".join(f"%{byte:02X}" for byte in NUMBER.encode()).encode(),
    "UTF-16": NUMBER.encode("utf-16-le"),
    "SHA-256": hashlib.sha256(NUMBER.encode()).hexdigest().encode(),
    **{f"base64 at {place}": base64.b64encode(b"x" * place + NUMBER.encode()) for place in range(3)},
    "base64url in a token": base64.urlsafe_b64encode(b'{"iin":"' + NUMBER.encode() + b'"}'),
    "in UTF-16 of the other order": NUMBER.encode("utf-16-be"),
}


@pytest.mark.parametrize("written", FORMS.values(), ids=FORMS)
def test_a_number_is_found_however_it_is_written(written: bytes) -> None:
    """Between other bytes, as programs write what they were given."""
    search = CanarySearch([person_number(416), NUMBER])
    found = {one.number for one in search.in_bytes(b"\x00key=" + written + b"\n", "here")}
    assert found == {NUMBER}


def test_nothing_is_found_where_nothing_is() -> None:
    """A megabyte of chance, of digits and of base64's letters."""
    chance = random.Random(1)
    search = CanarySearch(person_number(seed) for seed in range(1_000))
    digits = bytes(chance.choices(b"0123456789", k=300_000))
    for data in (chance.randbytes(1_000_000), digits, base64.b64encode(digits)):
        assert not list(search.in_bytes(data, "here"))


def test_files_are_read_whole(tmp_path: Path) -> None:
    """Across two pieces of a long file, and in the name of an empty one."""
    split = tmp_path / "long"
    split.write_bytes(b"." * (PIECE_BYTES - 5) + NUMBER.encode() + b"." * OVERLAP_BYTES)
    (tmp_path / f"{person_number(1)}.log").touch()
    found = list(CanarySearch([NUMBER, person_number(1)]).in_files(tmp_path))
    assert {(one.number, one.where) for one in found} == {
        (NUMBER, "long"),
        (person_number(1), f"the name {person_number(1)}.log"),
    }


def test_the_numbers_are_good_ones() -> None:
    """Else they would be refused at the door, and nothing would be proven."""
    for seed in range(50):
        check_iin(person_number(seed))
        check_bin(entity_number(seed))
