"""The daemon killed, stopped, suspended: what passes meanwhile, and what is left of it in the host's rules."""

import select

import pytest
from conditions import eventually
from daemon import Daemon
from namespaces import Namespace
from policies import OUT_ALL, Policy, open_policy
from scapy.layers.inet import IP, UDP
from topology import A1, A1_V6, X, X_V6
from traffic import Attempt, Capture, TcpEcho, connect, echoes, inject, is_unanswered, ping, receive_exactly, udp_socket

QUEUE_LENGTH = 32
SENT = 100

FOREIGN_RULES = """
iptables -w -A FORWARD -s 192.0.2.77 -j DROP
iptables -w -N MINE
iptables -w -A MINE -p tcp --dport 99 -j RETURN
iptables -w -A FORWARD -j MINE
iptables -w -t security -A OUTPUT -d 192.0.2.78 -j ACCEPT
ip6tables -w -A INPUT -s 2001:db8::77 -j DROP
nft add table inet somebody
nft add chain inet somebody c { type filter hook forward priority -5 \\; policy accept \\; }
nft add rule inet somebody c ip saddr 192.0.2.79 counter drop
"""
FOREIGN_MARKS = ["192.0.2.7", "2001:db8::77", "MINE", "somebody"]


def hangs(attempt):
    """Nobody judges, so nobody counts: a second without an answer has to do."""
    return not select.select([], [attempt.socket], [], 1)[1]


@pytest.mark.parametrize("family", [4, 6])
def test_killed_and_fail_closed_nothing_passes_until_it_is_back(vpc, guard, family):
    source, destination = (X, A1) if family == 4 else (X_V6, A1_V6)
    daemon = guard(open_policy(), fast_path="off")
    with TcpEcho(vpc.a1, 80) as server, connect(vpc.x, destination, 80, source=source) as running:
        assert echoes(running)
        daemon.kill()
        with Capture(vpc.a1) as arriving:
            running.sendall(b"kept by TCP until the firewall is back")
            with Attempt(vpc.x, destination, 80) as attempt:
                assert hangs(attempt)
            assert is_unanswered(vpc.x, destination)
            assert arriving.arrived() == []
        assert server.accepted == 1
        daemon.start()
        with connect(vpc.x, destination, 80) as connection:
            assert echoes(connection)
        # Rules alone let this one pass, so it does not matter that the flow table is gone.
        assert receive_exactly(running, 38) == b"kept by TCP until the firewall is back"
        assert ping(vpc.x, destination)


@pytest.mark.parametrize("family", [4, 6])
def test_killed_and_fail_closed_the_fast_path_carries_on_and_nothing_new_passes(vpc, guard, family):
    source, destination = (X, A1) if family == 4 else (X_V6, A1_V6)
    daemon = guard(open_policy(), fast_path="required")
    with TcpEcho(vpc.a1, 80) as server, connect(vpc.x, destination, 80, source=source) as running:
        assert echoes(running)
        daemon.kill()
        for _ in range(10):
            assert echoes(running)
        with Attempt(vpc.x, destination, 80) as attempt:
            assert hangs(attempt)
        assert is_unanswered(vpc.x, destination)
        assert server.accepted == 1
        daemon.start()
        assert echoes(running)
        with connect(vpc.x, destination, 80) as connection:
            assert echoes(connection)


def test_killed_and_fail_open_traffic_continues_also_what_was_refused(vpc, guard):
    policy = Policy(members={"a1": ["g"]}, groups={"g": (["tcp/80 203.0.113.0/24"], [])})
    daemon = guard(policy, fail_mode="open")
    with TcpEcho(vpc.a1, 80), TcpEcho(vpc.a1, 81):
        with connect(vpc.x, A1, 80) as running, Attempt(vpc.x, A1, 81) as refused:
            assert echoes(running)
            daemon.await_gate("sg-ingress", "deny")
            daemon.kill()
            assert echoes(running)
            with connect(vpc.x, A1, 81) as connection:
                assert echoes(connection)
            eventually(refused.settled, "the SYN to be sent again")
        daemon.start()
        with connect(vpc.x, A1, 80) as connection:
            assert echoes(connection)
        with Attempt(vpc.x, A1, 81) as attempt:
            daemon.await_gate("sg-ingress", "deny")
            assert not attempt.settled()


def test_killed_again_and_again_leaves_one_set_of_rules(vpc, guard):
    before = vpc.router.rules()
    daemon = guard(open_policy())
    installed = vpc.router.rules()
    assert installed != before
    for _ in range(3):
        daemon.kill()
        daemon.start()
        assert vpc.router.rules() == installed
    assert daemon.stop() == 0
    assert vpc.router.rules() == before


