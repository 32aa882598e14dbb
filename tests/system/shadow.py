"""`vpcwall apply --shadow` as a test sees it: a process, and the events that it has printed."""

import json
import signal
import subprocess
import threading

from conditions import eventually
from daemon import program


class Shadow:
    """Started, and judging when this returns. A context manager that ends it in any case."""

    def __init__(self, daemon, policy, *options):
        self.path = daemon.folder / "candidate.yaml"
        self.path.write_text(policy.text())
        command = [program("VPCWALL"), "apply", str(self.path), "--shadow", "--socket", str(daemon.socket_path), "--json"]
        self.process = subprocess.Popen([*command, *options], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.events = []  # grows while it runs
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        eventually(lambda: self.events or self.process.poll() is not None, "the trial to begin", within=30)
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

    def differences(self):
        return [one for one in list(self.events) if one["event"] == "difference"]

    def await_differences(self, count):
        return eventually(lambda: len(self.differences()) >= count and self.differences(), f"{count} differences", within=30)

    def wait(self):
        """The exit status, and the last event."""
        status = self.process.wait(timeout=60)
        self._reader.join()
        return status, self.events[-1]

    def finish(self):
        """As by Ctrl-C."""
        self.process.send_signal(signal.SIGINT)
        return self.wait()
