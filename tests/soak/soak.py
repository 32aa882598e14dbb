"""scripts/soak: one daemon under everything at once, for minutes; every round its books are checked."""

import argparse
import contextlib
import io
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(Path(__file__).parent), str(ROOT / "tests" / "system")]

from books import LogWatch, Ledger, ProcessWatch  # noqa: E402
from conditions import eventually  # noqa: E402
from daemon import Daemon, program  # noqa: E402
from faults import FAULTS  # noqa: E402
from load import SteadyTransfer, floods  # noqa: E402
from namespaces import PREFIX, remove_leftovers  # noqa: E402
from policies import OUT_ALL, Policy  # noqa: E402
from service_manager import ServiceManager  # noqa: E402
from topology import B1, Vpc  # noqa: E402
from traffic import Attempt, TcpEcho, connect, echoes  # noqa: E402

STRETCH = 300.0  # seconds with restarts, then as many in one life, by turns
MOST_VIOLATIONS = 20
RESTARTS = [signal.SIGUSR2, signal.SIGKILL, signal.SIGTERM, signal.SIGUSR2]
SETTINGS = {
    "queues": {"count": 2, "length": 1024},
    "flows": {"capacity_per_worker": 16384},
    "fast_path": "off",
    "remove_hooks_at_stop": False,  # what is denied stays denied while nobody judges
}


def policy(a2_is_client):
    return Policy(
        members={"a1": ["client"], "a2": ["client" if a2_is_client else "other"], "b1": ["server"]},
        groups={
            "client": ([], list(OUT_ALL)),
            "other": ([], list(OUT_ALL)),
            "server": (["tcp/80 sg:client", "tcp/9000-9099 sg:client", "udp/7 sg:client"], []),
        },
        behavior={"flows_per_interface": 16384},
    )


