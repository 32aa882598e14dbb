"""`vpcwall observe`: changes of decisions as they happen, for those who read fast, slowly, or not at all."""

import json
import os
import socket
import struct
import subprocess
from pathlib import Path

import pytest
from conditions import eventually
from daemon import SANITIZED, program
from observer import Observer
from policies import OUT_ALL, Policy
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.packet import Raw
from topology import A1, B1, X, Y
from traffic import TcpEcho, connect, echoes, inject

RATE = 20_000 if SANITIZED else 100_000  # packets per second that are sent, whether or not they are judged as fast
SECONDS, FLOODS = 0.5, 6  # of each flood no more than a queue has room for, however slowly they are judged
CHUNK = 1000  # packets that a queue has room for
MORE_THAN_ANY_BUFFER = 15_000  # events: what the daemon, the socket and the observer hold together is less than half of it


def web_policy(*more):
    return Policy(
        members={"a1": ["web"], "b1": ["db"]},
        groups={"web": (["tcp/80 203.0.113.0/24", "udp/53 203.0.113.0/24", *more], ["tcp/5432 sg:db"]),
                "db": (["tcp/5432 sg:web"], [])},
        acls={"A": (["90 tcp/23 0.0.0.0/0 deny", "100 all 0.0.0.0/0 allow"], ["100 all 0.0.0.0/0 allow"])},
    )


def syn(port, source_port=1000, source=X, destination=A1):
    return IP(src=source, dst=destination) / TCP(sport=source_port, dport=port, flags="S")


def refused(*source_ports):
    """Packets that a1's group refuses, so that nobody answers them; as bytes, for there may be many."""
    packet = bytes(IP(src=X, dst=A1) / UDP(dport=54, chksum=0))
    return [packet[:20] + struct.pack("!H", port) + packet[22:] for port in source_ports]


def cached(daemon):
    status = daemon.status()["fast_path"]
    return status["flows"]["cached"], status["refusals"]["cached"]


def observe(daemon, *options):
    """One that ends by itself."""
    return subprocess.run([program("VPCWALL"), "observe", "--socket", str(daemon.socket_path), *options],
                          capture_output=True, text=True, timeout=60, check=False)


def assert_adds_up(observer, end):
    told, repeated, missed = observer.accounts()
    assert (end["event"], end["told"], end["repeated"], end["missed"]) == ("end", told, repeated, missed)
    assert end["decisions"] == told + repeated + missed
    assert [one["sequence"] for one in observer.decisions()] == list(range(told))


@pytest.mark.parametrize("fast_path", ["off", "required"])
def test_a_flow_is_told_once_and_again_when_its_decision_changes(vpc, guard, fast_path):
    daemon = guard(web_policy(), fast_path=fast_path)
    with Observer(daemon, "--denied", "--interface", "a1", "--interface", "b1") as observer:
        assert observer.begin["schema"] == "vpcwall/observe/1"
        inject(vpc.x, *refused(1000, 1000, 1000, 1001))
        daemon.await_counters(lambda counters: counters.reason("no-group-rule") == 4, "four to be refused")
        first, second = observer.await_decisions(2)
        assert (first["packet"]["source_port"], second["packet"]["source_port"]) == (1000, 1001)
        assert (first["verdict"], first["reason"], first["before"]) == ("drop", "no-group-rule", None)
        assert first["gates"][-1] == {"gate": "sg-ingress", "interface": "a1", "outcome": "deny"}

        inject(vpc.x, syn(23), syn(23))
        third = observer.await_decisions(3)[2]
        assert (third["reason"], third["gates"][-1]["rule"]) == ("acl-entry", "90")
        changed = web_policy()
        changed.acls["A"][0][0] = "80 tcp/23 0.0.0.0/0 deny"
        daemon.reload(changed)
        inject(vpc.x, syn(23), *refused(1000))
        fourth = observer.await_decisions(4)[3]
        assert fourth["gates"][-1]["rule"] == "80"
        assert fourth["before"] == {"verdict": "drop", "reason": "acl-entry", "gate": "acl-ingress", "rule": "90"}
        assert (fourth["generation"], observer.of("policy")[0]["generation"]) == (2, 2)
        daemon.await_counters(lambda counters: counters.reason("no-group-rule") == 5, "the last one to be refused")

        end = observer.finish()
        assert_adds_up(observer, end)
        assert (end["decisions"], end["told"], end["repeated"], end["missed"]) == (8, 4, 4, 0)
        assert {one["of"]: one["count"] for one in observer.of("repeat")} == {0: 3, 2: 1}
        repeat = next(one for one in observer.of("repeat") if one["of"] == 0)
        assert (repeat["packet"]["source_port"], repeat["verdict"], repeat["reason"]) == (1000, "drop", "no-group-rule")
        assert repeat["decided_by"] == first["gates"][-1]


