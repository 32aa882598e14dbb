"""E-26: a host may keep ports of its own out of the daemon's hands, and everybody can see that it does."""

import subprocess

import pytest
from daemon import Daemon, program
from namespaces import Namespace
from policies import Policy
from topology import A1, A1_V6, X, X_V6
from traffic import Attempt, Capture, TcpEcho, connect, echoes, is_silent, udp_socket

MANAGEMENT, SERVICE = 22, 80
BYPASS = [{"protocol": "tcp", "port": MANAGEMENT}]


class Pair:
    """A guarded host and the one at the other end of its wire."""

    def __init__(self):
        self.host = Namespace("host")
        self.peer = Namespace("peer")
        self.host.ip(f"link add eth0 type veth peer name eth0 netns {self.peer.name}")
        self._attach(self.host, [A1, A1_V6], [X, X_V6])
        self._attach(self.peer, [X, X_V6], [A1, A1_V6])

    @staticmethod
    def _attach(namespace, own, others):
        """Nobody is told where the other one is: neighbours have to be found."""
        namespace.ip("link set eth0 up")
        for address in own:
            length, nodad = (128, "nodad") if ":" in address else (32, "")
            namespace.ip(f"address add {address}/{length} dev eth0 {nodad}")
        for source, address in zip(own, others):
            namespace.ip(f"route add {address} dev eth0 src {source}")

    def remove(self):
        self.host.remove()
        self.peer.remove()


@pytest.fixture(name="pair", scope="module")
def _pair():
    pair = Pair()
    yield pair
    pair.remove()


@pytest.fixture(name="guard_host")
def _guard_host(pair, open_late):
    """Nothing may come in, and nothing may go out: neither group nor network ACL lets anything pass."""

    def start(**settings):
        policy = Policy(members={"a1": ["g"]}, groups={"g": ([], [])}, acls={"A": ([], [])})
        daemon = Daemon(pair.host, policy, mode="host", devices={"a1": "eth0"}, **settings)
        open_late.callback(daemon.clean_up)
        return daemon

    return start


WAYS = pytest.mark.parametrize(("source", "destination"), [(X, A1), (X_V6, A1_V6)], ids=["ipv4", "ipv6"])


@WAYS
def test_unless_it_is_written_every_port_is_judged(pair, guard_host, source, destination):
    daemon = guard_host()
    with TcpEcho(pair.host, MANAGEMENT) as server, Attempt(pair.peer, destination, MANAGEMENT) as attempt:
        daemon.await_gate("acl-ingress", "deny")
        assert not attempt.settled()
        assert server.accepted == 0
    assert daemon.status()["management_bypass"] == []
    assert "management bypass" not in daemon.log()


@WAYS
def test_a_port_of_the_bypass_is_reached_and_answers_and_no_other_is(pair, guard_host, source, destination):
    daemon = guard_host(management_bypass=BYPASS)
    with TcpEcho(pair.host, MANAGEMENT), TcpEcho(pair.host, SERVICE) as service:
        with connect(pair.peer, destination, MANAGEMENT, source=source) as connection:
            assert echoes(connection)
            with Attempt(pair.peer, destination, SERVICE) as attempt:
                daemon.await_gate("acl-ingress", "deny")
                assert not attempt.settled()
            assert echoes(connection)
        assert service.accepted == 0
    # Nothing of the administration came to the daemon's queues: no gate was met but that of the other port.
    assert set(daemon.counters().gates()) == {"acl-ingress deny"}
    assert daemon.flows() == []


def test_it_is_a_port_of_this_host_and_not_of_others(pair, guard_host):
    """To somebody else's port 22 the host gets no further than its policy lets it."""
    daemon = guard_host(management_bypass=BYPASS)
    with TcpEcho(pair.peer, MANAGEMENT), Capture(pair.peer) as arriving, Attempt(pair.host, X, MANAGEMENT) as attempt:
        daemon.await_gate("sg-egress", "deny")
        assert not attempt.settled()
        assert arriving.arrived_from(A1) == []


def test_it_is_the_protocol_that_is_written(pair, guard_host):
    daemon = guard_host(management_bypass=BYPASS)
    with udp_socket(pair.host, A1, MANAGEMENT) as end, udp_socket(pair.peer, X, 4000) as sender:
        sender.sendto(b"not tcp", (A1, MANAGEMENT))
        daemon.await_gate("acl-ingress", "deny")
        assert is_silent(end)


@WAYS
def test_it_holds_while_the_daemon_is_dead(pair, guard_host, source, destination):
    """What it is for: the way to a host whose firewall has come to harm and fails closed."""
    daemon = guard_host(management_bypass=BYPASS)
    daemon.kill()
    for namespace in (pair.host, pair.peer):
        namespace.ip("neighbour flush all")
    with TcpEcho(pair.host, MANAGEMENT), TcpEcho(pair.host, SERVICE) as service:
        with (
            Attempt(pair.peer, destination, SERVICE) as attempt,
            connect(pair.peer, destination, MANAGEMENT, source=source) as connection,
        ):
            assert echoes(connection)
            assert not attempt.settled()
        assert service.accepted == 0
    daemon.start()  # takes the rules over, and away when it stops


def test_status_and_log_say_so(guard_host):
    daemon = guard_host(management_bypass=[*BYPASS, {"protocol": "udp", "port": 51820}])
    assert daemon.status()["management_bypass"] == [
        {"protocol": "tcp", "port": 22},
        {"protocol": "udp", "port": 51820},
    ]
    shown = subprocess.run(
        [program("VPCWALL"), "status", "--socket", str(daemon.socket_path)], capture_output=True, text=True, check=True
    ).stdout
    assert "BYPASS      tcp 22, udp 51820 of this host: NOT JUDGED (management_bypass)\n" in shown
    warnings = [line for line in daemon.log().splitlines() if "management bypass" in line]
    assert len(warnings) == 2
    assert all("warning" in line for line in warnings)
    assert "tcp 22" in warnings[0] and "udp 51820" in warnings[1]


def test_a_router_refuses_it(pair, guard_host):
    daemon = guard_host()
    text = daemon.settings_path.read_text(encoding="utf-8").replace('"mode": "host"', '"mode": "router"')
    settings = daemon.folder / "router.yaml"
    settings.write_text(text[:-1] + ', "management_bypass": [{"protocol": "tcp", "port": 22}]}', encoding="utf-8")
    result = pair.host.run(daemon.command()[0], "--config", str(settings))
    assert result.returncode == 2
    assert "found management_bypass in router mode, expected none" in result.stdout
