"""A parent with one patient child on its leash: what a test kills. Prints the child's pid."""

import sys
import threading
from pathlib import Path

from plateapi.cli.up.child import Child
from plateapi.cli.up.conductor import Conductor

if __name__ == "__main__":
    child = Child("patient", "tests.cli.players.patient", Path(sys.argv[1]))
    with Conductor([child], None, lambda _: None) as conductor:
        conductor.start()
        sys.stdout.write(f"{child.pid}\n")
        sys.stdout.flush()
        threading.Event().wait()
