"""Packets that are damaged, cut, or in pieces: judged by what can be read of them, never let pass by accident."""

import itertools
import random
import re

import pytest
from conditions import eventually
from policies import Policy
from scapy.layers.inet import ICMP, IP, TCP, UDP, ICMPerror, fragment
from scapy.layers.inet6 import (
    ICMPv6EchoRequest,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
    fragment6,
)
from scapy.packet import Raw
from topology import A1, A1_V6, X, X_V6
from traffic import Capture, TcpEcho, connect, echoes, inject, is_silent, udp_socket

RULES = ["tcp/80 0.0.0.0/0", "udp/53 0.0.0.0/0", "icmp/8 0.0.0.0/0", "tcp/80 ::/0", "udp/53 ::/0", "icmpv6/128 ::/0"]


def port_rules():
    """Every rule names a port or a type: what has none, or none that can be read, matches nothing."""
    return Policy(members={"a1": ["g"]}, groups={"g": (RULES, [])})


def v4(protocol, payload):
    return IP(src=X, dst=A1, proto=protocol) / Raw(payload)


def v6(protocol, payload):
    return IPv6(src=X_V6, dst=A1_V6, nh=protocol) / Raw(payload)


def endless_options():
    packet = TCP(sport=1000, dport=80, flags="S")
    for _ in range(12):
        packet = IPv6ExtHdrDestOpt() / packet
    return IPv6(src=X_V6, dst=A1_V6) / packet


TCP_SYN = bytes(TCP(sport=1000, dport=80, flags="S"))
UDP_QUESTION = bytes(UDP(sport=1000, dport=53) / b"?")
DAMAGED = {
    "tcp-empty": v4(6, b""),
    "tcp-cut-in-the-ports": v4(6, TCP_SYN[:3]),
    "tcp-cut-behind-the-ports": v4(6, TCP_SYN[:4]),
    "tcp-cut-in-the-flags": v4(6, TCP_SYN[:13]),
    "udp-cut": v4(17, UDP_QUESTION[:7]),
    "icmp-cut": v4(1, b"\x08"),
    "icmp-error-that-quotes-nothing": v4(1, bytes(ICMP(type=3, code=4))),
    "icmp-error-that-quotes-garbage": v4(1, bytes(ICMP(type=3, code=4)) + b"\xff" * 40),
    "icmp-error-that-quotes-a-cut-packet": v4(1, bytes(ICMP(type=11) / ICMPerror())[:20]),
    "tcp-cut-v6": v6(6, TCP_SYN[:3]),
    "udp-empty-v6": v6(17, b""),
    "icmpv6-cut": v6(58, b"\x80"),
    "endless-options-v6": endless_options(),
    "options-that-end-in-the-middle-v6": v6(60, b"\x06\x09\x01\x04"),
    "a-protocol-without-ports": v4(47, b"GRE, perhaps"),
    "a-reserved-protocol": v4(255, b"?"),
}


@pytest.mark.parametrize("packet", DAMAGED.values(), ids=DAMAGED)
def test_what_cannot_be_read_matches_no_rule_that_names_a_port(vpc, guard, packet):
    """S-67 to S-69"""
    daemon = guard(port_rules())
    source = packet.src
    with Capture(vpc.a1) as arriving:
        inject(vpc.x, packet)
        counters = daemon.await_gate("sg-ingress", "deny")
        assert counters.reason("no-group-rule") == 1
        assert daemon.flows() == []
        good = UDP(sport=1000, dport=53) / b"?"
        inject(vpc.x, (IPv6 if ":" in source else IP)(src=source, dst=packet.dst) / good)
        assert len(arriving.await_from(source)) == 1


WHOLE = {
    "ipv4-options": IP(src=X, dst=A1, options=[b"\x01"] * 40) / TCP(sport=1000, dport=80, flags="S"),
    "ipv6-options": IPv6(src=X_V6, dst=A1_V6) / IPv6ExtHdrHopByHop() / IPv6ExtHdrDestOpt() / UDP(sport=1000, dport=53),
    "tcp-options": IP(src=X, dst=A1) / TCP(sport=1000, dport=80, flags="S", options=[("NOP", None)] * 40),
    "echo-v6": IPv6(src=X_V6, dst=A1_V6) / IPv6ExtHdrDestOpt() / ICMPv6EchoRequest(id=7),
}


@pytest.mark.parametrize("packet", WHOLE.values(), ids=WHOLE)
def test_what_is_only_unusual_is_judged_by_its_ports(vpc, guard, packet):
    daemon = guard(port_rules())
    with Capture(vpc.a1) as arriving:
        inject(vpc.x, packet)
        arriving.await_from(packet.src)
    assert daemon.await_gate("sg-ingress", "new").gate("sg-ingress") == 1


@pytest.mark.parametrize("flags", ["", "F", "SF", "SR", "SFRPU", "A"])
def test_only_a_plain_syn_opens_a_flow(vpc, guard, flags):
    """C-43"""
    daemon = guard(port_rules())
    with Capture(vpc.a1) as arriving:
        inject(vpc.x, IP(src=X, dst=A1) / TCP(sport=1000, dport=80, flags=flags))
        arriving.await_from(X)
    daemon.await_gate("sg-ingress", "no-state")
    assert daemon.flows() == []


@pytest.fixture(name="forwarded")
def _forwarded(vpc):
    """How many packets have come to the hook: all of them are to or from the VPC."""
    chain = "add chain inet counting c { type filter hook forward priority 49; policy accept; }"
    rules = ["add table inet counting", chain, "add rule inet counting c counter"]
    assert vpc.router.run("nft", "; ".join(rules)).returncode == 0

    def count():
        listed = vpc.router.run("nft", "list", "chain", "inet", "counting", "c").stdout
        return int(re.search(r"counter packets (\d+)", listed)[1])

    yield count
    vpc.router.run("nft", "delete", "table", "inet", "counting")


