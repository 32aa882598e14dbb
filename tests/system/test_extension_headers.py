"""Extension headers hide no port: what cannot be read is never better off than what can (S-68, S-69)."""

import pytest
from conditions import eventually
from policies import Policy
from scapy.layers.inet import TCP
from scapy.layers.inet6 import IPv6, IPv6ExtHdrDestOpt
from scapy.packet import Raw
from topology import A1_V6, X_V6
from traffic import Attempt, Capture, TcpEcho, connect, echoes, inject

CLOSED, OPEN = 22, 80
ATTEMPTS = 10


def padding_options(size):
    """A destination-options header of so many bytes with one experimental option (type 0x1e)."""
    return bytes([0, size // 8 - 1, 0x1E, size - 4]) + bytes(size - 4)


def one_port_denied():
    return Policy(
        members={"a1": ["g"]},
        groups={"g": (["all ::/0"], ["all ::/0"])},
        acls={"A": ([f"100 tcp/{CLOSED} ::/0 deny", "200 all ::/0 allow"], ["100 all ::/0 allow"])},
    )


def denied(daemon):
    return daemon.counters().reason("acl-entry")


@pytest.mark.parametrize("fast_path", ["off", "required"])
@pytest.mark.parametrize("size", [8, 64, 160, 248])
def test_no_connection_hides_its_port_behind_options(vpc, guard, fast_path, size):
    daemon = guard(one_port_denied(), backend="xt", fast_path=fast_path)
    with TcpEcho(vpc.a1, CLOSED), TcpEcho(vpc.a1, OPEN), Capture(vpc.a1) as arriving:
        attempts = [Attempt(vpc.x, A1_V6, CLOSED, padding_options(size)) for _ in range(ATTEMPTS)]
        eventually(lambda: denied(daemon) >= ATTEMPTS, "every attempt refused")
        assert not any(attempt.settled() for attempt in attempts)
        with connect(vpc.x, A1_V6, OPEN) as connection:
            assert echoes(connection)
        assert [packet for packet in arriving.arrived_from(X_V6) if TCP in packet and packet[TCP].dport == CLOSED] == []
        for attempt in attempts:
            attempt.socket.close()


def chain(count, size):
    """A SYN behind `count` destination-options headers of `size` bytes."""
    syn = bytes(IPv6(src=X_V6, dst=A1_V6) / TCP(sport=1000, dport=CLOSED, flags="S"))[40:]
    follows = [60] * (count - 1) + [6]
    headers = b"".join(bytes([protocol, size // 8 - 1, 1, size - 4]) + bytes(size - 4) for protocol in follows)
    return IPv6(src=X_V6, dst=A1_V6, nh=60) / Raw(headers + syn)


@pytest.mark.parametrize("fast_path", ["off", "required"])
@pytest.mark.parametrize(("count", "size"), [(1, 8), (8, 8), (9, 8), (30, 8), (3, 248)])
def test_no_packet_hides_its_port_behind_a_chain(vpc, guard, fast_path, count, size):
    daemon = guard(one_port_denied(), backend="xt", fast_path=fast_path)
    with TcpEcho(vpc.a1, OPEN), Capture(vpc.a1) as arriving:
        inject(vpc.x, *[chain(count, size)] * ATTEMPTS)
        eventually(lambda: denied(daemon) == ATTEMPTS, "every packet refused")
        with connect(vpc.x, A1_V6, OPEN) as connection:
            assert echoes(connection)
        assert [packet for packet in arriving.arrived_from(X_V6) if IPv6ExtHdrDestOpt in packet] == []
