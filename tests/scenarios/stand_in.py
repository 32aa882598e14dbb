"""Somebody who is no vpcwalld on a control socket: he answers as a test tells him to."""

import json
import socket
import threading


class StandIn:
    """Answers one request with `lines`, and closes; `hold`: not before the other side has heard enough. A context
    manager; what it was asked is in `request`."""

    def __init__(self, path, *lines, hold=False):
        self.path = path
        self.request = None
        self.answered = threading.Event()  # the request has been read, and the lines sent
        self.told_enough = threading.Event()  # the other side closed its sending half, or went away
        self._lines = lines
        self._hold = hold
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self._released = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        try:
            connection, _ = self._listener.accept()
        except OSError:  # nobody came
            return
        with connection, connection.makefile("rb") as stream:
            self.request = json.loads(stream.readline())
            connection.sendall("".join(json.dumps(line) + "\n" for line in self._lines).encode())
            self.answered.set()
            if self._hold:
                stream.read()
                self.told_enough.set()
                self._released.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._released.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
