"""Much data and many connections through the queue: nothing is lost and nothing is changed."""

from daemon import SANITIZED
from policies import OUT_ALL, Policy
from topology import A1, B1
from traffic import TcpEcho, connect, echoes
from transfers import Transfer

MEBIBYTES = 64 if SANITIZED else 1024
CONNECTIONS = 200 if SANITIZED else 1000


def lost(daemon):
    return sum(queue["kernel_dropped"] + queue["user_dropped"] for queue in daemon.status()["queues"])


def test_a_gibibyte_over_one_connection_arrives_intact(vpc, guard):
    """The two ends and their subnets are judged, on every packet, in both directions."""
    daemon = guard(Policy(members={"a1": ["g"], "b1": ["h"]}, groups={"g": ([], OUT_ALL), "h": (["tcp/5001 sg:g"], [])}))
    transfer = Transfer(vpc.a1, vpc.b1, B1, 5001)
    for _ in range(MEBIBYTES):
        transfer.send_block()
    transfer.finish()
    assert lost(daemon) == 0
    counters = daemon.counters()
    (rule,) = counters.rule_rows("h", "ingress")
    assert rule["bytes"] > MEBIBYTES << 20
    assert counters.gate("sg-ingress", "new") == 1
    assert counters.gate("acl-ingress", "allow") == counters.gate("sg-ingress")


def test_a_thousand_short_connections_all_succeed(vpc, guard):
    daemon = guard(Policy(members={"a1": ["g"]}, groups={"g": (["tcp/80 203.0.113.0/24"], [])}), queues={"count": 2})
    with TcpEcho(vpc.a1, 80) as server:
        for _ in range(CONNECTIONS):
            with connect(vpc.x, A1, 80) as connection:
                assert echoes(connection)
        assert server.accepted == CONNECTIONS
    assert daemon.counters().gate("sg-ingress", "new") == CONNECTIONS
    assert lost(daemon) == 0
