"""What is compared: each firewall is brought up on its router, measured, and taken down again."""

import json
import os
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import policy as policies


class Firewall:
    """No firewall at all."""

    name, label = "none", "no firewall"

    def __init__(self, topology, build, policy):
        self.topology, self.build, self.policy = topology, build, policy
        self.process = None

    def up(self):
        pass

    def down(self):
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def start(self, *command):
        self.process = subprocess.Popen([*self.topology.enter(self.name), *command], stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True)

    def pin(self, cpu):
        if self.process is not None:
            subprocess.run(["taskset", "--all-tasks", "--cpu-list", "--pid", str(cpu), str(self.process.pid)],
                           check=True, stdout=subprocess.DEVNULL)

    def seconds_of_cpu(self):
        """Of the firewall's own process."""
        if self.process is None:
            return 0.0
        fields = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Nft(Firewall):
    name, label = "nft", "nftables"

    def up(self):
        self.topology.inside(self.name, "nft", "-f", "-", text=policies.nft(self.policy))

    def down(self):
        self.topology.inside(self.name, "nft", "flush", "ruleset")


class OneRule(Nft):
    """The least that anything in the kernel can do: one rule, which refuses the flood."""

    name, label = "one_rule", "one nftables rule"

    def up(self):
        self.topology.inside(self.name, "nft", "-f", "-", text=policies.one_rule())


class Iptables(Firewall):
    name, label = "iptables", "iptables"

    def up(self):
        self.topology.inside(self.name, "iptables-legacy-restore", text=policies.iptables(self.policy))

    def down(self):
        self.topology.inside(self.name, "iptables-legacy-restore", text="*filter\n:FORWARD ACCEPT [0:0]\nCOMMIT\n")


class QueueProgram(Firewall):
    """A program that answers queues, and the rules that fill them."""

    def start_program(self, *command):
        """Returns what it printed before it was ready."""
        self.start(*command)
        lines = []
        for line in self.process.stdout:
            if line.strip() == "ready":
                return lines
            lines.append(line.strip())
        raise RuntimeError(f"{command[0]} did not start: {' '.join(lines)}")

    def fill(self, number, *match):
        self.topology.inside(self.name, "iptables-nft", "-A", "FORWARD", *match, "-j", "NFQUEUE", "--queue-num", str(number))

    def down(self):
        self.topology.inside(self.name, "iptables-nft", "-F", "FORWARD")
        super().down()


class PlainQueue(QueueProgram):
    name, label = "naive", "plain queue program"

    def up(self):
        self.start_program(str(self.build / "bench" / "plain_queue"))
        self.fill(0)


class BareQueue(QueueProgram):
    """What a program can reach at most that sees every packet: the daemon's queues, and nothing decided."""

    name, label = "bare_queue", "queue, nothing decided"

    def up(self):
        queues = len(os.sched_getaffinity(0))
        matches = self.start_program(str(self.build / "bench" / "bare_queue"), "--queues", str(queues), "--refused-port",
                                     str(policies.DENIED_PORT))
        for number, match in enumerate(matches):
            self.fill(number, "-m", "bpf", "--bytecode", match)
        self.fill(queues - 1)  # as with the daemon, the last one takes what is left


class Vpcwall(Firewall):
    fast_path = "off"
    settings = {}

    def up(self):
        self.folder = tempfile.TemporaryDirectory(prefix="vpcwall-bench-")
        folder = Path(self.folder.name)
        (folder / "policy.yaml").write_text(json.dumps(self.policy), encoding="ascii")
        self.control = folder / "control.sock"
        (folder / "daemon.yaml").write_text(json.dumps({
            "version": 1, "policy": str(folder / "policy.yaml"), "backend": "xt", "fast_path": self.fast_path,
            "control": {"socket": str(self.control)}, "log": {"level": "error"},
            "state": {"directory": str(folder / "state")},  # each measurement begins without flows
            "flows": {"capacity_per_worker": 4_194_304}, **self.settings}), encoding="ascii")
        self.start(str(self.build / "daemon" / "vpcwalld"), "--config", str(folder / "daemon.yaml"))
        deadline = time.monotonic() + 20
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"vpcwalld did not start: {self.process.stdout.read()}")
            time.sleep(0.02)

    def _answers(self):
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(self.control))
                return True
            except OSError:
                return False

    def status(self):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self.control))
            connection.sendall(b'{"verb": "status"}\n')
            return json.loads(connection.makefile().readline())

    def down(self):
        super().down()
        self.folder.cleanup()


class Queue(Vpcwall):
    name, label = "queue", "vpcwall, fast path off"


class FastPath(Vpcwall):
    name, label, fast_path = "fast_path", "vpcwall, fast path on", "required"


ALL = [Firewall, OneRule, Nft, Iptables, PlainQueue, BareQueue, Queue, FastPath]
