"""Children are started, watched, restarted within bounds, stopped in order, and never left behind."""

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from plateapi.cli.up import runfile
from plateapi.cli.up.child import PAUSES_SECONDS, SETTLED_SECONDS, Backoff, Child
from plateapi.cli.up.conductor import Conductor, StoreWatch
from plateapi.cli.up.runfile import RunFile
from plateapi.store import StoreOptions, start_store, stop_store, store_is_alive
from tests.cli.waiting import lives, wait_until

ROOT = Path(__file__).resolve().parents[2]
PLAYERS = "tests.cli.players"


@pytest.fixture(autouse=True)
def _at_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """Children find the test's modules."""
    monkeypatch.chdir(ROOT)


@pytest.fixture
def told() -> list[str]:
    """What was reported."""
    return []


@pytest.fixture
def leash() -> Iterator[int]:
    """The reading end of a pipe that this process keeps open."""
    reading, writing = os.pipe()
    yield reading
    os.close(reading)
    os.close(writing)


def started(name: str, tmp_path: Path, leash: int) -> Child:
    """A child at work: it has written its first line."""
    child = Child(name, f"{PLAYERS}.{name}", tmp_path / f"{name}.log")
    child.start(leash, 0.0)
    wait_until(lambda: bool(child.log.read_text()))
    return child


def test_a_child_is_stopped_in_order(tmp_path: Path, leash: int) -> None:
    """SIGTERM, its own last words, and it is gone."""
    child = started("patient", tmp_path, leash)
    assert child.stop(10.0)
    assert child.log.read_text().splitlines() == ["at work", "goodbye"]


@pytest.mark.skipif(
    not hasattr(os, "SCHED_BATCH") or os.sched_getscheduler(0) != os.SCHED_OTHER,
    reason="only Linux has it, and a policy that was chosen is left alone",
)
def test_a_child_and_its_workers_do_not_interrupt_who_is_at_work(tmp_path: Path, leash: int) -> None:
    """A child runs in long turns, and so does what it begins; whoever started it does not."""
    child = started("deaf", tmp_path, leash)
    worker = int(child.log.read_text().split()[1])
    assert os.sched_getscheduler(child.pid) == os.sched_getscheduler(worker) == os.SCHED_BATCH
    assert os.sched_getscheduler(0) == os.SCHED_OTHER
    child.stop(0.2)


def test_a_deaf_child_is_ended_with_its_workers(tmp_path: Path, leash: int) -> None:
    """What does not stop within the time is ended as a group."""
    child = started("deaf", tmp_path, leash)
    worker = int(child.log.read_text().split()[1])
    main = child.pid
    assert not child.stop(0.2)
    wait_until(lambda: not lives(worker) and not lives(main))


def test_a_child_that_ends_is_started_again_after_its_pause(
    tmp_path: Path, leash: int, told: list[str]
) -> None:
    """Not before the pause, once after it, with a line each."""
    child = started("patient", tmp_path, leash)
    first = child.pid
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: not lives(first))
    child.watch(leash, 100.0, told.append)
    child.watch(leash, 100.0 + PAUSES_SECONDS[0] - 0.01, told.append)
    assert child.restart_at == 100.0 + PAUSES_SECONDS[0]
    child.watch(leash, 100.0 + PAUSES_SECONDS[0], told.append)
    assert child.pid != first
    assert child.restarts == 1
    assert len(told) == 2
    assert "ended with -9" in told[0]
    assert str(child.pid) in told[1]
    child.watch(leash, 101.0, told.append)
    assert len(told) == 2
    child.stop(10.0)


def test_pauses_grow_to_a_bound_and_begin_anew() -> None:
    """A child that ends at once is not started in a tight loop; one that had lived is forgiven."""
    backoff = Backoff()
    pauses = [backoff.pause_after(0.1) for _ in range(10)]
    assert pauses == [*PAUSES_SECONDS, *[PAUSES_SECONDS[-1]] * 4]
    assert backoff.pause_after(SETTLED_SECONDS) == PAUSES_SECONDS[0]


def test_a_failing_child_waits_longer_each_time(tmp_path: Path, leash: int, told: list[str]) -> None:
    """Three ends at once: three growing pauses."""
    child = Child("failing", f"{PLAYERS}.failing", tmp_path / "failing.log")
    child.start(leash, 0.0)
    now = 0.0
    for pause in PAUSES_SECONDS[:3]:
        wait_until(lambda: child.process is not None and child.process.poll() is not None)
        child.watch(leash, now, told.append)
        assert child.restart_at == now + pause
        now += pause
        child.watch(leash, now, told.append)
    child.stop(10.0)
    assert [line for line in told if "ended with 3" in line]


def test_a_child_that_cannot_be_started_is_tried_again(tmp_path: Path, leash: int, told: list[str]) -> None:
    """Where its log cannot be opened the watch goes on, and starts it as soon as that is mended."""
    logs = tmp_path / "log"
    logs.mkdir()
    child = Child("failing", f"{PLAYERS}.failing", logs / "failing.log")
    child.start(leash, 0.0)
    wait_until(lambda: child.process is not None and child.process.poll() is not None)
    child.watch(leash, 0.0, told.append)
    logs.rename(tmp_path / "elsewhere")
    child.watch(leash, PAUSES_SECONDS[0], told.append)
    assert told[-1] == "failing cannot be started: No such file or directory; again in 1 s"
    logs.mkdir()
    child.watch(leash, PAUSES_SECONDS[0] + PAUSES_SECONDS[1], told.append)
    assert told[-1] == f"failing started again as process {child.pid}"
    child.stop(10.0)


