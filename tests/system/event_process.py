"""A verb of `vpcwall` that prints events as they come, as a test sees it: a process, and what it has said."""

import json
import signal
import subprocess
import threading

from conditions import eventually


class EventProcess:
    """Started, and past its first line when this returns. A context manager that ends it in any case."""

    def __init__(self, command, what):
        self.process = subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.events = []  # grows while it runs
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        eventually(lambda: self.events or self.process.poll() is not None, f"{what} to begin", within=30)
        assert self.events, self.process.communicate()[1]
        self.begin = self.events[0]

    def _read(self):
        for line in self.process.stdout:
            self.events.append(json.loads(line))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join()
        self.process.stdout.close()
        self.process.stderr.close()

    def of(self, event):
        return [one for one in list(self.events) if one["event"] == event]

    def await_of(self, event, count):
        return eventually(lambda: len(self.of(event)) >= count and self.of(event), f"{count} lines about {event}", within=30)

    def wait_for_exit(self):
        """The exit status; everything has been read."""
        status = self.process.wait(timeout=60)
        self._reader.join()
        return status

    def interrupt(self):
        """Ctrl-C."""
        self.process.send_signal(signal.SIGINT)
