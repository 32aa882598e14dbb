"""What a script goes by: a failure has an exit status of its own, and never that of an answer (vpcwall(1), "EXIT STATUS")."""

import contextlib
import errno
import os
import signal
import socket
import struct
import subprocess
from pathlib import Path

import pytest
from stand_in import StandIn

VPCWALL = os.environ["VPCWALL"]
EXAMPLES = Path(__file__).resolve().parents[2] / "config" / "examples"
WEB = str(EXAMPLES / "web-server.yaml")
ASKED = ("--source", "203.0.113.12", "--destination", "web:443")
BEGIN = {"schema": "vpcwall/shadow/1", "event": "begin", "generation": 1, "flows": 0, "unseen": [], "diagnostics": []}
NOTHING_TO_SAY = "stand-in: nothing of the kind"


def vpcwall(*arguments, **more):
    more = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "timeout": 60} | more
    return subprocess.run([VPCWALL, *map(str, arguments)], check=False, **more)


@pytest.fixture(name="control")
def _control(tmp_path):
    return tmp_path / "control.sock"


@pytest.mark.parametrize(("as_expected", "status"), [(True, 0), (False, 1)])
def test_explain_tells_with_its_status_what_the_daemon_says(control, as_expected, status):
    with StandIn(control, {"as_expected": as_expected}) as daemon:
        assert vpcwall("explain", "--socket", control, "--json", *ASKED).returncode == status
    assert daemon.request["ask"]["destination"] == "web"


def test_a_daemon_that_cannot_explain_has_not_said_that_it_is_blocked(control):
    with StandIn(control, {"error": NOTHING_TO_SAY}):
        result = vpcwall("explain", "--socket", control, *ASKED)
    assert (result.returncode, result.stdout, result.stderr) == (2, "", f"vpcwall: {NOTHING_TO_SAY}\n")


def test_a_control_socket_that_cannot_be_had_is_no_answer_either(control):
    # Root may always; what is no stream is refused to everybody.
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        other.bind(str(control))
        result = vpcwall("explain", "--socket", control, *ASKED)
    assert result.returncode == 2
    assert result.stderr.startswith(f"vpcwall: connecting to {control}: ")


def test_a_fix_that_cannot_be_written_is_no_answer(tmp_path):
    result = vpcwall("explain", "--policy", EXAMPLES / "ephemeral-port.yaml", *ASKED, "--write-fixed", tmp_path / "no" / "fix.yaml")
    assert result.returncode == 2
    assert "cannot be written" in result.stderr


class Trial:
    """`vpcwall apply --shadow`, running."""

    def __init__(self, control):
        command = [VPCWALL, "apply", "--shadow", WEB, "--socket", str(control), "--json"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()

    def interrupt(self):
        self.process.send_signal(signal.SIGINT)

    def end(self):
        """The exit status, and what it says on standard error."""
        said = self.process.communicate(timeout=60)[1]
        return self.process.returncode, said


@pytest.mark.parametrize(("differing", "status"), [(0, 0), (1, 1)])
def test_a_trial_that_was_told_everything_has_an_answer(control, differing, status):
    end = {"event": "end", "judged": 1, "differing": differing, "unlisted": 0, "differences": []}
    with StandIn(control, BEGIN, end), Trial(control) as trial:
        assert trial.end()[0] == status


def test_a_trial_that_is_interrupted_before_it_begins_has_tried_nothing(control):
    with StandIn(control, hold=True) as daemon, Trial(control) as trial:
        assert daemon.answered.wait(60)
        trial.interrupt()
        assert trial.end() == (2, "vpcwall: interrupted before the trial began, nothing was tried\n")


def test_a_trial_that_is_cut_short_does_not_know(control):
    with StandIn(control, BEGIN, hold=True) as daemon, Trial(control) as trial:
        assert daemon.answered.wait(60)
        assert trial.process.stdout.readline()
        trial.interrupt()
        assert daemon.told_enough.wait(60)
        trial.interrupt()
        assert trial.end() == (2, "vpcwall: ended before the daemon had told everything\n")


def test_a_trial_whose_daemon_makes_no_sense_has_no_answer(control):
    with StandIn(control, BEGIN, {"no": "event"}), Trial(control) as trial:
        assert trial.end() == (2, 'vpcwall: the daemon sent a line that is no event: {"no": "event"}\n')


def plan(control, *answers):
    with StandIn(control, *answers):
        return vpcwall("apply", "--plan", WEB, "--socket", control)


def test_a_plan_says_whether_something_would_change(control):
    for policy, status in [(WEB, 0), (EXAMPLES / "two-tier.yaml", 1)]:
        assert plan(control, {"name": "policy.yaml", "text": Path(policy).read_text(encoding="utf-8")}).returncode == status
        control.unlink()


@pytest.mark.parametrize("answer", [{"error": NOTHING_TO_SAY}, {"name": "policy.yaml", "text": "version: 7"}])
def test_a_plan_that_cannot_be_made_says_neither(control, answer):
    result = plan(control, answer)
    assert (result.returncode, result.stdout) == (2, ""), result.stderr


def test_what_is_refused_without_a_plan_is_refused(control):
    with StandIn(control, {"error": NOTHING_TO_SAY}):
        assert vpcwall("apply", WEB, "--socket", control).returncode == 1


REPORT = {"accepted": True, "everywhere": True, "diagnostics": [], "generation": 2, "added": [], "removed": [], "changed": []}
PACKET = '{"packet": {"protocol": "icmp", "type": 8, "source": "203.0.113.12", "destination": "10.0.1.10"}}\n'
FULL = os.strerror(errno.ENOSPC)
NO_PACKETS = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1)
# Arguments, the exit status, and what there is on standard input.
PRINTED = {
    "check": (["check", WEB], 1),
    "check-json": (["check", "--json", WEB], 1),
    "check-json-mistaken": (["check", "--json", "-"], 2, b"version: 7\n"),
    "completion": (["completion", "zsh"], 1),
    "diff": (["diff", WEB, WEB], 2),
    "diff-different": (["diff", WEB, EXAMPLES / "two-tier.yaml"], 2),
    "explain": (["explain", "--policy", WEB, *ASKED], 2),
    "explain-blocked": (["explain", "--policy", EXAMPLES / "ephemeral-port.yaml", *ASKED], 2),
    "help": (["--help"], 1),
    "lab-status": (["lab", "status"], 1),
    "lint": (["lint", WEB], 2),
    "lint-list": (["lint", "--list"], 2),
    "reach": (["reach", WEB], 1),
    "replay": (["replay", WEB, "-"], 2, NO_PACKETS),
    "simulate": (["simulate", WEB], 1, PACKET.encode()),
    "test": (["test", EXAMPLES / "scenarios"], 1),
    "test-list": (["test", "--list", EXAMPLES / "scenarios"], 1),
    "version": (["--version"], 1),
}
# Arguments, what the daemon says, and the exit status.
TOLD = {
    "apply": (["apply", WEB], [REPORT], 1),
    "explain": (["explain", "--json", *ASKED], [{"as_expected": True}], 2),
    "history": (["history", "--json"], [{}], 1),
    "observe": (["observe", "--json"], [BEGIN], 1),
    "plan": (["apply", "--plan", WEB], [{"name": "policy.yaml", "text": "version: 1\nvpc: {cidr: 10.0.0.0/16}\n"}], 2),
    "shadow": (["apply", "--shadow", "--json", WEB], [BEGIN, {"event": "end", "differing": 0}], 2),
    "status": (["status", "--json"], [{}], 1),
}


