"""Host mode judges what is on the wire: before and after the host translates addresses, and all that it routes."""

import json
import subprocess

import pytest
from daemon import program
from policies import ANY_IN, OUT_ALL
from topology import A1, X
from traffic import Attempt, Capture, TcpEcho, connect, echoes, is_silent, udp_socket
from wire import CONTAINER, FREE_PEER, GuardedHost

SERVICE = "10.96.0.10"
FAST_PATHS = pytest.mark.parametrize("fast_path", ["off", "required"])


@pytest.fixture(name="wire", scope="module")
def _wire():
    wire = GuardedHost()
    yield wire
    wire.remove()


@pytest.fixture(name="guard_host")
def _guard_host(wire, open_late):
    def start(ingress, egress, **settings):
        daemon = wire.guard(ingress, egress, **settings)
        open_late.callback(daemon.clean_up)
        return daemon

    return start


@FAST_PATHS
def test_rules_of_others_in_the_security_table_decide_as_well(wire, guard_host, fast_path):
    with wire.with_rules(f"-t security -A INPUT -s {X} -p tcp --dport 80 -j DROP"):
        daemon = guard_host(["tcp/80 0.0.0.0/0", "tcp/82 0.0.0.0/0"], [], fast_path=fast_path)
        with TcpEcho(wire.host, 80) as server, TcpEcho(wire.host, 82), Attempt(wire.peer, A1, 80) as attempt:
            daemon.await_gate("sg-ingress", "new")
            with connect(wire.peer, A1, 82, source=X) as connection:
                assert echoes(connection)
            assert not attempt.settled()
            assert server.accepted == 0


@FAST_PATHS
def test_a_service_address_is_judged_as_what_it_stands_for(wire, guard_host, fast_path):
    """The host translates the destination of what it sends: on the wire there is never another one."""
    wire.host.ip(f"route replace {SERVICE} dev eth0 src {A1}")
    with wire.with_rules(f"-t nat -A OUTPUT -d {SERVICE} -j DNAT --to-destination {X}"), TcpEcho(wire.peer, 80):
        daemon = guard_host([], ["tcp/80 203.0.113.0/24"], fast_path=fast_path)
        for address in (X, SERVICE):
            with connect(wire.host, address, 80) as connection:
                for _ in range(3):
                    assert echoes(connection)
        assert {flow["remote"] for flow in daemon.flows()} == {X}


@pytest.mark.parametrize(("allowed", "passes"), [(443, True), (8080, False)])
def test_a_redirected_port_is_judged_as_the_one_on_the_wire(wire, guard_host, allowed, passes):
    with wire.with_rules("-t nat -A PREROUTING -i eth0 -p tcp --dport 443 -j REDIRECT --to-ports 8080"):
        daemon = guard_host([f"tcp/{allowed} 0.0.0.0/0"], [])
        with TcpEcho(wire.host, 8080) as server:
            if passes:
                with connect(wire.peer, A1, 443, source=X) as connection:
                    assert echoes(connection)
            else:
                with Attempt(wire.peer, A1, 443) as attempt:
                    daemon.await_gate("sg-ingress", "deny")
                    assert not attempt.settled()
                assert server.accepted == 0
        question = ["explain", "--json", "--protocol", "tcp", "--source", f"{X}:40000", "--destination", "a1:443"]
        answer = subprocess.run(
            [program("VPCWALL"), *question, "--socket", str(daemon.socket_path)], capture_output=True, text=True, check=False
        )
        assert answer.returncode == (0 if passes else 1), answer.stdout + answer.stderr
        assert json.loads(answer.stdout)


@FAST_PATHS
def test_a_published_port_of_a_container_is_judged(wire, guard_host, fast_path):
    translated = f"-t nat -A PREROUTING -i eth0 -p tcp --dport 8081 -j DNAT --to-destination {CONTAINER}:80"
    with wire.with_rules(translated), TcpEcho(wire.container, 80) as server:
        daemon = guard_host(["tcp/80 0.0.0.0/0"], OUT_ALL, fast_path=fast_path)
        with Attempt(wire.peer, A1, 8081) as attempt:
            daemon.await_gate("sg-ingress", "deny")
            assert not attempt.settled()
        assert server.accepted == 0
        assert daemon.stop() == 0
        guard_host(["tcp/8081 0.0.0.0/0"], [], fast_path=fast_path)
        with connect(wire.peer, A1, 8081, source=X) as connection:
            for _ in range(5):
                assert echoes(connection)


