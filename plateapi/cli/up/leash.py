"""How a child learns that its parent is gone, even by kill -9: a pipe that ends.

The parent holds the writing end and never writes. When it dies, however it dies, the kernel closes the pipe;
the child reads the end of it and stops itself in order, so that no orphan keeps the port or the journal.

Run as `python -m plateapi.cli.up.leash DESCRIPTOR MODULE`, which runs the module on the leash.
"""

import os
import runpy
import signal
import sys
import threading

from plateapi.cli.up.turns import take_long_turns


def hold(descriptor: int) -> None:
    """Stop this process, as by SIGTERM, when the other end of the pipe is closed."""

    def wait_for_the_end() -> None:
        while os.read(descriptor, 1):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait_for_the_end, name="leash", daemon=True).start()


def main() -> None:
    """Run a module as the main program, on the leash and in long turns (``turns.py``)."""
    descriptor, module = int(sys.argv[1]), sys.argv[2]
    hold(descriptor)
    take_long_turns()
    sys.argv = [module, *sys.argv[3:]]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
