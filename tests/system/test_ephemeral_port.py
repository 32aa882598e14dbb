"""The reply goes to the client's ephemeral port, and a network ACL remembers nothing: the four places to forget that."""

from policies import EPHEMERAL, OUT_ALL, Policy
from topology import A1, B1, X
from traffic import Attempt, TcpEcho, connect, echoes


def proves(daemon, client, server, address, port, policy, *, dropped_at, never_asked, missing):
    """Without the missing entry the connection hangs, at that gate and for that reason; with it, it works."""
    subnet, direction, entry = missing
    with TcpEcho(server, port):
        with Attempt(client, address, port) as attempt:
            counters = daemon.await_gate(dropped_at, "deny")
            assert not attempt.settled()
        assert counters.entry(subnet, direction, "*") >= 1
        for gate in never_asked:
            assert counters.gate(gate, "deny") == 0, gate

        healed = policy.copy()
        healed.acls[subnet][0 if direction == "ingress" else 1].append(entry)
        daemon.reload(healed)
        with connect(client, address, port) as connection:
            assert echoes(connection)
    after = daemon.counters()
    assert after.entry(subnet, direction, entry.split()[0]) > 0
    return counters


def test_a_server_subnet_without_an_egress_entry_drops_the_reply(vpc, guard):
    """T-003"""
    policy = Policy(
        members={"a1": ["g"]},
        groups={"g": (["tcp/443 203.0.113.0/24"], [])},
        acls={"A": (["100 tcp/443 0.0.0.0/0 allow"], [])},
    )
    daemon = guard(policy)
    counters = proves(
        daemon, vpc.x, vpc.a1, A1, 443, policy,
        dropped_at="acl-egress", never_asked=["acl-ingress", "sg-ingress", "sg-egress"],
        missing=("A", "egress", EPHEMERAL),
    )
    assert counters.entry("A", "ingress", 100) > 0
    assert counters.gate("sg-ingress", "new") == 1
    assert counters.gate("sg-egress", "tracked") > 0


def test_a_client_subnet_without_an_ingress_entry_drops_the_reply(vpc, guard):
    """T-010: the group would have let it in, but is not even asked."""
    policy = Policy(
        members={"a1": ["g"]},
        groups={"g": ([], list(OUT_ALL))},
        acls={"A": (["110 tcp/443 0.0.0.0/0 allow"], ["100 tcp/443 0.0.0.0/0 allow"])},
    )
    daemon = guard(policy)
    counters = proves(
        daemon, vpc.a1, vpc.x, X, 443, policy,
        dropped_at="acl-ingress", never_asked=["sg-egress", "acl-egress", "sg-ingress"],
        missing=("A", "ingress", EPHEMERAL),
    )
    assert counters.gate("sg-egress", "new") == 1
    assert counters.entry("A", "egress", 100) > 0
    assert counters.gate("sg-ingress") == 0


def between_subnets(acls):
    return Policy(
        members={"a1": ["web"], "b1": ["db"]},
        groups={"web": ([], list(OUT_ALL)), "db": (["tcp/3306 sg:web"], [])},
        acls=acls,
    )


def test_between_subnets_the_servers_subnet_without_an_egress_entry_drops_the_reply(vpc, guard):
    """T-012"""
    policy = between_subnets({"B": (["100 tcp/3306 10.0.0.0/24 allow"], [])})
    daemon = guard(policy)
    counters = proves(
        daemon, vpc.a1, vpc.b1, B1, 3306, policy,
        dropped_at="acl-egress", never_asked=["acl-ingress", "sg-ingress", "sg-egress"],
        missing=("B", "egress", "100 tcp/1024-65535 10.0.0.0/24 allow"),
    )
    assert counters.entry("B", "ingress", 100) > 0
    assert counters.gate("sg-ingress", "new") == 1
    assert counters.gate("sg-egress", "new") == 1
    assert counters.gate("sg-egress", "tracked") > 0


def test_between_subnets_the_clients_subnet_without_an_ingress_entry_drops_the_reply(vpc, guard):
    """T-013"""
    policy = between_subnets(
        {
            "A": (["110 tcp/443 0.0.0.0/0 allow"], ["100 tcp/3306 10.0.1.0/24 allow"]),
            "B": (["100 tcp/3306 10.0.0.0/24 allow"], ["100 tcp/1024-65535 10.0.0.0/24 allow"]),
        }
    )
    daemon = guard(policy)
    counters = proves(
        daemon, vpc.a1, vpc.b1, B1, 3306, policy,
        dropped_at="acl-ingress", never_asked=["acl-egress", "sg-ingress", "sg-egress"],
        missing=("A", "ingress", EPHEMERAL),
    )
    assert counters.entry("B", "egress", 100) > 0
    assert counters.gate("sg-ingress", "tracked") == 0
