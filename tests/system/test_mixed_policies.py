"""Reload after reload under load: no packet is lost, and each is judged under one policy, whole."""

import os
import time

from daemon import SANITIZED
from numbered import Numbered
from policies import OUT_ALL, Policy
from topology import A1, X

RELOADS = int(os.environ.get("VPCWALL_RELOADS", "100" if SANITIZED else "500"))
FIRST, SECOND = 1500, 2500


def allows(port):
    """The ACL and the group allow the same: where both are of one policy, none of them refuses what the other one lets pass."""
    return Policy(
        members={"a1": ["g"]},
        groups={"g": ([f"udp/{port} 203.0.113.0/24"], OUT_ALL)},
        acls={"A": ([f"100 udp/{port} 0.0.0.0/0 allow"], ["100 all 0.0.0.0/0 allow"])},
    )


def test_no_packet_is_lost_and_none_is_judged_by_two_policies(vpc, guard):
    policies = (allows(FIRST), allows(SECOND))
    daemon = guard(policies[0], fast_path="off", queues={"count": 2, "length": 16384})
    took = []
    with Numbered(vpc.x, X, vpc.a1, A1, [FIRST, SECOND], a_second=20_000) as numbered:
        for number in range(RELOADS):
            daemon.write_policy(policies[(number + 1) % 2])
            begin = time.monotonic()
            answer = daemon.ask("reload")
            took.append(time.monotonic() - begin)
            assert answer["accepted"] and answer["everywhere"], answer
        sent = numbered.stop()
        counters = daemon.await_counters(lambda all: all.gate("acl-ingress") >= sent, "every packet to be judged")
        allowed, denied = counters.gate("acl-ingress", "allow"), counters.gate("acl-ingress", "deny")
        numbered.await_arrivals(allowed)
    arrived = numbered.arrived()
    conserved = daemon.settled()
    took.sort()
    print(
        f"{RELOADS} reloads, {sent} packets, {arrived} passed; a reload took {1e3 * took[len(took) // 2]:.1f} ms, "
        f"99 of 100 at most {1e3 * took[len(took) * 99 // 100]:.1f} ms, all at most {1e3 * took[-1]:.1f} ms"
    )
    assert (conserved["queue_full"], conserved["socket_full"]) == (0, 0)
    assert conserved["judged"] == sent
    assert allowed + denied == sent
    assert counters.gate("sg-ingress", "deny") == 0, "what an ACL allowed, the group of the same policy allows"
    assert counters.gate("sg-ingress") == allowed == arrived
    assert allowed > 0 and denied > 0
