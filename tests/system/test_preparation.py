"""A large policy takes its time to be read and compiled. Meanwhile the daemon does everything else."""

import array
import concurrent.futures
import json
import os
import random
import signal
import socket

import pytest
from conditions import eventually
from policies import OUT_ALL, Policy
from service_manager import ServiceManager
from test_changes import apply, sealed
from topology import B1
from traffic import TcpEcho, connect, echoes

OPEN = Policy(members={"b1": ["h"]}, groups={"h": (["tcp/80 0.0.0.0/0"], OUT_ALL)})
SHUT = Policy(members={"b1": ["h"]}, groups={"h": ([], OUT_ALL)})
GROUPS, RULES, INTERFACES, CARRIED = 60, 62, 30_000, 16


def large():
    """OPEN, and beside it interfaces that carry as many groups of as many rules as may be, no two the same ones."""
    chosen = random.Random(1)
    document = OPEN.document()
    document["quotas"] = {"groups_per_interface": CARRIED, "rules_per_group": RULES}
    document["subnets"].append({"name": "large", "cidr": "10.0.128.0/17"})
    for group in range(GROUPS):
        rules = [
            {"protocol": "tcp", "ports": str(port), "source": f"172.16.{group}.{port}/32"} for port in range(1, RULES + 1)
        ]
        document["security_groups"].append({"name": f"g{group}", "ingress": rules})
    for number in range(INTERFACES):
        place = number + 256
        document["interfaces"].append(
            {
                "name": f"i{number}",
                "subnet": "large",
                "addresses": [f"10.0.{128 + place // 256}.{place % 256}"],
                "security_groups": [f"g{group}" for group in chosen.sample(range(GROUPS), CARRIED)],
            }
        )
    return json.dumps(document)


LARGE = large()


@pytest.fixture(name="pool")
def _pool():
    with concurrent.futures.ThreadPoolExecutor() as pool:
        yield pool


@pytest.fixture(name="manager")
def _manager(tmp_path):
    manager = ServiceManager(tmp_path, watchdog_seconds=0.2)
    yield manager
    manager.close()


def ask_with(daemon, verb, text, **arguments):
    """The first line of the answer to a request with a policy beside it; then the connection ends."""
    memory = sealed(text)
    try:
        with daemon.connection(timeout=300) as connection:
            line = json.dumps({"verb": verb, **arguments}).encode() + b"\n"
            connection.sendmsg([line], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [memory]))])
            with connection.makefile("rb") as stream:
                return json.loads(stream.readline())
    finally:
        os.close(memory)


def begin(daemon, pool, verb, text, **arguments):
    """The answer to come, once the policy is being prepared."""
    answer = pool.submit(ask_with, daemon, verb, text, **arguments)
    eventually(lambda: answer.done() or "preparing" in daemon.status(), "the preparation to begin")
    return answer


def test_everything_else_goes_on_while_a_large_policy_is_prepared(vpc, guard, pool, manager):
    daemon = guard(OPEN, manager=manager)
    seen = []
    with TcpEcho(vpc.b1, 80), connect(vpc.a1, B1, 80) as connection:
        answer = begin(daemon, pool, "apply", LARGE)
        fed = len(manager.said("WATCHDOG"))
        while not answer.done():
            status = daemon.status()
            assert echoes(connection)
            if "preparing" in status:
                seen.append((status["preparing"], len(manager.said("WATCHDOG")) - fed, status["generation"]))
        assert answer.result()["accepted"], answer.result()
        assert echoes(connection)
    assert len(seen) > 2, "status has hardly ever answered meanwhile"
    assert seen[-1][1] > 2, "the watchdog was hardly ever fed meanwhile"
    assert {generation for _, _, generation in seen} == {1}
    assert seen[0][0]["how"] == "apply"
    assert daemon.status()["interfaces"] == INTERFACES + 1
    assert "preparing" not in daemon.status()


def test_changes_that_come_meanwhile_take_their_turn(vpc, guard, pool, manager):
    daemon = guard(OPEN, manager=manager)
    first = begin(daemon, pool, "apply", LARGE)
    second = pool.submit(ask_with, daemon, "apply", SHUT.text())
    eventually(lambda: first.done() or daemon.status()["preparing"]["waiting"] == 1, "the second one to wait")
    answer = daemon.ask("confirm")
    assert not answer["accepted"] and "no policy waits to be confirmed" in answer["diagnostics"][0]
    assert not first.done(), "the policy is too small for this test"
    daemon.send(signal.SIGHUP)
    eventually(lambda: manager.said("RELOADING"), "the signal to be told to the service manager")
    assert [first.result()["generation"], second.result()["generation"]] == [2, 3]
    eventually(lambda: daemon.status()["generation"] == 4, "the reload")
    eventually(lambda: len(manager.said("READY")) == 2, "its end to be told to the service manager")
    assert daemon.policy_path.read_text() == SHUT.text()


def test_what_nobody_confirmed_goes_in_its_time_while_another_policy_is_compiled(vpc, guard, pool):
    daemon = guard(OPEN)
    assert apply(daemon, SHUT, confirm_within_seconds=1)["accepted"]
    answer = begin(daemon, pool, "shadow", LARGE)
    meanwhile = eventually(lambda: (status := daemon.status())["generation"] == 3 and status, "the way back", within=30)
    assert not answer.done(), "the policy is too small for this test"
    assert meanwhile["preparing"]["how"] == "shadow"
    assert "unconfirmed" not in meanwhile["policy_in_force"]
    with TcpEcho(vpc.b1, 80), connect(vpc.a1, B1, 80) as connection:
        assert echoes(connection)
    assert answer.result()["event"] == "begin"


def test_an_end_meanwhile_changes_nothing_and_says_so(vpc, guard, pool):
    daemon = guard(OPEN)
    answer = begin(daemon, pool, "apply", LARGE, confirm_within_seconds=60)
    assert daemon.stop() == 0
    assert not answer.result()["accepted"]
    assert answer.result()["diagnostics"] == ["the daemon stops: nothing was changed"]
    assert daemon.policy_path.read_text() == OPEN.text()
    assert sorted(path.name for path in daemon.folder.glob("policy.yaml*")) == ["policy.yaml"]
    assert not (daemon.folder / "state/unconfirmed.json").exists()
    daemon.start()
    assert "nobody had confirmed" not in daemon.log()
