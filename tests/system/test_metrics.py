"""/metrics: the numbers of the control socket, for Prometheus; and an HTTP server that nobody can hold up."""

import contextlib
import http.client
import signal
import socket
import time

import pytest
from conditions import eventually
from daemon import Daemon, in_mounts
from metrics import PORT, Scrape, connect, get, promtool
from policies import EPHEMERAL, OUT_ALL, Policy, open_policy
from topology import A1, B1
from traffic import Attempt, TcpEcho, echoes
from traffic import connect as connect_tcp

HOUR = 3600
CONNECTIONS = 16  # HttpServer::max_per_address


def web_policy():
    return Policy(
        members={"a1": ["web"], "b1": ["client"]},
        groups={"web": (["tcp/443 0.0.0.0/0"], []), "client": ([], list(OUT_ALL))},
        acls={"A": (["100 tcp/443 0.0.0.0/0 allow", "110 tcp/81 0.0.0.0/0 deny"], [EPHEMERAL])},
    )


def some_traffic(vpc, daemon):
    """Packets of every kind: allowed, denied by an entry, by `*`, by no rule of a group."""
    with TcpEcho(vpc.a1, 443), connect_tcp(vpc.b1, A1, 443) as connection:
        assert echoes(connection)
    with Attempt(vpc.b1, A1, 81), Attempt(vpc.b1, A1, 82), Attempt(vpc.a1, B1, 443):
        daemon.await_gate("acl-ingress", "deny", 2)
        daemon.await_gate("sg-egress", "deny", 1)


def expected_traffic(rows, labels_of):
    """{labels: (packets, bytes)} of the rows of a report, those with the same labels added up."""
    found = {}
    for row in rows:
        labels = frozenset(labels_of(row).items())
        packets, octets = found.get(labels, (0, 0))
        found[labels] = (packets + row["packets"], octets + row["bytes"])
    return found


def seen_traffic(scrape, name):
    octets = {frozenset(labels.items()): value for labels, value in scrape.named(f"{name}_bytes_total")}
    return {
        frozenset(labels.items()): (value, octets[frozenset(labels.items())])
        for labels, value in scrape.named(f"{name}_packets_total")
    }


def pick(*keys):
    return lambda row: {key: row[key] for key in keys if key in row}


def differences(daemon, scrape):
    """In what a scrape differs from what the control socket says."""
    rules, status = daemon.ask("rules"), daemon.status()
    rule_labels = pick("kind", "owner", "name", "direction", "rule", "family")
    pairs = {
        "rules": (seen_traffic(scrape, "vpcwall_rule"), expected_traffic(rules["rules"], rule_labels)),
        "gates": (
            {labels: counts for labels, counts in seen_traffic(scrape, "vpcwall_gate").items() if counts[0]},
            expected_traffic(rules["gates"], pick("gate", "outcome")),
        ),
        "decided": (
            seen_traffic(scrape, "vpcwall_decided"),
            expected_traffic(rules["reasons"], pick("verdict", "reason")),
        ),
        "parse errors": (
            {labels["error"]: value for labels, value in scrape.named("vpcwall_parse_errors_total")},
            {row["error"]: row["packets"] for row in rules["parse_errors"]},
        ),
        "generation": (scrape.value("vpcwall_policy_generation"), status["generation"]),
        "interfaces": (scrape.value("vpcwall_policy_interfaces"), status["interfaces"]),
        "flows": (scrape.value("vpcwall_flows"), status["flows"]["active"]),
        "capacity": (scrape.value("vpcwall_flows_capacity"), status["flows"]["capacity"]),
        "refused": (scrape.value("vpcwall_flows_refused_total"), status["flows"]["refused"]),
        "fast path": (scrape.value("vpcwall_fast_path_active"), status["fast_path"]["active"]),
        "observers": (scrape.value("vpcwall_observers"), status["observers"]),
        "changes": (
            {labels["result"]: value for labels, value in scrape.named("vpcwall_policy_changes_total")},
            {result: status["policy_in_force"]["changes"][result] for result in ("accepted", "refused")},
        ),
    }
    for key, name in {
        "received": "received_packets_total",
        "bursts": "bursts_total",
        "waiting": "waiting_packets",
        "kernel_dropped": "kernel_dropped_packets_total",
        "user_dropped": "user_dropped_packets_total",
        "undecodable": "undecodable_messages_total",
        "overruns": "overruns_total",
        "refused_verdicts": "refused_verdicts_total",
    }.items():
        seen = {labels["queue"]: value for labels, value in scrape.named(f"vpcwall_queue_{name}")}
        pairs[key] = (seen, {str(queue["number"]): queue[key] for queue in status["queues"]})
    return {what: pair for what, pair in pairs.items() if pair[0] != pair[1]}


def agreeing_scrape(vpc, daemon):
    """A scrape that says what the control socket says, as soon as nothing is on its way any more."""
    last = {}

    def agrees():
        scrape = Scrape(vpc.router)
        last["differences"] = differences(daemon, scrape)
        return scrape if not last["differences"] else None

    try:
        return eventually(agrees, "the scrape to agree with the control socket")
    except AssertionError as error:
        raise AssertionError(last) from error


