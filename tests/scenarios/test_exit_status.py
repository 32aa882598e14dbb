"""What a script goes by: a failure has an exit status of its own, and never that of an answer (vpcwall(1), "EXIT STATUS")."""

import os
import signal
import socket
import subprocess
from pathlib import Path

import pytest
from stand_in import StandIn

VPCWALL = os.environ["VPCWALL"]
EXAMPLES = Path(__file__).resolve().parents[2] / "config" / "examples"
WEB = str(EXAMPLES / "web-server.yaml")
ASKED = ("--source", "203.0.113.12", "--destination", "web:443")
BEGIN = {"schema": "vpcwall/shadow/1", "event": "begin", "generation": 1, "flows": 0, "unseen": []}
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
