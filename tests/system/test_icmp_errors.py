"""ICMP errors about a flow of ours: let in by a rule, or, about the path's MTU, by AWS's exception."""

import pytest
from conditions import eventually
from policies import OUT_ALL, Policy
from scapy.layers.inet import ICMP, IP, TCP, IPerror, TCPerror
from scapy.layers.inet6 import ICMPv6PacketTooBig, IPerror6, IPv6
from topology import A1, A1_V6, X, X_V6, Y
from traffic import Capture, TcpEcho, connect, echoes, inject

ROUTER_ON_THE_WAY = Y


def too_big(port):
    quote = IPerror(src=A1, dst=X, proto=6) / TCPerror(sport=443, dport=port, flags="A")
    return IP(src=ROUTER_ON_THE_WAY, dst=A1) / ICMP(type=3, code=4, nexthopmtu=1400) / quote


def too_big_v6(port):
    quote = IPerror6(src=A1_V6, dst=X_V6, nh=6) / TCPerror(sport=443, dport=port, flags="A")
    return IPv6(src=X_V6, dst=A1_V6) / ICMPv6PacketTooBig(mtu=1400) / quote


def one_group(ingress, egress):
    return Policy(members={"a1": ["g"]}, groups={"g": (ingress, egress)})


def errors_in(packets):
    return [packet for packet in packets if ICMP in packet or ICMPv6PacketTooBig in packet]


def await_error(arriving):
    (error,) = eventually(lambda: errors_in(arriving.arrived()), "the error to arrive")
    return error


@pytest.mark.parametrize(
    ("make", "source", "destination"), [(too_big, X, A1), (too_big_v6, X_V6, A1_V6)], ids=["ipv4", "ipv6"]
)
def test_about_an_untracked_connection_the_path_mtu_message_arrives(vpc, guard, make, source, destination):
    """C-50"""
    daemon = guard(one_group(["tcp/443 0.0.0.0/0", "tcp/443 ::/0"], OUT_ALL))
    with TcpEcho(vpc.a1, 443), connect(vpc.x, destination, 443, source=source) as connection, Capture(vpc.a1) as arriving:
        assert echoes(connection)
        inject(vpc.x, make(connection.getsockname()[1]))
        counters = daemon.await_gate("sg-ingress", "pmtud")
        await_error(arriving)
        assert counters.gate("sg-ingress", "pmtud") == 1
        assert counters.gate("sg-ingress", "deny") == 0


def test_about_a_tracked_connection_it_needs_a_rule(vpc, guard):
    """C-51"""
    policy = one_group(["tcp/443 203.0.113.0/24"], [])
    daemon = guard(policy)
    with TcpEcho(vpc.a1, 443), connect(vpc.x, A1, 443) as connection, Capture(vpc.a1) as arriving:
        assert echoes(connection)
        inject(vpc.x, too_big(connection.getsockname()[1]))
        daemon.await_gate("sg-ingress", "deny")
        assert errors_in(arriving.arrived()) == []
        policy.groups["g"][0].append("icmp/3 0.0.0.0/0")
        daemon.reload(policy)
        inject(vpc.x, too_big(connection.getsockname()[1]))
        daemon.await_gate("sg-ingress", "no-state")
        await_error(arriving)


def test_through_a_peer_that_aws_always_tracks_it_arrives(vpc, guard):
    """C-18, C-50"""
    policy = Policy(
        members={"a1": ["g"]}, groups={"g": (["tcp/443 203.0.113.0/24"], [])}, auto_tracked=["203.0.113.12/32"]
    )
    daemon = guard(policy)
    with Capture(vpc.a1) as arriving:
        inject(vpc.x, IP(src=X, dst=A1) / TCP(sport=40000, dport=443, flags="S"))
        daemon.await_gate("sg-ingress", "new")
        inject(vpc.x, too_big(40000))
        daemon.await_gate("sg-ingress", "pmtud")
        await_error(arriving)


def test_other_errors_are_never_implied_by_a_flow(vpc, guard):
    """C-53"""
    daemon = guard(one_group(["tcp/443 0.0.0.0/0"], OUT_ALL))
    unreachable = too_big(40000)
    unreachable[ICMP].code = 1
    with Capture(vpc.a1) as arriving:
        inject(vpc.x, unreachable)
        daemon.await_gate("sg-ingress", "deny")
        assert arriving.arrived() == []
