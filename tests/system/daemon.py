"""vpcwalld as a test sees it: a process in a namespace, a control socket, counters."""

import json
import os
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

from conditions import eventually
from namespaces import PREFIX

SANITIZED = bool(os.environ.get("VPCWALL_SANITIZE"))
BEHIND = 5  # the nice value of workers while the kernel passes what is established
# What a run may choose for all daemons whose test does not: {"backend": "nft"}.
DEFAULTS = json.loads(os.environ.get("VPCWALL_TEST_SETTINGS", "{}"))


def program(variable):
    path = os.environ.get(variable)
    assert path, f"{variable} is not set: run these tests with ctest, or name the program yourself"
    return path


class Counters:
    """The answer to `rules`."""

    def __init__(self, report):
        self.report = report

    def gate(self, gate, outcome=None):
        """Packets at a gate, of one outcome or of all."""
        rows = [row for row in self.report["gates"] if row["gate"] == gate]
        return sum(row["packets"] for row in rows if outcome in (None, row["outcome"]))

    def gates(self):
        """{"acl-ingress allow": packets, …}: every gate that was asked."""
        return {f"{row['gate']} {row['outcome']}": row["packets"] for row in self.report["gates"]}

    def reason(self, reason):
        return next(row["packets"] for row in self.report["reasons"] if row["reason"] == reason)

    def parse_error(self, error):
        return next(row["packets"] for row in self.report["parse_errors"] if row["error"] == error)

    def entry(self, acl, direction, number):
        """Packets that an entry, or `*`, of a subnet's ACL decided."""
        name = f"{acl}-acl"
        return sum(
            row["packets"]
            for row in self.report["rules"]
            if (row["name"], row["direction"], row["rule"]) == (name, direction, str(number))
        )

    def rule_rows(self, group, direction):
        """The rows of a group's rules in one direction, without its implicit deny."""
        return [
            row
            for row in self.report["rules"]
            if row["kind"] == "group-rule" and (row["name"], row["direction"]) == (group, direction)
        ]


def in_mounts(script):
    """`before` of a Daemon in a mount namespace of its own: the script sees the program's arguments, and starts it last."""
    return ["unshare", "--mount", "--propagation", "private", "bash", "-ec", script + '; exec "$@"', "start"]


