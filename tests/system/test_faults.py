"""Files, disks and clocks that fail the daemon: what it refuses it says, and what was in force stays in force."""

import json
import subprocess
from pathlib import Path

import pytest
from conditions import eventually
from daemon import in_mounts, program
from metrics import Scrape
from policies import OUT_ALL, Policy
from test_changes import apply
from topology import B1
from traffic import TcpEcho, connect, echoes

OPEN = Policy(members={"b1": ["h"]}, groups={"h": (["tcp/80 0.0.0.0/0"], OUT_ALL)})
SHUT = Policy(members={"b1": ["h"]}, groups={"h": ([], OUT_ALL)})
TRACKED = Policy(members={"b1": ["h"]}, groups={"h": (["tcp/80 10.0.0.0/16"], [])})
NOTHING = Policy(members={"b1": ["h"]}, groups={"h": ([], [])})

LEVELS = "".join(f"l{level}: &l{level} [{', '.join([f'*l{level - 1}'] * 9) if level else '1'}]\n" for level in range(12))
TEXTS = {
    "half written": OPEN.text()[: len(OPEN.text()) // 2],
    "one long line": '{"version": 1, "name": "' + "x" * (50 << 20) + '"}',
    "aliases of aliases": LEVELS,
    "an alias of itself": "a: &a [*a]\n",
    "deep": "[" * 100_000,
    "no text": "\0\xff",
    "nothing": "",
}


def passes(vpc):
    with TcpEcho(vpc.b1, 80), connect(vpc.a1, B1, 80) as connection:
        return echoes(connection)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_policy_that_is_none_is_refused_by_a_reload(vpc, guard, text):
    daemon = guard(OPEN)
    daemon.write_policy(text)
    answer = daemon.ask("reload")
    assert answer["accepted"] is False
    assert 0 < len(answer["diagnostics"]) < 100
    assert all(str(daemon.policy_path) in line and len(line) < 1000 for line in answer["diagnostics"])
    assert daemon.status()["generation"] == 1
    assert passes(vpc)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_policy_that_is_none_is_refused_at_the_start(vpc, tmp_path, text):
    policy, settings = tmp_path / "policy.yaml", tmp_path / "daemon.yaml"
    policy.write_text(text, encoding="utf-8")
    paths = {"policy": str(policy), "control": {"socket": str(tmp_path / "socket")}, "state": {"directory": str(tmp_path / "state")}}
    settings.write_text(json.dumps({"version": 1, **paths}), encoding="ascii")
    before = vpc.router.rules()
    result = vpc.router.run(program("VPCWALLD"), "--config", str(settings))
    assert result.returncode == 2, result.stdout[-1000:]
    assert str(policy) in result.stdout
    assert vpc.router.rules() == before


def test_a_policy_file_that_became_a_directory(vpc, guard):
    daemon = guard(OPEN)
    daemon.policy_path.unlink()
    daemon.policy_path.mkdir()
    answer = daemon.ask("reload")
    assert (answer["accepted"], answer["diagnostics"]) == (False, [f"{daemon.policy_path}: is not a regular file"])
    refused = apply(daemon, SHUT)
    assert refused["accepted"] is False
    assert "not a regular file" in refused["diagnostics"][0]
    assert passes(vpc)
    assert list(daemon.folder.glob("policy.yaml*")) == [daemon.policy_path]
    daemon.kill()
    daemon.start()  # with what was good last
    assert daemon.status()["policy_in_force"]["source"] == "last-known-good"
    assert passes(vpc)


@pytest.fixture(name="in_full_disk")
def _in_full_disk(guard, tmp_path):
    """A daemon whose state directory is a small disk; fill(daemon) leaves no room there."""
    state = tmp_path / "state"
    state.mkdir()
    script = f"mount -t tmpfs -o size=256k tmpfs {state}"

    def start(policy, **more):
        return guard(policy, before=in_mounts(script), state={"directory": str(state), "snapshot_seconds": 1, **more})

    return start


def inside(daemon, path):
    return f"/proc/{daemon.process.pid}/root{path}"


def state_directory(daemon):
    return json.loads(daemon.settings_path.read_text())["state"]["directory"]


def fill(daemon):
    ballast = f"{inside(daemon, state_directory(daemon))}/ballast"
    result = subprocess.run(["dd", "if=/dev/zero", f"of={ballast}", "bs=4k"], capture_output=True, text=True, check=False)
    assert "No space left" in result.stderr
    return ballast


def test_a_full_disk_is_said_and_stops_nothing(vpc, in_full_disk):
    daemon = in_full_disk(OPEN)
    ballast = fill(daemon)
    eventually(lambda: "flows and counters are not kept" in daemon.log(), "the snapshot to fail")
    answer = daemon.reload(SHUT)
    assert any("history has no place" in line for line in answer["diagnostics"])
    wide = OPEN.copy()
    wide.groups["h"][0].append("tcp/81 0.0.0.0/0")
    answer = apply(daemon, wide)
    # In force and kept in its file, whose disk is another one; that the history has no place for it is said.
    assert answer["accepted"] is True
    assert any("history has no place" in line for line in answer["diagnostics"])
    assert daemon.policy_path.read_text() == wide.text()
    assert passes(vpc)
    refused = apply(daemon, SHUT, confirm_within_seconds=3600)
    # The note that it is unconfirmed cannot be kept: it is not tried.
    assert refused["accepted"] is False
    assert "cannot be kept" in refused["diagnostics"][0]
    assert daemon.policy_path.read_text() == wide.text()
    assert passes(vpc)
    assert daemon.log().count("flows and counters are not kept") == 1
    # What is appended to the last page of a file has room for a while.
    eventually(lambda: apply(daemon, "no policy") and "is missing from the audit log" in daemon.log(), "no more room")
    lines = Path(inside(daemon, state_directory(daemon)), "audit.log").read_text(encoding="utf-8").splitlines()
    assert all(json.loads(line) for line in lines), "whole lines only"
    subprocess.run(["rm", ballast], check=True)
    assert apply(daemon, SHUT, confirm_within_seconds=3600)["accepted"]
    assert daemon.ask("rollback")["accepted"]
    assert passes(vpc)


def test_a_read_only_state_directory_is_said_and_stops_nothing(vpc, guard, tmp_path):
    state = tmp_path / "state"
    state.mkdir()
    script = f"mount --bind {state} {state}; mount -o remount,ro,bind {state}"
    daemon = guard(OPEN, before=in_mounts(script), state={"directory": str(state), "snapshot_seconds": 1})
    assert "no policy can be applied" in daemon.log()
    refused = apply(daemon, SHUT)
    assert refused["accepted"] is False
    assert passes(vpc)
    daemon.reload(SHUT)
    daemon.reload(OPEN)
    assert passes(vpc)
    assert list(state.iterdir()) == []


def test_a_policy_file_on_a_full_disk_is_not_replaced_by_half_of_another(vpc, guard):
    """A limit on the size of files stands for a disk that fills up while the policy is being written."""
    daemon = guard(OPEN, before=["prlimit", "--fsize=65536"])
    large = SHUT.text() + "#" * 100_000
    answer = apply(daemon, large)
    assert answer["accepted"] is False
    assert "cannot be kept, so it is not tried" in answer["diagnostics"][0]
    assert daemon.policy_path.read_text() == OPEN.text()
    assert [path.name for path in daemon.folder.glob("policy.yaml*")] == ["policy.yaml"]
    assert passes(vpc)


def test_what_a_stop_has_to_keep_is_kept_though_the_rules_cannot_be_removed(vpc, guard):
    """Another program has taken the name of our table, and owns it: the rules are missing, and there is no way to them."""
    daemon = guard(TRACKED, fast_path="off", own_tables=False)
    with TcpEcho(vpc.b1, 80), connect(vpc.a1, B1, 80) as connection:
        assert echoes(connection)
        with vpc.router.start(["nft", "--interactive"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as intruder:
            intruder.stdin.write(b"delete table ip vpcwall; add table ip vpcwall { flags owner; }\n")
            intruder.stdin.flush()
            eventually(lambda: "problem" in daemon.status()["hooks"], "it to be said")
            assert daemon.status()["hooks"]["state"] == "missing"
            assert Scrape(vpc.router).value("vpcwall_hooks_whole") == 0
            assert "so packets pass unjudged" in daemon.log()
            assert daemon.stop() == 1
            assert "the hook rules stay, and nobody answers their queues" in daemon.log()
            intruder.stdin.close()
        daemon.write_policy(NOTHING)  # from now on only state lets anything pass
        daemon.start()
        assert echoes(connection)
