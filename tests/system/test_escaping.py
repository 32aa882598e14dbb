"""What others name things ends in logs, on terminals and in metrics, and acts on none of them."""

import json
import os
import pty
import subprocess

from daemon import program
from policies import OUT_ALL, Policy, open_policy
from test_changes import apply, vpcwall

FORGED = "p.yaml\n2026-01-01T00:00:00.000+0000 info: forged\r\033[2J\033]0;title\007\u009b31m\u202etxt\u2066"
ACTING = ["\033[2J", "\007", "\u009b", "\u202e", "\u2066", "\r"]
OTHER = Policy(members={"b1": ["h"]}, groups={"h": ([], OUT_ALL)})


def acts(text):
    return [one for one in ACTING if one in text]


def on_terminal(daemon, *arguments):
    """What a terminal is shown."""
    ours, theirs = pty.openpty()
    command = [program("VPCWALL"), *arguments, "--socket", str(daemon.socket_path)]
    with os.fdopen(ours, "rb", buffering=0) as screen:
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs) as process:
            os.close(theirs)
            shown = b""
            try:
                while part := screen.read(65536):
                    shown += part
            except OSError:  # the other end is closed
                pass
            process.wait(timeout=60)
    return shown.decode().replace("\r\n", "\n")  # what the terminal itself makes of a line end


def test_a_name_in_a_request_forges_no_line_of_the_log(guard):
    daemon = guard(open_policy())
    assert apply(daemon, OTHER, name=FORGED)["accepted"]
    assert apply(daemon, "nonsense", name=FORGED)["accepted"] is False
    log = daemon.log()
    assert not acts(log)
    assert not [line for line in log.splitlines() if line.startswith("2026-01-01")]
    assert r"p.yaml\x0a2026-01-01" in log
    for name in ("audit.log", "audit-refused.log"):
        text = (daemon.folder / "state" / name).read_text()
        assert not acts(text)
        assert all(json.loads(line) for line in text.splitlines())


def test_nothing_that_acts_reaches_a_terminal(guard):
    daemon = guard(open_policy())
    comment = "# " + "".join(ACTING[1:5]).replace("\007", "") + "\n"
    assert apply(daemon, comment + OTHER.text(), name=FORGED)["accepted"]
    for arguments in (
        ("status",), ("status", "--json"), ("rules",), ("history",), ("history", "--json"), ("history", "--show", "2"),
        ("history", "--show", "2", "--json"),
    ):
        shown = on_terminal(daemon, *arguments)
        assert not acts(shown), (arguments, shown)
        if "--json" in arguments:
            assert json.loads(shown), arguments
    # A policy that goes to a file is the one that was applied, byte for byte.
    assert vpcwall(daemon, "history", "--show", "2").stdout == comment + OTHER.text()
    assert json.loads(vpcwall(daemon, "history", "--show", "2", "--json").stdout)["text"] == comment + OTHER.text()
    assert json.loads(on_terminal(daemon, "status", "--json"))["policy_in_force"]["name"] == FORGED


def test_names_that_could_act_are_refused_with_what_to_do(guard):
    daemon = guard(open_policy())
    for name in ("<script>", "a\u202eb", "a\u009bb"):
        text = 'version: 1\nvpc: {cidr: 10.0.0.0/16}\nnetwork_acls: [{name: "%s"}]\n' % name
        answer = apply(daemon, text)
        assert answer["accepted"] is False
        assert "policy:3:23: error: found" in answer["diagnostics"][0] and "write it without" in answer["diagnostics"][0]
