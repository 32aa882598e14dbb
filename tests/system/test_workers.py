"""Several queues: the kernel spreads flows over them, and keeps both directions of a flow together."""

import os
import resource
from pathlib import Path

import pytest
from conditions import eventually
from daemon import BEHIND
from policies import OUT_ALL, Policy
from topology import A1, A1_V6, X, X_V6
from traffic import TcpEcho, connect, echoes, udp_socket

FLOWS = 100


def received(daemon):
    return [queue["received"] for queue in daemon.status()["queues"]]


def test_flows_spread_over_both_queues_and_each_stays_on_its_own(vpc, guard):
    """A worker knows only its own flows: a reply in the wrong queue would find no flow, and no rule either."""
    rules = ["udp/53 203.0.113.0/24", "udp/53 2001:db8:ffff::/48"]
    daemon = guard(Policy(members={"a1": ["g"]}, groups={"g": (rules, [])}), queues={"count": 2}, fast_path="off")
    for source, destination in ((X, A1), (X_V6, A1_V6)):
        before = received(daemon)
        with udp_socket(vpc.a1, destination, 53) as server:
            for port in range(20000, 20000 + FLOWS):
                with udp_socket(vpc.x, source, port) as client:
                    for _ in range(2):
                        client.sendto(b"?", (destination, 53))
                        server.sendto(b"!", server.recvfrom(10)[1])
                        assert client.recv(10) == b"!"
        gained = [after - earlier for after, earlier in zip(received(daemon), before)]
        assert sum(gained) == 4 * FLOWS
        assert all(packets % 4 == 0 for packets in gained), gained  # whole conversations
        assert min(gained) >= 4 * FLOWS // 4, gained
    counters = daemon.counters()
    assert counters.gate("sg-ingress", "new") == 2 * FLOWS
    assert counters.gate("sg-egress") == counters.gate("sg-egress", "tracked") == 4 * FLOWS
    assert daemon.status()["flows"]["active"] == 2 * FLOWS


def test_connections_in_both_directions_work_on_every_queue(vpc, guard):
    daemon = guard(Policy(members={"a1": ["g"]}, groups={"g": (["tcp/80 203.0.113.0/24"], ["tcp/443 0.0.0.0/0"])}),
                   queues={"count": 4})
    with TcpEcho(vpc.a1, 80), TcpEcho(vpc.x, 443):
        inward = [connect(vpc.x, A1, 80) for _ in range(20)]
        outward = [connect(vpc.a1, X, 443) for _ in range(20)]
        for connection in [*inward, *outward] * 2:
            assert echoes(connection)
        daemon.reload(Policy(members={"a1": ["g"]}, groups={"g": ([], OUT_ALL[1:])}))
        for connection in [*inward, *outward]:
            assert echoes(connection)
            connection.close()
    assert all(received(daemon)), received(daemon)
    assert daemon.counters().gate("sg-ingress", "deny") == daemon.counters().gate("sg-egress", "deny") == 0


NOTHING = Policy(members={"a1": ["g"]}, groups={"g": ([], [])})


def others(daemon):
    """How all threads but the main one are scheduled: the workers, and who answers HTTP or the fast path."""
    threads = daemon.scheduling()
    main = threads.pop(daemon.process.pid)
    return main, list(threads.values())


def test_workers_let_packets_gather_rather_than_interrupt_who_sends_them(vpc, guard):
    daemon = guard(NOTHING, queues={"count": 2}, fast_path="off")
    eventually(lambda: daemon.worker_priorities() == [0, 0], "both workers to run as batch work")
    assert others(daemon)[0] == (os.SCHED_OTHER, 0)


def may_raise_priorities():
    """By the limit, or by CAP_SYS_RESOURCE, which raises that: a container's root often has neither."""
    (line,) = [line for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines() if line.startswith("CapEff:")]
    return resource.getrlimit(resource.RLIMIT_NICE)[1] >= 20 or int(line.split()[1], 16) >> 24 & 1 == 1


@pytest.mark.parametrize(("before", "may_return"), [
    ([], may_raise_priorities()), (["prlimit", "--nice=0", "setpriv", "--bounding-set=-sys_resource"], False)],
    ids=["as it comes", "no right to raise"])
def test_workers_stand_behind_what_is_established_while_the_kernel_passes_that(vpc, guard, before, may_return):
    daemon = guard(NOTHING, before=before, queues={"count": 2}, fast_path="required")
    eventually(lambda: daemon.worker_priorities() == [BEHIND, BEHIND], "both workers to run behind the others")
    assert others(daemon)[0] == (os.SCHED_OTHER, 0)
    while_judging_all = [0, 0] if may_return else [BEHIND, BEHIND]
    daemon.ask("tap", enable=True)  # every packet comes to them
    assert daemon.worker_priorities() == while_judging_all
    assert ("to raise a priority again" in daemon.log()) == (not may_return)
    daemon.reload(NOTHING)
    assert daemon.worker_priorities() == while_judging_all
    daemon.ask("tap", enable=False)
    assert daemon.worker_priorities() == [BEHIND, BEHIND]


@pytest.mark.parametrize(("option", "policy"), [("--rr=1", os.SCHED_RR), ("--idle=0", os.SCHED_IDLE)])
def test_workers_keep_the_scheduling_that_the_operator_chose(vpc, guard, option, policy):
    main, rest = others(guard(NOTHING, before=["chrt", *option.split("=")], queues={"count": 2}))
    assert {main, *rest} == {(policy, 0)}


def test_workers_keep_the_priority_that_the_operator_chose(vpc, guard):
    daemon = guard(NOTHING, before=["nice", "--adjustment=1"], queues={"count": 2}, fast_path="required")
    eventually(lambda: daemon.worker_priorities() == [1, 1], "both workers to run as batch work")
    assert others(daemon)[0] == (os.SCHED_OTHER, 1)
