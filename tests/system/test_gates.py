"""Which gates a packet meets, in what order, and which it never gets to."""

import pytest
from policies import ANY_IN, OUT_ALL, Policy, open_policy
from scapy.layers.inet import IP, TCP, UDP
from topology import A1, A1_V6, A2, B1, X, X_V6, Y
from traffic import Attempt, Capture, TcpEcho, connect, echoes, inject, is_silent, is_unanswered, ping, udp_socket


def exchange(client, server, address, port, data=b"ping"):
    """A datagram there and one back."""
    client.sendto(data, (address, port))
    received, source = server.recvfrom(100)
    assert received == data
    server.sendto(b"pong", source)
    assert client.recv(100) == b"pong"


def test_a_network_acl_that_denies_keeps_the_group_from_being_asked(vpc, guard):
    """O-13, N-5: T-020"""
    ingress = ["90 all 203.0.113.0/24 deny", "100 all 0.0.0.0/0 allow"]
    daemon = guard(open_policy(acls={"A": (ingress, ["100 all 0.0.0.0/0 allow"])}))
    with TcpEcho(vpc.a1, 80), Capture(vpc.a1) as arriving, Attempt(vpc.x, A1, 80) as attempt:
        counters = daemon.await_gate("acl-ingress", "deny")
        assert not attempt.settled()
        assert arriving.arrived() == []
        assert set(counters.gates()) == {"acl-ingress deny"}
        assert counters.entry("A", "ingress", 90) >= 1
        assert counters.entry("A", "ingress", 100) == 0
        assert counters.reason("acl-entry") >= 1
        with connect(vpc.x, A1, 80, source=Y) as connection:
            assert echoes(connection)


def test_a_group_that_refuses_keeps_the_network_acl_from_being_asked(vpc, guard):
    """O-2: the group stands between the host and its subnet's ACL."""
    policy = Policy(
        members={"a1": ["g"]},
        groups={"g": (ANY_IN, ["tcp/443 0.0.0.0/0"])},
        acls={"A": ([], ["90 tcp/80 0.0.0.0/0 deny", "100 all 0.0.0.0/0 allow"])},
    )
    daemon = guard(policy)
    with Capture(vpc.x) as arriving, Attempt(vpc.a1, X, 80) as attempt:
        counters = daemon.await_gate("sg-egress", "deny")
        assert not attempt.settled()
        assert arriving.arrived() == []
    assert set(counters.gates()) == {"sg-egress deny"}
    assert counters.reason("no-group-rule") >= 1


def test_a_group_that_refuses_an_arrival_is_asked_after_the_network_acl(vpc, guard):
    """T-038"""
    policy = Policy(members={"a1": ["g"]}, groups={"g": (["tcp/22 0.0.0.0/0"], OUT_ALL)})
    daemon = guard(policy)
    with TcpEcho(vpc.a1, 80), Capture(vpc.a1) as arriving, Attempt(vpc.x, A1, 80) as attempt:
        counters = daemon.await_gate("sg-ingress", "deny")
        assert not attempt.settled()
        assert arriving.arrived() == []
    assert set(counters.gates()) == {"acl-ingress allow", "sg-ingress deny"}


def test_a_packet_between_subnets_meets_the_gates_of_both_ends(vpc, guard):
    """O-1"""
    policy = Policy(members={"a1": ["g"], "b1": ["g"]}, groups={"g": (["udp/53 10.0.0.0/16"], ["udp/53 10.0.0.0/16"])})
    daemon = guard(policy)
    with udp_socket(vpc.b1, B1, 53) as server, udp_socket(vpc.a1, A1) as client:
        client.sendto(b"?", (B1, 53))
        assert server.recv(10) == b"?"
        counters = daemon.await_gate("sg-ingress", "new")
    expected = {"sg-egress new": 1, "acl-egress allow": 1, "acl-ingress allow": 1, "sg-ingress new": 1}
    assert counters.gates() == expected


def test_inside_a_subnet_the_network_acl_is_not_asked_but_the_group_is(vpc, guard):
    """N-10: T-024"""
    policy = Policy(
        members={"a1": ["g"], "a2": ["g"]},
        groups={"g": (["tcp/80 10.0.0.0/24"], OUT_ALL)},
        acls={"A": ([], [])},
    )
    daemon = guard(policy)
    with TcpEcho(vpc.a2, 80), TcpEcho(vpc.a2, 81):
        with connect(vpc.a1, A2, 80) as connection:
            assert echoes(connection)
        with Attempt(vpc.a1, A2, 81) as attempt:
            counters = daemon.await_gate("sg-ingress", "deny")
            assert not attempt.settled()
        assert counters.gate("acl-ingress") == counters.gate("acl-egress") == 0
        with Attempt(vpc.x, A2, 80):
            counters = daemon.await_gate("acl-ingress", "deny")
        assert counters.entry("A", "ingress", "*") >= 1


def test_a_rule_that_names_a_group_admits_its_members_only(vpc, guard):
    """T-046"""
    policy = Policy(
        members={"a1": ["web"], "a2": ["other"], "b1": ["db"]},
        groups={"web": ([], OUT_ALL), "other": ([], OUT_ALL), "db": (["tcp/3306 sg:web"], [])},
    )
    daemon = guard(policy)
    with TcpEcho(vpc.b1, 3306) as server:
        with connect(vpc.a1, B1, 3306) as connection:
            assert echoes(connection)
        with connect(vpc.a1, B1, 3306, source="10.0.0.55") as connection:  # T-051: any address of a member
            assert echoes(connection)
        with Attempt(vpc.a2, B1, 3306) as attempt:
            daemon.await_gate("sg-ingress", "deny")
            assert not attempt.settled()
        assert server.accepted == 2
        policy.members["a2"].append("web")
        daemon.reload(policy)
        with connect(vpc.a2, B1, 3306) as connection:
            assert echoes(connection)


