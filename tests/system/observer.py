"""`vpcwall observe` as a test sees it."""

import os
import signal
from pathlib import Path

from conditions import eventually
from daemon import program
from event_process import EventProcess


class Observer(EventProcess):
    def __init__(self, daemon, *options, follow=True):
        command = [program("VPCWALL"), "observe", "--socket", str(daemon.socket_path), "--json", *options]
        super().__init__([*command, "--follow"] if follow else command, "the observation")

    def decisions(self):
        return self.of("decision")

    def await_decisions(self, count):
        return self.await_of("decision", count)

    def await_event(self, event):
        return self.await_of(event, 1)[-1]

    def suspend(self):
        """It reads nothing more when this returns."""
        os.kill(self.process.pid, signal.SIGSTOP)
        stat = Path("/proc", str(self.process.pid), "stat")
        eventually(lambda: stat.read_text().rpartition(")")[2].split()[0] == "T", "the observer to stop")

    def resume(self):
        os.kill(self.process.pid, signal.SIGCONT)

    def wait(self):
        """The exit status of one that ends by itself."""
        return self.wait_for_exit()

    def finish(self):
        """As by Ctrl-C; the last event."""
        self.interrupt()
        assert self.wait() == 0
        return self.events[-1]

    def accounts(self):
        """What was told, added up line by line: (told, repeated, missed)."""
        return (len(self.decisions()), sum(one["count"] for one in self.of("repeat")),
                sum(one["count"] for one in self.of("missed")))
