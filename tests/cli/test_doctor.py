"""`plates doctor` about a keeper, by the file that the keeper writes."""

import time
from pathlib import Path

import pytest

from plateapi.keeper.status import KeeperStatus, write_status
from tests.cli.commands import plates


@pytest.mark.parametrize(
    ("told", "subject", "judgement", "words"),
    [
        ({"expiry_rests_seconds": 40}, "clock", "note", "40 s more"),
        ({"clock_parted_by_ms": 700}, "clock", "fault", "clocks parted by 700 ms"),
        ({"clock_parted_by_ms": -700}, "clock", "fault", "clocks parted by -700 ms"),
        ({"clock_parted_by_ms": 3}, "expiry", "fault", "did not take the right to expire"),
        ({"expiry_leased": True}, "clock", None, ""),
    ],
)
def test_why_nothing_expires_is_told_apart(
    told: dict[str, int], subject: str, judgement: str | None, words: str, tmp_path: Path
) -> None:
    """A clock that was behind, clocks that lie apart, a server that is away; nothing where all is well."""
    now_ms = time.time_ns() // 1_000_000
    write_status(tmp_path, KeeperStatus(active=True, written_at_ms=now_ms, **told))  # type: ignore[arg-type]
    findings = plates("doctor", "--json", data_dir=tmp_path).lines
    found = [(one["subject"], one["judgement"]) for one in findings if one["subject"] in {"clock", "expiry"}]
    assert found == ([(subject, judgement)] if judgement else [])
    assert words in "".join(one["found"] for one in findings if one["subject"] == subject)
