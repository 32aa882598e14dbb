"""What outlives a daemon: flows, counters, the fast path's connections, and the packets that wait for a verdict."""

import contextlib
import signal
import socket
import subprocess
from pathlib import Path

import pytest
from background import Background
from conditions import eventually
from numbered import Numbered
from policies import OUT_ALL, Policy
from service_manager import ServiceManager
from topology import A1, B1
from traffic import Attempt, TcpEcho, connect, echoes, udp_socket
from transfers import Transfer

TRACKED = Policy(
    members={"a1": ["g"], "b1": ["h"]},
    groups={"g": ([], ["tcp/1-65535 10.0.0.0/16"]), "h": (["tcp/80 10.0.0.0/16", "udp/7 10.0.0.0/16"], [])},
)
MANY = Policy(
    members={"a1": ["g"], "b1": ["h"]},
    groups={"g": ([], ["udp/1-65535 10.0.0.0/16"]), "h": (["udp/1-65535 10.0.0.0/16"], [])},
)
WITHOUT_RULES = Policy(members={"a1": ["g"], "b1": ["h"]}, groups={"g": ([], []), "h": ([], [])})
A_SECOND = 20_000
UNDER_WAY = 8192  # packets; the queue has room for twice as many


@pytest.fixture(name="manager")
def _manager(tmp_path):
    manager = ServiceManager(tmp_path)
    yield manager
    manager.close()


def end(daemon, number):
    daemon.send(number)
    daemon.process.wait(timeout=30)


def state_of(flow):
    return {key: flow[key] for key in ("local", "local_port", "remote", "remote_port", "state", "packets", "bytes", "rule", "group")}


def with_another_byte(whole, place):
    return whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]


@pytest.mark.parametrize("fast_path", ["off", "required"])
@pytest.mark.parametrize("number", [signal.SIGUSR2, signal.SIGTERM])
def test_flows_and_counters_go_on_where_they_were(vpc, guard, number, fast_path):
    daemon = guard(TRACKED, fast_path=fast_path)
    with TcpEcho(vpc.b1, 80), connect(vpc.a1, B1, 80) as connection:
        assert echoes(connection)
        # The acknowledgement of the echo comes by itself, a little later: four packets there.
        eventually(lambda: all(flow["packets"]["original"] == 4 for flow in daemon.flows()), "the last packet")
        before = daemon.counters()
        flows = sorted(map(state_of, daemon.flows()), key=str)
        assert [flow["state"] for flow in flows] == ["established", "established"]
        daemon.write_policy(WITHOUT_RULES)  # from now on only state lets anything pass
        end(daemon, number)
        daemon.start()
        assert sorted(map(state_of, daemon.flows()), key=str) == flows
        assert daemon.counters().gates() == before.gates()
        assert [row["packets"] for row in daemon.counters().report["rules"] if row["packets"]] == [
            row["packets"] for row in before.report["rules"] if row["packets"]
        ]
        assert echoes(connection)
        assert daemon.counters().gate("sg-egress", "tracked") > before.gate("sg-egress", "tracked")
    with Attempt(vpc.a1, B1, 80) as attempt:
        daemon.await_gate("sg-egress", "deny")
        assert not attempt.settled()


def test_what_the_policy_no_longer_tracks_has_ended(vpc, guard):
    daemon = guard(TRACKED)
    with TcpEcho(vpc.b1, 80), connect(vpc.a1, B1, 80) as connection:
        assert echoes(connection)
        assert daemon.hand_over() == 0
        gone = TRACKED.copy()
        del gone.members["a1"]
        daemon.write_policy(gone)
        daemon.start()
        assert {flow["local"] for flow in daemon.flows()} == {B1}
        assert echoes(connection)