@pytest.mark.parametrize("fail_mode", ["closed", "open"])
def test_a_clean_stop_removes_every_rule_and_lets_everything_pass(vpc, guard, fail_mode):
    before = vpc.router.rules()
    daemon = guard(Policy(members={"a1": ["g"]}, groups={"g": ([], OUT_ALL)}), fail_mode=fail_mode)
    assert vpc.router.rules() != before
    with TcpEcho(vpc.a1, 80):
        with Attempt(vpc.x, A1, 80) as attempt:
            daemon.await_gate("sg-ingress", "deny")
            assert not attempt.settled()
        assert daemon.stop() == 0
        assert vpc.router.rules() == before
        with connect(vpc.x, A1, 80) as connection:
            assert echoes(connection)


@pytest.fixture(name="shared")
def _shared():
    """A namespace in which somebody else filters as well."""
    namespace = Namespace("shared")
    result = namespace.run("sh", "-ec", FOREIGN_RULES)
    assert result.returncode == 0, result.stdout
    yield namespace
    namespace.remove()


def test_rules_of_others_are_never_touched(shared, open_late):
    def theirs():
        return [line for line in shared.rules().splitlines() if any(mark in line for mark in FOREIGN_MARKS)]

    before, their_rules = shared.rules(), theirs()
    assert len(their_rules) > len(FOREIGN_MARKS)
    daemon = Daemon(shared, open_policy())
    open_late.callback(daemon.clean_up)
    assert theirs() == their_rules
    daemon.kill()
    assert theirs() == their_rules
    daemon.start()
    assert theirs() == their_rules
    assert daemon.stop() == 0
    assert shared.rules() == before


def test_rules_left_in_place_at_a_stop_fail_closed(vpc, guard):
    before = vpc.router.rules()
    daemon = guard(open_policy(), remove_hooks_at_stop=False)
    installed = vpc.router.rules()
    assert daemon.stop() == 0
    assert vpc.router.rules() == installed
    assert is_unanswered(vpc.x, A1)
    daemon.start()
    assert ping(vpc.x, A1)
    assert daemon.stop() == 0
    taking_over = guard(open_policy())
    assert taking_over.stop() == 0
    assert vpc.router.rules() == before


def flood(vpc):
    """Datagrams of which each one is new, from a1 to x."""
    inject(vpc.a1, *(IP(src=A1, dst=X) / UDP(sport=1000 + n, dport=2000) / bytes(n) for n in range(SENT)))


def test_a_full_queue_drops_when_it_fails_closed(vpc, guard):
    daemon = guard(open_policy(), queues={"count": 1, "length": QUEUE_LENGTH})
    with Capture(vpc.x) as arriving:
        daemon.suspend()
        flood(vpc)
        assert arriving.arrived() == []
        daemon.resume()
        seen = arriving.await_from(A1, QUEUE_LENGTH)
        (queue,) = daemon.status()["queues"]
        assert queue["kernel_dropped"] == SENT - QUEUE_LENGTH
        # Those that came first, in their order, and no other.
        assert [packet[UDP].sport for packet in seen] == [1000 + n for n in range(QUEUE_LENGTH)]
        assert ping(vpc.a1, X)


def test_a_full_queue_lets_pass_when_it_fails_open(vpc, guard):
    daemon = guard(open_policy(), fail_mode="open", queues={"count": 1, "length": QUEUE_LENGTH})
    with Capture(vpc.x) as arriving:
        daemon.suspend()
        flood(vpc)
        seen = arriving.await_from(A1, SENT - QUEUE_LENGTH)
        assert [packet[UDP].sport for packet in seen] == [1000 + n for n in range(QUEUE_LENGTH, SENT)]
        daemon.resume()
        seen = arriving.await_from(A1, SENT)
        assert {packet[UDP].sport for packet in seen} == {1000 + n for n in range(SENT)}
        counters = daemon.await_gate("sg-egress", "untracked", packets=QUEUE_LENGTH)
        assert counters.gate("sg-egress") == QUEUE_LENGTH


def test_a_suspended_daemon_delays_and_loses_nothing_that_fits_into_the_queue(vpc, guard):
    daemon = guard(open_policy())
    with TcpEcho(vpc.a1, 80), connect(vpc.x, A1, 80) as running, udp_socket(vpc.a1, A1, 53) as server:
        assert echoes(running)
        daemon.suspend()
        running.sendall(b"patience")
        with udp_socket(vpc.x, X) as client:
            client.sendto(b"?", (A1, 53))
        daemon.resume()
        assert receive_exactly(running, 8) == b"patience"
        assert server.recv(10) == b"?"
