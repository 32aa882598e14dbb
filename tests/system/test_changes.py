"""Changing the policy of a running daemon: apply, confirm, rollback, history, and a start with a broken file."""

import array
import fcntl
import json
import os
import signal
import socket
import subprocess

import pytest
from conditions import eventually
from daemon import program
from policies import OUT_ALL, Policy
from topology import B1
from traffic import Attempt, TcpEcho, connect, echoes

OPEN = Policy(members={"b1": ["h"]}, groups={"h": (["tcp/80 0.0.0.0/0"], OUT_ALL)})
SHUT = Policy(members={"b1": ["h"]}, groups={"h": ([], OUT_ALL)})
HOUR = 3600


def vpcwall(daemon, *arguments, text=None):
    command = [program("VPCWALL"), *arguments, "--socket", str(daemon.socket_path)]
    return subprocess.run(command, input=text, capture_output=True, text=True, timeout=60, check=False)


def sealed(text):
    memory = os.memfd_create("policy", os.MFD_ALLOW_SEALING)
    os.write(memory, text.encode())
    fcntl.fcntl(memory, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK)
    return memory


def ask_with(daemon, memory, **arguments):
    """A request with an open file beside it."""
    line = json.dumps({"verb": "apply", **arguments}).encode() + b"\n"
    with daemon.connection() as connection:
        rights = [] if memory is None else [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [memory]))]
        connection.sendmsg([line], rights)
        with connection.makefile("rb") as stream:
            return json.loads(stream.readline())


def apply(daemon, policy, **arguments):
    memory = sealed(policy if isinstance(policy, str) else policy.text())
    try:
        return ask_with(daemon, memory, **arguments)
    finally:
        os.close(memory)


def audit(daemon, name="audit.log"):
    return [json.loads(line) for line in (daemon.folder / "state" / name).read_text().splitlines()]


def passes(vpc):
    with connect(vpc.a1, B1, 80) as connection:
        return echoes(connection)


def test_an_applied_policy_is_in_force_and_is_the_file(vpc, guard):
    daemon = guard(SHUT)
    new = daemon.folder / "new.yaml"
    new.write_text(OPEN.text())
    daemon.policy_path.chmod(0o604)
    result = vpcwall(daemon, "apply", str(new))
    assert result.returncode == 0, result.stderr
    assert "generation 2 in force, policy 2 of the history\n+ ingress " in result.stdout
    assert daemon.policy_path.read_text() == OPEN.text()
    assert daemon.policy_path.stat().st_mode & 0o777 == 0o604
    with TcpEcho(vpc.b1, 80):
        assert passes(vpc)
    assert daemon.reload(OPEN)["added"] == []
    shown = vpcwall(daemon, "history", "--show", "1")
    assert shown.stdout == SHUT.text()
    history = daemon.ask("history")["policies"]
    assert [(one["number"], one["how"], one["user"], one["in_force"]) for one in history] == [
        (1, "start", "root", False),
        (2, "apply", "root", True),
    ]
    assert history[1]["process"] > 1
    assert vpcwall(daemon, "history").stdout.splitlines()[2].startswith("*      2  ")
    assert [line["event"] for line in audit(daemon)] == ["start", "apply", "reload"]


def test_a_plan_shows_the_difference_and_changes_nothing(vpc, guard):
    daemon = guard(SHUT)
    result = vpcwall(daemon, "apply", "-", "--plan", text=OPEN.text())
    assert result.returncode == 1, result.stderr
    assert "tcp" in result.stdout and "80" in result.stdout
    assert vpcwall(daemon, "apply", "-", "--plan", text=SHUT.text()).returncode == 0
    assert daemon.status()["generation"] == 1
    assert daemon.policy_path.read_text() == SHUT.text()


def test_a_policy_with_mistakes_is_not_applied(vpc, guard):
    daemon = guard(OPEN)
    result = vpcwall(daemon, "apply", "-", text='{"version": 1, "surprise": true}')
    assert result.returncode == 1
    assert "-:1:" in result.stderr and "surprise" in result.stderr
    assert "apply refused, the old policy stays in force" in result.stderr
    assert daemon.policy_path.read_text() == OPEN.text()
    assert sorted(path.name for path in daemon.folder.glob("policy.yaml*")) == ["policy.yaml"]
    assert audit(daemon, "audit-refused.log")[-1]["accepted"] is False


