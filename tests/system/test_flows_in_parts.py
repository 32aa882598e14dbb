"""`flows` in parts: however many there are, each is told once, and others are served between the parts."""

import contextlib
import json

import pytest
from conditions import eventually
from policies import OUT_ALL, Policy
from test_changes import vpcwall
from topology import A1, B1
from traffic import udp_socket

MANY = Policy(members={"a1": ["g"], "b1": ["g"]}, groups={"g": (["udp/1-65535 0.0.0.0/0"], OUT_ALL)})
FLOWS = 6000  # on each of two interfaces
KEYS = {"interface", "protocol", "local", "remote", "local_port", "remote_port", "opened", "state", "packets", "bytes",
        "age_seconds", "idle_seconds", "expires_in_seconds", "rule", "group"}


def identity(flow):
    return tuple(flow[key] for key in ("interface", "protocol", "local", "local_port", "remote", "remote_port"))


@pytest.fixture(name="daemon")
def _daemon(vpc, guard):
    daemon = guard(MANY, fast_path="off", queues={"count": 2})
    with contextlib.closing(udp_socket(vpc.a1, A1)) as sender:
        for number in range(FLOWS):
            sender.sendto(b"one of many", (B1, 10_000 + number))
            if number % 500 == 0:
                eventually(lambda: daemon.status()["flows"]["active"] >= 2 * number, "the flows so far")
    eventually(lambda: daemon.status()["flows"]["active"] == 2 * FLOWS, "all flows")
    return daemon


def test_each_flow_is_told_once(daemon):
    report = json.loads(vpcwall(daemon, "flows", "--all", "--json").stdout)
    assert list(report) == ["schema", "total", "flows"]
    assert report["total"] == len(report["flows"]) == 2 * FLOWS
    assert {frozenset(flow) for flow in report["flows"]} == {frozenset(KEYS)}
    in_one_piece = daemon.ask("flows", limit=100_000)["flows"]
    assert {identity(flow) for flow in report["flows"]} == {identity(flow) for flow in in_one_piece}
    assert len({identity(flow) for flow in report["flows"]}) == 2 * FLOWS


def test_a_limit_holds_over_parts_and_the_table_says_so(daemon):
    for limit in (0, 1, 511, 513, 2000):
        report = json.loads(vpcwall(daemon, "flows", "--limit", str(limit), "--json").stdout)
        assert len(report["flows"]) == limit
    lines = vpcwall(daemon, "flows", "--limit", "2000").stdout.splitlines()
    assert lines[0].startswith("INTERFACE") and sum(line.startswith("INTERFACE") for line in lines) == 1
    assert lines[-1] == f"2000 of {2 * FLOWS} flows"
    assert len(lines) == 1 + 2000 + 2
    assert len(vpcwall(daemon, "flows").stdout.splitlines()) == 1 + 1000 + 2


def test_others_are_served_while_a_reader_takes_its_time(daemon):
    with daemon.connection() as slow:
        slow.sendall(b'{"verb": "flows", "parts": true, "limit": 100000}\n')
        for _ in range(20):
            assert daemon.status()["generation"] == 1
        lines = slow.makefile("rb")
        assert json.loads(lines.readline())["event"] == "begin"
        told = 0
        while (part := json.loads(lines.readline()))["event"] == "flows":
            told += len(part["flows"])
        assert part == {"event": "end", "listed": told}
        assert told == 2 * FLOWS
        assert lines.readline() == b""


def test_flows_that_wait_for_their_worker_are_told_as_well(daemon):
    before = {identity(flow) for flow in json.loads(vpcwall(daemon, "flows", "--all", "--json").stdout)["flows"]}
    assert daemon.hand_over() == 0
    daemon.start()
    after = json.loads(vpcwall(daemon, "flows", "--all", "--json").stdout)["flows"]
    assert {identity(flow) for flow in after} == before
    assert len(after) == len(before)


def test_what_is_no_argument_is_refused(daemon):
    assert "expected true or false" in daemon.ask("flows", parts=1)["error"]
    result = vpcwall(daemon, "flows", "--all", "--limit", "3")
    assert result.returncode == 2
