"""What becomes of an open connection when the policy changes under it."""

from policies import OUT_ALL, Policy
from topology import A1, X
from traffic import Attempt, TcpEcho, connect, echoes, receive_exactly

NARROW = "tcp/22 203.0.113.0/24"
ANYONE = "tcp/22 0.0.0.0/0"


def one_group(ingress, egress):
    return Policy(members={"a1": ["g"]}, groups={"g": ([*ingress], [*egress])})


def expect_no_new_connection(vpc, daemon):
    before = daemon.counters().gate("sg-ingress", "deny")
    with Attempt(vpc.x, A1, 22) as attempt:
        daemon.await_gate("sg-ingress", "deny", packets=before + 1)
        assert not attempt.settled()


def test_a_tracked_connection_outlives_the_removal_of_its_rule(vpc, guard):
    """C-20, C-22, C-28: T-062"""
    daemon = guard(one_group([NARROW], OUT_ALL))
    with TcpEcho(vpc.a1, 22), connect(vpc.x, A1, 22) as connection:
        assert echoes(connection)
        daemon.reload(one_group([], OUT_ALL))
        assert echoes(connection)
        expect_no_new_connection(vpc, daemon)
        assert echoes(connection)
        assert [flow["state"] for flow in daemon.flows()] == ["established"]


def test_an_untracked_connection_dies_with_its_rule(vpc, guard):
    """C-21, C-22: T-063"""
    daemon = guard(one_group([ANYONE], OUT_ALL))
    with TcpEcho(vpc.a1, 22), connect(vpc.x, A1, 22) as connection:
        assert echoes(connection)
        assert daemon.flows() == []
        daemon.reload(one_group([], OUT_ALL))
        before = daemon.counters().gate("sg-ingress", "deny")
        connection.sendall(b"lost")
        daemon.await_gate("sg-ingress", "deny", packets=before + 1)
        expect_no_new_connection(vpc, daemon)
        # The rule comes back, and with it what TCP still tries to deliver.
        daemon.reload(one_group([ANYONE], OUT_ALL))
        assert receive_exactly(connection, 4) == b"lost"


def test_an_untracked_connection_is_not_adopted_when_new_ones_become_tracked(vpc, guard):
    """C-26: the rule is narrower now, so the running connection needs a rule for each of its packets."""
    daemon = guard(one_group([ANYONE], OUT_ALL))
    with TcpEcho(vpc.a1, 22), connect(vpc.x, A1, 22) as connection:
        assert echoes(connection)
        daemon.reload(one_group([NARROW], []))
        before = daemon.counters().gate("sg-egress", "deny")
        connection.sendall(b"heard, but not answered")
        counters = daemon.await_gate("sg-egress", "deny", packets=before + 1)
        assert counters.gate("sg-ingress", "no-state") >= 1
        assert daemon.flows() == []


def test_a_tracked_connection_is_let_go_when_everything_opens_and_dies_with_the_rules(vpc, guard):
    """C-25: the two steps of AWS's isolation runbook."""
    daemon = guard(one_group([NARROW], []))
    with TcpEcho(vpc.a1, 22), connect(vpc.x, A1, 22) as connection:
        assert echoes(connection)
        assert len(daemon.flows()) == 1
        daemon.reload(one_group(["all 0.0.0.0/0"], OUT_ALL))
        assert daemon.flows() == []
        daemon.reload(one_group([], []))
        connection.sendall(b"contained")
        daemon.await_gate("sg-ingress", "deny")


def test_a_network_acl_cuts_tracked_and_untracked_connections_at_once(vpc, guard):
    """C-27: T-033"""
    policy = one_group([NARROW, "tcp/80 0.0.0.0/0"], OUT_ALL)
    policy.acls["A"] = (["100 all 0.0.0.0/0 allow"], ["100 all 0.0.0.0/0 allow"])
    daemon = guard(policy)
    with (
        TcpEcho(vpc.a1, 22),
        TcpEcho(vpc.a1, 80),
        connect(vpc.x, A1, 22) as tracked,
        connect(vpc.x, A1, 80) as untracked,
    ):
        assert echoes(tracked)
        assert echoes(untracked)
        assert [flow["local_port"] for flow in daemon.flows()] == [22]
        cut = policy.copy()
        cut.acls["A"][0].append("50 all 203.0.113.12/32 deny")
        daemon.reload(cut)
        passed = daemon.counters().gate("sg-ingress")
        tracked.sendall(b"one")
        untracked.sendall(b"two")
        counters = daemon.await_counters(lambda counters: counters.entry("A", "ingress", 50) >= 2, "both to be denied")
        assert counters.gate("sg-ingress") == passed
        daemon.reload(policy)  # T-033.8: the tracked flow is still known
        assert receive_exactly(tracked, 3) == b"one"
        assert receive_exactly(untracked, 3) == b"two"


def test_a_connection_that_was_opened_outwards_outlives_its_rule_too(vpc, guard):
    """C-20: T-064"""
    daemon = guard(one_group([], ["tcp/443 0.0.0.0/0"]))
    with TcpEcho(vpc.x, 443), connect(vpc.a1, X, 443) as connection:
        assert echoes(connection)
        daemon.reload(one_group([], []))
        assert echoes(connection)
        with Attempt(vpc.a1, X, 443) as attempt:
            daemon.await_gate("sg-egress", "deny")
            assert not attempt.settled()


def test_a_full_flow_table_refuses_what_needs_an_entry_and_nothing_else(vpc, guard):
    """C-57, C-60"""
    policy = one_group([NARROW, "tcp/80 0.0.0.0/0"], OUT_ALL)
    policy.top_level["behavior"] = {"flows_per_interface": 2}
    daemon = guard(policy)
    with TcpEcho(vpc.a1, 22), TcpEcho(vpc.a1, 80), connect(vpc.x, A1, 22) as one, connect(vpc.x, A1, 22) as two:
        with Attempt(vpc.x, A1, 22) as attempt:
            counters = daemon.await_gate("sg-ingress", "table-full")
            assert not attempt.settled()
        assert counters.reason("flow-table-full") >= 1
        flows = daemon.status()["flows"]
        assert flows["active"] == 2
        assert flows["refused"] >= 1
        assert echoes(one)
        assert echoes(two)
        with connect(vpc.x, A1, 80) as untracked:
            assert echoes(untracked)