def test_a_damaged_state_is_not_trusted(vpc, guard):
    daemon = guard(TRACKED, fast_path="off")
    with TcpEcho(vpc.b1, 80), connect(vpc.a1, B1, 80) as connection:
        assert echoes(connection)
        assert daemon.hand_over() == 0
        path = daemon.folder / "state/flows-and-counters"
        whole = path.read_bytes()
        in_the_head = with_another_byte(whole, whole.index(b'"saved_at":') + len(b'"saved_at":'))
        in_a_flow = with_another_byte(whole, len(whole) - 70)
        for starts, damaged in enumerate((whole[:-1], whole[:100], b"", in_the_head, in_a_flow), start=1):
            assert damaged != whole
            path.write_bytes(damaged)
            daemon.start()
            # The log goes on over all starts.
            assert daemon.log().count("flows and counters begin anew: ") == starts
            assert daemon.flows() == []
            assert daemon.hand_over() == 0
        # Nor is one that another process has used since.
        path.write_bytes(whole)
        daemon.start()
        assert "no flow is restored" in daemon.log()
        assert daemon.flows() == []


def test_a_killed_daemon_leaves_what_it_had_copied(vpc, guard, tmp_path):
    daemon = guard(TRACKED, fast_path="off", state={"directory": str(tmp_path), "snapshot_seconds": 1})
    with TcpEcho(vpc.b1, 80), connect(vpc.a1, B1, 80) as connection:
        assert echoes(connection)
        path = tmp_path / "flows-and-counters"
        eventually(path.exists, "a first copy")
        written = path.stat().st_mtime_ns
        eventually(lambda: path.stat().st_mtime_ns != written, "a later copy")
        daemon.kill()
        daemon.write_policy(WITHOUT_RULES)
        daemon.start()
        assert echoes(connection)


def test_a_copy_that_was_made_under_load_is_whole(vpc, guard, tmp_path):
    """Workers go on while their flows are copied: a packet that comes meanwhile must not make the copy worthless."""
    flows = 20_000
    daemon = guard(MANY, fast_path="off", state={"directory": str(tmp_path), "snapshot_seconds": 1})
    path = tmp_path / "flows-and-counters"
    ends = [(B1, 10_000 + number) for number in range(flows)]
    sender = udp_socket(vpc.a1, A1)
    with contextlib.closing(sender), Background(lambda: [sender.sendto(b"one of many", end) for end in ends]):
        for _ in range(3):
            eventually(lambda: daemon.status()["flows"]["active"] == 2 * flows, "all flows to be there")
            eventually(path.exists, "a copy")
            written = path.stat().st_mtime_ns
            eventually(lambda: path.stat().st_mtime_ns != written, "a copy of all of them")
            daemon.kill()
            daemon.start()
            assert "begin anew" not in daemon.log()


def test_established_connections_go_on_while_a_killed_daemon_is_down(vpc, guard):
    """Nothing was copied since they began: what is known of them is in the kernel."""
    daemon = guard(TRACKED, fast_path="required")
    transfer = Transfer(vpc.a1, vpc.b1, B1, 80)
    transfer.send_block()
    eventually(lambda: daemon.status()["fast_path"]["flows"]["cached"] > 0, "the kernel to pass it on")
    daemon.kill()
    daemon.write_policy(WITHOUT_RULES)
    with Attempt(vpc.a1, B1, 80) as attempt:
        for _ in range(20):
            transfer.send_block()
        eventually(lambda: transfer.received == transfer.sent, "all of it to arrive without a daemon")
        assert not attempt.settled(), "fail closed: nobody judges what is new"
        daemon.start()
        assert {flow["state"] for flow in daemon.flows()} == {"established"}
        for _ in range(20):
            transfer.send_block()
        transfer.finish()
        assert not attempt.settled()


def test_what_a_namespace_that_is_gone_has_left_under_the_same_number_is_removed(vpc, guard):
    """The number of a namespace is given again; its memory would stay until the next boot."""
    left = Path(f"/sys/fs/bpf/vpcwall-{vpc.router.inode()}-flows-1")
    made = ["bpftool", "map", "create", str(left), "type", "array", "key", "4", "value", "192", "entries", "8", "name", "left"]
    subprocess.run(made, check=True)
    daemon = guard(TRACKED, fast_path="required")
    assert daemon.flows() == []
    assert not left.exists()
    names = [path.name for path in left.parent.glob(f"vpcwall-{vpc.router.inode()}-flows-*")]
    assert len(names) == 1, "its own"
    assert daemon.stop() == 0
    assert not (left.parent / names[0]).exists()


