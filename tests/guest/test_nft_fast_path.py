"""The nft back end with its fast path: programs at the devices mark, rules go by the mark. What the daemon does on every
back end is tested in tests/system; here is what only this one can get wrong."""

import json
import socket

import pytest
from conditions import eventually
from daemon import DEFAULTS
from policies import OUT_ALL, Policy, open_policy
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.l2 import Ether
from scapy.packet import raw
from topology import A1, A1_V6, GATEWAYS, HOSTS, X, X_V6
from traffic import Attempt, Capture, TcpEcho, connect, echoes, inject, udp_socket

HANDLES = ("0x76706300", "0x76706301")


def marking(**settings):
    return {"backend": "nft", "fast_path": "required", **settings}


def filters(vpc, device):
    return vpc.router.run("tc", "filter", "show", "dev", device, "ingress").stdout


def qdiscs(vpc):
    return vpc.router.run("tc", "qdisc", "show").stdout


def received(daemon):
    return sum(queue["received"] for queue in daemon.status()["queues"])


def hosts_bound():
    """Every host's device is bound to its interface, so each is a class of its own."""
    return Policy(
        members={name: ["open"] for name in ("a1", "a2", "b1")},
        groups={"open": (["all 0.0.0.0/0", "all ::/0"], list(OUT_ALL))},
        interfaces={name: {"device": name} for name in ("a1", "a2", "b1")},
    )


def test_this_run_is_about_the_nft_back_end():
    assert DEFAULTS.get("backend") == "nft"


def test_status_says_how(vpc, guard):
    daemon = guard(open_policy(), **marking())
    status = daemon.status()
    assert status["backend"] == "nft"
    assert status["fast_path"]["active"] is True
    assert status["fast_path"]["answers"] == "at the devices"
    assert set(status["fast_path"]["devices"]) == set(HOSTS)
    for device in HOSTS:
        assert any(handle in filters(vpc, device) for handle in HANDLES), filters(vpc, device)


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("policy", [open_policy(), hosts_bound()], ids=["one class", "a class for each device"])
def test_a_connection_is_answered_at_the_devices_and_counted_once(vpc, guard, policy, family):
    source, destination = (X, A1) if family == 4 else (X_V6, A1_V6)
    daemon = guard(policy, **marking())
    with TcpEcho(vpc.a1, 80), connect(vpc.x, destination, 80, source=source) as connection:
        assert echoes(connection)
        before, counted = received(daemon), daemon.counters().gate("sg-ingress") + daemon.counters().gate("sg-egress")
        with Capture(vpc.a1) as at_a1, Capture(vpc.x) as at_x:
            for _ in range(100):
                assert echoes(connection)
            sent = [packet for capture in (at_a1, at_x) for packet in capture.arrived() if TCP in packet]
        counters = daemon.counters()
        assert received(daemon) - before < 10
        assert counters.gate("sg-ingress") + counters.gate("sg-egress") - counted == len(sent)
        assert len(sent) >= 200


def test_a_refusal_is_repeated_by_the_mark(vpc, guard):
    daemon = guard(Policy(members={"a1": ["g"]}, groups={"g": (["tcp/80 203.0.113.0/24"], OUT_ALL)}), **marking())
    before = received(daemon)
    with Capture(vpc.a1) as arriving:
        for port in range(1024, 1124):
            inject(vpc.x, IP(src=X, dst=A1) / TCP(sport=port, dport=81, flags="S"))
        eventually(lambda: daemon.counters().gates().get("sg-ingress deny") == 100, "all to be refused")
        assert arriving.arrived() == []
    assert received(daemon) - before < 10


def test_a_deny_cuts_a_running_connection_at_once(vpc, guard):
    policy = open_policy()
    daemon = guard(policy, **marking())
    with TcpEcho(vpc.a1, 80), connect(vpc.x, A1, 80) as connection:
        for _ in range(10):
            assert echoes(connection)
        denying = policy.copy()
        denying.acls["A"] = (["10 tcp/80 203.0.113.0/24 deny", "100 all 0.0.0.0/0 allow"], ["100 all 0.0.0.0/0 allow"])
        daemon.reload(denying)
        with Capture(vpc.a1) as arriving:
            connection.sendall(b"must not arrive")
            eventually(lambda: daemon.counters().entry("A", "ingress", 10) >= 3, "it to be sent again and again")
            assert [packet for packet in arriving.arrived() if TCP in packet] == []


