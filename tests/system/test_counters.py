"""Counters are exact, belong to a rule's identity, and outlive every reload that keeps the rule."""

from conditions import eventually
from policies import Policy
from topology import A1, X
from traffic import TcpEcho, connect, echoes, udp_socket

HEADERS = 28  # IPv4 and UDP


def policy_with(port_rules, entry="100 udp/53-54 203.0.113.0/24 allow"):
    return Policy(
        members={"a1": ["g"]},
        groups={"g": (port_rules, [])},
        acls={"A": ([entry], ["100 udp/1024-65535 203.0.113.0/24 allow"])},
    )


def rows(daemon):
    """{match of the rule: (packets, bytes)} of the group's ingress rules."""
    return {row["text"]: (row["packets"], row["bytes"]) for row in daemon.counters().rule_rows("g", "ingress")}


def acl_rows(daemon):
    return {
        (row["direction"], row["rule"], row["text"]): (row["packets"], row["bytes"])
        for row in daemon.ask("rules")["rules"]
        if row["kind"] == "acl-entry" and row["name"] == "A-acl"
    }


def converse(client, server, sizes):
    """Requests and replies of these payload sizes, one after the other."""
    for size in sizes:
        client.sendto(bytes(size), server.getsockname())
        data, source = server.recvfrom(2000)
        assert len(data) == size
        server.sendto(data, source)
        assert len(client.recv(2000)) == size


def test_packets_and_bytes_of_every_rule_and_entry_are_exact_and_survive_what_keeps_the_rule(vpc, guard):
    daemon = guard(policy_with(["udp/53 203.0.113.0/24", "udp/54 203.0.113.0/24"]))
    with udp_socket(vpc.a1, A1, 53) as dns, udp_socket(vpc.a1, A1, 54) as other, udp_socket(vpc.x, X, 40000) as client:
        converse(client, dns, [100, 200, 300])
        converse(client, other, [1000])
        sizes = 600 + 3 * HEADERS
        everything = sizes + 1000 + HEADERS
        first, second = rows(daemon)
        assert "53" in first
        assert "54" in second
        # The opening packet is the rule's own; what its flow lets pass later, in both directions, is counted to it, too.
        assert rows(daemon) == {first: (6, 2 * sizes), second: (2, 2 * (1000 + HEADERS))}
        entries = acl_rows(daemon)
        ingress = next(key for key in entries if key[0] == "ingress")
        egress = next(key for key in entries if key[0] == "egress")
        assert entries == {ingress: (4, everything), egress: (4, everything)}
        counters = daemon.counters()
        assert counters.gates() == {
            "acl-ingress allow": 4, "acl-egress allow": 4, "sg-ingress new": 2, "sg-ingress tracked": 2,
            "sg-egress tracked": 4,
        }
        assert counters.reason("passed") == 8

        # One rule stays, one is replaced by another, and the entry keeps its number but not its content.
        daemon.reload(
            policy_with(["udp/53 203.0.113.0/24", "udp/55 203.0.113.0/24"], "100 udp/50-60 203.0.113.0/24 allow")
        )
        after = rows(daemon)
        third = next(text for text in after if "55" in text)
        assert after[first] == (6, 2 * sizes)
        assert after[third] == (0, 0)
        assert sum(packets for (direction, _, _), (packets, _) in acl_rows(daemon).items() if direction == "egress") == 4
        converse(client, dns, [10])
        assert rows(daemon)[first] == (8, 2 * sizes + 2 * (10 + HEADERS))


def test_an_entry_that_changed_under_its_number_starts_anew(vpc, guard):
    daemon = guard(policy_with(["udp/53 203.0.113.0/24"]))
    with udp_socket(vpc.a1, A1, 53) as dns, udp_socket(vpc.x, X, 40000) as client:
        converse(client, dns, [10])
        assert daemon.counters().entry("A", "ingress", 100) == 1
        answer = daemon.reload(policy_with(["udp/53 203.0.113.0/24"], "100 udp/50-60 203.0.113.0/24 allow"))
        assert len(answer["changed"]) == 1, answer
        active = [
            row
            for row in daemon.ask("rules")["rules"]
            if row["active"] and (row["name"], row["direction"], row["rule"]) == ("A-acl", "ingress", "100")
        ]
        assert [row["packets"] for row in active] == [0]


def test_flows_show_who_talks_and_in_what_state(vpc, guard):
    rules = ["tcp/443 203.0.113.0/24", "udp/53 203.0.113.0/24"]
    daemon = guard(Policy(members={"a1": ["g"]}, groups={"g": (rules, [])}))

    def state(protocol):
        return next(flow["state"] for flow in daemon.flows() if flow["protocol"] == protocol)

    with TcpEcho(vpc.a1, 443), connect(vpc.x, A1, 443) as connection:
        assert echoes(connection)
        (flow,) = daemon.flows()
        assert (flow["interface"], flow["opened"], flow["group"]) == ("a1", "ingress", "g")
        assert (flow["local"], flow["local_port"], flow["remote"]) == (A1, 443, X)
        assert flow["remote_port"] == connection.getsockname()[1]
        assert flow["state"] == "established"
        assert flow["expires_in_seconds"] > 400_000
        connection.close()
        eventually(lambda: state("tcp") == "time-wait", "both ends to close")

    with udp_socket(vpc.a1, A1, 53) as dns, udp_socket(vpc.x, X, 40000) as client:
        client.sendto(b"?", (A1, 53))
        _, source = dns.recvfrom(10)
        eventually(lambda: state("udp") == "udp-request", "the request")
        dns.sendto(b"!", source)
        client.recv(10)
        eventually(lambda: state("udp") == "udp-reply", "the reply")
        converse(client, dns, [1])
        eventually(lambda: state("udp") == "udp-stream", "the stream")
    assert daemon.status()["flows"]["active"] == 2
