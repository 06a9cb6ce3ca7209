"""The damages of the store's files hit what they are meant to hit."""

import random
from pathlib import Path

import pytest

from proof.damaged_store import flip_in_an_overtaken_name

LIVE = "{person_car.02}:live"


def command(*words: str) -> bytes:
    """A command as an append-only file has it."""
    return b"".join(
        [f"*{len(words)}\r\n".encode(), *(f"${len(word)}\r\n{word}\r\n".encode() for word in words)]
    )


@pytest.mark.parametrize("seed", range(16))
def test_only_a_name_that_was_overtaken_is_flipped(tmp_path: Path, seed: int) -> None:
    """Of two writes of a record it is the first; of a write of two records neither while one stands."""
    kept = [
        b"#TS:1796000000\r\n",
        command("SELECT", "0"),
        command("HSET", LIVE, "mark", "held", "other", "held"),
        command("HSET", "{person_car.02}:payments", "payment", "paid"),
    ]
    overtaken = command("hset", LIVE, "third", "held")
    after = [command("HSET", LIVE, "mark", "paying"), command("HDEL", LIVE, "third", "unknown")]
    whole = b"".join([*kept, overtaken, *after])
    file = tmp_path / "appendonly.aof.1.incr.aof"
    file.write_bytes(whole)
    flip_in_an_overtaken_name(tmp_path, random.Random(seed))
    (place,) = [
        at for at, (one, other) in enumerate(zip(whole, file.read_bytes(), strict=True)) if one != other
    ]
    name = whole.index(overtaken) + overtaken.index(LIVE.encode())
    assert name < place < name + LIVE.index("}")
    assert (whole[place] ^ file.read_bytes()[place]).bit_count() == 1
