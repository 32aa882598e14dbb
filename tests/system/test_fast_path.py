"""The fast path on a wire: a change of policy stops a stream at once, and what the kernel answers is counted."""

import json
import socket
import struct
import subprocess
import threading
import time

import pytest
from conditions import eventually
from daemon import SANITIZED, program
from policies import OUT_ALL, Policy, open_policy
from topology import A1, A1_V6, B1, X, X_V6
from traffic import TcpEcho, connect, echoes, inject
from scapy.layers.inet import IP, TCP

BULK = 5201
SO_TIMESTAMPNS = 35  # socket.SO_TIMESTAMPNS is not in this Python
SO_RCVBUFFORCE = 33
ETH_P_IP = 0x0800
# Without CAP_BPF and what implies it.
WITHOUT_BPF = ["setpriv", "--bounding-set", "-bpf,-sys_admin", "--inh-caps", "-bpf,-sys_admin"]
DENY_BULK = (["10 tcp/5201 203.0.113.0/24 deny", "100 all 0.0.0.0/0 allow"], ["100 all 0.0.0.0/0 allow"])


class Arrivals:
    """When, by the kernel's clock, the last packet of the stream arrived at the server's device."""

    def __init__(self, host):
        self.last, self.count = 0.0, 0
        self._socket = host.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_IP))
        self._socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 256 << 20)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._socket.bind(("eth0", ETH_P_IP))
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        self._socket.settimeout(0.2)
        while True:
            try:
                packet, ancillary, _, sender = self._socket.recvmsg(64, 128, socket.MSG_TRUNC)
            except TimeoutError:
                if self._stopped.is_set():
                    return
                continue
            outgoing = sender[2] == socket.PACKET_OUTGOING
            if outgoing or packet[9] != socket.IPPROTO_TCP or struct.unpack("!H", packet[22:24])[0] != BULK:
                continue
            seconds, nanoseconds = struct.unpack("qq", ancillary[0][2])
            self.last, self.count = seconds + nanoseconds * 1e-9, self.count + 1

    def finish(self):
        """All that has arrived has been looked at."""
        self._stopped.set()
        self._thread.join()
        self._socket.close()


def test_a_deny_under_a_running_stream_lets_nothing_pass_once_the_reload_was_answered(vpc, guard):
    policy = open_policy()
    denying = policy.copy()
    denying.acls["A"] = DENY_BULK
    daemon = guard(policy, fast_path="required")
    server = vpc.a1.start(["iperf3", "--server", "--one-off", "--port", str(BULK)], stdout=subprocess.DEVNULL)
    client = None
    try:
        eventually(lambda: f":{BULK} " in vpc.a1.run("ss", "--tcp", "--listening", "--numeric").stdout, "iperf3 to listen")
        arrivals = Arrivals(vpc.a1)
        client = vpc.x.start(["iperf3", "--client", A1, "--port", str(BULK), "--time", "60", "--json"],
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        least = 200 if SANITIZED else 5000
        eventually(lambda: arrivals.count > least, "the stream to run", within=60)
        daemon.reload(denying)
        answered = time.clock_gettime(time.CLOCK_REALTIME)
        before = daemon.counters().entry("A", "ingress", 10)
        # The client sends again what it got no answer to: that many packets have come to the firewall since.
        eventually(lambda: daemon.counters().entry("A", "ingress", 10) > before, "the stream to be refused", within=30)
        arrivals.finish()
        print(f"{arrivals.count} packets arrived, the last one {(answered - arrivals.last) * 1e3:.2f} ms before the answer")
        assert 0 < arrivals.last < answered
    finally:
        for process in (client, server):
            if process is not None:
                process.kill()
                process.wait()


@pytest.mark.parametrize("family", [4, 6])
def test_a_connection_costs_one_packet_in_the_queue(vpc, guard, family):
    source, destination = (X, A1) if family == 4 else (X_V6, A1_V6)
    policy = Policy(members={"a1": ["g"]},
                    groups={"g": (["tcp/80 203.0.113.0/24", "tcp/80 2001:db8:ffff::/48"], [])})
    daemon = guard(policy, fast_path="required")
    with TcpEcho(vpc.a1, 80):
        before = sum(queue["received"] for queue in daemon.status()["queues"])
        with connect(vpc.x, destination, 80, source=source) as connection:
            for _ in range(100):
                assert echoes(connection)
            status = daemon.status()
            assert status["fast_path"]["flows"]["cached"] == 1
        # Neighbour discovery may have been judged meanwhile.
        judged = sum(queue["received"] for queue in status["queues"]) - before
        assert judged < 10
        gates = daemon.counters().gates()
        assert gates["sg-ingress tracked"] >= 100
        assert gates["sg-egress tracked"] >= 100
        assert gates["sg-ingress new"] == 1


def test_refused_packets_are_counted_where_they_would_be_without_it(vpc, guard):
    # To b1: what a1's connections of the tests before may still send would be refused and counted as well.
    daemon = guard(Policy(members={"b1": ["g"]}, groups={"g": (["tcp/80 203.0.113.0/24"], OUT_ALL)}), fast_path="required")
    before = sum(queue["received"] for queue in daemon.status()["queues"])
    for port in range(1024, 1124):
        inject(vpc.x, IP(src=X, dst=B1) / TCP(sport=port, dport=81, flags="S"))
    eventually(lambda: daemon.counters().gates().get("sg-ingress deny") == 100, "all to be refused")
    assert daemon.status()["fast_path"]["refusals"]["cached"] >= 1
    assert sum(queue["received"] for queue in daemon.status()["queues"]) - before < 10


def test_off_means_that_every_packet_is_judged(vpc, guard):
    daemon = guard(open_policy(), fast_path="off")
    assert daemon.status()["fast_path"] == {"mode": "off", "active": False}
    with TcpEcho(vpc.a1, 80), connect(vpc.x, A1, 80) as connection:
        before = sum(queue["received"] for queue in daemon.status()["queues"])
        for _ in range(20):
            assert echoes(connection)
        assert sum(queue["received"] for queue in daemon.status()["queues"]) - before >= 40


def test_auto_where_it_cannot_be_had_says_so_once_and_judges_every_packet(vpc, guard):
    daemon = guard(open_policy(), backend="xt", fast_path="auto", before=WITHOUT_BPF)
    words = "loading the fast path's programs needs CAP_BPF"
    status = daemon.status()["fast_path"]
    assert status["active"] is False
    assert words in status["reason"]
    with TcpEcho(vpc.a1, 80), connect(vpc.x, A1, 80) as connection:
        assert echoes(connection)
    assert daemon.log().count(words) == 1


def test_required_where_it_cannot_be_had_refuses_to_start(vpc, tmp_path):
    policy = tmp_path / "policy.yaml"
    policy.write_text(json.dumps(open_policy().document()), encoding="ascii")
    settings = tmp_path / "daemon.yaml"
    settings.write_text(json.dumps({"version": 1, "policy": str(policy), "fast_path": "required",
                                    "control": {"socket": str(tmp_path / "socket")}}), encoding="ascii")
    process = vpc.router.start([*WITHOUT_BPF, program("VPCWALLD"), "--config", str(settings)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "fast_path is required, but: loading the fast path's programs needs CAP_BPF" in output