def test_repeats_are_told_now_and_then_while_they_go_on(vpc, guard):
    daemon = guard(web_policy(), fast_path="off")
    with Observer(daemon, "--repeats-every", "1", "--port", "54") as observer:
        inject(vpc.x, *refused(1000, 1000, 1000))
        # In one line or in two: the second may end between them.
        eventually(lambda: observer.accounts()[1] == 2, "two repeats")
        inject(vpc.x, *refused(1000))
        eventually(lambda: observer.accounts()[1] == 3, "one more repeat")
        assert_adds_up(observer, observer.finish())


FILTERS = {
    "denied": (["--denied"], {23, 54, 81}),
    "interface": (["--interface", "b1"], {5432}),
    "group": (["--group", "web", "--denied"], {54, 81}),
    "acl": (["--acl", "A-acl", "--denied"], {23}),
    "rule": (["--rule", "90"], {23}),
    "rule-of-acl": (["--rule", "100", "--acl", "A-acl", "--protocol", "udp"], {53}),
    "protocol": (["--protocol", "udp"], {53, 54}),
    "port": (["--port", "23", "--port", "80-81", "--source", X], {23, 80}),
    "source": (["--source", "198.51.100.0/24"], {81}),
    "destination": (["--destination", B1], {5432}),
    "cidr": (["--cidr", "10.0.1.0/24"], {5432}),
    "all-of-them": (["--denied", "--protocol", "tcp", "--cidr", "203.0.113.0/24", "--interface", "a1"], {23}),
}


def test_filters_of_several_observers_at_once(vpc, guard, open_late):
    daemon = guard(web_policy(), fast_path="off")
    observers = {name: open_late.enter_context(Observer(daemon, *options)) for name, (options, _) in FILTERS.items()}
    assert daemon.status()["observers"] == len(FILTERS)
    inject(vpc.x, syn(80), syn(23), IP(src=X, dst=A1) / UDP(sport=1, dport=53), *refused(1), syn(81, source=Y))
    inject(vpc.a1, syn(5432, source=A1, destination=B1))
    # With what the hosts' own kernels answer: two resets, and an ICMP error that a1 may not send.
    daemon.await_counters(lambda counters: (counters.reason("passed"), counters.reason("no-group-rule")) == (5, 3),
                          "all to be judged")
    for name, (_, expected) in FILTERS.items():
        end = observers[name].finish()
        assert_adds_up(observers[name], end)
        told = {one["packet"].get("destination_port") for one in observers[name].decisions()}
        assert told - {None, 1000} == expected, name  # without the answers
    assert daemon.status()["observers"] == 0


