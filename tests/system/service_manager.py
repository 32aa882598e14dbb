"""What systemd is to a service: it hears what the process has to say, and keeps descriptors for the next one."""

import array
import os
import selectors
import socket
import threading


class ServiceManager:
    """Give `environment()` to the process and `command()` in front of it; close() at the end."""

    def __init__(self, folder, watchdog_seconds=None):
        """With `watchdog_seconds` it wants to be told at least so often that all is well."""
        self.watchdog_seconds = watchdog_seconds
        self.path = str(folder / "notify")
        self.heard = []  # every state, as lines
        self.kept = {}  # descriptors by name
        self._lock = threading.Lock()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.path)
        self._wake, self._woken = socket.socketpair()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self):
        with selectors.DefaultSelector() as selector:
            selector.register(self._socket, selectors.EVENT_READ)
            selector.register(self._woken, selectors.EVENT_READ)
            while True:
                ready = [key.fileobj for key, _ in selector.select()]
                if self._woken in ready:
                    return
                self._hear()

    def _hear(self):
        with self._lock:
            self._hear_all()

    def _hear_all(self):
        """Whatever was said so far; under the lock, so that nothing is heard and not yet done."""
        size = array.array("i").itemsize
        while True:
            try:
                message, ancillary, _, _ = self._socket.recvmsg(4096, socket.CMSG_SPACE(8 * size), socket.MSG_DONTWAIT)
            except BlockingIOError:
                return
            descriptors = array.array("i")
            for _, _, data in ancillary:
                descriptors.frombytes(data[: len(data) - len(data) % size])
            state = dict(line.partition("=")[::2] for line in message.decode().splitlines())
            self.heard.append(state)
            if "FDSTORE" in state:
                self._forget(state["FDNAME"])
                self.kept[state["FDNAME"]] = descriptors.pop(0)
            if "FDSTOREREMOVE" in state:
                self._forget(state["FDNAME"])
            for descriptor in descriptors:
                os.close(descriptor)

    def _forget(self, name):
        if name in self.kept:
            os.close(self.kept.pop(name))

    def keep(self, name, descriptor):
        """As for a socket unit."""
        with self._lock:
            self.kept[name] = os.dup(descriptor)

    def names(self):
        with self._lock:
            self._hear_all()
            return sorted(self.kept)

    def said(self, key):
        """Whatever was said before this is asked counts."""
        with self._lock:
            self._hear_all()
            return [state[key] for state in self.heard if key in state]

    def command(self):
        """The process finds what is kept from descriptor 3 on; copies of ours, so that there is no end to it. What the
        process before has said with its last breath counts."""
        with self._lock:
            self._hear_all()
            kept = sorted(self.kept.items())
        # Out of the way first: one that is 3 or 4 itself must not be overwritten.
        moves = [f"exec {50 + place}<&{descriptor}" for place, (_, descriptor) in enumerate(kept)]
        moves += [f"exec {3 + place}<&{50 + place} {50 + place}<&-" for place in range(len(kept))]
        names = ":".join(name for name, _ in kept)
        listen = f"export LISTEN_PID=$$ LISTEN_FDS={len(kept)} LISTEN_FDNAMES={names}" if kept else ":"
        watchdog = ":"
        if self.watchdog_seconds:
            watchdog = f"export WATCHDOG_PID=$$ WATCHDOG_USEC={int(self.watchdog_seconds * 1e6)}"
        script = "; ".join([*moves, listen, watchdog, f"export NOTIFY_SOCKET={self.path}", 'exec "$@"'])
        return ["bash", "-c", script, "start"]

    def descriptors(self):
        with self._lock:
            return tuple(self.kept.values())

    def close(self):
        self._wake.close()
        self._thread.join()
        with self._lock:
            for name in list(self.kept):
                self._forget(name)
        self._socket.close()
        self._woken.close()