def test_children_stop_in_the_other_order(tmp_path: Path, told: list[str]) -> None:
    """What was started last is stopped first; nothing runs afterwards."""
    log = tmp_path / "both.log"
    children = [Child(name, f"{PLAYERS}.{name}", log) for name in ("patient", "hasty")]
    with Conductor(children, None, told.append) as conductor:
        conductor.start()
        wait_until(lambda: len(log.read_text().splitlines()) == 2)
        pids = [child.pid for child in children]
    assert log.read_text().splitlines()[2:] == ["bye", "goodbye"]
    assert not any(lives(pid) for pid in pids)
    assert told == []


def test_a_killed_parent_leaves_no_child(tmp_path: Path) -> None:
    """Kill -9 of the parent ends the leash; the child stops itself in order."""
    log = tmp_path / "patient.log"
    with subprocess.Popen(
        [sys.executable, "-m", f"{PLAYERS}.parent", str(log)], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        wait_until(lambda: "at work" in log.read_text())
        parent.kill()
    wait_until(lambda: not lives(child))
    assert log.read_text().splitlines() == ["at work", "goodbye"]


def test_the_watch_tells_when_a_process_was_replaced(tmp_path: Path, told: list[str]) -> None:
    """The run file is written anew when a child has another process."""
    child = Child("patient", f"{PLAYERS}.patient", tmp_path / "patient.log")
    with Conductor([child], None, told.append) as conductor:
        conductor.start()
        wait_until(lambda: bool(child.log.read_text()))
        seen: list[int] = []

        def changed() -> None:
            seen.append(child.pid)
            conductor.stopping.set()

        os.kill(child.pid, signal.SIGKILL)
        conductor.watch_until_stopped(changed)
    assert len(seen) == 1


def test_what_could_not_be_written_down_is_written_at_the_next_look(tmp_path: Path, told: list[str]) -> None:
    """A run file that a full disk refuses ends nothing, and is asked for again."""
    child = Child("patient", f"{PLAYERS}.patient", tmp_path / "patient.log")
    with Conductor([child], None, told.append) as conductor:
        conductor.start()
        wait_until(lambda: bool(child.log.read_text()))
        asked: list[int] = []

        def changed() -> None:
            asked.append(child.pid)
            if len(asked) == 1:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            conductor.stopping.set()

        os.kill(child.pid, signal.SIGKILL)
        conductor.watch_until_stopped(changed)
    assert len(asked) == 2


def test_a_store_that_dies_is_started_again_and_stopped_last(tmp_path: Path, told: list[str]) -> None:
    """The watch brings the embedded store back, and the end of the run ends it."""
    options = StoreOptions(tmp_path / "var", maxmemory_bytes=256 << 20)
    first = start_store(options)
    with Conductor([], StoreWatch(options), told.append) as conductor:
        conductor.watch_once(0.0)
        assert told == []
        os.kill(first.pid, signal.SIGKILL)
        wait_until(lambda: not store_is_alive(options.data_dir))
        conductor.watch_once(10.0)
        conductor.watch_once(10.0 + PAUSES_SECONDS[0])
        assert store_is_alive(options.data_dir)
        assert len(told) == 2
    assert not store_is_alive(options.data_dir)


def test_a_store_that_refuses_is_tried_again_later(tmp_path: Path, told: list[str]) -> None:
    """A damaged store is told with its sentence and not started in a tight loop."""
    options = StoreOptions(tmp_path / "var", maxmemory_bytes=256 << 20)
    start_store(options)
    stop_store(options.data_dir)
    manifest = options.data_dir / "store" / "appendonlydir" / "appendonly.aof.manifest"
    manifest.unlink()
    watch = StoreWatch(options)
    watch.watch(0.0, told.append)
    watch.watch(PAUSES_SECONDS[0], told.append)
    assert watch.restart_at == PAUSES_SECONDS[0] + PAUSES_SECONDS[1]
    assert str(manifest) in told[-1]


def test_leftovers_of_a_killed_run_are_ended(tmp_path: Path, leash: int) -> None:
    """A child that outlived its parent is found by the run file and ended; a stranger's process is not."""
    child = started("deaf", tmp_path, leash)
    worker = int(child.log.read_text().split()[1])
    stranger = subprocess.Popen(["sleep", "60"], start_new_session=True)
    groups = {"deaf": child.pid, "stranger": stranger.pid}
    RunFile("http://127.0.0.1:1", 1, "embedded", runfile.boot_id(), groups).write(tmp_path)
    try:
        assert runfile.end_leftovers(tmp_path, patience_seconds=0.2) == ["deaf"]
        wait_until(lambda: not lives(worker))
        assert lives(stranger.pid)
    finally:
        stranger.kill()
        stranger.wait()
        child.stop(1.0)


def test_a_run_file_of_another_boot_means_nothing(tmp_path: Path) -> None:
    """Process numbers are not believed beyond the boot that gave them."""
    RunFile("http://127.0.0.1:1", 1, "embedded", "another boot", {"x": os.getpgid(0)}).write(tmp_path)
    assert runfile.end_leftovers(tmp_path) == []


def test_a_run_file_that_cannot_be_read_is_none(tmp_path: Path) -> None:
    """A missing, spoilt or foreign file is no run."""
    assert RunFile.read(tmp_path) is None
    for content in ("", "{}", "[]", '{"address": 1}'):
        (tmp_path / runfile.FILE_NAME).write_text(content)
        assert RunFile.read(tmp_path) is None


def test_one_run_a_directory(tmp_path: Path) -> None:
    """The second is not given the right while the first has it."""
    first = runfile.take_run(tmp_path)
    assert first is not None
    assert runfile.take_run(tmp_path) is None
    assert runfile.is_running(tmp_path)
    first.let_go()
    assert not runfile.is_running(tmp_path)