def test_the_fast_path_goes_on_with_flows_and_has_everything_back_afterwards(vpc, guard):
    daemon = guard(web_policy(), fast_path="required")
    inject(vpc.x, syn(81), syn(81))
    daemon.await_counters(lambda counters: counters.reason("no-group-rule") == 2, "two to be refused")
    with TcpEcho(vpc.a1, 80), connect(vpc.x, A1, 80) as standing:
        assert echoes(standing)
        assert cached(daemon) == (1, 1)
        with Observer(daemon, "--protocol", "tcp") as observer, Observer(daemon, "--denied") as other:
            assert cached(daemon)[1] == 0
            assert echoes(standing)
            standing_port = standing.getsockname()[1]
            first = observer.await_decisions(1)[0]["packet"]
            assert standing_port in (first["source_port"], first["destination_port"]), "the flow was there before"
            # Refusals that differ only in their source port: each of them is told.
            inject(vpc.x, *(syn(81, source_port=port) for port in range(1000, 1010)))
            other.await_decisions(10)
            assert cached(daemon) == (1, 0)
            assert observer.finish()["missed"] == 0
            before = sum(queue["received"] for queue in daemon.status()["queues"])
            for _ in range(100):
                assert echoes(standing)
            assert sum(queue["received"] for queue in daemon.status()["queues"]) - before < 10
            other.finish()
        eventually(lambda: daemon.status()["observers"] == 0, "the observers to be gone")
        inject(vpc.x, *(syn(81, source_port=port) for port in range(2000, 2010)))
        eventually(lambda: cached(daemon) == (1, 1), "the refusal to be remembered")
        daemon.await_counters(lambda counters: counters.reason("no-group-rule") == 22, "all to be refused")


def test_with_the_fast_path_off_every_packet_is_a_decision(vpc, guard):
    daemon = guard(web_policy(), fast_path="required")
    with TcpEcho(vpc.a1, 80), connect(vpc.x, A1, 80) as standing:
        with Observer(daemon, "--fast-path", "off", "--port", "80") as observer:
            assert daemon.status()["fast_path"]["active"] is False
            for _ in range(50):
                assert echoes(standing)
            end = observer.finish()
            assert_adds_up(observer, end)
            assert end["told"] == 2, "there and back"
            assert end["decisions"] >= 100
        assert daemon.status()["fast_path"]["active"] is True
        assert echoes(standing)


def test_with_the_fast_path_on_refusals_alike_are_told_once(vpc, guard):
    daemon = guard(web_policy(), fast_path="required")
    inject(vpc.x, syn(81))
    eventually(lambda: cached(daemon)[1] == 1, "the refusal to be remembered")
    with Observer(daemon, "--fast-path", "on", "--denied") as observer:
        inject(vpc.x, syn(81))
        eventually(lambda: cached(daemon)[1] == 1, "the refusal to be remembered again")
        inject(vpc.x, *(syn(81, source_port=port) for port in range(1001, 1100)))
        daemon.await_counters(lambda counters: counters.reason("no-group-rule") == 101, "all to be refused")
        end = observer.finish()
        assert_adds_up(observer, end)
        assert end["decisions"] == 1


def test_an_observer_that_is_killed_leaves_nothing_behind(vpc, guard):
    daemon = guard(web_policy(), fast_path="required")
    with Observer(daemon, "--denied", "--fast-path", "off"):
        assert daemon.status()["fast_path"]["active"] is False
    eventually(lambda: daemon.status()["observers"] == 0, "the observer to be gone")
    assert daemon.status()["fast_path"]["active"] is True


def test_a_reader_that_stands_still_is_told_what_it_missed(vpc, guard):
    daemon = guard(web_policy(), fast_path="off")
    with Observer(daemon, "--port", "54") as slow, Observer(daemon, "--denied", "--port", "54") as beside:
        slow.suspend()
        for sent in range(CHUNK, MORE_THAN_ANY_BUFFER + 1, CHUNK):
            inject(vpc.x, *refused(*range(1000 + sent - CHUNK, 1000 + sent)))
            beside.await_decisions(sent)
        slow.resume()
        missed = slow.await_event("missed")["count"]
        inject(vpc.x, *refused(999))
        eventually(lambda: slow.decisions()[-1]["packet"]["source_port"] == 999, "news behind the gap", within=30)
        end = slow.finish()
        assert_adds_up(slow, end)
        assert (end["decisions"], end["missed"]) == (sent + 1, missed)
        assert beside.finish()["missed"] == 0
    assert sum(queue["kernel_dropped"] + queue["user_dropped"] for queue in daemon.status()["queues"]) == 0


def kernel_drops(namespace):
    """Packets that a queue of the kernel had no room for: /proc/net/netfilter/nfnetlink_queue, columns 6 and 7."""
    rows = [line.split() for line in namespace.run("cat", "/proc/net/netfilter/nfnetlink_queue").stdout.splitlines()]
    return sum(int(row[5]) + int(row[6]) for row in rows)


