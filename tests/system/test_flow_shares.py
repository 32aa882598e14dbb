"""An interface under attack takes its share of the flow table and what is for everyone, and no other interface's share."""

from conditions import eventually
from policies import OUT_ALL, Policy
from scapy.layers.inet import IP, UDP
from topology import A1, A2, B1, X
from traffic import TcpEcho, connect, echoes, inject

CAPACITY = 1024  # the least that the settings take
FLOOD = 1500  # flows that are tried with each of the two


def tracked_only():
    rules = ["udp/53 203.0.113.0/24", "tcp/22 203.0.113.0/24"]
    return Policy(members={"a1": ["g"], "a2": ["g"], "b1": ["g"]}, groups={"g": (rules, OUT_ALL)})


def flood(vpc, address):
    inject(vpc.x, *[IP(src=X, dst=address) / UDP(sport=port, dport=53) for port in range(1024, 1024 + FLOOD)])


def test_two_flooded_interfaces_do_not_shut_out_a_third(vpc, guard):
    """C-60"""
    daemon = guard(tracked_only(), flows={"capacity_per_worker": CAPACITY})
    (table,) = daemon.status()["flows"]["workers"]
    share = CAPACITY // 2 // 3
    assert table == {
        "flows": 0,
        "capacity": CAPACITY,
        "guaranteed_per_interface": share,
        "shared_used": 0,
        "shared_size": CAPACITY - 3 * share,
    }
    for address in (A1, A2):
        flood(vpc, address)
    eventually(lambda: daemon.counters().gate("sg-ingress") == 2 * FLOOD, "the whole flood judged")
    (table,) = daemon.status()["flows"]["workers"]
    assert (table["flows"], table["shared_used"]) == (CAPACITY - share, CAPACITY - 3 * share)
    eventually(lambda: "flow table of worker 0" in daemon.log(), "a line in the log")
    with TcpEcho(vpc.b1, 22):
        for _ in range(20):
            with connect(vpc.x, B1, 22) as connection:
                assert echoes(connection)
