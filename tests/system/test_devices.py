"""Devices that change under a host that guards them: nothing may pass unjudged and unsaid."""

import pytest
from conditions import eventually
from metrics import Scrape
from policies import ANY_IN, OUT_ALL
from topology import A1, X
from traffic import Attempt, Capture, TcpEcho, connect, echoes, is_unanswered, ping
from wire import GuardedHost

ABOVE = "10.0.0.77"  # of a device on top of eth0


@pytest.fixture(name="wire")
def _wire():
    wire = GuardedHost()
    yield wire
    wire.remove()


@pytest.fixture(name="guard_host")
def _guard_host(wire, open_late):
    def start(ingress=("tcp/80 0.0.0.0/0",), egress=(), **settings):
        daemon = wire.guard(list(ingress), list(egress), **settings)
        open_late.callback(daemon.clean_up)
        return daemon

    return start


def devices(daemon):
    return {device["device"]: device["state"] for device in daemon.status()["hooks"]["devices"]}


def into_bridge(wire):
    wire.host.ip("link add br0 type bridge\naddress flush dev eth0\nlink set eth0 master br0")
    wire.attach_host("br0")


def judges(wire, daemon):
    with TcpEcho(wire.host, 80), TcpEcho(wire.host, 81) as denied:
        with connect(wire.peer, A1, 80, source=X) as connection:
            assert echoes(connection)
        denials = daemon.counters().gate("sg-ingress", "deny")
        with Attempt(wire.peer, A1, 81) as attempt:
            daemon.await_gate("sg-ingress", "deny", packets=denials + 1)
            assert not attempt.settled()
        return denied.accepted == 0


@pytest.mark.parametrize("fast_path", ["off", "required"])
def test_a_device_that_becomes_a_port_of_a_bridge_is_closed_until_it_is_free(wire, guard_host, fast_path):
    daemon = guard_host(fast_path=fast_path)
    assert judges(wire, daemon)
    into_bridge(wire)
    eventually(lambda: devices(daemon) == {"eth0": "closed"}, "eth0 to be closed")
    with TcpEcho(wire.host, 80) as server, Attempt(wire.peer, A1, 80) as attempt:
        eventually(lambda: daemon.status()["hooks"]["dropped_at_devices"] > 0, "a frame to be dropped")
        assert not attempt.settled()
        assert server.accepted == 0
    assert "device eth0 is a port of bridge br0" in daemon.log()
    assert Scrape(wire.host).value("vpcwall_devices", state="closed") == 1
    wire.host.ip("link set eth0 nomaster\nlink delete br0")
    wire.attach_host()
    eventually(lambda: devices(daemon) == {}, "eth0 to be open again")
    assert judges(wire, daemon)


def test_a_port_of_a_bridge_at_the_start_is_closed_from_the_start(wire, guard_host):
    into_bridge(wire)
    daemon = guard_host(ANY_IN, OUT_ALL)
    assert devices(daemon) == {"eth0": "closed"}
    assert is_unanswered(wire.peer, A1)
    assert daemon.status()["hooks"]["dropped_at_devices"] >= 0


def test_a_closed_device_lets_its_management_pass(wire, guard_host):
    """E-26"""
    daemon = guard_host([], [], management_bypass=[{"protocol": "tcp", "port": 22}])
    into_bridge(wire)
    eventually(lambda: devices(daemon) == {"eth0": "closed"}, "eth0 to be closed")
    with TcpEcho(wire.host, 22), connect(wire.peer, A1, 22, source=X) as connection:
        assert echoes(connection)


def test_what_fails_open_says_what_passes_by(wire, guard_host):
    daemon = guard_host(fail_mode="open")
    into_bridge(wire)
    eventually(lambda: devices(daemon) == {"eth0": "unjudged"}, "it to be said")
    assert "NOT JUDGED" in daemon.log()


@pytest.mark.parametrize("fast_path", ["off", "required"])
def test_a_device_with_another_name_is_judged_as_before(wire, guard_host, fast_path):
    daemon = guard_host(fast_path=fast_path)
    wire.host.ip("link set eth0 down\nlink set eth0 name ens5")
    wire.attach_host("ens5")
    assert judges(wire, daemon)
    eventually(lambda: "is named ens5 now" in daemon.log(), "it to be said")
    assert judges(wire, daemon)
    assert daemon.status()["awaited_devices"] == []
    daemon.ask("reload")
    assert judges(wire, daemon), "also under a new policy"
    wire.host.ip("link set ens5 down\nlink set ens5 name eth0")
    wire.attach_host()
    eventually(lambda: "is named eth0 now" in daemon.log(), "it to be said")
    assert judges(wire, daemon)


def test_a_device_that_is_made_anew_is_judged_from_its_first_packet(wire, guard_host):
    daemon = guard_host()
    wire.host.ip("link delete eth0")
    eventually(lambda: " is gone:" in daemon.log(), "the daemon to miss it")
    wire.host.ip(f"link add eth0 type veth peer name eth0 netns {wire.peer.name}")
    wire.peer.ip(f"link set eth0 up\naddress add {X}/32 dev eth0\nroute add {A1} dev eth0 src {X}")
    wire.attach_host()
    assert judges(wire, daemon)


@pytest.mark.parametrize("place", ["here", "elsewhere"])
def test_a_device_on_top_of_one_gets_and_sends_nothing_unjudged(wire, guard_host, place):
    """A macvlan takes its frames before IP of this namespace sees them."""
    daemon = guard_host(ANY_IN, OUT_ALL)
    there = wire.container if place == "elsewhere" else wire.host
    wire.host.ip(f"link add link eth0 name mv0 netns {there.name} type macvlan mode bridge")
    there.ip(f"link set mv0 up\naddress add {ABOVE}/32 dev mv0\nroute add 203.0.113.0/24 dev mv0 src {ABOVE} metric 5")
    eventually(lambda: devices(daemon) == {"eth0": "shared"}, "it to be said")
    wire.peer.ip(f"route add {ABOVE} dev eth0 src {X}")
    dropped = daemon.status()["hooks"]["dropped_at_devices"]
    with Capture(wire.peer) as arriving:
        assert is_unanswered(wire.peer, ABOVE)
        there.run("ping", "-n", "-c", "1", "-W", "1", "-I", "mv0", X)
        assert arriving.arrived_from(ABOVE) == []
    eventually(lambda: daemon.status()["hooks"]["dropped_at_devices"] > dropped, "the frames to be counted")
    assert ping(wire.peer, A1), "the device's own are judged as before"
    there.ip("link delete mv0")
    eventually(lambda: devices(daemon) == {}, "it to be as before")