def test_a_flood_of_decisions_loses_no_packet_and_every_event_is_accounted_for(vpc, guard):
    """Every packet is of another flow than the last, so that each is an event that nobody can keep up with."""
    daemon = guard(web_policy(), fast_path="off", queues={"count": 1, "length": 65535, "receive_buffer": 256 << 20})
    flood = Path(os.environ["VPCWALL_BUILD"], "bench", "bench_traffic")
    with Observer(daemon, "--port", "54") as observer:
        sent = 0
        for _ in range(FLOODS):
            result = vpc.x.run(str(flood), "flood", "--to", A1, "--port", "54", "--source", X, "--rate", str(RATE),
                               "--seconds", str(SECONDS), within=60)
            assert result.returncode == 0, result.stdout
            sent += json.loads(result.stdout)["sent"]
            counters = daemon.await_counters(
                lambda counters: counters.reason("no-group-rule") + kernel_drops(vpc.router) >= sent,
                "every packet to be judged or counted as dropped")
        assert kernel_drops(vpc.router) == 0
        assert sum(queue["kernel_dropped"] + queue["user_dropped"] for queue in daemon.status()["queues"]) == 0
        assert counters.reason("no-group-rule") == sent
        end = observer.finish()
        assert_adds_up(observer, end)
        assert end["decisions"] == sent
        print(end)


def test_count_ends_it_after_so_many_decisions(vpc, guard):
    daemon = guard(web_policy(), fast_path="off")
    with Observer(daemon, "--count", "3", "--port", "54", follow=False) as observer:
        inject(vpc.x, *refused(1, 1, 2, 2, 2, 3, 4, 5, 5))
        assert observer.wait() == 0
        assert [one["packet"]["source_port"] for one in observer.decisions()] == [1, 2, 3]
        assert_adds_up(observer, observer.events[-1])


def test_for_ends_it_after_so_many_seconds(guard):
    daemon = guard(web_policy())
    result = observe(daemon, "--for", "0.2")
    assert (result.returncode, result.stderr) == (0, "0 decisions: 0 told, 0 repeated, 0 missed\n")
    assert result.stdout.split() == ["TIME", "VERDICT", "PROTOCOL", "SOURCE", "DESTINATION", "DECIDED", "BY"]


def test_explains_each_new_drop_as_explain_does(vpc, guard):
    daemon = guard(web_policy(), fast_path="off")
    with Observer(daemon, "--explain", "--source", X) as observer:
        inject(vpc.x, syn(80), syn(81), syn(81), IP(src=X, dst=A1, proto=6) / Raw(b"\x01\x02\x03"),
               IP(src=X, dst=A1) / ICMP(type=8, id=7))
        observer.await_decisions(4)
        assert_adds_up(observer, observer.finish())
        passed, dropped = observer.decisions()[:2]
        assert "explanation" not in passed
        story = dropped["explanation"]
        assert story["verdict"] == "blocked"
        assert story["blocked_at"]["gate"] == "sg-ingress"
        packet = {key: value for key, value in dropped["packet"].items() if key not in ("length", "hop_limit")}
        assert story["sentence"] == daemon.ask("explain", packet=packet)["sentence"]
        assert all("explanation" in one for one in observer.decisions()[2:])


