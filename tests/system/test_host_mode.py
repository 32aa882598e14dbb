"""Host mode: a host's own traffic through its named devices is guarded in the same way, and nothing else of it is."""

import socket

import pytest
from daemon import Daemon
from namespaces import Namespace
from policies import OUT_ALL, Policy
from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6
from topology import A1, A1_V6, X, X_V6
from traffic import Attempt, Capture, TcpEcho, connect, echoes, is_silent, is_unanswered, udp_socket

METADATA = "169.254.169.254"
HOST_MAC, PEER_MAC = "02:00:00:00:01:02", "02:00:00:00:02:02"


class Pair:
    """A guarded host and the one at the other end of its wire; a second wire between them is not named anywhere."""

    def __init__(self):
        self.host = Namespace("host")
        self.peer = Namespace("peer")
        self.host.ip(f"link add eth0 address {HOST_MAC} type veth peer name eth0 address {PEER_MAC} netns {self.peer.name}")
        self.host.ip(f"link add eth1 type veth peer name eth1 netns {self.peer.name}")
        self._attach(self.host, [A1, A1_V6], [X, X_V6, METADATA], PEER_MAC, "192.0.2.1/30")
        self._attach(self.peer, [X, X_V6, METADATA], [A1, A1_V6], HOST_MAC, "192.0.2.2/30")

    @staticmethod
    def _attach(namespace, own, others, mac_of_others, management):
        namespace.ip("link set eth0 up\nlink set eth1 up\naddress add " + management + " dev eth1")
        for address in own:
            length, nodad = (128, "nodad") if ":" in address else (32, "")
            namespace.ip(f"address add {address}/{length} dev eth0 {nodad}")
        for address in others:
            source = own[1] if ":" in address else own[0]
            namespace.ip(
                f"route add {address} dev eth0 src {source}\n"
                f"neighbour add {address} lladdr {mac_of_others} dev eth0 nud permanent"
            )

    def remove(self):
        self.host.remove()
        self.peer.remove()


@pytest.fixture(name="pair", scope="module")
def _pair():
    pair = Pair()
    yield pair
    pair.remove()


@pytest.fixture(name="guard_host")
def _guard_host(pair, open_late):
    def start(ingress, egress, acls=None, **settings):
        policy = Policy(members={"a1": ["g"]}, groups={"g": (ingress, egress)}, acls=acls)
        daemon = Daemon(pair.host, policy, mode="host", devices={"a1": "eth0"}, **settings)
        open_late.callback(daemon.clean_up)
        return daemon

    return start


@pytest.mark.parametrize(("source", "destination"), [(X, A1), (X_V6, A1_V6)], ids=["ipv4", "ipv6"])
def test_what_arrives_is_judged(pair, guard_host, source, destination):
    daemon = guard_host(["tcp/80 203.0.113.0/24", "tcp/80 2001:db8:ffff::/48"], [])
    with TcpEcho(pair.host, 80) as server, TcpEcho(pair.host, 81) as refusing:
        with connect(pair.peer, destination, 80, source=source) as connection:
            assert echoes(connection)
        with Attempt(pair.peer, destination, 81) as attempt:
            counters = daemon.await_gate("sg-ingress", "deny")
            assert not attempt.settled()
        assert (server.accepted, refusing.accepted) == (1, 0)
    assert counters.gate("sg-ingress", "new") == 1
    assert counters.gate("sg-egress", "tracked") >= 2
    assert counters.gate("acl-ingress", "allow") >= 2


def test_what_leaves_is_judged(pair, guard_host):
    daemon = guard_host([], ["tcp/80 0.0.0.0/0"])
    with TcpEcho(pair.peer, 80), TcpEcho(pair.peer, 81), Capture(pair.peer) as arriving:
        with connect(pair.host, X, 80) as connection:
            assert echoes(connection)
        with Attempt(pair.host, X, 81) as attempt:
            counters = daemon.await_gate("sg-egress", "deny")
            assert not attempt.settled()
        assert {packet.dport for packet in arriving.arrived()} == {80}
    assert counters.gate("sg-egress", "new") == 1
    assert counters.gate("sg-ingress", "tracked") >= 2


def test_the_network_acl_of_the_subnet_forgets_the_ephemeral_ports_here_too(pair, guard_host):
    daemon = guard_host(["tcp/80 0.0.0.0/0"], [], acls={"A": (["100 tcp/80 0.0.0.0/0 allow"], [])})
    with TcpEcho(pair.host, 80), Attempt(pair.peer, A1, 80) as attempt:
        counters = daemon.await_gate("acl-egress", "deny")
        assert not attempt.settled()
    assert counters.entry("A", "egress", "*") >= 1
    assert counters.gate("sg-egress", "tracked") >= 1