@FAST_PATHS
def test_what_a_container_sends_is_judged_with_the_address_it_has_on_the_wire(wire, guard_host, fast_path):
    with wire.with_rules("-t nat -A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE"), TcpEcho(wire.peer, 443):
        daemon = guard_host([], [], fast_path=fast_path)
        with Attempt(wire.container, X, 443) as attempt, Capture(wire.peer) as arriving:
            daemon.await_gate("sg-egress", "deny")
            assert not attempt.settled()
            assert arriving.arrived_from(A1) == []
        assert daemon.stop() == 0
        daemon = guard_host([], ["tcp/443 0.0.0.0/0"], fast_path=fast_path)
        with connect(wire.container, X, 443) as connection:
            for _ in range(5):
                assert echoes(connection)
            assert {flow["local"] for flow in daemon.flows()} == {A1}
            if fast_path == "required":
                assert daemon.status()["fast_path"]["flows"]["cached"] > 0


def send(namespace, destination, mark=0, source=A1, count=5):
    with udp_socket(namespace, source) as sender:
        if mark:
            sender.setsockopt(1, 36, mark)  # SO_MARK
        for _ in range(count):
            sender.sendto(b"which way?", destination)


@FAST_PATHS
def test_the_device_that_a_packet_really_leaves_by_decides(wire, guard_host, fast_path):
    """A mark of mangle OUTPUT, or a translated destination, has the kernel choose the way once more."""
    wire.host.ip(
        f"route replace default via {FREE_PEER} dev eth1\nroute replace {X} dev eth1 via {FREE_PEER}\n"
        f"route replace {X} dev eth0 src {A1} table 77\nrule add fwmark 7 lookup 77"
    )
    try:
        daemon = guard_host([], [], fast_path=fast_path)
        with udp_socket(wire.peer, X, 7009) as arriving:
            with wire.with_rules("-t mangle -A OUTPUT -p udp --dport 7009 -j MARK --set-mark 7"):
                send(wire.host, (X, 7009))
                daemon.await_gate("sg-egress", "deny", packets=5)
            send(wire.host, (X, 7009), mark=7)
            daemon.await_gate("sg-egress", "deny", packets=10)
            assert is_silent(arriving)
            # By the other device it is none of ours.
            send(wire.host, (X, 7009))
            assert arriving.recv(100) == b"which way?"
        assert daemon.counters().gate("sg-egress", "deny") == 10
    finally:
        wire.host.ip(f"rule delete fwmark 7 lookup 77\nroute delete default\nroute replace {X} dev eth0 src {A1}")


@FAST_PATHS
def test_a_refusal_on_the_way_out_is_silent(wire, guard_host, fast_path):
    """To the sender it must look as in AWS, where the packet is lost on its way: no error comes back."""
    daemon = guard_host([], [], fast_path=fast_path)
    with Capture(wire.peer) as arriving:
        send(wire.host, (X, 9999), count=10)  # would throw
        daemon.await_gate("sg-egress", "deny", packets=10)
        with Attempt(wire.host, X, 9999) as first:
            daemon.await_gate("sg-egress", "deny", packets=11)
            with Attempt(wire.host, X, 9999) as second:
                daemon.await_gate("sg-egress", "deny", packets=12)
                assert not first.settled() and not second.settled()
        assert arriving.arrived_from(A1) == []
    if fast_path == "required":
        assert daemon.status()["conservation"]["judged"] < 12, "the kernel repeats refusals by itself"


def test_a_group_that_lets_everything_pass_lets_everything_pass(wire, guard_host):
    guard_host(ANY_IN, OUT_ALL)
    with TcpEcho(wire.host, 80), connect(wire.peer, A1, 80, source=X) as connection:
        assert echoes(connection)


def test_flushes_of_every_kind_open_no_window_where_the_tables_are_owned(wire, guard_host):
    daemon = guard_host(["udp/80 0.0.0.0/0"], [])
    if not daemon.status()["hooks"]["owned"]:
        return  # Linux before 6.9: test_upkeep has what holds there
    flushes = ("nft flush ruleset", "nft delete table ip vpcwall", "nft flush chain ip vpcwall arriving", "iptables -w -F")
    with udp_socket(wire.host, A1, 80) as allowed, udp_socket(wire.host, A1, 81) as refused:
        for i in range(25):
            for flush in flushes:
                wire.host.run(*flush.split())
                send(wire.peer, (A1, 81), source=X, count=2)
                send(wire.peer, (A1, 80), source=X, count=1)
                assert allowed.recv(100) == b"which way?", i
        assert is_silent(refused)
    assert daemon.status()["hooks"]["state"] == "whole"
    assert daemon.status()["hooks"]["reinstalled"] == 0