def test_text_stands_in_columns_without_colour_where_nobody_looks(vpc, guard):
    daemon = guard(web_policy(), fast_path="off")
    with subprocess.Popen([program("VPCWALL"), "observe", "--socket", str(daemon.socket_path), "--count", "2", "--source", X],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        eventually(lambda: daemon.status()["observers"] == 1, "the observation to begin")
        inject(vpc.x, syn(81), syn(23))
        output, _ = process.communicate(timeout=30)
    titles, first, second = output.splitlines()
    assert "\033" not in output
    assert first.index("203.0.113.12:1000") == second.index("203.0.113.12:1000") == titles.index("SOURCE")
    assert first.split()[1:] == ["DROP", "tcp", "203.0.113.12:1000", "10.0.0.5:81", "sg-ingress", "a1", "implicit", "deny"]
    assert second.split()[1:] == ["DROP", "tcp", "203.0.113.12:1000", "10.0.0.5:23", "acl-ingress", "A", "entry", "90"]


@pytest.mark.parametrize("options, words", [
    (["--interface", "a11"], 'no interface "a11" in the policy in force; did you mean "a1"?'),
    (["--group", "wbe"], 'no interface has a security group "wbe" in the policy in force; did you mean "web"?'),
    (["--acl", "A-alc"], 'no network ACL "A-alc" in the policy in force; did you mean "A-acl"?'),
    (["--rule", "91"], 'no rule or entry "91" in the policy in force'),
    (["--port", "http"], 'found "http" for "port", expected a port or a range of ports such as 1024-65535'),
    (["--source", "10.0.0.0/33"], 'expected an address or a range such as 10.0.0.0/16'),
    (["--protocol", "tpc"], 'expected tcp, udp, icmp, icmpv6 or a number from 0 to 255'),
])
def test_a_bad_filter_is_refused_with_the_nearest_spelling(guard, options, words):
    daemon = guard(web_policy())
    result = observe(daemon, "--json", *options)
    assert (result.returncode, result.stdout) == (2, "")
    assert words in result.stderr
    assert daemon.status()["observers"] == 0


def test_what_the_next_policy_does_not_have_is_said(vpc, guard):
    daemon = guard(web_policy())
    with Observer(daemon, "--group", "db") as observer:
        daemon.reload(Policy(members={"a1": ["web"]}, groups={"web": ([], OUT_ALL)}))
        event = observer.await_event("policy")
        assert event["unknown"] == ['no interface has a security group "db" in the policy in force']
        observer.finish()


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_daemon_that_ends_ends_its_observers(guard, end):
    daemon = guard(web_policy())
    with Observer(daemon) as observer:
        if end == "stop":
            assert daemon.stop() == 0
        else:
            daemon.kill()
        assert observer.wait() == 3
        assert observer.process.stderr.read() == "vpcwall: vpcwalld has ended, and with it what it could tell\n"
    daemon.start()


def test_nobody_to_observe_is_exit_status_3(tmp_path):
    result = subprocess.run([program("VPCWALL"), "observe", "--socket", str(tmp_path / "none")],
                            capture_output=True, text=True, timeout=30, check=False)
    assert result.returncode == 3
    assert "no vpcwalld answers" in result.stderr


def test_the_protocol_for_those_who_speak_it_themselves(vpc, guard):
    daemon = guard(web_policy(), fast_path="off")
    with daemon.connection() as connection, connection.makefile("rwb") as stream:
        stream.write(b'{"verb": "observe", "filter": {"port": "54"}}\n{"verb": "status"}\n')  # the second is ignored
        stream.flush()
        assert json.loads(stream.readline()) == {
            "schema": "vpcwall/observe/1", "event": "begin", "generation": 1, "fast_path": "flows", "everywhere": True}
        inject(vpc.x, *refused(1))
        assert json.loads(stream.readline())["event"] == "decision"
        connection.shutdown(socket.SHUT_WR)
        assert json.loads(stream.readline())["event"] == "end"
        assert stream.readline() == b""
    eventually(lambda: daemon.status()["observers"] == 0, "the observer to be gone")


def test_so_many_observers_and_not_more(guard, open_late):
    daemon = guard(web_policy())
    for _ in range(16):
        connection = open_late.enter_context(daemon.connection())
        connection.sendall(b'{"verb": "observe"}\n')
        assert b'"begin"' in connection.recv(4096)
    assert daemon.ask("observe") == {"error": "too many observers, at most 16; end one of them"}


@pytest.mark.parametrize("arguments", [
    {"filter": []}, {"filter": {"denied": "yes"}}, {"filter": {"ports": "1"}}, {"fast_path": "maybe"},
    {"explain": 1}, {"count": 0}, {"count": -1}, {"repeats_every": 0}, {"repeats_every": 86401},
])
def test_bad_arguments_are_refused(guard, arguments):
    daemon = guard(web_policy())
    assert daemon.ask("observe", **arguments).keys() == {"error"}
    assert daemon.status()["observers"] == 0
