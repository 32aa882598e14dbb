"""The lab and its story, as a person uses them: by the command alone."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from conditions import eventually
from daemon import program
from namespaces import FOLDER, PREFIX, is_orphaned
from policies import OUT_ALL, Policy
from topology import A1, B1

LABS = Path("/run/vpcwall-lab")
# Not `python3 -m http.server`: that asks the name service for its own name first, and there is none.
WEB_SERVER = """
import http.server, socketserver, sys
socketserver.TCPServer.allow_reuse_address = True
socketserver.TCPServer((sys.argv[1], 80), http.server.SimpleHTTPRequestHandler).serve_forever()
"""


def vpcwall(*arguments, within=120):
    command = [program("VPCWALL"), *arguments]
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=within)


class Lab:
    def __init__(self, number):
        self.name = f"{PREFIX}{os.getpid()}-{number}"
        self.programs = []

    def up(self, policy_path, *options):
        return vpcwall("lab", "up", str(policy_path), "--name", self.name, "--daemon", program("VPCWALLD"), *options)

    def down(self):
        return vpcwall("lab", "down", "--name", self.name)

    def exec(self, endpoint, *command):
        return vpcwall("lab", "exec", "--lab", self.name, endpoint, "--", *command)

    def status(self):
        """Exit status and content of `lab status`."""
        result = vpcwall("lab", "status", "--name", self.name, "--json")
        return result.returncode, json.loads(result.stdout)["labs"][0] if result.stdout else None

    def start_web_server(self, endpoint, address, folder):
        command = [program("VPCWALL"), "lab", "exec", "--lab", self.name, endpoint, "--", sys.executable, "-c", WEB_SERVER]
        nowhere = subprocess.DEVNULL
        self.programs.append(subprocess.Popen([*command, address], cwd=folder, stdout=nowhere, stderr=nowhere))
        # From the server itself: what never leaves it is never judged.
        eventually(lambda: self.fetch(endpoint, address).returncode == 0, "the web server to listen", within=30)

    def fetch(self, client, address, within=10):
        command = ["curl", "--silent", "--noproxy", "*", "--max-time", str(within), f"http://{address}/"]
        return self.exec(client, *command)

    def ping(self, client, address, within=10):
        """The exit status: 1 without an answer."""
        return self.exec(client, "ping", "-c", "1", "-W", str(within), address).returncode

    def traces(self):
        """What exists of it outside of its own records."""
        return [*FOLDER.glob(f"vpcwall-{self.name}-*"), *LABS.glob(self.name)]

    def clean_up(self):
        for server in self.programs:
            server.kill()
            server.wait()
        self.down()


@pytest.fixture(scope="module", autouse=True)
def _no_leftover_labs():
    for path in LABS.glob(f"{PREFIX}*-*"):
        if is_orphaned(path.name):
            vpcwall("lab", "down", "--name", path.name)


@pytest.fixture(name="labs")
def _labs(open_late):
    made = [Lab(number) for number in (1, 2)]
    for lab in made:
        open_late.callback(lab.clean_up)
    return made


@pytest.fixture(name="policy")
def _policy():
    rules = {"web": (["tcp/80 203.0.113.0/24", "icmp/8 0.0.0.0/0"], list(OUT_ALL)), "db": (["icmp/8 sg:web"], [])}
    return Policy(members={"a1": ["web"], "b1": ["db"]}, groups=rules)


@pytest.fixture(name="policy_path")
def _policy_path(policy, tmp_path):
    path = tmp_path / "policy.yaml"
    path.write_text(policy.text(), encoding="utf-8")
    return path


def is_alive(pid):
    """A process that ended may wait for whoever adopted it to take note."""
    try:
        return Path("/proc", str(pid), "stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_lab_carries_real_traffic_and_goes_without_a_trace(labs, policy, policy_path, tmp_path):
    lab = labs[0]
    (tmp_path / "index.html").write_text("hello", encoding="ascii")
    up = lab.up(policy_path)
    assert up.returncode == 0, up.stderr
    exit_status, status = lab.status()
    assert (exit_status, status["complete"], status["daemon"]["alive"]) == (0, True, True)
    assert {endpoint["name"] for endpoint in status["endpoints"]} == {"internet", "a1", "b1"}

    lab.start_web_server("a1", A1, tmp_path)
    assert lab.fetch("internet", A1).stdout == "hello"
    assert lab.fetch("b1", A1, within=2).returncode == 28  # its group lets nothing out
    assert lab.ping("a1", B1) == 0
    assert lab.ping("internet", B1, within=1) == 1

    rules = json.loads(vpcwall("rules", "--lab", lab.name, "--json").stdout)
    gates = {(row["gate"], row["outcome"]): row["packets"] for row in rules["gates"]}
    assert gates["sg-egress", "deny"] >= 1
    assert gates["sg-ingress", "deny"] >= 1
    assert vpcwall("flows", "--lab", lab.name).returncode == 0

    policy.groups["web"][0].clear()
    policy_path.write_text(policy.text(), encoding="utf-8")
    reload = vpcwall("reload", "--lab", lab.name)
    assert (reload.returncode, reload.stderr) == (0, "")
    assert lab.fetch("internet", A1, within=2).returncode == 28

    down = lab.down()
    assert (down.returncode, down.stderr) == (0, "")
    assert lab.traces() == []
    assert not is_alive(status["daemon"]["pid"])
    assert lab.programs[0].wait(timeout=10) != 0  # nothing goes on running inside of what is gone
    assert vpcwall("status", "--lab", lab.name).returncode == 3
    assert lab.down().returncode == 0


def test_two_labs_with_the_same_addresses_do_not_know_of_each_other(labs, policy, policy_path, tmp_path):
    one, two = labs
    other_path = tmp_path / "other.yaml"
    policy.groups["web"] = ([], [])
    other_path.write_text(policy.text(), encoding="utf-8")
    assert one.up(policy_path).returncode == 0
    assert two.up(other_path).returncode == 0
    assert one.ping("internet", A1) == 0
    assert two.ping("internet", A1, within=1) == 1
    assert one.down().returncode == 0
    assert one.traces() == []
    assert two.status()[0] == 0
    assert two.ping("internet", A1, within=1) == 1
    policy_path.rename(other_path)
    assert vpcwall("reload", "--lab", two.name).returncode == 0
    assert two.ping("internet", A1) == 0


def test_up_over_what_is_there_makes_it_anew(labs, policy_path):
    lab = labs[0]
    assert lab.up(policy_path).returncode == 0
    first = lab.status()[1]["daemon"]["pid"]
    assert lab.up(policy_path).returncode == 0
    exit_status, status = lab.status()
    assert exit_status == 0
    assert status["daemon"]["pid"] != first
    assert not is_alive(first)
    assert lab.ping("internet", A1) == 0


def test_after_a_crash_status_tells_and_up_repairs(labs, policy_path):
    lab = labs[0]
    assert lab.up(policy_path).returncode == 0
    os.kill(lab.status()[1]["daemon"]["pid"], signal.SIGKILL)
    eventually(lambda: not lab.status()[1]["daemon"]["alive"], "the daemon to be gone")
    assert lab.status()[0] == 1
    assert lab.ping("internet", A1, within=1) == 1  # fail closed
    assert lab.up(policy_path).returncode == 0
    assert lab.status()[0] == 0
    assert lab.ping("internet", A1) == 0

    subprocess.run(["ip", "netns", "delete", f"vpcwall-{lab.name}-b1"], check=True)
    exit_status, status = lab.status()
    assert (exit_status, status["complete"]) == (1, False)
    assert lab.down().returncode == 0
    assert lab.traces() == []


def test_a_lab_may_fail_open(labs, policy_path):
    lab = labs[0]
    assert lab.up(policy_path, "--fail-mode", "open").returncode == 0
    assert lab.ping("internet", B1, within=1) == 1
    os.kill(lab.status()[1]["daemon"]["pid"], signal.SIGKILL)
    eventually(lambda: not lab.status()[1]["daemon"]["alive"], "the daemon to be gone")
    assert lab.ping("internet", B1) == 0


def test_exec_hands_through_what_the_program_says(labs, policy_path):
    lab = labs[0]
    assert lab.up(policy_path).returncode == 0
    assert lab.exec("a1", "sh", "-c", "exit 7").returncode == 7
    assert lab.exec("a1", "no-such-program").returncode == 127
    stranger = lab.exec("nobody", "true")
    assert stranger.returncode == 1
    assert "internet, a1, b1" in stranger.stderr
    routes = lab.exec("router", "ip", "route").stdout
    assert "blackhole 10.0.0.0/16" in routes


def test_mistakes_leave_nothing_behind(labs, policy, tmp_path):
    lab = labs[0]
    path = tmp_path / "bad.yaml"
    path.write_text(policy.text().replace("10.0.0.5", "10.9.9.9"), encoding="utf-8")
    result = lab.up(path)
    assert result.returncode == 2
    assert f"{path}:" in result.stderr
    missing = lab.up(tmp_path / "missing.yaml")
    assert missing.returncode in (1, 2)
    assert "missing.yaml" in missing.stderr
    assert len(missing.stderr.splitlines()) == 1
    assert lab.traces() == []


def test_the_story_of_the_ephemeral_port_is_as_told(labs):
    lab = labs[0]
    result = vpcwall("lab", "demo", "ephemeral-port", "--name", lab.name, "--daemon", program("VPCWALLD"))
    assert result.returncode == 0, result.stdout + result.stderr
    for line in (
        "HANG: curl gave up after 3 seconds",
        "as told   request: the network ACL lets it in by rule 100",
        "as told   reply: the security group lets it out because it remembers",
        "as told   reply: the network ACL drops it at egress rule *",
        "PASS: the page is here",
        "as told   the open connection lives",
        "as told   the open connection is cut",
        "as told   the tracked connection is cut",
        "as told   the untracked connection is cut",
        "The whole story was as told.",
    ):
        assert line in result.stdout, line
    assert "NOT AS TOLD" not in result.stdout
    assert lab.traces() == []
