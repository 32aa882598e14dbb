"""What must balance however long the daemon runs: packets, memory, descriptors, the log."""

import json
import re
from pathlib import Path

from conditions import eventually
from daemon import SANITIZED

COUNTER = """
add table inet soak
add counter inet soak forwarded
add chain inet soak forward { type filter hook forward priority 45; }
add rule inet soak forward counter name forwarded
"""
BAD_LINES = re.compile(
    r" critical: |Sanitizer|runtime error:|is stuck|has not (taken|looked)|begins? anew|are not kept|missing from the audit log"
)


class Ledger:
    """Packets that the router forwards, counted by a rule of its own just ahead of the hooks, against what became of them."""

    def __init__(self, router):
        self._router = router
        for line in COUNTER.strip().splitlines():
            result = router.run("nft", line)
            assert result.returncode == 0, result.stdout
        self._base = None
        self.forwarded_in_all = 0
        self.dropped_in_all = 0

    def _forwarded(self):
        rows = json.loads(self._router.run("nft", "-j", "list", "counters").stdout)["nftables"]
        return next(row["counter"]["packets"] for row in rows if "counter" in row)

    def _dropped(self):
        """By the kernel's account, which goes on when a queue is handed on; the daemon's begins anew."""
        table = self._router.run("cat", "/proc/net/netfilter/nfnetlink_queue").stdout
        return sum(int(row[5]) + int(row[6]) for row in map(str.split, table.splitlines()))

    def _read(self, daemon):
        """In the order of a packet's way, so that what is on its way is missing further down."""
        forwarded = self._forwarded()
        queues = daemon.status()["queues"]
        rules = daemon.ask("rules")
        return {
            "forwarded": forwarded,
            "judged": sum(row["packets"] for row in rules["reasons"]),
            "received": sum(queue["received"] for queue in queues),
            "waiting": sum(queue["waiting"] for queue in queues),
            "dropped": self._dropped(),
            "undecodable": sum(queue["undecodable"] for queue in queues),
            "refused_verdicts": sum(queue["refused_verdicts"] for queue in queues),
        }

    def begin(self, daemon):
        """Nothing may be on its way."""
        eventually(lambda: self._is_still(daemon), "the packets to settle", within=30)
        self._base = self._read(daemon)

    def _is_still(self, daemon):
        before = self._read(daemon)
        return before["waiting"] == 0 and before == self._read(daemon)

    def check(self, daemon, same_process, everything_judged):
        """Sentences about what does not balance. Nothing may be on its way."""
        eventually(lambda: self._is_still(daemon), "the packets to settle", within=30)
        figures = self._read(daemon)
        gained = {name: figures[name] - self._base[name] for name in figures}
        found = []
        where = gained["judged"] + gained["dropped"] + figures["undecodable"] + figures["waiting"]
        if gained["forwarded"] != where:
            found.append(f"{gained['forwarded']} packets were forwarded, {where} are accounted for: {gained}")
        # Each packet that a worker took has one reason; with a fast path also those that no worker saw.
        if same_process and everything_judged and gained["received"] != gained["judged"]:
            found.append(f"{gained['received']} packets were received, {gained['judged']} have a reason")
        if figures["undecodable"]:
            found.append(f"{figures['undecodable']} packets that nobody could read")
        if figures["refused_verdicts"]:
            found.append(f"{figures['refused_verdicts']} verdicts were refused")
        self.forwarded_in_all += gained["forwarded"]
        self.dropped_in_all += gained["dropped"]
        self._base = figures
        return found


def resident_bytes(pid):
    line = next(line for line in Path("/proc", str(pid), "status").read_text().splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024


def open_descriptors(pid):
    return len(list(Path("/proc", str(pid), "fd").iterdir()))


class ProcessWatch:
    """One process over its life: memory that does not grow, descriptors that do not get more."""

    MOST_BYTES = 512 << 20
    SAMPLES = 48  # before a trend is one: every quarter has seen every fault
    NOISE = 4 << 20

    def __init__(self, daemon):
        self._pid = daemon.process.pid
        # Once it has answered on a new connection, all those that were closed before are gone.
        with daemon.connection() as connection, connection.makefile("rb") as stream:
            connection.sendall(b'{"verb": "status"}\n')
            stream.readline()
            self._descriptors = open_descriptors(self._pid) - 1
        self.samples = []

    def check(self):
        found = []
        self.samples.append(resident_bytes(self._pid))
        if self.samples[-1] > self.MOST_BYTES:
            found.append(f"{self.samples[-1] >> 20} MiB of memory")
        # A connection that has just ended is still there for the blink of an eye.
        try:
            eventually(lambda: open_descriptors(self._pid) == self._descriptors, "the descriptors of the beginning", within=5)
        except AssertionError:
            found.append(f"{open_descriptors(self._pid)} descriptors, {self._descriptors} at the beginning")
        return found

    def trend(self):
        """At the end of its life. The first quarter is for caches to fill; what faults need for a while is in every quarter."""
        if SANITIZED or len(self.samples) < self.SAMPLES:  # a sanitizer keeps what was freed
            return []
        quarter = len(self.samples) // 4
        early, late = max(self.samples[quarter : 2 * quarter]), max(self.samples[-quarter:])
        if late > early * 1.05 + self.NOISE:
            return [f"memory grows: {early / 2**20:.1f} MiB early, {late / 2**20:.1f} MiB late, {len(self.samples)} rounds"]
        return []


class LogWatch:
    """Lines that must never be written."""

    def __init__(self, path):
        self._path = path
        self._read = 0

    def check(self):
        data = self._path.read_bytes()[self._read :]
        data = data[: data.rfind(b"\n") + 1]  # the rest of a line that is being written comes with the next look
        self._read += len(data)
        return [f"log: {line}" for line in data.decode(errors="replace").splitlines() if BAD_LINES.search(line)]
