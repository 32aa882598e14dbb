"""What `explain` says of a packet is what the packet then meets: random policies, random flows, real packets.

For each pair the daemon is asked, the request is sent, and, where it arrived, its reply. Compared are the verdict, every
gate and the rule that decided, and what arrives at the receiver. Some pairs go on: the policy changes, and the same
flow, by now remembered, is asked about and sent again.

VPCWALL_EXPLAIN_PAIRS says how many pairs, VPCWALL_EXPLAIN_SEED which ones.
"""

import itertools
import json
import os
import random
import subprocess

import pytest
from conditions import eventually
from daemon import program
from policies import Policy
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6EchoRequest, IPv6
from topology import HOSTS, family_of
from traffic import Capture, inject

PAIRS = int(os.environ.get("VPCWALL_EXPLAIN_PAIRS", "60"))
SEED = int(os.environ.get("VPCWALL_EXPLAIN_SEED", "1"))
GUARDED = ("a1", "a2", "b1")
TRAFFIC = ("all", "tcp/443", "tcp/80-443", "tcp/32768-60999", "tcp/1024-65535", "udp/53", "udp/1024-65535", "icmp/8", "icmp/0")
TRAFFIC_V6 = ("all", "tcp/443", "tcp/1024-65535", "udp/53", "icmpv6/128", "icmpv6/129")
RANGES = ("0.0.0.0/0", "10.0.0.0/24", "10.0.0.0/16", "203.0.113.0/24", "198.51.100.77/32")
RANGES_V6 = ("::/0", "2001:db8:1234:1a00::/64", "2001:db8:ffff::/48")


def some_traffic(rng):
    """A kind of traffic and a range of the same family."""
    if rng.random() < 0.3:
        return rng.choice(TRAFFIC_V6), rng.choice(RANGES_V6)
    return rng.choice(TRAFFIC), rng.choice(RANGES)


def some_rules(rng):
    rules = set()
    for _ in range(rng.randint(0, 4)):
        what, peer = some_traffic(rng)
        rules.add(f"{what} {rng.choice(('sg:web', 'sg:db')) if rng.random() < 0.3 else peer}")
    if rng.random() < 0.4:
        rules |= {"all 0.0.0.0/0", "all ::/0"}
    return sorted(rules)


def some_entries(rng):
    entries = []
    for number in range(100, 100 + 10 * rng.randint(0, 4), 10):
        what, cidr = some_traffic(rng)
        entries.append(f"{number} {what} {cidr} {rng.choice(('allow', 'allow', 'deny'))}")
    if rng.random() < 0.6:
        entries += ["200 all 0.0.0.0/0 allow", "201 all ::/0 allow"]
    return entries


def some_policy(rng):
    groups = {name: (some_rules(rng), some_rules(rng)) for name in ("web", "db")}
    members = {name: rng.choice((["web"], ["db"], ["web", "db"])) for name in GUARDED}
    acls = {name: (some_entries(rng), some_entries(rng)) for name in ("A", "B") if rng.random() < 0.8}
    return Policy(members, groups, acls)


class Flow:
    """One request, its reply, and the question about it."""

    def __init__(self, rng, number):
        self.source_host, self.destination_host = rng.sample(sorted(HOSTS), 2)
        family = rng.choice((4, 4, 6))
        self.source = rng.choice([one for one in HOSTS[self.source_host] if family_of(one) == family])
        self.destination = rng.choice([one for one in HOSTS[self.destination_host] if family_of(one) == family])
        self.protocol = rng.choice(("tcp", "tcp", "tcp", "udp", "icmp"))
        self.port = rng.choice((443, 80, 53, 22))
        self.source_port = 33000 + number  # no two flows share it: each pair begins without a flow of its own
        self.header = IPv6 if family == 6 else IP

    def ask(self):
        asked = {"protocol": self.protocol, "source": self.source, "destination": self.destination}
        if self.protocol == "icmp":
            return {**asked, "protocol": "icmpv6" if self.header is IPv6 else "icmp"}
        return {**asked, "source_port": self.source_port, "destination_port": self.port}

    def request(self):
        return self.header(src=self.source, dst=self.destination) / self._transport(self.source_port, self.port, "S", True)

    def reply(self):
        return self.header(src=self.destination, dst=self.source) / self._transport(self.port, self.source_port, "SA", False)

    def _transport(self, source_port, destination_port, flags, asks):
        if self.protocol == "tcp":
            return TCP(sport=source_port, dport=destination_port, flags=flags)
        if self.protocol == "udp":
            return UDP(sport=source_port, dport=destination_port) / b"?"
        if self.header is IPv6:
            return ICMPv6EchoRequest(id=1) if asks else ICMPv6EchoReply(id=1)
        return ICMP(type=8 if asks else 0, id=1)


@pytest.fixture(name="silent_vpc")
def _silent_vpc(vpc):
    """Hosts whose own kernel answers nothing: it no longer has the addresses, but what is sent to them still arrives."""
    for name in HOSTS:
        getattr(vpc, name).ip("address flush dev eth0")
    return vpc