def test_an_answer_holds_only_for_the_device_that_was_judged(vpc, guard):
    """The route changes under a running flow: the other interface's group decides, and nothing is counted twice."""
    policy = hosts_bound()
    policy.groups["shut"] = ([], list(OUT_ALL))
    policy.members["b1"] = ["shut"]
    policy.interfaces["b1"]["source_dest_check"] = False
    daemon = guard(policy, **marking())
    with udp_socket(vpc.x, X, 4000) as client, udp_socket(vpc.a1, A1, 53) as server:
        for _ in range(10):
            client.sendto(b"?", (A1, 53))
            assert server.recv(10) == b"?"
        before = daemon.counters()
        vpc.router.ip(f"route replace {A1}/32 via {GATEWAYS[4][1]} dev b1 onlink")
        try:
            with Capture(vpc.b1) as arriving:
                client.sendto(b"astray", (A1, 53))
                eventually(lambda: daemon.counters().gate("sg-ingress", "deny") == 1, "the other group to refuse it")
                assert arriving.arrived() == []
        finally:
            vpc.router.ip(f"route replace {A1}/32 via {GATEWAYS[4][1]} dev a1 onlink")
        after = daemon.counters()
        allowed = ("tracked", "untracked", "new")
        assert sum(after.gate("sg-ingress", outcome) - before.gate("sg-ingress", outcome) for outcome in allowed) == 0
        assert after.gate("sg-ingress") - before.gate("sg-ingress") == 1


def test_a_mark_from_elsewhere_says_nothing(vpc, guard):
    """The mark of an answer, on packets that come by a device whose program somebody has taken away."""
    daemon = guard(Policy(members={"a1": ["g"]}, groups={"g": (["tcp/80 203.0.113.0/24"], OUT_ALL)}), **marking())
    result = vpc.router.run("sh", "-ec", """
nft add table ip forge
nft add chain ip forge c '{ type filter hook prerouting priority raw; }'
nft add rule ip forge c meta mark set 0x01000000
""")
    assert result.returncode == 0, result.stdout
    later = vpc.router.run("sh", "-ec", """
ip link add later address 02:00:00:00:09:01 type veth peer name other
ip link set later up
ip link set other address 02:00:00:00:09:02 up
""")
    assert later.returncode == 0, later.stdout
    try:
        # A device that came after the daemon's start has no program.
        assert filters(vpc, "later") == ""
        with Capture(vpc.a1) as arriving:
            frame = Ether(src="02:00:00:00:09:02", dst="02:00:00:00:09:01") / IP(src=X, dst=A1) / UDP(sport=4000, dport=53)
            with vpc.router.socket(socket.AF_PACKET, socket.SOCK_RAW) as wire:
                wire.bind(("other", 0))
                wire.send(raw(frame))
            eventually(lambda: daemon.counters().gate("sg-ingress", "deny") == 1, "it to be refused")
            assert arriving.arrived() == []
    finally:
        vpc.router.run("sh", "-c", "nft delete table ip forge; ip link delete later")


def test_other_bits_of_the_mark_stay(vpc, guard):
    """A rule of somebody else counts the packets that leave, by the whole of their mark."""
    daemon = guard(open_policy(), **marking(fast_path_mark_bit=8))
    result = vpc.router.run("sh", "-ec", """
nft add table ip somebody
nft add chain ip somebody before '{ type filter hook prerouting priority raw; }'
nft add rule ip somebody before meta mark set meta mark or 0x80000001
nft add chain ip somebody after '{ type filter hook postrouting priority 300; }'
nft add rule ip somebody after meta mark 0x80000001 counter comment kept
nft add rule ip somebody after meta mark != 0x80000001 counter comment other
""")
    assert result.returncode == 0, result.stdout
    try:
        with TcpEcho(vpc.a1, 80), connect(vpc.x, A1, 80) as connection:
            for _ in range(50):
                assert echoes(connection)
        listed = json.loads(vpc.router.run("nft", "-j", "list", "chain", "ip", "somebody", "after").stdout)
        counted = {entry["rule"]["comment"]: entry["rule"]["expr"][1]["counter"]["packets"]
                   for entry in listed["nftables"] if "rule" in entry}
        assert counted["other"] == 0
        assert counted["kept"] >= 100
        assert daemon.status()["fast_path"]["active"]
    finally:
        vpc.router.run("nft", "delete", "table", "ip", "somebody")


def test_what_the_host_itself_drops_ends_no_flow(vpc, guard):
    """A RST that a rule of the host drops before ours has not been seen: the flow goes on."""
    policy = Policy(members={"a1": ["g"]}, groups={"g": (["tcp/80 203.0.113.12/32"], [])})
    daemon = guard(policy, **marking())
    result = vpc.router.run("sh", "-ec", """
nft add table ip somebody
nft add chain ip somebody c '{ type filter hook forward priority filter; }'
nft add rule ip somebody c 'tcp flags & rst != 0 counter drop'
""")
    assert result.returncode == 0, result.stdout
    try:
        with TcpEcho(vpc.a1, 80), connect(vpc.x, A1, 80) as connection:
            for _ in range(10):
                assert echoes(connection)
            local = connection.getsockname()
            inject(vpc.x, IP(src=X, dst=A1) / TCP(sport=local[1], dport=80, flags="RA", seq=1, ack=1))
            eventually(lambda: "packets 1 " in vpc.router.run("nft", "list", "table", "ip", "somebody").stdout, "the RST to be dropped")
            assert echoes(connection)
            assert [flow["state"] for flow in daemon.flows()] == ["established"]
    finally:
        vpc.router.run("nft", "delete", "table", "ip", "somebody")