class Soak:
    def __init__(self, stack, seconds, seed):
        self.numbers = random.Random(seed)
        self.half = min(STRETCH, seconds / 2)
        self.vpc = Vpc()
        stack.callback(self.vpc.remove)
        scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix=f"{PREFIX}{os.getpid()}-"))
        self.manager = ServiceManager(Path(scratch))
        stack.callback(self.manager.close)
        self.a2_is_client = True
        self.daemon = Daemon(self.vpc.router, policy(True), manager=self.manager, **SETTINGS)
        stack.callback(self.stop)
        self.allowed = stack.enter_context(TcpEcho(self.vpc.b1, 80))
        self.denied = stack.enter_context(TcpEcho(self.vpc.b1, 81))
        self.transfers = [SteadyTransfer(self.vpc.a1, self.vpc.b1, B1, 9000 + number) for number in range(2)]
        self.floods = [stack.enter_context(flood) for flood in floods(self.vpc, seed)]
        self.ledger = Ledger(self.vpc.router)
        self.log = LogWatch(self.daemon.log_path)
        self.counts = {"rounds": 0, "reloads": 0, "applies": 0, "restarts": 0, "connections": 0, "flooded": 0, "faults": 0}
        self.violations = []
        self.memory = 0
        self.watch = None
        self.quieten()
        self.new_life()
        self.resume()

    # What is done.

    def fast_path(self):
        return self.daemon.status()["fast_path"]["active"]

    def ask_whether_allowed(self, host):
        with connect(host, B1, 80) as connection:
            assert echoes(connection), "an allowed connection does not echo"
        self.counts["connections"] += 1

    def ask_whether_denied(self, host, port):
        before = self.daemon.counters().gate("sg-ingress", "deny")
        with Attempt(host, B1, port) as attempt:
            eventually(lambda: self.daemon.counters().gate("sg-ingress", "deny") > before, "a SYN to be denied")
            assert not attempt.settled(), f"what is denied was answered at port {port}"

    def verdicts(self):
        for _ in range(5):
            self.ask_whether_allowed(self.vpc.a1)
        self.ask_whether_denied(self.vpc.a1, 81)
        if self.a2_is_client:
            self.ask_whether_allowed(self.vpc.a2)
        else:
            self.ask_whether_denied(self.vpc.a2, 80)
        assert self.denied.accepted == 0, "a denied connection was accepted"

    def flood(self):
        for flood in self.floods:
            self.counts["flooded"] += flood.send(self.numbers.randrange(1, 4))

    def change_groups(self):
        self.a2_is_client = not self.a2_is_client
        self.daemon.reload(policy(self.a2_is_client))
        self.counts["reloads"] += 1
        self.verdicts()

    def apply(self):
        """A change that somebody confirms, or that goes again by itself."""
        confirmed = self.numbers.random() < 0.5
        before = self.a2_is_client
        generation = self.daemon.status()["generation"]
        changed = self.daemon.folder / "changed.yaml"
        changed.write_text(policy(not before).text(), encoding="ascii")
        self.vpcwall("apply", str(changed), "--confirm-within", "1h" if confirmed else "1s")
        if confirmed:
            self.a2_is_client = not before
            self.verdicts()
            self.vpcwall("confirm")
        else:
            eventually(lambda: self.daemon.status()["generation"] == generation + 2, "what nobody confirmed to go")
        self.verdicts()
        self.counts["applies"] += 1

    def vpcwall(self, *arguments):
        command = [program("VPCWALL"), *arguments, "--socket", str(self.daemon.socket_path)]
        result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert result.returncode == 0, f"vpcwall {arguments[0]}: {result.stdout}{result.stderr}"

    def restart(self):
        number = RESTARTS[self.counts["restarts"] % len(RESTARTS)]
        kept = number == signal.SIGUSR2 and not self.fast_path()
        if not kept:
            self.settle(same_process=True)
            self.resume()
        for transfer in self.transfers:  # it ends in the midst of traffic, with queues that are not empty
            transfer.await_flow()
        self.flood()
        self.daemon.send(number)
        status = self.daemon.process.wait(timeout=60)
        assert status == (-number if number == signal.SIGKILL else 0), f"exit status {status} after signal {number}"
        if number == signal.SIGTERM:
            fast_path = self.numbers.choice(["off", "auto"])
            buffer = self.numbers.choice([1 << 16, 16 << 20])  # a small one: the kernel drops at the socket
            self.daemon.configure(fast_path=fast_path, queues={**SETTINGS["queues"], "receive_buffer": buffer})
        self.daemon.start()
        self.counts["restarts"] += 1
        self.verdicts()
        self.quieten()
        if kept:  # by the state and the queues: nothing may be missing over the restart
            self.note(self.ledger.check(self.daemon, same_process=False, everything_judged=True))
        self.new_life()
        self.resume()

    def round(self, restarts):
        for step in self.numbers.sample([self.verdicts, self.flood, self.change_groups, self.apply], 4):
            step()
        fault = FAULTS[self.counts["rounds"] % len(FAULTS)]
        fault(self)
        self.counts["faults"] += 1
        if restarts:
            self.restart()
        self.settle(same_process=True)
        self.resume()
        self.counts["rounds"] += 1

    # What is checked.

    def quieten(self):
        for transfer in self.transfers:
            transfer.pause()

    def resume(self):
        for transfer in self.transfers:
            transfer.resume()

    def new_life(self):
        if self.watch:
            self.note(self.watch.trend())
        self.watch = ProcessWatch(self.daemon)
        self.ledger.begin(self.daemon)

    def settle(self, same_process):
        self.quieten()
        self.note(self.ledger.check(self.daemon, same_process, not self.fast_path()))
        self.note(self.watch.check())
        self.memory = max(self.memory, self.watch.samples[-1])
        self.note(self.log.check())

    def finish(self):
        for transfer in self.transfers:
            transfer.finish()
        self.note(self.watch.trend())

    def note(self, violations):
        for violation in violations:
            print(f"VIOLATION in round {self.counts['rounds']}: {violation}", flush=True)
        self.violations += violations

    def stop(self):
        with contextlib.redirect_stdout(io.StringIO()):  # the log is too long to be shown whole
            self.daemon.clean_up()

    def line(self, elapsed):
        counts = "  ".join(f"{name} {number}" for name, number in self.counts.items())
        memory = self.watch.samples[-1] >> 20 if self.watch.samples else 0
        sent = sum(transfer.megabytes for transfer in self.transfers)
        return f"{elapsed / 60:5.1f} min  {counts}  {memory} MiB  {sent:.0f} MB  violations {len(self.violations)}"

    def summary(self):
        rows = {
            **self.counts,
            "packets forwarded": self.ledger.forwarded_in_all,
            "dropped at full queues": self.ledger.dropped_in_all,
            "megabytes by TCP": round(sum(transfer.megabytes for transfer in self.transfers)),
            "most memory, MiB": self.memory >> 20,
            "violations": len(self.violations),
        }
        return "\n".join(f"  {name:24}{value:>14}" for name, value in rows.items())


def run(seconds, seed):
    remove_leftovers()
    begin = time.monotonic()
    with contextlib.ExitStack() as stack:
        soak = Soak(stack, seconds, seed)
        next_line = 60.0
        try:
            while (elapsed := time.monotonic() - begin) < seconds and len(soak.violations) < MOST_VIOLATIONS:
                soak.round(restarts=int(elapsed / soak.half) % 2 == 0)
                if time.monotonic() - begin >= next_line:
                    print(soak.line(time.monotonic() - begin), flush=True)
                    next_line += 60.0
            soak.finish()
        except (AssertionError, OSError) as failure:
            soak.note([repr(failure)])
            print(soak.daemon.log()[-4000:])
        print(soak.line(time.monotonic() - begin))
        print(soak.summary())
        return 1 if soak.violations else 0


def main():
    parser = argparse.ArgumentParser(prog="scripts/soak", description=__doc__)
    parser.add_argument("minutes", type=float)
    parser.add_argument("--seed", type=int, default=1, help="of what is left to chance")
    parser.add_argument("--build", default=str(ROOT / "build" / "release"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    os.environ.setdefault("VPCWALL", str(Path(options.build, "cli", "vpcwall")))
    os.environ.setdefault("VPCWALLD", str(Path(options.build, "daemon", "vpcwalld")))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was made is removed
    return run(options.minutes * 60, options.seed)


if __name__ == "__main__":
    sys.exit(main())