def test_who_locks_himself_out_gets_back_in(vpc, guard):
    """The operator's only way is through what he guards; nobody confirms."""
    daemon = guard(OPEN)
    with TcpEcho(vpc.b1, 80):
        assert passes(vpc)
        answer = apply(daemon, SHUT, confirm_within_seconds=1)
        assert answer["accepted"] and answer["confirm_within_seconds"] == 1
        eventually(lambda: daemon.status()["generation"] == 3, "the way back")
        assert passes(vpc)
    assert daemon.policy_path.read_text() == OPEN.text()
    assert daemon.status()["policy_in_force"]["source"] == "file"
    assert [one["how"] for one in daemon.ask("history")["policies"]] == ["start"]
    assert audit(daemon)[-1]["event"] == "revert (nobody confirmed it in time)"
    assert audit(daemon)[-1]["by"] == "deadline"


def test_what_waits_to_be_confirmed_is_in_force_and_nothing_else_is_taken(vpc, guard):
    daemon = guard(OPEN)
    assert apply(daemon, SHUT, confirm_within_seconds=HOUR)["accepted"]
    left = daemon.status()["policy_in_force"]["unconfirmed"]["seconds_left"]
    assert HOUR - 60 < left <= HOUR
    with Attempt(vpc.a1, B1, 80) as attempt:
        daemon.await_gate("sg-ingress", "deny")
        assert not attempt.settled()
    for answer in (daemon.ask("reload"), apply(daemon, OPEN), daemon.ask("rollback", number=1)):
        assert not answer["accepted"]
        assert "waits to be confirmed" in answer["diagnostics"][0]
    assert daemon.policy_path.read_text() == OPEN.text()
    assert vpcwall(daemon, "confirm").returncode == 0
    assert daemon.policy_path.read_text() == SHUT.text()
    assert "unconfirmed" not in daemon.status()["policy_in_force"]
    assert [one["how"] for one in daemon.ask("history")["policies"]] == ["start", "apply"]
    result = vpcwall(daemon, "confirm")
    assert result.returncode == 1
    assert "no policy waits to be confirmed" in result.stderr


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_daemon_that_ends_before_starts_with_what_was_confirmed(vpc, guard, number):
    daemon = guard(OPEN)
    assert apply(daemon, SHUT, confirm_within_seconds=HOUR)["accepted"]
    daemon.send(number)
    daemon.process.wait(timeout=30)
    daemon.start()
    with TcpEcho(vpc.b1, 80):
        assert passes(vpc)
    assert "nobody had confirmed" in daemon.log()
    assert "reverted" in [line["event"] for line in audit(daemon)]
    daemon.stop()
    daemon.start()
    assert daemon.log().count("nobody had confirmed") == 1


@pytest.mark.parametrize("note, reverted", [("OPEN", False), ("SHUT", True), ("[", True), ('{"digest": 5}', True)])
def test_a_note_that_outlived_its_confirmation_is_no_revert(vpc, guard, note, reverted):
    """A daemon that is killed between the two has the policy in its file, and still says that it waits."""
    daemon = guard(OPEN)
    digest = daemon.ask("history")["digest"]
    daemon.kill()
    texts = {"OPEN": json.dumps({"digest": digest}), "SHUT": json.dumps({"digest": "of another one"})}
    path = daemon.folder / "state/unconfirmed.json"
    path.write_text(texts.get(note, note))
    daemon.start()
    assert ("reverted" in [line["event"] for line in audit(daemon)]) == reverted
    assert not path.exists()


def test_rollback_goes_to_the_last_other_policy_or_to_a_number(vpc, guard):
    daemon = guard(OPEN)
    result = vpcwall(daemon, "rollback")
    assert result.returncode == 1
    assert "no other policy" in result.stderr
    assert apply(daemon, SHUT)["number"] == 2
    assert vpcwall(daemon, "rollback").returncode == 0
    assert daemon.policy_path.read_text() == OPEN.text()
    assert vpcwall(daemon, "rollback", "2", "--confirm-within", "1h").returncode == 0
    assert daemon.policy_path.read_text() == OPEN.text()
    assert vpcwall(daemon, "rollback").returncode == 0, "from what waits, without a number"
    assert daemon.ask("policy")["text"] == OPEN.text()
    result = vpcwall(daemon, "rollback", "77")
    assert result.returncode == 1
    assert "found no policy with number 77" in result.stderr
    assert [one["how"] for one in daemon.ask("history")["policies"]] == ["start", "apply", "rollback to 1"]


