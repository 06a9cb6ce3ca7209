"""A process that works until SIGTERM, says another word than the patient one, and ends well."""

import signal
import sys
import threading

if __name__ == "__main__":
    told = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: told.set())
    sys.stdout.write("at it\n")
    sys.stdout.flush()
    while not told.wait(0.05):
        pass
    sys.stdout.write("bye\n")
    sys.stdout.flush()
