"""A unix socket before a server whose answers become late once a word has passed."""

import socket
import threading
import time
from contextlib import suppress
from pathlib import Path

PIECE_BYTES = 1 << 16


class SlowWire:
    """Passes everything on; once a client has said ``word``, each piece of an answer is late."""

    def __init__(self, path: Path, server: Path, word: bytes, late_seconds: float) -> None:
        self.path, self.server, self.word, self.late_seconds = path, server, word, late_seconds
        self.said = threading.Event()
        self._door = socket.socket(socket.AF_UNIX)
        self._door.bind(str(path))
        self._door.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """Let nobody in any more; who is in ends with his connection."""
        self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._door.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(str(self.server))
                for ends in ((client, server), (server, client)):
                    threading.Thread(
                        target=self._pass_on, args=(*ends, ends[0] is server), daemon=True
                    ).start()

    def _pass_on(self, source: socket.socket, target: socket.socket, answers: bool) -> None:
        with source, suppress(OSError):
            while piece := source.recv(PIECE_BYTES):
                if answers and self.said.is_set():
                    time.sleep(self.late_seconds)
                elif self.word in piece:
                    self.said.set()
                target.sendall(piece)
            target.shutdown(socket.SHUT_RDWR)