def test_loopback_and_devices_that_are_not_named_are_not_judged(pair, guard_host):
    daemon = guard_host([], [])
    for address in ("127.0.0.1", "::1", A1, A1_V6):  # also to the own address: it never leaves the host
        with TcpEcho(pair.host, 80, address=address), connect(pair.host, address, 80) as connection:
            assert echoes(connection)
    with TcpEcho(pair.host, 80), connect(pair.peer, "192.0.2.1", 80) as connection:
        assert echoes(connection)
    counters = daemon.counters()
    assert counters.gates() == {}
    assert sum(queue["received"] for queue in daemon.status()["queues"]) == 0
    assert is_unanswered(pair.peer, A1)
    assert daemon.await_gate("sg-ingress", "deny").gate("sg-ingress", "deny") == 1


def test_the_metadata_service_and_dhcp_are_exempt(pair, guard_host):
    """E-16, E-19: under a group and an ACL that let nothing pass, by a link that is trusted to lead to the services."""
    daemon = guard_host([], [], acls={"A": ([], [])}, services=["eth0"])
    with TcpEcho(pair.peer, 80, address=METADATA), connect(pair.host, METADATA, 80) as connection:
        assert echoes(connection)
    counters = daemon.counters()
    assert set(counters.gates()) == {"exempt exempt"}
    assert counters.gate("exempt", "exempt") >= 5
    assert counters.reason("exempt") >= 5

    discover = BOOTP(chaddr=bytes(6)) / DHCP(options=[("message-type", "discover"), "end"])
    with (
        udp_socket(pair.host, A1, 68) as client,
        udp_socket(pair.peer, METADATA, 67) as relay,
        udp_socket(pair.peer, X, 67) as server,
    ):
        client.sendto(bytes(discover), (METADATA, 67))
        data, source = relay.recvfrom(1500)
        assert (data, source) == (bytes(discover), (A1, 68))
        server.sendto(b"offer", (A1, 68))
        assert client.recv(100) == b"offer"
        client.sendto(b"to nobody that serves", (X, 67))
        counters = daemon.await_gate("sg-egress", "deny")
        assert is_silent(server)
    assert set(counters.gates()) == {"exempt exempt", "sg-egress deny"}


def test_unless_the_link_is_trusted_no_answer_of_a_service_arrives(pair, guard_host):
    """E-16: the log says so, and what the host sends is exempt all the same."""
    daemon = guard_host([], [], acls={"A": ([], [])})
    with Capture(pair.peer) as arriving, Attempt(pair.host, METADATA, 80) as attempt:
        arriving.await_from(A1)
        counters = daemon.await_gate("source-dest-check", "deny")
        assert not attempt.settled()
    assert set(counters.gates()) == {"exempt exempt", "source-dest-check deny"}
    assert "`services` of daemon.yaml names no device" in daemon.log_path.read_text(encoding="utf-8")


@pytest.fixture(name="send_raw")
def _send_raw(pair):
    """Sends packets whose headers the kernel leaves as they are, through the host's own OUTPUT hook."""

    def send(destination, packet):
        family = socket.AF_INET6 if ":" in destination else socket.AF_INET
        with pair.host.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW) as sender:
            sender.sendto(bytes(packet), (destination, 0))

    return send


def test_a_forged_source_cannot_leave_by_the_device(pair, guard_host, send_raw):
    """D-2"""
    daemon = guard_host([], OUT_ALL)
    datagram = UDP(sport=1, dport=2) / b"whose?"
    with Capture(pair.peer) as arriving:
        send_raw(X, IP(src="192.0.2.99", dst=X) / datagram)
        counters = daemon.await_gate("source-dest-check", "deny")
        assert counters.reason("source-dest-check") == 1
        send_raw(X, IP(src=A1, dst=X) / datagram)
        arriving.await_from(A1)
        assert arriving.arrived_from("192.0.2.99") == []


LIES = {
    "ipv4-version-5": (IP(version=5, src=A1, dst=X), "bad-version"),
    "ipv6-version-7": (IPv6(version=7, src=A1_V6, dst=X_V6), "bad-version"),
    "ipv6-longer-than-it-is": (IPv6(src=A1_V6, dst=X_V6, plen=1000), "bad-total-length"),
}


@pytest.mark.parametrize(("header", "error"), LIES.values(), ids=LIES)
def test_a_header_that_lies_is_dropped_and_counted_by_its_lie(pair, guard_host, send_raw, header, error):
    """Only the host's own raw sockets bring such a packet this far: of forwarded ones the kernel drops them itself."""
    daemon = guard_host([], OUT_ALL)
    datagram = UDP(sport=1, dport=2) / b"lies"
    with Capture(pair.peer) as arriving:
        send_raw(header.dst, header / datagram)
        counters = daemon.await_counters(lambda counters: counters.parse_error(error) == 1, error)
        assert counters.reason("malformed") == 1
        assert counters.gates() == {}
        send_raw(header.dst, type(header)(src=header.src, dst=header.dst) / datagram)
        assert len(arriving.await_from(header.src)) == 1
        assert len(arriving.arrived()) == 1
