"""The control socket against those who misuse it, and a second daemon against the first."""

import contextlib
import json
import os
import select
import signal
import socket
import stat
import subprocess
import sys

import pytest
from conditions import eventually
from daemon import program
from policies import Policy, open_policy
from topology import A1, X
from traffic import TcpEcho, connect, echoes, ping

NOBODY = 65534
MAX_REQUEST = 64 << 10
MAX_CONNECTIONS = 64 + 8  # ConnectionLimits

GARBAGE = {
    "no-json": b"hello?\n",
    "empty-line": b"\n",
    "binary": bytes(range(256)).replace(b"\n", b"") + b"\n",
    "nul-bytes": bytes(100) + b"\n",
    "invalid-utf8": b'{"verb": "\xff\xfe\xc3"}\n',
    "half-an-object": b'{"verb": "status"\n',
    "an-array": b'["status"]\n',
    "no-verb": b"{}\n",
    "a-number-as-verb": b'{"verb": 1}\n',
    "unknown-verb": b'{"verb": "drop-everything"}\n',
    "deep": b'{"verb": "status", "x": ' + b"[" * 20_000 + b"]" * 20_000 + b"}\n",
    "long-line": b'{"verb": "status", "x": "' + b"y" * MAX_REQUEST + b'"}\n',
    "no-line-end": b"z" * (MAX_REQUEST + 8192),
    "http": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
}


def conversation(daemon, sent):
    """All that comes back until the daemon closes the connection."""
    received = b""
    with daemon.connection() as connection:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it may close before it has read all
            connection.sendall(sent)
        with contextlib.suppress(ConnectionResetError):
            while data := connection.recv(65536):
                received += data
    return received


@pytest.mark.parametrize("sent", GARBAGE.values(), ids=GARBAGE)
def test_garbage_is_answered_with_one_error_line_and_the_end_of_the_connection(vpc, guard, sent):
    daemon = guard(open_policy())
    with daemon.connection() as bystander:
        received = conversation(daemon, sent)
        lines = received.splitlines()
        assert len(lines) == 1, received
        assert set(json.loads(lines[0])) == {"error"}
        bystander.sendall(b'{"verb": "status"}\n')
        assert json.loads(bystander.makefile("rb").readline())["generation"] == 1
    assert ping(vpc.x, A1)


def test_several_requests_in_one_piece_and_one_request_in_several_pieces(vpc, guard):
    daemon = guard(open_policy())
    with daemon.connection() as connection, connection.makefile("rb") as answers:
        connection.sendall(b'{"verb": "status"}\n{"verb": "rules"}\n{"verb": "fl')
        schemas = [json.loads(answers.readline())["schema"] for _ in range(2)]
        connection.sendall(b"ows")
        connection.sendall(b'"}\n')
        schemas.append(json.loads(answers.readline())["schema"])
    assert schemas == ["vpcwall/status/1", "vpcwall/rules/1", "vpcwall/flows/1"]


def test_bad_arguments_are_refused_and_the_connection_goes_on(vpc, guard):
    daemon = guard(open_policy())
    with daemon.connection() as connection, connection.makefile("rb") as answers:
        for rest in (b'"flows", "limit": -1', b'"flows", "limit": "all"', b'"explain"', b'"explain", "packet": 7'):
            request = b'{"verb": ' + rest + b"}"
            connection.sendall(request + b"\n")
            assert "error" in json.loads(answers.readline()), request
        connection.sendall(b'{"verb": "status"}\n')
        assert json.loads(answers.readline())["generation"] == 1


def test_root_always_gets_a_connection_and_the_one_that_was_silent_longest_ends_for_it(vpc, guard):
    daemon = guard(open_policy())
    with contextlib.ExitStack() as stack:
        held = []
        for _ in range(MAX_CONNECTIONS):
            connection = stack.enter_context(daemon.connection())
            connection.sendall(b'{"verb": "status"}\n')
            assert connection.recv(65536)
            held.append(connection)
        assert daemon.status()["generation"] == 1
        assert held[0].recv(1) == b""
        held[1].sendall(b'{"verb": "status"}\n')  # the others go on
        assert json.loads(held[1].makefile("rb").readline())["generation"] == 1
    assert daemon.status()["generation"] == 1


def test_clients_that_go_away_at_any_time_leave_nothing_behind(vpc, guard):
    daemon = guard(open_policy())

    def descriptors():
        return len(os.listdir(f"/proc/{daemon.process.pid}/fd"))

    before = descriptors()
    for number in range(300):
        with daemon.connection() as connection, contextlib.suppress(BrokenPipeError):  # some find no room
            if number % 3 == 1:
                connection.sendall(b'{"verb": "ru')
            if number % 3 == 2:
                connection.sendall(b'{"verb": "rules"}\n')  # and do not wait for the answer
    eventually(lambda: descriptors() <= before, "every connection to be closed")
    with contextlib.ExitStack() as stack:
        for _ in range(10):
            half_open = stack.enter_context(daemon.connection())
            half_open.sendall(b'{"verb": "rules"}\n')
            half_open.shutdown(socket.SHUT_WR)
            assert json.loads(half_open.makefile("rb").readline())["generation"] == 1
            assert half_open.recv(1) == b""
    eventually(lambda: descriptors() <= before, "every connection to be closed")
    assert ping(vpc.x, A1)