class Daemon:
    def __init__(self, namespace, policy, options=(), before=(), manager=None, **settings):
        """`options` are those of the command line, `settings` keys of daemon.yaml; `before` stands before the program,
        `manager` is the ServiceManager that it runs under."""
        self.before = before
        self.manager = manager
        self.namespace = namespace
        self.options = options
        self._scratch = tempfile.TemporaryDirectory(prefix=f"{PREFIX}{os.getpid()}-")
        self.folder = Path(self._scratch.name)
        self.policy_path = self.folder / "policy.yaml"
        self.socket_path = self.folder / "control.sock"
        self.log_path = self.folder / "log"
        self.settings_path = self.folder / "daemon.yaml"
        self.settings_path.write_text(
            json.dumps(
                {
                    "version": 1,
                    "policy": str(self.policy_path),
                    "control": {"socket": str(self.socket_path)},
                    "queues": {"count": 1},
                    "state": {"directory": str(self.folder / "state")},
                    **DEFAULTS,
                    **settings,
                }
            ),
            encoding="ascii",
        )
        self.process = None
        self.write_policy(policy)
        self.start()

    def configure(self, **changed):
        """Other settings for the next start."""
        settings = {**json.loads(self.settings_path.read_text(encoding="ascii")), **changed}
        self.settings_path.write_text(json.dumps(settings), encoding="ascii")

    def command(self):
        manager = self.manager.command() if self.manager else []
        return [*self.before, *manager, program("VPCWALLD"), "--config", str(self.settings_path), *self.options]

    def start(self):
        """Starts, and returns once the control socket answers: the hooks are in place by then."""
        with self.log_path.open("ab") as log:
            # Should this process be killed, the daemon goes as well.
            command = ["setpriv", "--pdeathsig", "KILL", *self.command()]
            kept = self.manager.descriptors() if self.manager else ()
            self.process = self.namespace.start(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=kept)
        eventually(self._answers, "the control socket to answer", within=30)

    def _answers(self):
        assert self.process.poll() is None, f"vpcwalld ended with {self.process.returncode}:\n{self.log()}"
        try:
            return self.ask("status")
        except (FileNotFoundError, ConnectionError):  # reset: it has listened, and ended before it came to answer
            return None

    def connection(self, timeout=30):
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.connect(str(self.socket_path))  # blocking: it may have to wait for its turn
        connection.settimeout(timeout)
        return connection

    def ask(self, verb, **arguments):
        with self.connection() as connection, connection.makefile("rwb") as stream:
            stream.write(json.dumps({"verb": verb, **arguments}).encode() + b"\n")
            stream.flush()
            return json.loads(stream.readline())

    def status(self):
        return self.ask("status")

    def scheduling(self):
        """{thread: (policy, nice value)}."""
        threads = [int(name) for name in os.listdir(f"/proc/{self.process.pid}/task")]
        return {one: (os.sched_getscheduler(one), os.getpriority(os.PRIO_PROCESS, one)) for one in threads}

    def worker_priorities(self):
        """Their nice values; workers are what runs as batch work."""
        return [priority for policy, priority in self.scheduling().values() if policy == os.SCHED_BATCH]

    def counters(self):
        return Counters(self.ask("rules"))

    def await_counters(self, condition, what):
        """The counters, once condition(counters) is true."""
        eventually(lambda: condition(self.counters()), what)
        # The cells of a packet are counted one by one: only the next look sees all of them for sure.
        return self.counters()

    def await_gate(self, gate, outcome, packets=1):
        return self.await_counters(
            lambda counters: counters.gate(gate, outcome) >= packets, f"{packets} packets at {gate} {outcome}"
        )

    def settled(self):
        """Where every packet has ended, once nothing moves any more."""

        def still():
            conserved = self.status()["conservation"]
            return conserved if conserved["waiting"] == conserved["in_flight"] == 0 else None

        return eventually(still, "every packet to be accounted for")

    def flows(self):
        return self.ask("flows")["flows"]

    def write_policy(self, policy):
        """In one step, as an editor should: a reload never sees half a file."""
        text = policy if isinstance(policy, str) else policy.text()
        fresh = self.policy_path.with_suffix(".new")
        fresh.write_text(text, encoding="utf-8")
        fresh.rename(self.policy_path)

    def reload(self, policy):
        self.write_policy(policy)
        answer = self.ask("reload")
        assert answer["accepted"] and answer["everywhere"], answer
        return answer

    def send(self, number):
        os.kill(self.process.pid, number)

    def hang_up(self):
        """Asks for a reload by SIGHUP and waits until it happened."""
        before = self.status()["generation"]
        self.send(signal.SIGHUP)
        eventually(lambda: self.status()["generation"] == before + 1, "the generation after SIGHUP")

    def suspend(self):
        """Every thread stands still when this returns."""
        self.send(signal.SIGSTOP)
        tasks = Path("/proc", str(self.process.pid), "task")

        def still():
            return all(task.joinpath("stat").read_text().rpartition(")")[2].split()[0] == "T" for task in tasks.iterdir())

        eventually(still, "every thread to stop")

    def resume(self):
        self.send(signal.SIGCONT)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        """A clean stop; the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30)

    def hand_over(self):
        """Ends for a successor; the exit status."""
        self.process.send_signal(signal.SIGUSR2)
        return self.process.wait(timeout=30)

    def log(self):
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    def clean_up(self):
        """Ends what still runs. A daemon that nobody killed must end well, and no sanitizer may have complained."""
        running = self.process is not None and self.process.poll() is None
        try:
            if running:
                self.resume()
                status = self.stop()
                assert status == 0, f"exit status {status} after SIGTERM"
        finally:
            if self.process is not None and self.process.poll() is None:
                self.kill()
            self.namespace.forget_flows()
            log = self.log()
            print(log)  # shown with a test that fails
            self._scratch.cleanup()
        assert "Sanitizer" not in log and "runtime error:" not in log