def test_the_numbers_are_those_of_the_control_socket(vpc, guard):
    daemon = guard(web_policy())
    some_traffic(vpc, daemon)
    scrape = agreeing_scrape(vpc, daemon)
    assert scrape.value("vpcwall_rule_packets_total", name="A-acl", direction="ingress", rule="110") > 0
    assert scrape.value("vpcwall_decided_packets_total", verdict="drop", reason="no-group-rule") > 0
    assert scrape.value("vpcwall_gate_packets_total", gate="acl-egress", outcome="allow") > 0
    assert scrape.value("vpcwall_build_info", version=daemon.status()["version"]) == 1
    assert scrape.value("process_open_fds") > 3
    for address in (A1, B1, "0.0.0.0", "10.0."):
        assert address not in scrape.text, "no address in any label"


def test_counters_begin_anew_with_the_daemon_though_rules_go_on(vpc, guard):
    """The copy of a daemon that was killed is a little old: a counter that went back would be all new traffic."""
    daemon = guard(web_policy())
    some_traffic(vpc, daemon)
    first = agreeing_scrape(vpc, daemon)
    assert daemon.hand_over() == 0
    daemon.start()
    assert sum(row["packets"] for row in daemon.ask("rules")["rules"]) > 0
    again = Scrape(vpc.router)
    names = ("vpcwall_rule", "vpcwall_gate", "vpcwall_decided")
    for series, value in again.counters().items():
        if series[0].startswith(names):
            assert value == 0, series
    some_traffic(vpc, daemon)
    denied = {"name": "A-acl", "direction": "ingress", "rule": "110"}
    eventually(lambda: Scrape(vpc.router).value("vpcwall_rule_packets_total", **denied) > 0, "what comes now to be counted")
    assert first.value("vpcwall_rule_packets_total", **denied) > 0


def test_the_start_is_known_also_where_the_kernel_hides_when_it_booted(vpc, guard):
    """As the unit has it: ProcSubset=pid."""
    guard(open_policy(), before=in_mounts("mount -t proc -o subset=pid proc /proc"))
    started = Scrape(vpc.router).value("process_start_time_seconds")
    assert time.time() - HOUR < started <= time.time() + 1


def test_prometheus_has_nothing_to_complain_about(vpc, guard):
    daemon = guard(web_policy())
    some_traffic(vpc, daemon)
    assert promtool("check", "metrics", text=Scrape(vpc.router).text) == ""


def test_counters_never_go_back_over_reloads(vpc, guard):
    policy = web_policy()
    daemon = guard(policy)
    some_traffic(vpc, daemon)
    before = agreeing_scrape(vpc, daemon)

    changed = policy.copy()
    changed.acls["A"][0][1] = "110 tcp/81 10.0.0.0/8 deny"  # an entry that now matches something else
    changed.groups["web"][0].append("tcp/8443 0.0.0.0/0")
    daemon.reload(changed)
    eventually(lambda: Scrape(vpc.router).value("vpcwall_policy_generation") == 2, "the new generation")
    between = Scrape(vpc.router)
    for series, value in before.counters().items():
        assert between.counters()[series] >= value, series
    assert between.value("vpcwall_rules") == before.value("vpcwall_rules") + 1

    daemon.write_policy(policy)
    daemon.policy_path.write_text("version: 1\nvpc: nonsense\n", encoding="ascii")
    assert not daemon.ask("reload")["accepted"]
    eventually(lambda: Scrape(vpc.router).value("vpcwall_last_policy_change_successful") == 0, "the refusal")
    refused = Scrape(vpc.router)
    assert refused.value("vpcwall_policy_changes_total", result="refused") == 1
    assert refused.value("vpcwall_policy_generation") == 2

    daemon.reload(policy)
    eventually(lambda: Scrape(vpc.router).value("vpcwall_policy_generation") == 3, "the old policy again")
    after = Scrape(vpc.router)
    assert after.value("vpcwall_last_policy_change_successful") == 1
    assert after.value("vpcwall_policy_changes_total", result="accepted") == 2
    for series, value in before.counters().items():
        assert after.counters()[series] >= value, series
    loaded = "vpcwall_policy_since_timestamp_seconds"
    assert after.value(loaded) > refused.value(loaded) == between.value(loaded) > before.value(loaded)


def test_a_removed_rule_has_no_metrics(vpc, guard):
    policy = web_policy()
    daemon = guard(policy)
    some_traffic(vpc, daemon)
    del policy.acls["A"][0][1]
    daemon.reload(policy)
    eventually(lambda: Scrape(vpc.router).value("vpcwall_policy_generation") == 2, "the new generation")
    assert any(row["rule"] == "110" and not row["active"] for row in daemon.ask("rules")["rules"])
    rows = Scrape(vpc.router).named("vpcwall_rule_packets_total")
    assert not [labels for labels, _ in rows if labels["rule"] == "110"]