@pytest.mark.parametrize("number", [signal.SIGUSR2, signal.SIGKILL])
def test_a_restart_under_a_service_manager_loses_no_packet(vpc, guard, manager, number):
    policy = TRACKED.copy()
    policy.groups["g"] = ([], OUT_ALL)
    daemon = guard(policy, manager=manager, fast_path="off", queues={"count": 1, "length": 16384})
    eventually(lambda: manager.names() == ["queue-0"], "the queue to be kept")
    with Numbered(vpc.a1, A1, vpc.b1, B1, [7], A_SECOND, UNDER_WAY) as numbered:
        numbered.await_arrivals(UNDER_WAY)
        end(daemon, number)
        daemon.start()
        # Those that waited meanwhile, and as many that came later.
        numbered.await_arrivals(numbered.arrived() + 2 * UNDER_WAY)
        sent = numbered.stop()
        # One flow in one queue: no packet is behind the last one.
        eventually(lambda: numbered.got[0][-1] == sent - 1, "the last packet to arrive", within=60)
    (got,) = numbered.got
    lost = sent - len(set(got))
    print(f"{lost} of {sent} lost")
    assert len(got) == len(set(got))
    # What a killed process had taken and not answered cannot be judged any more: a burst at most.
    assert lost <= (0 if number == signal.SIGUSR2 else 64)
    conserved = daemon.settled()
    assert (conserved["queue_full"], conserved["socket_full"]) == (0, 0)
    assert conserved["abandoned"] <= lost, "and those are dropped and counted"
    assert daemon.status()["queues"][0]["refused_verdicts"] == 0
    assert manager.said("READY") == ["1", "1"]


def test_metrics_are_served_on_a_socket_that_the_service_manager_made(vpc, guard, manager):
    with vpc.router.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        address = listener.getsockname()
        manager.keep("http", listener.fileno())
        guard(TRACKED, manager=manager)
        with vpc.router.socket(socket.AF_INET, socket.SOCK_STREAM) as client:
            client.settimeout(30)
            client.connect(address)
            client.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert client.recv(1024).startswith(b"HTTP/1.1 200 OK")


def test_what_is_no_queue_is_not_adopted(vpc, guard, manager):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        manager.keep("queue-0", other.fileno())
        daemon = guard(TRACKED, manager=manager, queues={"count": 1})
    assert "what was kept as queue-0 is no socket of a queue" in daemon.log()
    with TcpEcho(vpc.b1, 80), connect(vpc.a1, B1, 80) as connection:
        assert echoes(connection)


def test_queues_that_are_no_longer_wanted_leave_the_service_manager(vpc, guard, manager):
    """Their sockets would take up its places for ever, and the queues be nobody else's."""
    daemon = guard(TRACKED, manager=manager, queues={"count": 2})
    eventually(lambda: manager.names() == ["queue-0", "queue-1"], "the queues to be kept")
    assert daemon.hand_over() == 0
    daemon.configure(queues={"first": 10, "count": 1})
    daemon.start()
    eventually(lambda: manager.names() == ["queue-10"], "the new queue to be kept, and no other")


def test_a_clean_stop_leaves_nothing_with_the_service_manager(vpc, guard, manager):
    daemon = guard(TRACKED, manager=manager, queues={"count": 2})
    eventually(lambda: manager.names() == ["queue-0", "queue-1"], "the queues to be kept")
    assert daemon.hand_over() == 0
    daemon.start()
    assert daemon.stop() == 0
    eventually(lambda: manager.names() == [], "nothing to be kept any more")


def test_connections_go_on_with_other_queues(vpc, guard):
    daemon = guard(TRACKED, fast_path="off")
    with TcpEcho(vpc.b1, 80), contextlib.ExitStack() as stack:
        connections = [stack.enter_context(connect(vpc.a1, B1, 80)) for _ in range(16)]
        assert all(map(echoes, connections))
        assert daemon.hand_over() == 0
        daemon.configure(queues={"count": 4, "first": 3})
        daemon.write_policy(WITHOUT_RULES)
        daemon.start()
        assert all(map(echoes, connections))
