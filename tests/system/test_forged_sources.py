"""What a packet claims as its source counts only where it can have come from; and a subnet guards all of its range."""

import pytest
from policies import ANY_IN, OUT_ALL, Policy
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from topology import A1, A1_V6, A2, B1, GATEWAYS, X
from traffic import Capture, TcpEcho, connect, echoes, inject, is_silent, udp_socket

METADATA = "169.254.169.254"
SERVICES = [METADATA, "169.254.169.253", "169.254.169.123", "169.254.169.250", "169.254.170.2", "10.0.0.2", "10.0.0.1"]
ATTEMPTS = 20
CLOSED = {"g": ([], OUT_ALL)}


def syn(source, destination=A1, port=80):
    network = IPv6 if ":" in source else IP
    return network(src=source, dst=destination) / TCP(sport=40000, dport=port, flags="S")


@pytest.fixture(name="route")
def _route(vpc, open_late):
    """The router has a route to an address by a device, until the test ends."""

    def add(address, device):
        vpc.router.ip(f"route replace {address}/32 via {GATEWAYS[4][1]} dev {device} onlink")
        open_late.callback(lambda: vpc.router.ip(f"route delete {address}/32"))

    return add


@pytest.mark.parametrize("rp_filter", [0, 1])
def test_nothing_from_outside_passes_as_a_service(vpc, guard, route, open_late, rp_filter):
    """E-16, E-17: T-362"""
    daemon = guard(Policy(members={"a1": ["g"]}, groups=CLOSED), devices={"a1": "a1"}, uplinks=["x"])
    for service in SERVICES:  # the kernel, too, believes that they are there
        route(service, "x")
    settings = [f"ipv4/conf/{device}/rp_filter" for device in ("all", "x")]
    open_late.callback(lambda: vpc.router.configure(dict.fromkeys(settings, 0)))
    vpc.router.configure(dict.fromkeys(settings, rp_filter))
    with Capture(vpc.a1) as arriving:
        for service in SERVICES:
            inject(vpc.x, *[syn(service)] * ATTEMPTS)
        inject(vpc.x, *[syn("fd00:ec2::254", A1_V6)] * ATTEMPTS)
        counters = daemon.await_gate("source-dest-check", "deny", packets=ATTEMPTS * (len(SERVICES) + 1))
        assert arriving.arrived() == []
    assert set(counters.gates()) == {"source-dest-check deny"}


def test_real_services_answer_from_their_device(vpc, guard, route, open_late):
    """E-16: T-363, under a group and an ACL that let nothing pass."""
    policy = Policy(members={"a1": ["g"]}, groups={"g": ([], [])}, acls={"A": ([], [])})
    daemon = guard(policy, devices={"a1": "a1"}, uplinks=["x"], services=["b1"])
    vpc.b1.ip(f"address add {METADATA}/32 dev eth0")
    open_late.callback(lambda: vpc.b1.ip(f"address delete {METADATA}/32 dev eth0"))
    route(METADATA, "b1")
    with TcpEcho(vpc.b1, 80, address=METADATA), connect(vpc.a1, METADATA, 80) as connection:
        assert echoes(connection)
    assert set(daemon.counters().gates()) == {"exempt exempt"}
    with Capture(vpc.a1) as arriving:
        inject(vpc.x, *[syn(METADATA)] * ATTEMPTS)
        daemon.await_gate("source-dest-check", "deny", packets=ATTEMPTS)
        assert arriving.arrived_from(METADATA) == []


def test_the_ports_of_dhcp_open_no_channel_to_the_outside(vpc, guard):
    """E-19: T-364, T-365"""
    daemon = guard(Policy(members={"a1": ["g"]}, groups={"g": ([], [])}), devices={"a1": "a1"}, uplinks=["x"])
    with udp_socket(vpc.a1, A1, 68) as inside, udp_socket(vpc.x, X, 67) as outside:
        for _ in range(ATTEMPTS):
            outside.sendto(b"in", (A1, 68))
            inside.sendto(b"out", (X, 67))
        daemon.await_gate("sg-ingress", "deny", packets=ATTEMPTS)
        daemon.await_gate("sg-egress", "deny", packets=ATTEMPTS)
        assert is_silent(inside)
        assert is_silent(outside)
    assert daemon.counters().gate("exempt") == 0


@pytest.mark.parametrize("devices", [{"a1": "a1", "a2": "a2"}, {}], ids=["devices", "uplink-only"])
def test_an_interfaces_address_is_refused_from_the_uplink(vpc, guard, devices):
    """D-2: T-367, T-373"""
    policy = Policy(members={"a1": ["g"], "a2": ["g"]}, groups={"g": (["all sg:g", "all 10.0.0.0/16"], OUT_ALL)})
    daemon = guard(policy, devices=devices, uplinks=["x"])
    with Capture(vpc.a1) as arriving:
        inject(vpc.x, *[syn(A2)] * ATTEMPTS, *[syn("10.0.0.99")] * ATTEMPTS)
        counters = daemon.await_gate("source-dest-check", "deny", packets=2 * ATTEMPTS)
        assert arriving.arrived() == []
        assert set(counters.gates()) == {"source-dest-check deny"}
        inject(vpc.a2, syn(A2))
        arriving.await_from(A2)


def test_an_address_that_no_interface_has_is_guarded_by_its_subnet(vpc, guard):
    """O-20: T-368, T-369"""
    policy = Policy(
        members={"a1": ["g"]},
        groups={"g": (ANY_IN, OUT_ALL)},
        acls={"B": (["100 tcp/443 0.0.0.0/0 allow"], ["100 tcp/1024-65535 203.0.113.0/24 allow"])},
    )
    daemon = guard(policy, devices={"a1": "a1"}, uplinks=["x"])
    with Capture(vpc.b1) as arriving:
        inject(vpc.x, *[syn(X, B1, 22)] * ATTEMPTS)
        inject(vpc.a1, *[syn(A1, B1, 22)] * ATTEMPTS)
        counters = daemon.await_gate("acl-ingress", "deny", packets=2 * ATTEMPTS)
        assert arriving.arrived() == []
        assert counters.entry("B", "ingress", "*") == 2 * ATTEMPTS
    with TcpEcho(vpc.b1, 443), connect(vpc.x, B1, 443) as connection:
        assert echoes(connection)
    before = daemon.counters().gate("acl-egress", "deny")
    with Capture(vpc.a1) as arriving:
        inject(vpc.b1, IP(src=B1, dst=A1) / UDP(sport=1, dport=2) / b"out of B")
        daemon.await_gate("acl-egress", "deny", packets=before + 1)
        assert arriving.arrived_from(B1) == []
