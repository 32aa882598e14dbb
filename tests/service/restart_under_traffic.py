"""`systemctl restart vpcwalld` under a real service manager, with traffic: no connection may end, no packet be lost.

    restart_under_traffic.py PID POLICY COMMAND…

PID: a process whose network namespace is the router that the service guards; hosts are linked to it, and go with this program.
POLICY: where the service reads its policy; it is written here. COMMAND…: what stands before `restart vpcwalld` to run it.
"""

import contextlib
import subprocess
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "system"))

from conditions import eventually  # noqa: E402 the path comes first
from namespaces import ForeignNamespace  # noqa: E402
from numbered import Numbered  # noqa: E402
from policies import Policy  # noqa: E402
from topology import A1, B1, Vpc  # noqa: E402
from traffic import TcpEcho, connect, echoes  # noqa: E402
from transfers import Transfer  # noqa: E402

RESTARTS = 3
CONNECTIONS = 32
A_SECOND = 5_000  # UDP, one way
BETWEEN = 6_000  # that arrive ahead of each restart, and after the last one
UNDER_WAY = 8_192  # at most: half of what the queue has room for
POLICY = Policy(
    members={"a1": ["client"], "b1": ["server"]},
    groups={
        "client": ([], ["tcp/80-81 10.0.0.0/16", "udp/7 10.0.0.0/16"]),
        "server": (["tcp/80-81 10.0.0.0/16", "udp/7 10.0.0.0/16"], []),
    },
)


class Busy:
    """A thread that does a piece of work again and again until it is told to stop; whoever asks hears of its failure."""

    def __init__(self, work, *arguments):
        self._work, self._arguments = work, arguments
        self._rounds, self._stop, self._failure = 0, threading.Event(), None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        try:
            while not self._stop.is_set():
                self._work(*self._arguments)
                self._rounds += 1
        except (OSError, AssertionError) as failure:
            self._failure = failure

    def rounds(self):
        """That are done."""
        if self._failure is not None:
            raise self._failure
        return self._rounds

    def await_round(self, what):
        """That one was begun and done from now on: the next one to be done may have begun before."""
        before = self.rounds()
        eventually(lambda: self.rounds() > before + 1, what, within=60)

    def join(self):
        self._stop.set()
        self._thread.join()
        return self.rounds()


def talk(connections):
    for connection in connections:
        assert echoes(connection), "other bytes came back than were sent"


def main():
    router, policy_path, command = ForeignNamespace(int(sys.argv[1])), Path(sys.argv[2]), sys.argv[3:]
    vpc = Vpc(router)
    with contextlib.ExitStack() as stack:
        stack.callback(vpc.remove)
        policy_path.write_text(POLICY.text(), encoding="ascii")
        subprocess.run([*command, "restart", "vpcwalld"], check=True)

        stack.enter_context(TcpEcho(vpc.b1, 80))
        connections = [stack.enter_context(connect(vpc.a1, B1, 80)) for _ in range(CONNECTIONS)]
        transfer = Transfer(vpc.a1, vpc.b1, B1, 81)
        numbered = stack.enter_context(Numbered(vpc.a1, A1, vpc.b1, B1, [7], A_SECOND, UNDER_WAY))
        talking = Busy(talk, connections)
        sending = Busy(transfer.send_block)
        for restart in range(1, RESTARTS + 1):
            numbered.await_arrivals(numbered.arrived() + BETWEEN)
            subprocess.run([*command, "restart", "vpcwalld"], check=True)
            talking.await_round(f"every connection to go on after restart {restart}")
            sending.await_round(f"the transfer to go on after restart {restart}")
        numbered.await_arrivals(numbered.arrived() + BETWEEN)
        sent = numbered.stop()
        numbered.await_arrivals(sent)
        rounds = talking.join()
        sending.join()
        transfer.finish()
    (got,) = numbered.got
    print(
        f"{RESTARTS} restarts: {CONNECTIONS} of {CONNECTIONS} connections went on ({rounds} rounds of echoes), "
        f"{transfer.sent >> 20} MiB arrived as sent, {sent - len(set(got))} of {sent} datagrams lost"
    )
    assert sorted(got) == list(range(sent)), "every datagram, once"


if __name__ == "__main__":
    main()