def test_an_echo_request_is_tracked_and_its_reply_needs_no_rule(vpc, guard):
    """C-48, C-49"""
    policy = Policy(members={"a1": ["g"]}, groups={"g": (["icmp/8 0.0.0.0/0", "icmpv6/128 ::/0"], [])})
    daemon = guard(policy)
    assert ping(vpc.x, A1)
    assert ping(vpc.x, A1_V6)
    counters = daemon.counters()
    assert counters.gates() == {
        "acl-ingress allow": 2, "acl-egress allow": 2, "sg-ingress new": 2, "sg-egress tracked": 2,
    }
    assert {flow["state"] for flow in daemon.flows()} == {"icmp"}
    assert is_unanswered(vpc.a1, X)
    assert daemon.await_gate("sg-egress", "deny").gate("sg-egress", "deny") == 1


def test_an_echo_request_out_lets_its_reply_in(vpc, guard):
    """C-2"""
    policy = Policy(members={"a1": ["g"]}, groups={"g": ([], ["icmp/8 0.0.0.0/0"])})
    daemon = guard(policy)
    assert ping(vpc.a1, X)
    assert is_unanswered(vpc.x, A1)
    counters = daemon.await_gate("sg-ingress", "deny")
    assert counters.gate("sg-ingress", "tracked") == 1
    assert counters.gate("sg-ingress", "deny") == 1


def test_a_datagram_out_lets_its_reply_in_and_no_other_datagram(vpc, guard):
    """C-3"""
    policy = Policy(members={"a1": ["g"]}, groups={"g": ([], ["udp/53 203.0.113.0/24"])})
    daemon = guard(policy)
    with udp_socket(vpc.x, X, 53) as server, udp_socket(vpc.x, X, 54) as stranger, udp_socket(vpc.a1, A1) as client:
        exchange(client, server, X, 53)
        stranger.sendto(b"not asked for", client.getsockname())
        counters = daemon.await_gate("sg-ingress", "deny")
        assert is_silent(client)
    assert counters.gate("sg-egress", "new") == 1
    assert counters.gate("sg-ingress", "tracked") == 1
    assert counters.gate("sg-ingress", "deny") == 1


@pytest.mark.parametrize(("source", "destination"), [(X, A1), (X_V6, A1_V6)], ids=["ipv4", "ipv6"])
def test_tcp_works_in_both_families_by_rules_of_the_own_family(vpc, guard, source, destination):
    """S-39: T-170 and following"""
    everyone = "::/0" if ":" in destination else "0.0.0.0/0"
    other = "0.0.0.0/0" if ":" in destination else "::/0"
    policy = Policy(members={"a1": ["g"]}, groups={"g": ([f"tcp/443 {everyone}", f"tcp/80 {other}"], [])})
    daemon = guard(policy)
    with TcpEcho(vpc.a1, 443) as server, TcpEcho(vpc.a1, 80), connect(vpc.x, destination, 443, source=source) as connection:
        assert echoes(connection)
        assert server.accepted == 1
        (flow,) = daemon.flows()
        assert (flow["local"], flow["remote"], flow["state"]) == (destination, source, "established")
        with Attempt(vpc.x, destination, 80) as attempt:
            daemon.await_gate("sg-ingress", "deny")
            assert not attempt.settled()


def test_a_forged_source_is_dropped_at_the_device_that_is_bound_to_an_interface(vpc, guard):
    """D-2"""
    policy = Policy(members={"a1": ["g"], "b1": ["g"]}, groups={"g": (ANY_IN, OUT_ALL)})
    daemon = guard(policy, devices={"a1": "a1"})
    datagram = UDP(sport=1000, dport=2000) / b"who am I?"
    with Capture(vpc.x) as at_x, Capture(vpc.b1) as at_b1:
        forged = IP(src="192.0.2.99", dst=X) / datagram  # neither end is in the VPC: only the device tells
        inject(vpc.a1, forged, IP(src=A2, dst=B1) / datagram)
        counters = daemon.await_gate("source-dest-check", "deny", packets=2)
        assert counters.reason("source-dest-check") == 2
        assert set(counters.gates()) == {"source-dest-check deny"}
        inject(vpc.a1, IP(src=A1, dst=X) / datagram, IP(src="10.0.0.55", dst=B1) / datagram)
        at_x.await_from(A1)
        at_b1.await_from("10.0.0.55")
        assert at_x.arrived_from("192.0.2.99") == at_b1.arrived_from(A2) == []


def test_without_the_check_an_interface_may_forward_for_others(vpc, guard):
    """D-3"""
    policy = open_policy(interfaces={"a1": {"source_dest_check": False}})
    daemon = guard(policy, devices={"a1": "a1"})
    with Capture(vpc.x) as at_x:
        inject(vpc.a1, IP(src="192.0.2.99", dst=X) / TCP(sport=1000, dport=80, flags="S"))
        at_x.await_from("192.0.2.99")
    assert daemon.counters().gate("source-dest-check") == 0
