"""A process that does not hear SIGTERM, with a worker in its group that does not either."""

import os
import signal
import sys
import time

if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    worker = os.fork()
    if worker:
        sys.stdout.write(f"worker {worker}\n")
        sys.stdout.flush()
    while True:
        time.sleep(1)
