"""Where standard error is the journal's, each line is an entry with fields; elsewhere it is text."""

import socket
import struct

import pytest
from conditions import eventually
from daemon import Daemon
from policies import open_policy

# The journal's socket has a fixed place. The daemon sees another folder there, in a mount namespace of its own; its
# standard error is a file, and the variable says that this is the journal.
BESIDE_OUR_JOURNAL = """
mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/journal && mount --bind "$1" /run/systemd/journal || exit 70
JOURNAL_STREAM="${2:-$(stat -Lc %d:%i /proc/self/fd/2)}"
export JOURNAL_STREAM
shift 2
exec "$@"
"""


def entry(datagram):
    """The fields of an entry in the journal's own format: NAME=value lines, or NAME, a length and the value."""
    fields = {}
    while datagram:
        line, _, datagram = datagram.partition(b"\n")
        name, equals, value = line.partition(b"=")
        if not equals:
            (size,) = struct.unpack("<Q", datagram[:8])
            value, datagram = datagram[8 : 8 + size], datagram[8 + size + 1 :]
        fields[name.decode()] = value.decode()
    return fields


class Journal:
    def __init__(self, folder):
        self.folder = folder
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(folder / "socket"))
        self.socket.setblocking(False)
        self._entries = []

    def entries(self):
        """All that has arrived so far, oldest first."""
        while True:
            try:
                self._entries.append(entry(self.socket.recv(1 << 16)))
            except BlockingIOError:
                return self._entries

    def events(self, name):
        return [one for one in self.entries() if one.get("VPCWALL_EVENT") == name]

    def event(self, name):
        (found,) = eventually(lambda: self.events(name), f"the event {name}")
        return found


@pytest.fixture(name="journal")
def _journal(tmp_path):
    journal = Journal(tmp_path)
    yield journal
    journal.socket.close()


@pytest.fixture(name="start_beside")
def _start_beside(vpc, journal, open_late):
    """start_beside(stream) starts a daemon that finds the journal; `stream` stands for what the variable should say."""

    def start(stream="", **settings):
        mounted = ["unshare", "--mount", "--propagation", "private", "sh", "-c", BESIDE_OUR_JOURNAL, "sh"]
        daemon = Daemon(vpc.router, open_policy(), before=[*mounted, str(journal.folder), stream], **settings)
        open_late.callback(daemon.clean_up)
        return daemon

    return start


def test_events_have_fields(journal, start_beside):
    daemon = start_beside()
    policy = str(daemon.policy_path)
    start = journal.event("start")
    assert start["MESSAGE"].startswith("vpcwalld ") and "1 interfaces guarded" in start["MESSAGE"]
    assert {key: start[key] for key in start if key not in ("MESSAGE", "_SOURCE_REALTIME_TIMESTAMP")} == {
        "PRIORITY": "6",
        "SYSLOG_IDENTIFIER": "vpcwalld",
        "VPCWALL_EVENT": "start",
        "VPCWALL_GENERATION": "1",
        "VPCWALL_POLICY": policy,
    }

    changed = open_policy()
    changed.groups["open"][0].append("tcp/80 10.0.0.0/8")
    daemon.reload(changed)
    reload = journal.event("reload")
    assert (reload["PRIORITY"], reload["VPCWALL_GENERATION"], reload["VPCWALL_POLICY"]) == ("6", "2", policy)
    assert [reload[f"VPCWALL_{name}"] for name in ("ADDED", "REMOVED", "CHANGED")] == ["1", "0", "0"]
    assert reload["VPCWALL_ASKED_BY"].startswith("process ")

    daemon.policy_path.write_text("version: 1\nvpc: nonsense\n", encoding="ascii")
    assert not daemon.ask("reload")["accepted"]
    refused = journal.event("refused")
    assert (refused["PRIORITY"], refused["VPCWALL_GENERATION"]) == ("3", "2")
    diagnostic = journal.events("diagnostic")[0]
    assert diagnostic["PRIORITY"] == "4" and diagnostic["MESSAGE"].startswith(f"{policy}:2:")

    assert daemon.stop() == 0
    assert journal.event("stopping")["VPCWALL_ASKED_BY"].startswith("SIGTERM from process ")
    assert journal.event("stop")["MESSAGE"] == "stopped"
    assert daemon.log() == "", "each line is told once"


def test_every_line_is_an_entry(journal, start_beside):
    start_beside()
    (line,) = [one for one in journal.entries() if "metrics at" in one["MESSAGE"]]
    assert (line["PRIORITY"], line["SYSLOG_IDENTIFIER"]) == ("6", "vpcwalld")
    assert not [name for name in line if name.startswith(("VPCWALL_", "CODE_"))]


def test_the_level_holds_for_the_journal_too(journal, start_beside):
    start_beside(log={"level": "error"})
    assert journal.entries() == []


def test_a_variable_that_speaks_of_another_stream_is_not_believed(journal, start_beside):
    daemon = start_beside(stream="1:1")
    assert "info: vpcwalld " in daemon.log()
    assert journal.entries() == []
