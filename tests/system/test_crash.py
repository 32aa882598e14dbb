"""A daemon that is killed: what ended after its last copy of the flows stays ended."""

import contextlib
import json
import socket
import struct

import pytest
from policies import ANY_IN, OUT_ALL, Policy
from test_changes import apply
from topology import A1, B1
from traffic import connect, tcp_socket

TRACKED = Policy(
    members={"a1": ["g"], "b1": ["h"]},
    groups={"g": ([], ["tcp/1-65535 10.0.0.0/16"]), "h": (["tcp/80 10.0.0.0/16"], [])},
)
WITHOUT_RULES = Policy(members={"a1": ["g"], "b1": ["h"]}, groups={"g": ([], []), "h": ([], [])})
OPEN = Policy(members={"a1": ["g"], "b1": ["h"]}, groups={"g": (ANY_IN, OUT_ALL), "h": (ANY_IN, OUT_ALL)})
UNGUARDED = Policy(members={}, groups={})
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close() sends RST
HOUR = 3600


@pytest.fixture(name="copied")
def _copied(vpc, guard):
    """copied(fast_path) gives a daemon and a connection that is in the copy of the flows; no later copy is made."""
    with contextlib.ExitStack() as stack:

        def start(fast_path="off"):
            listener = stack.enter_context(vpc.b1.socket(socket.AF_INET, socket.SOCK_STREAM))
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.settimeout(30)
            listener.bind((B1, 80))
            listener.listen()
            daemon = guard(TRACKED, fast_path=fast_path)
            settings = json.loads(daemon.settings_path.read_text(encoding="ascii"))
            daemon.configure(state={**settings["state"], "snapshot_seconds": 86_400})
            near = stack.enter_context(connect(vpc.a1, B1, 80, A1))
            far = stack.enter_context(listener.accept()[0])
            far.settimeout(30)
            exchange(near, far)
            assert daemon.hand_over() == 0
            daemon.start()
            exchange(near, far)
            return daemon, near, far

        yield start


def exchange(near, far):
    near.sendall(b"there")
    assert far.recv(5) == b"there"
    far.sendall(b"back")
    assert near.recv(4) == b"back"


def restart(daemon):
    daemon.kill()
    daemon.start()


@pytest.mark.parametrize("fast_path", ["off", "required"])
def test_what_goes_on_is_restored(copied, fast_path):
    daemon, near, far = copied(fast_path)
    daemon.reload(WITHOUT_RULES)
    restart(daemon)
    assert len(daemon.flows()) == 2
    exchange(near, far)
    # And once more: the second process has made no copy either.
    restart(daemon)
    exchange(near, far)


@pytest.mark.parametrize("fast_path", ["off", "required"])
@pytest.mark.parametrize("between", [OPEN, UNGUARDED], ids=["open", "unguarded"])
def test_what_a_policy_in_between_ended_stays_ended(copied, between, fast_path):
    """T-371."""
    daemon, _, _ = copied(fast_path)
    daemon.reload(between)
    daemon.reload(WITHOUT_RULES)
    restart(daemon)
    assert daemon.flows() == []


def test_a_policy_that_was_never_confirmed_counts(copied):
    daemon, _, _ = copied()
    assert apply(daemon, OPEN, confirm_within_seconds=HOUR)["accepted"]
    restart(daemon)
    assert daemon.flows() == []


def test_a_policy_of_a_second_process_without_a_copy_counts(copied):
    daemon, _, _ = copied()
    daemon.kill()
    daemon.write_policy(OPEN)
    daemon.start()
    daemon.kill()
    daemon.write_policy(WITHOUT_RULES)
    daemon.start()
    assert daemon.flows() == []


@pytest.mark.parametrize("fast_path", ["off", "required"])
def test_what_was_reset_stays_closed(vpc, copied, fast_path):
    """T-372."""
    daemon, near, far = copied(fast_path)
    source = near.getsockname()
    near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    near.close()
    with pytest.raises(ConnectionResetError):
        far.recv(1)
    daemon.kill()
    daemon.write_policy(WITHOUT_RULES)
    daemon.start()
    assert [flow for flow in daemon.flows() if flow["state"] != "closed"] == []
    with tcp_socket(vpc.a1, B1) as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(source)
        again.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            again.connect((B1, 80))
        daemon.await_gate("sg-egress", "deny")
    assert daemon.flows() == []


def test_nothing_is_restored_where_a_policy_is_missing(copied):
    daemon, _, _ = copied()
    daemon.reload(OPEN)
    daemon.reload(WITHOUT_RULES)
    daemon.kill()
    policies = sorted((daemon.folder / "state").glob("in-force-*"), key=lambda path: path.stat().st_mtime_ns)
    assert len(policies) == 3
    policies[1].unlink()
    daemon.start()
    assert daemon.flows() == []
    assert "no flow is restored" in daemon.log()
    # What was left behind does not come back later.
    restart(daemon)
    assert daemon.flows() == []


def test_a_copy_of_an_earlier_time_is_not_used(copied):
    """Somebody puts a file back that was used before."""
    daemon, _, _ = copied()
    assert daemon.hand_over() == 0
    path = daemon.folder / "state/flows-and-counters"
    earlier = path.read_bytes()
    daemon.start()
    assert daemon.hand_over() == 0
    path.write_bytes(earlier)
    daemon.start()
    assert daemon.flows() == []