def test_a_client_that_asks_and_never_reads_slows_nobody_down(vpc, guard):
    daemon = guard(open_policy())
    with daemon.connection() as lazy:
        lazy.setblocking(False)
        request = b'{"verb": "rules"}\n' * 100
        with contextlib.suppress(BlockingIOError, BrokenPipeError, ConnectionResetError):
            while select.select([], [lazy], [], 0)[1]:
                lazy.send(request)
        for _ in range(50):
            assert daemon.status()["generation"] == 1
        with TcpEcho(vpc.a1, 80), connect(vpc.x, A1, 80) as connection:
            assert echoes(connection)


ASK_AS_NOBODY = """
import socket, sys
connection = socket.socket(socket.AF_UNIX)
try:
    connection.connect(sys.argv[1])
except PermissionError as error:
    sys.exit(print(error))
try:
    connection.sendall(b'{"verb": "reload"}\\n')
except BrokenPipeError:
    pass  # refused before it was asked: the answer is there
print(connection.makefile().readline())
"""


def ask_as_nobody(daemon):
    command = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", sys.executable, "-c", ASK_AS_NOBODY]
    result = subprocess.run([*command, str(daemon.socket_path)], capture_output=True, text=True, check=True, timeout=60)
    return result.stdout


def test_a_user_who_is_not_root_is_refused_by_the_file_and_by_the_daemon(vpc, guard):
    daemon = guard(open_policy())
    assert stat.S_IMODE(daemon.socket_path.stat().st_mode) == 0o600
    daemon.folder.chmod(0o755)
    assert "Permission denied" in ask_as_nobody(daemon)
    daemon.socket_path.chmod(0o666)  # even so the daemon asks the kernel who is there
    answer = json.loads(ask_as_nobody(daemon))
    assert answer.keys() == {"error"}
    assert "permission denied" in answer["error"]
    assert daemon.status()["generation"] == 1


def run_second(daemon, **changed):
    settings = {**json.loads(daemon.settings_path.read_text(encoding="ascii")), **changed}
    other = daemon.folder / "second.yaml"
    other.write_text(json.dumps(settings), encoding="ascii")
    with daemon.namespace.start(
        [program("VPCWALLD"), "--config", str(other)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        output, _ = process.communicate(timeout=60)
    return process.returncode, [line for line in output.splitlines() if line]


@pytest.mark.parametrize("shared", ["queue", "socket", "both"])
def test_a_second_daemon_gives_up_with_one_line_and_the_first_does_not_notice(vpc, guard, shared):
    daemon = guard(open_policy())
    installed = vpc.router.rules()
    changed = {}
    if shared == "queue":
        changed["control"] = {"socket": str(daemon.folder / "second.sock")}
    if shared == "socket":
        changed["queues"] = {"first": 10, "count": 1}
    status, lines = run_second(daemon, **changed)
    assert status == 1
    assert len(lines) == 1, lines
    assert ("queue 0" if shared != "socket" else str(daemon.socket_path)) in lines[0]
    assert "stop it" in lines[0]
    assert vpc.router.rules() == installed
    assert daemon.status()["generation"] == 1
    assert ping(vpc.x, A1)


def test_settings_or_a_policy_with_mistakes_end_the_start_with_status_2(vpc, guard):
    daemon = guard(open_policy())
    status, lines = run_second(daemon, mode="bridge", surprise=1)
    assert status == 2
    assert len(lines) == 2
    assert all("second.yaml:1:" in line for line in lines)
    broken = daemon.folder / "broken.yaml"
    broken.write_text("version: 2\n", encoding="ascii")
    status, lines = run_second(daemon, policy=str(broken))
    assert status == 2
    assert any("broken.yaml:1:10" in line for line in lines)
    status, lines = run_second(daemon, policy=str(daemon.folder / "missing.yaml"))
    assert (status, len(lines)) == (2, 1)
    assert "missing.yaml" in lines[0]


def test_a_socket_that_a_dead_daemon_left_is_replaced_and_another_file_is_not(vpc, guard):
    daemon = guard(open_policy())
    daemon.kill()
    assert daemon.socket_path.exists()
    daemon.start()
    assert daemon.stop() == 0
    assert not daemon.socket_path.exists()
    daemon.socket_path.write_text("precious", encoding="ascii")
    status, lines = run_second(daemon)
    assert (status, len(lines)) == (1, 1)
    assert daemon.socket_path.read_text(encoding="ascii") == "precious"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_both_signals_end_it_cleanly_in_the_midst_of_requests_and_traffic(vpc, guard, number):
    daemon = guard(Policy(members={"a1": ["g"]}, groups={"g": (["icmp/8 0.0.0.0/0"], [])}))
    with daemon.connection() as idle, daemon.connection() as half:
        half.sendall(b'{"verb":')
        with vpc.x.start(["ping", "-q", "-f", "-c", "100000", "-w", "60", A1], stdout=subprocess.DEVNULL) as pinging:
            daemon.await_gate("sg-ingress", "tracked", packets=50)
            daemon.send(number)
            assert daemon.process.wait(timeout=30) == 0
            pinging.terminate()
        assert idle.recv(1) == b""
    assert X not in daemon.log()
