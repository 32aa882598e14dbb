"""The audit log: nothing erases what changed something, and `history --verify` finds what somebody did to it."""

import json
import subprocess

import pytest
from daemon import program
from peers import ask_as
from policies import OUT_ALL, Policy, open_policy
from test_changes import apply, vpcwall

VIEWER = 4001
OTHER = Policy(members={"b1": ["h"]}, groups={"h": ([], OUT_ALL)})
MAX_ENTRY = 16 << 10


def lines_of(daemon, name="audit.log"):
    return (daemon.folder / "state" / name).read_text().splitlines()


def verify(daemon, *arguments):
    return vpcwall(daemon, "history", "--verify", *arguments)


def changed(daemon, times=3):
    """A few changes: entries 2 and on; the first is the start."""
    for number in range(times):
        assert apply(daemon, OTHER if number % 2 == 0 else open_policy())["accepted"]


def test_refused_requests_erase_no_change(guard):
    daemon = guard(open_policy())
    assert apply(daemon, OTHER, name="the change that matters")["accepted"]
    huge = "version: 1\n" + "nonsense: 1\n" * 1000
    for _ in range(300):
        assert apply(daemon, huge, name="x" * 4000)["accepted"] is False
    events = [json.loads(line)["event"] for line in lines_of(daemon)]
    assert events == ["start", "apply"]
    refused = lines_of(daemon, "audit-refused.log")
    assert all(len(line) < MAX_ENTRY for line in refused)
    assert json.loads(refused[-1])["entry"] == 300
    assert not list((daemon.folder / "state").glob("audit.log.*"))
    result = verify(daemon)
    assert result.returncode == 0, result.stdout
    assert "audit.log: entries 1 to 2: nothing is missing, nothing was changed" in result.stdout


def test_what_a_role_does_not_allow_is_among_the_refused(vpc, guard):
    daemon = guard(open_policy())
    daemon.stop()
    daemon.configure(control={"socket": str(daemon.socket_path), "roles": {"view": {"users": [VIEWER]}}})
    daemon.folder.chmod(0o755)
    daemon.start()
    assert "permission denied" in ask_as(daemon, VIEWER, "reload")["error"]
    (entry,) = [json.loads(line) for line in lines_of(daemon, "audit-refused.log")]
    assert (entry["event"], entry["verb"], entry["uid"]) == ("denied", "reload", VIEWER)
    assert "needs the role change" in daemon.log()


def edit(path, change):
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(change(lines)))


ATTACKS = {
    "an entry changed": (lambda lines: [line.replace("root", "nobody") if '"entry":2,' in line else line for line in lines],
                         "entry 2 has been changed"),
    "the last entry changed": (lambda lines: [*lines[:-1], lines[-1].replace("root", "nobody")], "entry 4 has been changed"),
    "an entry removed": (lambda lines: [*lines[:2], *lines[3:]], "entry 3 is missing"),
    "the first removed": (lambda lines: lines[1:], "entry 1 is missing at the beginning"),
    "cut at the end": (lambda lines: lines[:2], "entries 3 to 4 are missing at the end"),
    "all removed": (lambda lines: [], "entries 1 to 4 are missing at the end"),
    "an entry repeated": (lambda lines: [*lines, lines[1]], "entry 2 is out of order: it follows entry 4"),
    "rubbish": (lambda lines: [*lines[:2], "rubbish\n", *lines[3:]], "entry 3 cannot be read"),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_what_was_done_to_it_is_named(guard, name):
    change, said = ATTACKS[name]
    daemon = guard(open_policy())
    changed(daemon)
    assert verify(daemon).returncode == 0
    edit(daemon.folder / "state/audit.log", change)
    result = verify(daemon)
    assert (result.returncode, said in result.stdout) == (1, True), result.stdout
    report = json.loads(verify(daemon, "--json").stdout)
    assert (report["schema"], report["intact"]) == ("vpcwall/audit/1", False)
    assert said in report["files"][0]["findings"][0]["text"]
    # It is found without a daemon as well, and by the next one.
    assert daemon.hand_over() == 0
    result = vpcwall_alone(daemon)
    assert (result.returncode, said in result.stdout) == (1, True), result.stdout


def vpcwall_alone(daemon):
    command = [program("VPCWALL"), "history", "--verify", "--directory", str(daemon.folder / "state")]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_the_chain_goes_on_over_restarts_and_kills(guard):
    daemon = guard(open_policy())
    changed(daemon, 2)
    daemon.kill()
    daemon.start()
    changed(daemon, 2)
    assert daemon.hand_over() == 0
    daemon.start()
    entries = [json.loads(line)["entry"] for line in lines_of(daemon)]
    assert entries == list(range(1, 8))
    assert verify(daemon).returncode == 0
    assert "audit log:" not in daemon.log()


def test_a_start_says_that_the_end_is_missing(guard):
    daemon = guard(open_policy())
    changed(daemon)
    assert daemon.hand_over() == 0
    edit(daemon.folder / "state/audit.log", lambda lines: lines[:-1])
    daemon.start()
    assert "does not end with entry 4" in daemon.log()
    result = verify(daemon)
    assert (result.returncode, "entry 4 is missing" in result.stdout) == (1, True), result.stdout
