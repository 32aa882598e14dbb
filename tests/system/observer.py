"""`vpcwall observe` as a test sees it: a process, and the events that it has printed."""

import json
import os
import signal
import subprocess
import threading
from pathlib import Path

from conditions import eventually
from daemon import program


class Observer:
    """Started, and observing when this returns. A context manager that ends it in any case."""

    def __init__(self, daemon, *options, follow=True):
        command = [program("VPCWALL"), "observe", "--socket", str(daemon.socket_path), "--json", *options]
        self.process = subprocess.Popen([*command, "--follow"] if follow else command, text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.events = []  # grows while it runs
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        eventually(lambda: self.events or self.process.poll() is not None, "the observation to begin", within=30)
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

    def decisions(self):
        return self.of("decision")

    def await_decisions(self, count):
        return eventually(lambda: len(self.decisions()) >= count and self.decisions(), f"{count} decisions", within=30)

    def await_event(self, event):
        return eventually(lambda: self.of(event), f"a line about {event}", within=30)[-1]

    def suspend(self):
        """It reads nothing more when this returns."""
        os.kill(self.process.pid, signal.SIGSTOP)
        stat = Path("/proc", str(self.process.pid), "stat")
        eventually(lambda: stat.read_text().rpartition(")")[2].split()[0] == "T", "the observer to stop")

    def resume(self):
        os.kill(self.process.pid, signal.SIGCONT)

    def wait(self):
        """The exit status of one that ends by itself."""
        status = self.process.wait(timeout=60)
        self._reader.join()
        return status

    def finish(self):
        """As by Ctrl-C; the last event."""
        self.process.send_signal(signal.SIGINT)
        assert self.wait() == 0
        return self.events[-1]

    def accounts(self):
        """What was told, added up line by line: (told, repeated, missed)."""
        return (len(self.decisions()), sum(one["count"] for one in self.of("repeat")),
                sum(one["count"] for one in self.of("missed")))