@pytest.mark.parametrize("fast_path", ["off", "required"])
def test_random_bytes_behind_an_ip_header_neither_pass_nor_harm(vpc, guard, forwarded, fast_path):
    policy = Policy(members={"a1": ["g"]}, groups={"g": (["tcp/80 203.0.113.0/24"], [])})
    daemon = guard(policy, fast_path=fast_path)
    dice = random.Random(4711)
    packets = []
    for _ in range(1000):
        payload = Raw(dice.randbytes(dice.randrange(120)))
        packets.append(IP(src=X, dst=A1, proto=dice.choice([1, 6, 17, 47, 50, 58, 132])) / payload)
        packets.append(IPv6(src=X_V6, dst=A1_V6, nh=dice.choice([6, 17, 43, 50, 51, 58, 59, 60, 135, 139])) / payload)
    with Capture(vpc.a1) as arriving:
        inject(vpc.x, *packets)
        with TcpEcho(vpc.a1, 80), connect(vpc.x, A1, 80) as connection:
            assert echoes(connection)
        passed = [packet for packet in arriving.arrived() if TCP not in packet or packet[TCP].dport != 80]
        assert passed == []
    assert daemon.counters().reason("no-group-rule") >= 1000

    def judged_and_counted_once():
        came = forwarded()
        reasons = sum(row["packets"] for row in daemon.counters().report["reasons"])
        (queue,) = daemon.status()["queues"]
        # With the fast path, the kernel has refused some of them by itself.
        return reasons == came and (queue["received"] < came if fast_path == "required" else queue["received"] == came)

    eventually(judged_and_counted_once, "as many packets counted as came")


BIG = bytes(index % 251 for index in range(4000))


@pytest.mark.parametrize(("source", "destination"), [(X, A1), (X_V6, A1_V6)], ids=["ipv4", "ipv6"])
def test_a_datagram_in_pieces_is_judged_as_one(vpc, guard, source, destination):
    """C-64"""
    daemon = guard(port_rules())
    with (
        udp_socket(vpc.a1, destination, 53) as server,
        udp_socket(vpc.a1, destination, 54) as refused,
        udp_socket(vpc.x, source) as client,
        Capture(vpc.a1) as arriving,
    ):
        client.sendto(BIG, (destination, 54))
        counters = daemon.await_gate("sg-ingress", "deny")
        assert counters.gates() == {"acl-ingress allow": 1, "sg-ingress deny": 1}
        assert arriving.arrived() == []
        client.sendto(BIG, (destination, 53))
        data, peer = server.recvfrom(5000)
        assert data == BIG
        server.sendto(BIG, peer)
        assert client.recv(5000) == BIG
        counters = daemon.await_gate("sg-egress", "tracked")
        assert (counters.gate("sg-ingress", "new"), counters.gate("sg-egress", "tracked")) == (1, 1)
        assert is_silent(refused)


def question(source, destination):
    return (IPv6 if ":" in source else IP)(src=source, dst=destination) / UDP(sport=1000, dport=53) / b"fence"


IDENTIFICATIONS = itertools.count(1000)  # a new one each time: the router still waits for the rest of the last one


def pieces_v4():
    return fragment(IP(src=X, dst=A1, id=next(IDENTIFICATIONS)) / UDP(sport=1000, dport=53) / BIG, fragsize=1480)


def pieces_v6():
    header = IPv6(src=X_V6, dst=A1_V6) / IPv6ExtHdrFragment(id=next(IDENTIFICATIONS))
    return fragment6(header / UDP(sport=1000, dport=53) / BIG, 1500)


@pytest.mark.parametrize("pieces", [pieces_v4, pieces_v6], ids=["ipv4", "ipv6"])
@pytest.mark.parametrize("kept", [slice(0, 1), slice(1, None), slice(0, -1)], ids=["first", "later", "all-but-last"])
def test_pieces_of_an_incomplete_datagram_are_never_delivered(vpc, guard, pieces, kept):
    """Not even under rules that let everything pass."""
    daemon = guard(Policy(members={"a1": ["g"]}, groups={"g": (["all 0.0.0.0/0", "all ::/0"], [])}))
    parts = pieces()
    with Capture(vpc.a1) as arriving:
        inject(vpc.x, *parts[kept])
        inject(vpc.x, question(parts[0].src, parts[0].dst))
        (fence,) = arriving.await_from(parts[0].src)
        assert b"fence" in bytes(fence)
    assert daemon.counters().gate("sg-ingress") == 1


def test_overlapping_pieces_are_never_delivered(vpc, guard):
    daemon = guard(Policy(members={"a1": ["g"]}, groups={"g": (["all 0.0.0.0/0"], [])}))
    whole = bytes(UDP(sport=1000, dport=53) / bytes(56))
    header = {"src": X, "dst": A1, "id": next(IDENTIFICATIONS), "proto": 17}
    with Capture(vpc.a1) as arriving:
        inject(
            vpc.x,
            IP(**header, flags="MF", frag=0) / Raw(whole[:32]),
            IP(**header, flags="MF", frag=2) / Raw(b"\xff" * 32),
            IP(**header, frag=6) / Raw(whole[48:]),
            question(X, A1),
        )
        (fence,) = arriving.await_from(X)
        assert b"fence" in bytes(fence)
    assert daemon.counters().gate("sg-ingress") == 1