class Probe:
    """Sends a packet, and tells what the daemon decided about it and whether it arrived."""

    def __init__(self, vpc, daemon, captures):
        self.vpc = vpc
        self.daemon = daemon
        self.captures = captures

    def send(self, packet, sender, receiver):
        arriving = self.captures[receiver]
        before = len(arriving.arrived())
        since = self.daemon.ask("tap")["next"]
        inject(getattr(self.vpc, sender), packet)
        # The router's own kernel may speak as well: neighbour discovery.
        decision = eventually(lambda: self._decided(since, packet), f"a decision about {packet.summary()}")
        if decision["verdict"] == "accept":
            eventually(lambda: len(arriving.arrived()) > before, f"{packet.summary()} to arrive")
        else:
            assert len(arriving.arrived()) == before
        return decision

    def _decided(self, since, packet):
        rows = self.daemon.ask("decisions", since=since)["decisions"]
        ours = [row for row in rows if row["packet"] and same_ends(row["packet"], packet)]
        assert len(ours) <= 1
        return ours and ours[0]


def same_ends(told, packet):
    ends = (told["source"], told["destination"], told.get("source_port"), told.get("destination_port"))
    transport = packet.payload
    return ends == (packet.src, packet.dst, getattr(transport, "sport", None), getattr(transport, "dport", None))


def outline(leg):
    """What explain and the daemon's record have in common."""
    gates = [{key: gate[key] for key in ("gate", "outcome", "rule", "acl", "interface") if key in gate} for gate in leg["gates"]]
    return leg["verdict"], leg["reason"], gates


def remembered(daemon):
    """What the daemon's flows have counted, by what they are."""
    identity = ("interface", "protocol", "local", "remote", "local_port", "remote_port", "id")
    return {
        tuple(flow.get(key) for key in identity): (flow["state"], flow["packets"]["original"], flow["packets"]["reply"])
        for flow in daemon.flows()
    }


def compare(daemon, probe, flow):
    """The story against what request and reply meet; returns the story."""
    before = remembered(daemon)
    story = daemon.ask("explain", ask=flow.ask())
    assert story["schema"] == "vpcwall/explain/1", story
    # Flows expire by themselves meanwhile; none may come, and none may have counted a packet.
    assert remembered(daemon).items() <= before.items(), "explain changed a flow"
    request = probe.send(flow.request(), flow.source_host, flow.destination_host)
    assert outline(story["request"]) == outline(request), story
    assert (story["reply"] is not None) == (request["verdict"] == "accept")
    if story["reply"]:
        reply = probe.send(flow.reply(), flow.destination_host, flow.source_host)
        assert outline(story["reply"]) == outline(reply), story
    assert story["verdict"] == ("pass" if story["reply"] and story["reply"]["verdict"] == "accept" else "blocked")
    return story


def test_explain_agrees_with_what_a_real_packet_meets(silent_vpc, guard, open_late):
    rng = random.Random(SEED)
    daemon = guard(some_policy(rng))
    captures = {name: open_late.enter_context(Capture(getattr(silent_vpc, name))) for name in HOSTS}
    probe = Probe(silent_vpc, daemon, captures)
    assert daemon.ask("tap", enable=True)["everywhere"]
    seen = {"pass": 0, "request": 0, "reply": 0, "tracked again": 0}
    for number in range(PAIRS):
        flow = Flow(rng, number)
        for _ in itertools.repeat(None, 1 if rng.random() < 0.75 else 2):
            daemon.reload(some_policy(rng))
            story = compare(daemon, probe, flow)
            seen[story["blocked_at"]["direction"] if story["blocked_at"] else "pass"] += 1
            seen["tracked again"] += any(gate["outcome"] == "tracked" for gate in story["request"]["gates"])
    print(f"{PAIRS} pairs of seed {SEED}: {seen}")
    assert min(seen.values()) > 0, seen


def test_the_command_asks_the_daemon_by_name_and_changes_nothing(silent_vpc, guard):
    policy = Policy(
        members={"a1": ["web"]},
        groups={"web": (["tcp/443 0.0.0.0/0"], [])},
        acls={"A": (["100 tcp/443 0.0.0.0/0 allow"], ["100 tcp/443 0.0.0.0/0 allow"])},
    )
    daemon = guard(policy)
    command = [program("VPCWALL"), "explain", "--socket", str(daemon.socket_path), "--source", "203.0.113.12"]

    def explain(*options):
        return subprocess.run([*command, *options], capture_output=True, text=True, timeout=30, check=False)

    result = explain("--destination", "a1:443", "--json")
    assert result.returncode == 1, result.stderr
    story = json.loads(result.stdout)
    assert [mistake["kind"] for mistake in story["mistakes"]] == ["service-port-repeated"]
    assert story["blocked_at"]["at"].startswith(str(daemon.policy_path))
    assert story["fix"]["helps"]
    assert explain("--destination", "a1:443", "--client", "custom:443").returncode == 0
    unknown = explain("--destination", "a7:443")
    assert unknown.returncode == 2
    assert 'found "a7" for the destination, expected an IP address or an interface of the policy' in unknown.stderr
    assert "requires --policy" in explain("--destination", "a1:443", "--write-fixed", "nothing.yaml").stderr
    assert daemon.flows() == []
    assert daemon.counters().gates() == {}
