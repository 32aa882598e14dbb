"""A reload is all or nothing, and traffic does not notice it."""

import signal
import subprocess

from background import Background
from conditions import eventually
from daemon import SANITIZED, program
from policies import OUT_ALL, Policy, open_policy
from topology import A1, B1
from traffic import Attempt, TcpEcho, connect, echoes
from transfers import Transfer

RELOADS = 100 if SANITIZED else 500
MISTAKEN = '{"version": 1, "vpc": {"cidr": "10.0.0.0/33"}, "surprise": true}'


def test_hundreds_of_reloads_under_traffic_lose_no_connection_and_no_byte(vpc, guard):
    """Both policies allow the traffic, one with tracked flows and one with more rules around the same one."""
    one = Policy(members={"a1": ["g"], "b1": ["h"]}, groups={"g": ([], OUT_ALL), "h": (["tcp/80-81 sg:g"], [])})
    other = one.copy()
    other.groups["h"][0].insert(0, "tcp/22 203.0.113.0/24")
    other.acls["B"] = (["100 all 10.0.0.0/16 allow"], ["100 all 10.0.0.0/16 allow"])
    daemon = guard(one, queues={"count": 2})
    generation = daemon.status()["generation"]

    def short_connection():
        with connect(vpc.a1, B1, 80) as connection:
            assert echoes(connection)

    transfer = Transfer(vpc.a1, vpc.b1, B1, 81)
    with TcpEcho(vpc.b1, 80), Background(short_connection) as stream, Background(transfer.send_block):
        for number in range(RELOADS):
            policy = other if number % 2 == 0 else one
            if number % 10 == 9:
                daemon.write_policy(policy)
                daemon.hang_up()
            else:
                daemon.reload(policy)
    transfer.finish()
    print(f"{stream.rounds} connections, {transfer.sent} bytes")
    assert daemon.status()["generation"] == generation + RELOADS
    assert transfer.sent > 0
    assert stream.rounds > 0
    counters = daemon.counters()
    refused = {gate: packets for gate, packets in counters.gates().items() if gate.endswith(("deny", "table-full"))}
    assert refused == {}
    assert all(queue["kernel_dropped"] == queue["user_dropped"] == 0 for queue in daemon.status()["queues"])


def test_a_policy_with_mistakes_is_refused_whole_and_the_old_one_stays(vpc, guard):
    policy = Policy(members={"a1": ["g"]}, groups={"g": (["tcp/80 0.0.0.0/0"], [])})
    daemon = guard(policy)
    generation = daemon.status()["generation"]
    with TcpEcho(vpc.a1, 80), TcpEcho(vpc.a1, 81), connect(vpc.x, A1, 80) as running:
        daemon.write_policy(MISTAKEN)
        answer = daemon.ask("reload")
        assert answer["accepted"] is False
        lines = answer["diagnostics"]
        assert all(line.startswith(f"{daemon.policy_path}:1:") for line in lines), lines
        assert any("10.0.0.0/33" in line for line in lines)
        assert any("surprise" in line for line in lines)
        assert daemon.status()["generation"] == generation

        daemon.send(signal.SIGHUP)
        eventually(lambda: daemon.log().count("refused") == 2, "the log to speak of both refusals")
        assert "10.0.0.0/33" in daemon.log()
        assert daemon.status()["generation"] == generation

        assert echoes(running)
        with connect(vpc.x, A1, 80) as connection:
            assert echoes(connection)
        with Attempt(vpc.x, A1, 81) as attempt:
            daemon.await_gate("sg-ingress", "deny")
            assert not attempt.settled()

        policy.groups["g"][0].append("tcp/81 0.0.0.0/0")
        daemon.reload(policy)
        with connect(vpc.x, A1, 81) as connection:
            assert echoes(connection)


def run_reload(daemon):
    command = [program("VPCWALL"), "reload", "--socket", str(daemon.socket_path)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_the_command_says_why_a_reload_was_refused_and_exits_with_1(vpc, guard):
    daemon = guard(open_policy())
    accepted = run_reload(daemon)
    assert (accepted.returncode, accepted.stderr) == (0, "")
    assert "generation 2 in force" in accepted.stdout

    daemon.write_policy(MISTAKEN)
    refused = run_reload(daemon)
    assert refused.returncode == 1
    assert "10.0.0.0/33" in refused.stderr
    assert "the old policy stays in force" in refused.stderr
    assert daemon.status()["generation"] == 2

    daemon.policy_path.unlink()
    missing = run_reload(daemon)
    assert missing.returncode == 1
    assert str(daemon.policy_path) in missing.stderr
    assert daemon.status()["generation"] == 2


def test_the_command_without_a_daemon_says_so_and_exits_with_3(vpc, guard):
    daemon = guard(open_policy())
    assert daemon.stop() == 0
    result = run_reload(daemon)
    assert result.returncode == 3
    assert len(result.stderr.splitlines()) == 1
    assert str(daemon.socket_path) in result.stderr


def test_a_policy_that_needs_a_device_that_is_not_there_is_refused(vpc, guard):
    daemon = guard(open_policy())
    daemon.write_policy(open_policy(interfaces={"a1": {"device": "eth99"}}))
    answer = daemon.ask("reload")
    assert answer["accepted"] is False
    assert any("eth99" in line for line in answer["diagnostics"])
    assert daemon.status()["generation"] == 1
