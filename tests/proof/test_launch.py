"""The short form of `make load`: a launch of some seconds, its check, and the sabotage that it must see."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Each of the two services is founded first, which takes a while on a busy machine.
SECONDS_BOUND = 900


@pytest.mark.xdist_group("launch")
def test_a_short_launch_keeps_every_promise_and_its_control_does_not() -> None:
    """No failed request, no finding, some marks allotted; and double holds on the sabotaged store."""
    command = [sys.executable, "-m", "loadtests.launch", "--users", "12", "--light"]
    command += ["--seconds", "6", "--control-seconds", "4"]
    ran = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS_BOUND, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    verdict = json.loads(ran.stdout.splitlines()[-2])
    assert verdict["findings"] == 0
    assert verdict["control_findings"] > 0
    assert verdict["allotted"] > 0