def on_a_full_disk(*arguments, **more):
    """The exit status, and all that is said about it."""
    with open("/dev/full", "wb") as full:
        result = vpcwall(*arguments, stdout=full, text=False, **more)
    return result.returncode, result.stderr.decode()


@pytest.mark.parametrize("name", PRINTED)
def test_what_cannot_be_printed_is_a_failure(name, tmp_path):
    arguments, status, *given = PRINTED[name]
    environment = os.environ | {"VPCWALL_LAB_DIR": str(tmp_path)}
    found = on_a_full_disk(*arguments, input=b"".join(given), env=environment)
    assert found == (status, f"vpcwall: writing to standard output: {FULL}\n")


@pytest.mark.parametrize("name", TOLD)
def test_what_the_daemon_says_and_cannot_be_printed_is_a_failure(control, name):
    arguments, lines, status = TOLD[name]
    with StandIn(control, *lines):
        assert on_a_full_disk(*arguments, "--socket", control) == (status, f"vpcwall: writing to standard output: {FULL}\n")


def test_a_file_that_may_not_grow_any_more(tmp_path):
    """The kernel takes a part, and calls that a success."""
    with open(tmp_path / "part", "wb") as part:
        result = subprocess.run(["sh", "-c", 'trap "" XFSZ; ulimit -f 8; exec "$0" completion bash', VPCWALL],
                                stdout=part, stderr=subprocess.PIPE, text=True, check=False)
    assert (tmp_path / "part").stat().st_size == 4096
    assert result.returncode == 1
    assert result.stderr == "vpcwall: writing to standard output: File too large\n"


def test_standard_output_that_is_closed_is_a_failure():
    result = subprocess.run(["sh", "-c", 'exec "$0" --version >&-', VPCWALL], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (1, "vpcwall: writing to standard output: Bad file descriptor\n")


@pytest.mark.parametrize(("ignored", "status"), [(False, -signal.SIGPIPE), (True, 0)])
def test_a_reader_that_goes_away_has_what_he_wanted(ignored, status):
    """`| head`: SIGPIPE ends the command; for those who ignore it, nothing is wrong."""
    for arguments in (["--version"], ["completion", "bash"], ["reach", "--json", WEB]):
        reader, writer = os.pipe()
        os.close(reader)
        result = vpcwall(*arguments, stdout=writer, restore_signals=not ignored)
        os.close(writer)
        assert (result.returncode, result.stderr) == (status, "")


def test_a_reader_that_goes_away_changes_no_answer():
    reader, writer = os.pipe()
    os.close(reader)
    result = vpcwall("diff", WEB, EXAMPLES / "two-tier.yaml", stdout=writer, restore_signals=False)
    os.close(writer)
    assert (result.returncode, result.stderr) == (1, "")


@pytest.mark.parametrize("verb", ["apply", "apply --plan", "apply --shadow", "explain", "observe", "status"])
@pytest.mark.parametrize("daemon", ["absent", "ends"])
def test_a_daemon_that_is_not_there_or_ends_before_it_answers_is_none(control, verb, daemon):
    needed = {"apply": [WEB], "explain": ASKED}.get(verb.split()[0], [])
    with StandIn(control) if daemon == "ends" else contextlib.nullcontext():
        result = vpcwall(*verb.split(), *needed, "--socket", control)
    assert (result.returncode, result.stderr.partition(":")[0]) == (3, "vpcwall")
    assert f"no vpcwalld answers on {control}: " in result.stderr