def test_the_history_is_bounded_and_outlives_the_daemon(vpc, guard, tmp_path):
    daemon = guard(OPEN, state={"directory": str(tmp_path / "state"), "policies": 2})
    for policy in (SHUT, OPEN, SHUT):
        assert apply(daemon, policy)["accepted"]
    assert daemon.stop() == 0
    daemon.start()
    assert [one["number"] for one in daemon.ask("history")["policies"]] == [3, 4]
    assert sorted(path.name for path in (tmp_path / "state/policies").iterdir()) == ["3.yaml", "4.yaml"]


def test_a_broken_file_at_the_start_gives_way_to_the_last_good_policy(vpc, guard):
    daemon = guard(OPEN)
    assert apply(daemon, SHUT, confirm_within_seconds=HOUR)["accepted"]
    daemon.kill()
    daemon.write_policy("version: 1\nvpc: [")
    daemon.start()
    assert daemon.status()["policy_in_force"]["source"] == "last-known-good"
    assert daemon.ask("policy")["text"] == OPEN.text(), "not the one that nobody confirmed"
    assert "critical: " in daemon.log()
    assert "policy.yaml:2:" in daemon.log()
    with TcpEcho(vpc.b1, 80):
        assert passes(vpc)
    assert not daemon.ask("reload")["accepted"]
    assert daemon.reload(SHUT)
    assert daemon.status()["policy_in_force"]["source"] == "file"


def test_a_history_that_was_tampered_with_is_not_trusted(vpc, guard):
    daemon = guard(OPEN)
    assert apply(daemon, SHUT)["accepted"]
    (daemon.folder / "state/policies/1.yaml").write_text(SHUT.text())
    answer = daemon.ask("rollback", number=1)
    assert not answer["accepted"]
    assert "its digest is another one" in answer["diagnostics"][0]
    assert daemon.stop() == 0
    (daemon.folder / "state/history.json").write_text('{"policies": [{"number"')
    daemon.start()
    assert "begins anew" in daemon.log()
    assert (daemon.folder / "state/history.json.damaged").exists()
    assert [one["number"] for one in daemon.ask("history")["policies"]] == [3]


def test_without_a_state_directory_only_reload_changes_anything(vpc, guard, tmp_path):
    (tmp_path / "file").write_text("")
    daemon = guard(OPEN, state={"directory": str(tmp_path / "file/state")})
    answer = apply(daemon, SHUT)
    assert not answer["accepted"]
    assert "no state directory" in answer["diagnostics"][0]
    assert "there is no history" in daemon.ask("history")["error"]
    assert daemon.reload(SHUT)


def test_what_cannot_be_kept_is_not_tried(vpc, guard, tmp_path):
    daemon = guard(OPEN)
    daemon.policy_path.unlink()
    daemon.policy_path.mkdir()
    answer = apply(daemon, SHUT)
    assert not answer["accepted"]
    assert "is not a regular file" in answer["diagnostics"][0]
    assert daemon.status()["generation"] == 1
    daemon.policy_path.rmdir()


def test_only_sealed_memory_is_read(vpc, guard, tmp_path):
    daemon = guard(OPEN)
    unsealed = os.memfd_create("policy", os.MFD_ALLOW_SEALING)
    read_end, write_end = os.pipe()
    try:
        for file in (None, unsealed, read_end):
            assert "error" in ask_with(daemon, file)
    finally:
        for file in (unsealed, read_end, write_end):
            os.close(file)
    assert "expected 1 to 86400" in apply(daemon, SHUT, confirm_within_seconds=0)["diagnostics"][0]
    assert "expected a number" in apply(daemon, SHUT, confirm_within_seconds="soon")["error"]
    assert daemon.status()["generation"] == 1
