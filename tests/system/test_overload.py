"""Too much of everything: packets, askers, answers that nobody reads, a worker that does not move, a queue that is taken."""

import contextlib
import ctypes
import json
import os
import socket
import subprocess
import time
from pathlib import Path

import pytest
from conditions import eventually
from daemon import program
from policies import OUT_ALL, Policy
from scapy.layers.inet import IP, UDP
from service_manager import ServiceManager
from topology import A1, B1, host_mac, router_mac
from traffic import TcpEcho, connect, echoes, mac, udp_socket

OPEN = Policy(members={"b1": ["h"]}, groups={"h": (["tcp/80 10.0.0.0/16", "udp/7 10.0.0.0/16"], OUT_ALL)})
MOST_CONNECTIONS = 64  # ControlServer::max_connections
TOO_MANY = {"error": "too many control connections; try again"}
PTRACE_SEIZE, PTRACE_INTERRUPT, PTRACE_DETACH = 0x4206, 0x4207, 17
WALL = 0x40000000  # __WALL: wait also for threads
YEAR = 31_536_000  # seconds, without the day that some have more

# A clock on the wall that goes wrong by what a file says.
SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
int clock_gettime(clockid_t clock, struct timespec* at) {
  static int (*real)(clockid_t, struct timespec*);
  if (!real) real = (int (*)(clockid_t, struct timespec*))dlsym(RTLD_NEXT, "clock_gettime");
  int result = real(clock, at);
  long wrong = 0;
  FILE* file = clock == CLOCK_REALTIME ? fopen(getenv("WRONG_BY"), "re") : NULL;
  if (file) {
    if (fscanf(file, "%ld", &wrong) == 1) at->tv_sec += wrong;
    fclose(file);
  }
  return result;
}
time_t time(time_t* out) {
  struct timespec at;
  clock_gettime(CLOCK_REALTIME, &at);
  if (out) *out = at.tv_sec;
  return at.tv_sec;
}
"""


def passes(vpc):
    with TcpEcho(vpc.b1, 80), connect(vpc.a1, B1, 80) as connection:
        return echoes(connection)


def asked(connection, verb="status"):
    """An answer, or None when there was no room for one more asker."""
    try:
        connection.sendall(json.dumps({"verb": verb}).encode() + b"\n")
        with connection.makefile("rb") as stream:
            line = stream.readline()
    except ConnectionError:
        return None
    answer = json.loads(line) if line else None
    return None if answer == TOO_MANY else answer


def answers(daemon):
    with daemon.connection() as connection:
        return "queues" in (asked(connection) or {})


def test_one_asker_too_many_is_told_so_and_nobody_else_notices(vpc, guard):
    daemon = guard(OPEN)
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(daemon.connection()) for _ in range(MOST_CONNECTIONS)]
        assert all("queues" in asked(connection) for connection in held)
        with daemon.connection() as connection, connection.makefile("rb") as stream:
            assert json.loads(stream.readline()) == TOO_MANY
            assert stream.readline() == b""
        assert all("queues" in asked(connection) for connection in held)
        assert passes(vpc)
    eventually(lambda: answers(daemon), "room for an asker")


def test_a_hundred_thousand_connections_leave_nothing_behind(vpc, guard):
    daemon = guard(OPEN)
    descriptors = Path("/proc", str(daemon.process.pid), "fd")

    def count():
        """Once an asker has its answer, those that went before it are forgotten."""
        with daemon.connection() as connection:
            return asked(connection) and len(list(descriptors.iterdir()))

    before = eventually(count, "room for an asker")
    for _ in range(100_000):
        daemon.connection().close()
    assert eventually(count, "room for an asker") == before
    assert passes(vpc)


def test_who_asks_and_does_not_read_is_not_heard_any_more_and_cut_off(vpc, guard):
    daemon = guard(OPEN)
    requests = b'{"verb": "rules"}\n' * 100
    with daemon.connection(timeout=1) as slow:
        with pytest.raises(TimeoutError):
            while True:
                slow.sendall(requests)
        assert passes(vpc)
        assert answers(daemon)
        status = Path("/proc", str(daemon.process.pid), "status").read_text(encoding="ascii")
        resident = int(next(line for line in status.splitlines() if line.startswith("VmRSS:")).split()[1])
        assert resident < 256 << 10  # KiB; what may wait for one reader is 64 MiB and one answer
        slow.settimeout(120)  # of which the daemon takes 30 and a little
        with pytest.raises(ConnectionError):
            while True:
                slow.sendall(requests)
    assert answers(daemon)


def test_losses_at_a_small_socket_are_counted_and_the_daemon_goes_on(vpc, guard):
    daemon = guard(OPEN, fast_path="off", queues={"count": 1, "length": 65535, "receive_buffer": 65536})
    head = mac(router_mac(vpc.a1.number)) + mac(host_mac(vpc.a1.number)) + b"\x08\x00"
    frames = [head + bytes(IP(src=A1, dst=B1) / UDP(sport=port, dport=7)) for port in range(20000, 21000)]
    # Somebody listens, so that no error comes back.
    with udp_socket(vpc.b1, B1, 7), vpc.a1.socket(socket.AF_PACKET, socket.SOCK_RAW) as wire:
        wire.bind(("eth0", 0))
        daemon.suspend()
        try:
            for frame in frames:
                wire.send(frame)
        finally:
            daemon.resume()
        eventually(lambda: daemon.status()["queues"][0]["waiting"] == 0, "what waited to be judged")
    (queue,) = daemon.status()["queues"]
    assert queue["user_dropped"] > 0
    assert queue["received"] + queue["user_dropped"] + queue["kernel_dropped"] == len(frames)
    assert daemon.counters().gate("sg-ingress") == queue["received"]
    assert passes(vpc)


def test_a_queue_that_is_taken_is_named(vpc, guard, tmp_path):
    daemon = guard(OPEN, queues={"first": 3, "count": 1})
    rules = vpc.router.rules()
    settings = json.loads(daemon.settings_path.read_text(encoding="ascii"))
    settings.update(control={"socket": str(tmp_path / "socket")}, state={"directory": str(tmp_path / "state")}, http={"listen": "off"})
    other = tmp_path / "daemon.yaml"
    other.write_text(json.dumps(settings), encoding="ascii")
    result = vpc.router.run(program("VPCWALLD"), "--config", str(other))
    assert result.returncode == 1
    assert "queue 3 is taken by another process; stop it or choose other queue numbers" in result.stdout
    assert vpc.router.rules() == rules
    assert passes(vpc)


def test_without_the_right_to_bind_a_queue_it_says_what_it_needs(vpc, guard, tmp_path):
    settings, policy = tmp_path / "daemon.yaml", tmp_path / "policy.yaml"
    policy.write_text(OPEN.text(), encoding="ascii")
    settings.write_text(json.dumps({"version": 1, "policy": str(policy), "control": {"socket": str(tmp_path / "socket")},
                                    "state": {"directory": str(tmp_path / "state")}}), encoding="ascii")
    rules = vpc.router.rules()
    bare = ["setpriv", "--bounding-set", "-net_admin", "--inh-caps", "-net_admin"]
    result = vpc.router.run(*bare, program("VPCWALLD"), "--config", str(settings))
    assert result.returncode == 1
    assert "CAP_NET_ADMIN" in result.stdout
    assert vpc.router.rules() == rules


class StoppedThread:
    """One thread of a process stands still. A context manager."""

    def __init__(self, thread):
        self._thread = thread
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]

    def _ptrace(self, request):
        if self._libc.ptrace(request, self._thread, None, None) != 0:
            raise OSError(ctypes.get_errno(), f"ptrace {request:#x}")

    def __enter__(self):
        self._ptrace(PTRACE_SEIZE)
        self._ptrace(PTRACE_INTERRUPT)
        os.waitpid(self._thread, WALL)
        return self

    def __exit__(self, *_):
        self._ptrace(PTRACE_DETACH)


def worker_of(daemon):
    """The thread that waits for packets."""
    for task in Path("/proc", str(daemon.process.pid), "task").iterdir():
        if "packet" in task.joinpath("wchan").read_text() or "skb_wait" in task.joinpath("wchan").read_text():
            return int(task.name)
    return None


@pytest.fixture(name="manager")
def _manager(tmp_path):
    manager = ServiceManager(tmp_path, watchdog_seconds=2)
    yield manager
    manager.close()


def test_a_worker_that_does_not_move_is_told_to_the_service_manager(vpc, guard, manager):
    daemon = guard(OPEN, manager=manager, fast_path="off")
    eventually(lambda: len(manager.said("WATCHDOG")) > 2, "the watchdog to be fed")
    with StoppedThread(eventually(lambda: worker_of(daemon), "a worker that waits")):
        eventually(lambda: "worker 0 is stuck" in daemon.log(), "the worker to be missed", within=30)
        fed = len(manager.said("WATCHDOG"))
        # It looks twice a second: in three of its own seconds it has looked, and did not feed.
        seconds = eventually(lambda: daemon.status()["uptime_seconds"], "its uptime") + 3
        eventually(lambda: daemon.status()["uptime_seconds"] > seconds, "several looks to go by")
        assert len(manager.said("WATCHDOG")) == fed
    eventually(lambda: "worker 0 goes on" in daemon.log(), "the worker to go on", within=30)
    eventually(lambda: len(manager.said("WATCHDOG")) > fed, "the watchdog to be fed again")
    assert passes(vpc)


def test_a_clock_on_the_wall_that_jumps_moves_no_flow_and_no_deadline(vpc, guard, tmp_path):
    source, shim, wrong = tmp_path / "shim.c", tmp_path / "shim.so", tmp_path / "wrong"
    source.write_text(SHIM, encoding="ascii")
    wrong.write_text("0", encoding="ascii")
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", str(shim), str(source), "-ldl"], check=True)
    # A sanitizer insists on being the first library unless it is told otherwise.
    options = f"{os.environ.get('ASAN_OPTIONS', '')}:verify_asan_link_order=0"
    daemon = guard(OPEN, before=["env", f"LD_PRELOAD={shim}", f"WRONG_BY={wrong}", f"ASAN_OPTIONS={options}"], fast_path="off")
    changed = daemon.folder / "changed.yaml"
    changed.write_text(Policy(members={"b1": ["h"]}, groups={"h": ([], OUT_ALL)}).text(), encoding="ascii")
    with TcpEcho(vpc.b1, 80), connect(vpc.a1, B1, 80) as connection:
        assert echoes(connection)
        for years in (30, -20):
            wrong.write_text(str(years * YEAR), encoding="ascii")
            command = [program("VPCWALL"), "apply", str(changed), "--confirm-within", "1h", "--socket", str(daemon.socket_path)]
            subprocess.run(command, check=True, capture_output=True)
            wrong.write_text(str(-years * YEAR), encoding="ascii")
            left = daemon.status()["policy_in_force"]["unconfirmed"]["seconds_left"]
            assert 3500 < left <= 3600
            assert echoes(connection), "only its flow lets it pass"
            assert len(daemon.flows()) == 1
            assert daemon.ask("rollback")["accepted"]
        assert daemon.hand_over() == 0
        wrong.write_text("0", encoding="ascii")
        daemon.start()
        assert len(daemon.flows()) == 1
        assert echoes(connection)
    there = time.gmtime(time.time() + 30 * YEAR).tm_year
    assert f"{there}-" in daemon.log(), "the clock did not jump"
