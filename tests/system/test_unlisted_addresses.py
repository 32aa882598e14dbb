"""Addresses of a subnet that no interface of the policy has: the subnet's network ACL guards them (O-20)."""

import pytest
from conditions import eventually
from policies import ANY_IN, EPHEMERAL, OUT_ALL, Policy
from topology import B1, X
from traffic import Attempt, TcpEcho, connect, echoes

HTTPS, SSH = 443, 22


def one_port(**top_level):
    """Only a1 is an interface; b1 is a host of subnet B that the policy does not name."""
    return Policy(
        members={"a1": ["g"]},
        groups={"g": (ANY_IN, OUT_ALL)},
        acls={"B": ([f"100 tcp/{HTTPS} 0.0.0.0/0 allow"], [EPHEMERAL])},
        **top_level,
    )


def denied(daemon):
    return daemon.counters().reason("acl-default")


def await_refusal(daemon, host, address, port):
    before = denied(daemon)
    attempt = Attempt(host, address, port)
    eventually(lambda: denied(daemon) > before, f"{address}:{port} refused")
    assert not attempt.settled()
    attempt.socket.close()


@pytest.mark.parametrize("fast_path", ["off", "required"])
def test_the_acl_of_the_subnet_judges_both_directions(vpc, guard, fast_path):
    daemon = guard(one_port(), backend="xt", fast_path=fast_path)
    with TcpEcho(vpc.b1, HTTPS), TcpEcho(vpc.b1, SSH), TcpEcho(vpc.x, HTTPS):
        for client in (vpc.x, vpc.a1):
            with connect(client, B1, HTTPS) as connection:
                for _ in range(5):
                    assert echoes(connection)
            await_refusal(daemon, client, B1, SSH)
        await_refusal(daemon, vpc.b1, X, HTTPS)
    assert [flow for flow in daemon.flows() if flow["interface"] != "a1"] == []


def test_drop_lets_nothing_cross_the_edge(vpc, guard):
    daemon = guard(one_port(unlisted_addresses="drop"))
    with TcpEcho(vpc.b1, HTTPS):
        await_refusal(daemon, vpc.x, B1, HTTPS)
        await_refusal(daemon, vpc.a1, B1, HTTPS)


def test_pass_leaves_them_alone(vpc, guard):
    daemon = guard(one_port(unlisted_addresses="pass"))
    with TcpEcho(vpc.b1, SSH), connect(vpc.x, B1, SSH) as connection:
        assert echoes(connection)
    assert denied(daemon) == 0
