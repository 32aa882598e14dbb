"""The daemon as its unit runs it: a user of its own, two capabilities, a read-only file system, few system calls."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from conditions import eventually
from confinement import USER, Confinement
from daemon import BEHIND, SANITIZED, Daemon
from namespaces import PREFIX
from policies import OUT_ALL, Policy, open_policy
from topology import A1, X
from traffic import TcpEcho, connect, echoes, inject
from scapy.layers.inet import IP, UDP

CAP_NET_ADMIN = 1 << 12
# Each ends in an error, or the confinement is none.
FORBIDDEN = {
    "write to /etc": "open('/etc/vwtest', 'w')",
    "write to /usr": "open('/usr/vwtest', 'w')",
    "write to /run": "open('/run/vwtest', 'w')",
    "see a process of others": "open('/proc/1/comm')",
    "see the kernel's settings": "open('/proc/sys/kernel/ostype')",
    "send to a network": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
    "become root": "os.setuid(0)",
    "set an owner": "os.chown(folder, 0, 0)",
    "run before others": "os.setpriority(os.PRIO_PROCESS, 0, -1)",
    "name a program where others do": "os.mkdir('/sys/fs/bpf/vwtest')",
    "leave its root": "os.chroot('/')",
}
ATTEMPT = """
import os, socket, sys
folder = sys.argv[1]
open(folder + "/its-own", "w").close()
for what in sys.argv[2:]:
    try:
        exec(what)
    except OSError:
        continue
    print(what)
"""


class ConfinedDaemon(Daemon):
    """Its folder is the service's own, as RuntimeDirectory= would be."""

    def __init__(self, confinement, *arguments, **settings):
        self.confinement = confinement
        super().__init__(*arguments, **settings)

    def start(self):
        os.chown(self.folder, USER, USER)
        super().start()

    def write_policy(self, policy):
        super().write_policy(policy)
        self.policy_path.chmod(0o644)

    def command(self):
        self.settings_path.chmod(0o644)
        command = super().command()
        if SANITIZED:  # looking for leaks takes a system call that the service may not make
            command = ["env", f"ASAN_OPTIONS={os.environ.get('ASAN_OPTIONS', '')}:detect_leaks=0", *command]
        return self.confinement.wrap(command, self.folder)


@pytest.fixture(name="confinement")
def _confinement():
    confinement = Confinement()
    yield confinement
    confinement.remove()


@pytest.fixture(name="guard_confined")
def _guard_confined(vpc, confinement, open_late):
    def start(policy, **settings):
        daemon = ConfinedDaemon(confinement, vpc.router, policy, **settings)
        open_late.callback(daemon.clean_up)
        return daemon

    return start


def facts_of(process):
    """/proc/PID/status as a mapping."""
    lines = Path("/proc", str(process.pid), "status").read_text(encoding="ascii").splitlines()
    return {key: value.split() for key, _, value in (line.partition(":") for line in lines)}


def test_the_confinement_holds(confinement):
    with tempfile.TemporaryDirectory(prefix=f"{PREFIX}{os.getpid()}-") as folder:
        os.chown(folder, USER, USER)
        command = confinement.wrap([sys.executable, "-c", ATTEMPT, folder, *FORBIDDEN.values()], folder)
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (result.returncode, result.stdout) == (0, ""), result.stdout + result.stderr
        assert sorted(os.listdir(folder)) == ["bpf", "its-own"]


def test_it_judges_with_rules_and_fast_path_and_leaves_nothing_behind(vpc, guard_confined, confinement):
    rules_before = vpc.router.rules()
    daemon = guard_confined(open_policy(), fast_path="required")

    facts = facts_of(daemon.process)
    assert set(facts["Uid"]) == set(facts["Gid"]) == {str(USER)} and facts["Groups"] == []
    for kind in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        assert int(facts[kind][0], 16) == CAP_NET_ADMIN, kind
    assert facts["NoNewPrivs"] == ["1"] and facts["Seccomp"] == ["2"]
    assert vpc.router.rules() != rules_before
    assert daemon.status()["fast_path"]["active"], daemon.log()
    eventually(lambda: daemon.worker_priorities() == [BEHIND], "the worker to run behind the others")

    with TcpEcho(vpc.a1, 443), connect(vpc.x, A1, 443) as client:
        assert echoes(client)
    daemon.reload(Policy(members={"a1": ["closed"]}, groups={"closed": ([], OUT_ALL)}))
    inject(vpc.x, IP(src=X, dst=A1) / UDP(sport=4000, dport=53))
    daemon.await_gate("sg-ingress", "deny")

    assert daemon.stop() == 0
    assert vpc.router.rules() == rules_before
    assert list(confinement.own_bpf.iterdir()) == []


def test_without_a_place_for_the_programs_it_judges_every_packet_and_says_why(vpc, guard_confined, confinement):
    os.chown(confinement.own_bpf, 0, 0)
    daemon = guard_confined(open_policy(), fast_path="auto")
    fast_path = daemon.status()["fast_path"]
    assert not fast_path["active"] and f"may not write to {daemon.folder}/bpf" in fast_path["reason"]
    with TcpEcho(vpc.a1, 443), connect(vpc.x, A1, 443) as client:
        assert echoes(client)


def test_it_reads_no_policy_that_is_not_for_its_eyes(vpc, guard_confined):
    daemon = guard_confined(open_policy())
    daemon.policy_path.chmod(0o600)
    answer = daemon.ask("reload")
    assert not answer["accepted"] and "Permission denied" in str(answer["diagnostics"])
    assert daemon.status()["generation"] == 1
