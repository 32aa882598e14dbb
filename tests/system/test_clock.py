"""A clock that tests move: idle time without waiting, on real packets."""

import pytest
from policies import Policy
from topology import A1, X
from traffic import TcpEcho, connect, echoes, is_silent, udp_socket

TEST_CLOCK = ("--test-clock",)


def questions_only():
    """What a1 answers needs a flow."""
    return Policy(members={"a1": ["g"]}, groups={"g": (["udp/53 203.0.113.0/24", "tcp/80 203.0.113.0/24"], [])})


def advance(daemon, seconds):
    answer = daemon.ask("advance", seconds=seconds)
    assert answer["everywhere"], answer
    return answer["offset_seconds"]


@pytest.mark.parametrize("queues", [1, 4])
def test_a_udp_flow_lives_for_29_seconds_and_is_gone_after_30(vpc, guard, queues):
    """C-32: T-076, T-077"""
    daemon = guard(questions_only(), TEST_CLOCK, queues={"count": queues})
    with udp_socket(vpc.a1, A1, 53) as server:
        for idle, answered in ((29, True), (29.999999999, True), (30, False)):
            with udp_socket(vpc.x, X) as client:
                client.sendto(b"?", (A1, 53))
                _, peer = server.recvfrom(10)
                advance(daemon, idle)
                before = daemon.counters().gate("sg-egress", "deny")
                server.sendto(b"!", peer)
                if answered:
                    assert client.recv(10) == b"!"
                    assert daemon.counters().gate("sg-egress", "deny") == before
                else:
                    daemon.await_gate("sg-egress", "deny", packets=before + 1)
                    assert is_silent(client)


def test_time_stands_still_until_it_is_moved(vpc, guard):
    """C-30: T-071, T-072"""
    daemon = guard(questions_only(), TEST_CLOCK)
    assert daemon.status()["test_clock"] == {"offset_seconds": 0}
    assert "warning: test clock" in daemon.log()
    with TcpEcho(vpc.a1, 80), connect(vpc.x, A1, 80) as connection:
        assert echoes(connection)
        (flow,) = daemon.flows()
        assert (flow["idle_seconds"], flow["expires_in_seconds"]) == (0, 432_000)
        assert advance(daemon, 431_999) == 431_999
        (flow,) = daemon.flows()
        assert (flow["idle_seconds"], flow["expires_in_seconds"]) == (431_999, 1)
        assert echoes(connection)
        assert advance(daemon, 432_000) == 863_999
        assert daemon.flows() == []
    status = daemon.status()
    assert status["test_clock"] == {"offset_seconds": 863_999}
    assert status["uptime_seconds"] < 86_400


def test_only_what_makes_sense_moves_it(vpc, guard):
    daemon = guard(questions_only(), TEST_CLOCK)
    for seconds in (-1, "30", None, True, 1e10, 1e300):
        assert daemon.ask("advance", seconds=seconds).keys() == {"error"}, seconds
    assert daemon.ask("advance").keys() == {"error"}
    assert daemon.status()["test_clock"] == {"offset_seconds": 0}
    assert advance(daemon, 1e9) == 1e9
    assert daemon.ask("advance", seconds=1).keys() == {"error"}
    assert advance(daemon, 0) == 1e9


def test_without_the_option_the_clock_runs_and_nobody_moves_it(vpc, guard):
    daemon = guard(questions_only())
    answer = daemon.ask("advance", seconds=1)
    assert answer.keys() == {"error"}
    assert "--test-clock" in answer["error"]
    status = daemon.status()
    assert "test_clock" not in status
    with TcpEcho(vpc.a1, 80), connect(vpc.x, A1, 80) as connection:
        assert echoes(connection)
        assert daemon.flows()[0]["age_seconds"] > 0
