"""A capture of what the router received, replayed: the counters that the daemon has of the same packets."""

import json
import socket
import struct
import subprocess

from conditions import eventually
from daemon import program
from policies import Policy
from scapy.layers.inet import ICMP, IP, TCP, UDP, fragment
from scapy.layers.inet6 import ICMPv6EchoRequest, IPv6
from scapy.packet import Raw
from topology import A1, A1_V6, B1, X, X_V6
from traffic import ETH_P_ALL, TcpEcho, connect, echoes, inject, udp_socket

SO_TIMESTAMPNS = 35
ETHERNET = 1


class RouterCapture:
    """Frames as they come in at any device of the router, with the kernel's time stamps. A context manager."""

    def __init__(self, router):
        self.socket = router.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.socket.setblocking(False)
        self._records = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def write(self, path):
        """Everything so far, as a pcap file with nanoseconds."""
        while True:
            try:
                data, ancillary, _, (_, _, kind, _, _) = self.socket.recvmsg(1 << 17, 256)
            except BlockingIOError:
                break
            if kind == socket.PACKET_OUTGOING:
                continue
            second, nanosecond = next(struct.unpack("=qq", value) for _, name, value in ancillary if name == SO_TIMESTAMPNS)
            self._records += struct.pack("=IIII", second, nanosecond, len(data), len(data)) + data
        path.write_bytes(struct.pack("=IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 1 << 17, ETHERNET) + self._records)


def policy():
    return Policy(
        members={"a1": ["web"], "b1": ["db"]},
        groups={
            "web": (
                ["tcp/80 203.0.113.0/24", "tcp/80 2001:db8:ffff::/64", "udp/53 203.0.113.0/24", "icmpv6/128 ::/0"],
                ["tcp/5432 sg:db", "udp/53 0.0.0.0/0"],
            ),
            "db": (["tcp/5432 sg:web"], []),
        },
        acls={"A": (["90 tcp/23 0.0.0.0/0 deny", "100 all 0.0.0.0/0 allow", "110 all ::/0 allow"],
                    ["100 all 0.0.0.0/0 allow", "110 all ::/0 allow"])},
    )


def replayed(daemon, capture):
    """What `vpcwall replay` counts in the capture so far."""
    path = daemon.folder / "capture.pcap"
    capture.write(path)
    result = subprocess.run([program("VPCWALL"), "replay", "--json", str(daemon.policy_path), str(path)],
                            capture_output=True, text=True, check=True)
    return counted(json.loads(result.stdout)["policies"][0])


def counted(report):
    """Packets and bytes by gate and outcome, by reason, by rule. What no guarded interface takes part in does not come
    to the daemon."""
    found = {(row["gate"], row["outcome"]): row for row in report["gates"]}
    found |= {row["reason"]: row for row in report["reasons"] if row["reason"] != "not-guarded"}
    found |= {(row["owner"], row["direction"], row["rule"], row.get("family")): row for row in report["rules"]}
    return {name: (row["packets"], row["bytes"]) for name, row in found.items() if row["packets"] > 0}


def talk(vpc, open_late):
    """Connections and questions that are answered, and packets that are not."""
    open_late.enter_context(TcpEcho(vpc.a1, 80))
    open_late.enter_context(TcpEcho(vpc.b1, 5432))
    for host, address, port in ((vpc.x, A1, 80), (vpc.x, A1_V6, 80), (vpc.a1, B1, 5432)):
        with connect(host, address, port) as connection:
            assert echoes(connection)
            assert echoes(connection, bytes(2000))
    server = open_late.enter_context(udp_socket(vpc.a1, A1, 53))
    client = open_late.enter_context(udp_socket(vpc.x, X, 6000))
    client.sendto(bytes(3000), (A1, 53))  # in fragments
    question, sender = server.recvfrom(4000)
    server.sendto(question, sender)
    assert client.recv(4000) == question
    inject(
        vpc.x,
        IP(src=X, dst=A1) / TCP(sport=1000, dport=23, flags="S"),
        IP(src=X, dst=A1) / TCP(sport=1000, dport=22, flags="S"),
        IP(src=X, dst=B1) / TCP(sport=1000, dport=5432, flags="S"),
        IP(src=X, dst=A1, proto=47) / Raw(b"GRE, perhaps"),
        IP(src=X, dst=A1, proto=6) / Raw(b"\x01\x02\x03"),
        IP(src=X, dst=A1) / ICMP(type=3, code=3) / Raw(bytes(IP(src=A1, dst=X) / UDP(sport=5000, dport=53))),
        IPv6(src=X_V6, dst=A1_V6) / ICMPv6EchoRequest(id=7),
        *fragment(IP(src=X, dst=A1, id=9) / UDP(sport=1, dport=54) / bytes(100), fragsize=40),
    )


def test_a_capture_replayed_gives_the_counters_of_the_daemon(vpc, guard, open_late):
    daemon = guard(policy())
    with RouterCapture(vpc.router) as capture:
        talk(vpc, open_late)
        daemon.await_counters(lambda counters: counters.reason("no-group-rule") >= 5, "the packets that the groups refuse")

        def both_agree():
            """The last packets of a connection are under way for a moment, also between two looks."""
            live = counted(daemon.counters().report)
            return live if live == replayed(daemon, capture) else None

        agreed = eventually(both_agree, "the capture and the daemon to agree")
    assert agreed["acl-entry"][0] == 2  # one of them is cut, and might be for the port that is denied
    assert agreed["no-group-rule"][0] >= 5
    assert agreed[("sg-ingress", "new")][0] >= 5
    assert agreed[("sg-ingress", "tracked")][0] > 5
    assert agreed[("sg-egress", "new")][0] >= 1
