"""`vpcwall apply --shadow` as a test sees it."""

from daemon import program
from event_process import EventProcess


class Shadow(EventProcess):
    def __init__(self, daemon, policy, *options):
        self.path = daemon.folder / "candidate.yaml"
        self.path.write_text(policy.text())
        command = [program("VPCWALL"), "apply", str(self.path), "--shadow", "--socket", str(daemon.socket_path), "--json"]
        super().__init__([*command, *options], "the trial")

    def differences(self):
        return self.of("difference")

    def await_differences(self, count):
        return self.await_of("difference", count)

    def wait(self):
        """The exit status, and the last event."""
        return self.wait_for_exit(), self.events[-1]

    def finish(self):
        """As by Ctrl-C."""
        self.interrupt()
        return self.wait()