def test_a_clean_stop_leaves_no_filter_and_no_qdisc(vpc, guard):
    before = qdiscs(vpc)
    daemon = guard(open_policy(), **marking())
    assert qdiscs(vpc).count("clsact") == len(HOSTS)
    assert daemon.stop() == 0
    assert qdiscs(vpc) == before
    assert all(filters(vpc, device) == "" for device in HOSTS)


def test_a_killed_daemon_passes_on_what_it_knew_and_the_next_one_cleans_up(vpc, guard):
    before = qdiscs(vpc)
    daemon = guard(open_policy(), **marking())
    with TcpEcho(vpc.a1, 80), connect(vpc.x, A1, 80) as connection:
        for _ in range(10):
            assert echoes(connection)
        daemon.kill()
        for _ in range(10):
            assert echoes(connection)
        with Attempt(vpc.x, A1, 81) as attempt:
            assert not attempt.settled()
        daemon.start()
        assert echoes(connection)
        assert all(filters(vpc, device).count("handle 0x767063") == 1 for device in HOSTS)
    daemon.kill()
    without = guard(open_policy(), backend="nft", fast_path="off")
    assert qdiscs(vpc) == before
    assert without.stop() == 0


def test_filters_and_qdiscs_of_others_are_never_touched(vpc, guard):
    vpc.router.run("tc", "qdisc", "add", "dev", "a1", "clsact")
    vpc.router.run("tc", "filter", "add", "dev", "a1", "ingress", "prio", "5", "matchall", "action", "continue")
    before = filters(vpc, "a1"), qdiscs(vpc)
    assert "matchall" in before[0]
    try:
        daemon = guard(open_policy(), **marking())
        # Somebody comes to like the qdisc that we made.
        vpc.router.run("tc", "filter", "add", "dev", "x", "egress", "prio", "5", "matchall", "action", "continue")
        with TcpEcho(vpc.a1, 80), connect(vpc.x, A1, 80) as connection:
            count = received(daemon)
            for _ in range(20):
                assert echoes(connection)
            assert received(daemon) - count < 10
        assert daemon.stop() == 0
        assert filters(vpc, "a1") == before[0]
        assert "matchall" in vpc.router.run("tc", "filter", "show", "dev", "x", "egress").stdout
    finally:
        for device in ("a1", "x"):
            vpc.router.run("tc", "qdisc", "delete", "dev", device, "clsact")


def test_a_reload_takes_up_new_devices_and_lets_go_of_old_ones(vpc, guard):
    daemon = guard(open_policy(), **marking())
    vpc.router.ip("link add later type veth peer name other\nlink set later up\nlink set other up")
    try:
        daemon.reload(open_policy())
        eventually(lambda: "later" in daemon.status()["fast_path"]["devices"], "the new device to be taken up")
        vpc.router.configure({"ipv4/conf/later/forwarding": 0, "ipv6/conf/later/forwarding": 0})
        daemon.reload(open_policy())
        assert "later" not in daemon.status()["fast_path"]["devices"]
        assert filters(vpc, "later") == ""
    finally:
        vpc.router.ip("link delete later")


# The last one: a table of iptables-legacy that was touched stays for the life of the namespace.
@pytest.mark.parametrize("tool", ["nft", "iptables-legacy"])
def test_where_addresses_are_translated_every_packet_is_judged(vpc, guard, tool):
    add, remove = {
        "nft": ("nft add table ip tr; nft add chain ip tr c '{ type nat hook postrouting priority 100; }'", "nft delete table ip tr"),
        "iptables-legacy": ("iptables-legacy -t nat -A POSTROUTING -s 192.0.2.1 -j MASQUERADE", "true"),
    }[tool]
    daemon = guard(open_policy(), backend="nft", fast_path="auto")
    assert daemon.status()["fast_path"]["active"]
    result = vpc.router.run("sh", "-ec", add)
    assert result.returncode == 0, result.stdout
    try:
        eventually(lambda: not daemon.status()["fast_path"]["active"], "it to be noticed", within=30)
        assert "addresses are translated" in daemon.status()["fast_path"]["reason"]
        with TcpEcho(vpc.a1, 80), connect(vpc.x, A1, 80) as connection:
            before = received(daemon)
            for _ in range(20):
                assert echoes(connection)
            assert received(daemon) - before >= 40
        assert daemon.stop() == 0
        daemon.start()
        assert "addresses are translated" in daemon.status()["fast_path"]["reason"]
        assert "clsact" not in qdiscs(vpc)
    finally:
        vpc.router.run("sh", "-ec", remove)