def test_the_number_of_rules_is_bounded(vpc, guard):
    daemon = guard(web_policy(), metrics={"most_rules": 3})
    scrape = Scrape(vpc.router)
    in_force = [rule for rule in daemon.ask("rules")["rules"] if rule["active"]]
    rows = scrape.named("vpcwall_rule_packets_total")
    assert [labels["rule"] for labels, _ in rows] == [rule["rule"] for rule in in_force[:3]]
    assert scrape.value("vpcwall_rules") == len(in_force)
    assert scrape.value("vpcwall_rules_without_metrics") == len(in_force) - 3


def test_what_it_does_not_understand_is_refused(vpc, guard):
    daemon = guard(open_policy())
    assert get(vpc.router, "/healthz")[::2] == (200, "ok\n")
    assert get(vpc.router, "/")[0] == 404
    assert get(vpc.router, "/../etc/passwd")[0] == 404
    for garbage in (
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(300) + b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\nHost: a\r\n" + b"X: " + b"x" * 100_000 + b"\r\n\r\n",
        b"POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n" + b"x" * 1000,
        b"DELETE /metrics HTTP/1.1\r\nHost: a\r\n\r\n",
        bytes(range(256)) * 100 + b"\r\n\r\n",
    ):
        with connect(vpc.router) as connection, contextlib.suppress(OSError):
            connection.sendall(garbage)
            answer = connection.recv(100)
            assert b" 200 " not in answer, garbage[:50]
    assert Scrape(vpc.router).value("vpcwall_policy_generation") == 1
    assert daemon.process.poll() is None


def test_nobody_is_held_up_by_those_who_say_and_read_nothing(vpc, guard, open_late):
    daemon = guard(open_policy())
    silent = [open_late.enter_context(connect(vpc.router)) for _ in range(CONNECTIONS)]
    for connection in silent[::2]:
        connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n")  # and never the end of it

    # Every connection is taken; signals and the control socket are served as ever.
    daemon.hang_up()
    assert daemon.reload(open_policy())["generation"] == 3
    silent[0].close()
    eventually(lambda: answers(vpc.router), "room for one more")


def answers(namespace):
    """Whether there is room to ask."""
    try:
        return get(namespace, "/healthz")[::2] == (200, "ok\n")
    except (ConnectionError, http.client.HTTPException):
        return False


def test_those_who_say_nothing_make_room(vpc, guard, open_late):
    guard(open_policy())
    for _ in range(CONNECTIONS):
        open_late.enter_context(connect(vpc.router))
    eventually(lambda: answers(vpc.router), "the first of them to be ended")


def test_it_answers_only_for_its_own_names(vpc, guard):
    guard(open_policy(), http={"listen": "auto", "hosts": ["router.example.org"]})
    for host in ("localhost", "127.0.0.1:9465", "Router.example.org:80"):
        assert get_as(vpc.router, host) == 200, host
    for host in ("evil.example", "router.example.org.evil.example", "203.0.113.1"):
        assert get_as(vpc.router, host) == 421, host


def get_as(namespace, host):
    with connect(namespace) as connection:
        connection.sendall(f"GET /metrics HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        response = http.client.HTTPResponse(connection)
        response.begin()
        return response.status


def test_a_port_that_is_taken_stops_only_who_insists_on_it(vpc, open_late):
    listener = open_late.enter_context(vpc.router.socket(socket.AF_INET, socket.SOCK_STREAM))
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", PORT))
    listener.listen(1)
    complaint = "http 127.0.0.1:9465: another program listens there; choose another address in daemon.yaml, or none"
    with pytest.raises(AssertionError, match="vpcwalld ended with 1"):
        try:
            daemon = Daemon.__new__(Daemon)
            open_late.callback(lambda: daemon.clean_up())
            daemon.__init__(vpc.router, open_policy(), http={"listen": "127.0.0.1:9465"})
        finally:
            assert complaint in daemon.log()
    relaxed = Daemon(vpc.router, open_policy())
    open_late.callback(relaxed.clean_up)
    assert f"warning: no metrics: {complaint}" in relaxed.log()


def test_another_address_and_none(vpc, guard):
    daemon = guard(open_policy(), http={"listen": "127.0.0.1:9999"})
    assert Scrape(vpc.router, port=9999).value("vpcwall_policy_generation") == 1
    with pytest.raises(ConnectionRefusedError):
        connect(vpc.router)
    daemon.send(signal.SIGTERM)
    assert daemon.process.wait(timeout=30) == 0
    guard(open_policy(), http={"listen": "off"})
    for port in (PORT, 9999):
        with pytest.raises(ConnectionRefusedError):
            connect(vpc.router, port)


def test_a_loopback_device_without_its_address_is_waited_for(vpc, guard, open_late):
    vpc.router.ip("address delete 127.0.0.1/8 dev lo")  # as in a namespace in which nobody has brought it up
    open_late.callback(vpc.router.ip, "address replace 127.0.0.1/8 dev lo")
    daemon = guard(open_policy())
    assert "http 127.0.0.1:9465: no address of this host yet" in daemon.log()
    vpc.router.ip("address replace 127.0.0.1/8 dev lo")
    assert Scrape(vpc.router).value("vpcwall_policy_generation") == 1
