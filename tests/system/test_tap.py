"""What the daemon tells of its decisions, packet by packet, to those who ask it to."""

import json
import subprocess

from conditions import eventually
from daemon import program
from policies import Policy
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import ICMPv6EchoRequest, IPv6
from scapy.packet import Raw
from topology import A1, A1_V6, X, X_V6
from traffic import inject

RING = 4096  # decisions that are remembered for each queue
DECISION = ("verdict", "reason", "gates")


def web_policy():
    return Policy(
        members={"a1": ["web"]},
        groups={"web": (["tcp/80 203.0.113.0/24", "udp/53 0.0.0.0/0", "icmpv6/128 ::/0"], ["udp/123 0.0.0.0/0"])},
        acls={"A": (["90 tcp/23 0.0.0.0/0 deny", "100 all 0.0.0.0/0 allow", "110 all ::/0 allow"],
                    ["100 all 0.0.0.0/0 allow"])},
    )


def watch(daemon):
    """The number of the next decision."""
    answer = daemon.ask("tap", enable=True)
    assert answer["enabled"] and answer["everywhere"], answer
    return answer["next"]


def from_outside(rows):
    """Without what a1's kernel says to packets that it did not expect."""
    return [row for row in rows if row["packet"]["source"] in (X, X_V6)]


def await_decisions(daemon, since, count):
    """The answer of `decisions`, once it tells of so many packets from outside."""

    def all_there():
        answer = daemon.ask("decisions", since=since)
        return answer if len(from_outside(answer["decisions"])) >= count else None

    return eventually(all_there, f"{count} decisions")


def simulate(daemon, packets):
    steps = "".join(json.dumps({"packet": packet}) + "\n" for packet in packets)
    result = subprocess.run(
        [program("VPCWALL"), "simulate", str(daemon.policy_path)], input=steps, capture_output=True, text=True, check=True
    )
    return [json.loads(line) for line in result.stdout.splitlines()]


def as_quoted(packet):
    """A packet as an ICMP error quotes it: its header and eight bytes."""
    return Raw(bytes(packet)[:28])


def test_every_packet_is_told_with_the_decision_that_simulate_gives_for_it(vpc, guard):
    daemon = guard(web_policy())
    first = watch(daemon)
    question = IP(src=A1, dst=X) / UDP(sport=5000, dport=123) / b"?"
    inject(
        vpc.x,
        IP(src=X, dst=A1, ttl=9) / TCP(sport=1000, dport=80, flags="S"),
        IP(src=X, dst=A1) / TCP(sport=1000, dport=23, flags="S"),
        IP(src=X, dst=A1) / UDP(sport=1000, dport=53) / b"?",
        IP(src=X, dst=A1) / UDP(sport=1000, dport=53) / b"?",
        IPv6(src=X_V6, dst=A1_V6) / ICMPv6EchoRequest(id=7),
        IP(src=X, dst=A1, proto=47) / Raw(b"GRE, perhaps"),
        IP(src=X, dst=A1, proto=6) / Raw(b"\x01\x02\x03"),
        IP(src=X, dst=A1) / ICMP(type=3, code=3) / as_quoted(question),
    )
    answer = await_decisions(daemon, first, 8)
    assert (answer["schema"], answer["missed"]) == ("vpcwall/decisions/1", 0)
    assert answer["next"] == first + len(answer["decisions"])
    assert [row["sequence"] for row in answer["decisions"]] == list(range(first, answer["next"]))
    told = from_outside(answer["decisions"])
    assert told[0]["packet"] == {
        "protocol": "tcp", "source": X, "source_port": 1000, "destination": A1, "destination_port": 80,
        "flags": "S", "hop_limit": 8, "length": 40,
    }
    assert [row["reason"] for row in told] == [
        "passed", "acl-entry", "passed", "passed", "passed", "no-group-rule", "acl-entry", "no-group-rule",
    ]
    assert [row["gates"][-1]["outcome"] for row in told[:4]] == ["new", "deny", "new", "tracked"]
    assert told[6]["packet"]["truncated"] is True
    assert told[7]["packet"]["quoted"] == {
        "protocol": "udp", "source": A1, "source_port": 5000, "destination": X, "destination_port": 123,
    }
    assert all(row["generation"] == 1 for row in told)
    decisions = [{key: row[key] for key in DECISION} for row in answer["decisions"]]
    assert decisions == simulate(daemon, [row["packet"] for row in answer["decisions"]])


def refused(*ports):
    """Packets that the group refuses, so that nobody answers them."""
    return [IP(src=X, dst=A1) / UDP(sport=port, dport=54) for port in ports]


def test_nothing_is_told_before_and_after(vpc, guard):
    daemon = guard(web_policy())
    inject(vpc.x, *refused(1001))
    daemon.await_gate("sg-ingress", "deny", packets=1)
    assert daemon.ask("decisions")["decisions"] == []
    first = watch(daemon)
    assert first == 0
    inject(vpc.x, *refused(1002))
    assert [row["packet"]["source_port"] for row in await_decisions(daemon, first, 1)["decisions"]] == [1002]
    off = daemon.ask("tap", enable=False)
    assert (off["enabled"], off["everywhere"], off["next"]) == (False, True, 1)
    inject(vpc.x, *refused(1003))
    daemon.await_gate("sg-ingress", "deny", packets=3)
    assert daemon.ask("decisions") == {"schema": "vpcwall/decisions/1", "next": 1, "missed": 1, "decisions": []}
    assert daemon.ask("tap")["enabled"] is False


def test_what_was_overwritten_is_counted_and_what_is_left_comes_in_order(vpc, guard):
    daemon = guard(web_policy())
    first = watch(daemon)
    sent = RING + 504
    for start in range(0, sent, 100):
        inject(vpc.x, *refused(*range(10000 + start, 10100 + start)))
        daemon.await_gate("sg-ingress", "deny", packets=start + 100)  # never more than the queue holds
    answer = daemon.ask("decisions", since=first, limit=1000)
    assert answer["missed"] == 504
    ports = [row["packet"]["source_port"] for row in answer["decisions"]]
    while len(answer["decisions"]) == 1000:
        answer = daemon.ask("decisions", since=answer["next"], limit=1000)
        assert answer["missed"] == 0
        ports += [row["packet"]["source_port"] for row in answer["decisions"]]
    assert ports == list(range(10504, 10000 + sent))
    assert answer["next"] == first + sent


def test_decisions_of_several_workers_and_generations_come_in_one_order(vpc, guard):
    daemon = guard(web_policy(), queues={"count": 2})
    first = watch(daemon)
    for generation in (1, 2, 3):
        inject(vpc.x, *refused(*range(1000, 1050)))
        told = await_decisions(daemon, first, 50 * generation)["decisions"]
        assert [row["sequence"] for row in told] == list(range(first, first + 50 * generation))
        assert {row["generation"] for row in told[-50:]} == {generation}
        assert sorted(row["packet"]["source_port"] for row in told[-50:]) == list(range(1000, 1050))
        daemon.reload(web_policy())
    assert all(queue["received"] for queue in daemon.status()["queues"])


def test_bad_arguments_are_refused(vpc, guard):
    daemon = guard(web_policy())
    for verb, arguments in (
        ("tap", {"enable": 1}),
        ("decisions", {"since": -1}),
        ("decisions", {"since": "all"}),
        ("decisions", {"limit": 0}),
        ("decisions", {"limit": RING + 1}),
    ):
        assert daemon.ask(verb, **arguments).keys() == {"error"}, (verb, arguments)
    assert daemon.ask("tap")["enabled"] is False
