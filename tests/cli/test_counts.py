"""The workers' counts lie in shared memory, for a full disk ends whoever maps a file on it."""

from pathlib import Path

import pytest

from plateapi.cli.up.counts import counting_together, empty_counts


def test_counts_lie_in_memory_and_begin_empty(tmp_path: Path) -> None:
    """The same place for the same data directory, ours alone, and nothing of an earlier run in it."""
    memory = tmp_path / "memory"
    memory.mkdir()
    first = empty_counts(tmp_path / "var", memory)
    (first / "counter_1.db").touch()
    again = empty_counts(tmp_path / "var", memory)
    assert (again, again.parent, list(again.iterdir())) == (first, memory, [])
    assert again.stat().st_mode & 0o777 == 0o700
    assert empty_counts(tmp_path / "other", memory) != first


def test_a_run_leaves_no_counts_however_it_ends(tmp_path: Path) -> None:
    """A start that is refused too: shared memory is for what runs."""
    memory = tmp_path / "memory"
    memory.mkdir()

    def refused() -> None:
        with counting_together(tmp_path / "var", memory) as counts:
            assert counts.parent == memory
            raise OSError("refused")

    with pytest.raises(OSError, match="refused"):
        refused()
    assert list(memory.iterdir()) == []


def test_without_memory_of_our_own_counts_lie_in_the_data_directory(tmp_path: Path) -> None:
    """No shared memory, or a file of somebody else's in our place: never in his."""
    data_dir, memory = tmp_path / "var", tmp_path / "memory"
    data_dir.mkdir()
    assert empty_counts(data_dir, memory) == data_dir.resolve() / "metrics"
    memory.mkdir()
    ours = empty_counts(data_dir, memory)
    ours.rmdir()
    ours.symlink_to(tmp_path)
    assert empty_counts(data_dir, memory) == data_dir.resolve() / "metrics"
