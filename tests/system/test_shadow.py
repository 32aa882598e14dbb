"""`vpcwall apply --shadow`: a policy is tried on the packets that come, and nobody but the asker notices."""

import json
import signal
import subprocess

import pytest
from conditions import eventually
from daemon import program
from policies import Policy
from scapy.layers.inet import IP, TCP
from shadow import Shadow
from topology import A1, X
from traffic import TcpEcho, connect, echoes, inject


def policy(*ports, **top_level):
    return Policy(
        members={"a1": ["web"]},
        groups={"web": ([f"tcp/{port} 203.0.113.0/24" for port in ports], [])},
        acls={"A": (["90 tcp/23 0.0.0.0/0 deny", "100 all 0.0.0.0/0 allow"], ["100 all 0.0.0.0/0 allow"])},
        **top_level,
    )


def syn(port, source_port=1000):
    return IP(src=X, dst=A1) / TCP(sport=source_port, dport=port, flags="S")


def vpcwall(daemon, *arguments, text=None):
    command = [program("VPCWALL"), "apply", *arguments, "--socket", str(daemon.socket_path)]
    return subprocess.run(command, input=text, capture_output=True, text=True, timeout=60, check=False)


def audit(daemon):
    return [json.loads(line) for line in (daemon.folder / "state/audit.log").read_text().splitlines()]


def judged_by_queue(daemon):
    return sum(queue["received"] for queue in daemon.status()["queues"])


@pytest.mark.parametrize("fast_path", ["off", "required"])
def test_what_would_be_refused_and_what_would_pass_is_listed_and_nothing_changes(vpc, guard, fast_path):
    daemon = guard(policy(80, 81), fast_path=fast_path)
    with TcpEcho(vpc.a1, 80), connect(vpc.x, A1, 80) as standing:
        assert echoes(standing)
        with Shadow(daemon, policy(81, 23)) as trial:
            assert trial.begin["schema"] == "vpcwall/shadow/1"
            assert (trial.begin["event"], trial.begin["generation"], trial.begin["unseen"]) == ("begin", 1, [])
            assert trial.begin["flows"] >= 1
            assert echoes(standing), "a flow that was open before lives on in the shadow, too"
            with connect(vpc.x, A1, 80) as fresh:
                assert echoes(fresh), "nothing of what the candidate says is enforced"
            differences = trial.await_differences(2)
            there, back = differences[:2]
            assert (there["packet"]["source"], there["packet"]["destination_port"]) == (X, 80)
            assert (there["live"]["verdict"], there["live"]["reason"]) == ("accept", "passed")
            assert there["live"]["gates"][-1]["outcome"] == "new"
            assert there["candidate"] == {
                "verdict": "drop",
                "reason": "no-group-rule",
                "gates": [
                    {"gate": "acl-ingress", "subnet": "A", "acl": there["live"]["gates"][0]["acl"], "outcome": "allow", "rule": "100"},
                    {"gate": "sg-ingress", "interface": "a1", "outcome": "deny"},
                ],
            }
            assert (back["packet"]["source_port"], back["live"]["verdict"], back["candidate"]["verdict"]) == (80, "accept", "drop")
            assert daemon.status()["generation"] == 1
            status, end = trial.finish()
        assert (status, end["event"], end["unlisted"]) == (1, "end", 0)
        assert end["judged"] > end["differing"] >= 4
        assert sum(one["count"] for one in end["differences"]) == end["differing"]
        assert [one["number"] for one in end["differences"]] == list(range(len(trial.differences())))
        assert echoes(standing)
    lines = audit(daemon)[-2:]
    assert [line["event"] for line in lines] == ["shadow begin", "shadow end"]
    assert lines[0]["digest"] == lines[1]["digest"]
    assert (lines[1]["judged"], lines[1]["differing"], lines[1]["user"]) == (end["judged"], end["differing"], "root")


def test_what_the_candidate_would_let_in(vpc, guard):
    daemon = guard(policy(80), fast_path="off")
    candidate = policy(80, 443)
    candidate.acls["A"][0][0] = "90 tcp/80 0.0.0.0/0 deny"
    with Shadow(daemon, candidate) as trial:
        inject(vpc.x, syn(443, 1), syn(443, 2), syn(80), syn(22))
        first, second = trial.await_differences(2)[:2]
        assert (first["live"]["verdict"], first["candidate"]["verdict"]) == ("drop", "accept")
        assert first["candidate"]["gates"][-1]["rule"].startswith("sgr-")
        assert second["candidate"]["gates"] == [
            {"gate": "acl-ingress", "subnet": "A", "acl": first["live"]["gates"][0]["acl"], "outcome": "deny", "rule": "90"}
        ]
        daemon.await_counters(lambda counters: counters.gate("sg-ingress", "deny") == 3, "three to be refused")
        status, end = trial.finish()
        assert status == 1
        assert [one["count"] for one in end["differences"]][:2] == [2, 1]


def test_a_policy_that_says_the_same_differs_in_nothing(vpc, guard):
    daemon = guard(policy(80), fast_path="required")
    with TcpEcho(vpc.a1, 80), connect(vpc.x, A1, 80) as standing:
        with Shadow(daemon, policy(80)) as trial:
            for _ in range(50):
                assert echoes(standing)
            inject(vpc.x, syn(22))
            daemon.await_counters(lambda counters: counters.reason("no-group-rule") == 1, "one to be refused")
            status, end = trial.finish()
        assert (status, end["differing"], end["differences"]) == (0, 0, [])
        assert end["judged"] >= 101


def test_the_fast_path_rests_meanwhile_and_goes_on_afterwards(vpc, guard):
    daemon = guard(policy(80), fast_path="required")
    with TcpEcho(vpc.a1, 80), connect(vpc.x, A1, 80) as standing:
        assert echoes(standing)
        with Shadow(daemon, policy(80)) as trial:
            found = daemon.status()["fast_path"]
            assert (found["active"], found["reason"]) == (
                False, "a policy is tried in the shadow, so every packet has to come to it")
            trial.finish()
        assert daemon.status()["fast_path"]["active"] is True
        assert echoes(standing)
        before = judged_by_queue(daemon)
        for _ in range(100):
            assert echoes(standing)
        assert judged_by_queue(daemon) - before < 20


def test_it_goes_on_over_a_reload(vpc, guard):
    daemon = guard(policy(80), fast_path="off")
    with Shadow(daemon, policy(81)) as trial:
        daemon.reload(policy(81))
        eventually(lambda: trial.events[-1] == {"event": "policy", "generation": 2}, "news of the reload")
        inject(vpc.x, syn(80), syn(81))
        daemon.await_counters(lambda counters: counters.reason("no-group-rule") == 1, "one to be refused")
        status, end = trial.finish()
        assert (status, end["differing"]) == (0, 0)
        assert end["judged"] >= 2


def test_only_one_at_a_time(guard):
    daemon = guard(policy(80))
    with Shadow(daemon, policy(81)):
        second = vpcwall(daemon, "-", "--shadow", "--for", "1s", text=policy(82).text())
        assert (second.returncode, second.stdout) == (2, "")
        assert second.stderr == "vpcwall: a policy is tried already, and only one can be at a time; end that one first\n"


def test_an_asker_that_is_killed_leaves_nothing_behind(guard):
    daemon = guard(policy(80), fast_path="required")
    with Shadow(daemon, policy(81)):
        assert daemon.status()["fast_path"]["active"] is False
    eventually(lambda: daemon.status()["fast_path"]["active"], "the fast path to go on")
    assert audit(daemon)[-1]["event"] == "shadow end"
    with Shadow(daemon, policy(81)) as trial:
        assert trial.finish()[0] == 0


def test_a_daemon_that_stops_meanwhile_ends_well(guard):
    daemon = guard(policy(80))
    with Shadow(daemon, policy(81)) as trial:
        assert daemon.stop() == 0
        assert trial.wait()[0] == 3


MISTAKES = {
    "mistake": (lambda: policy(80).text().replace('"tcp"', '"tpc"'), 'found "tpc"'),
    "device": (lambda: policy(80).text().replace('"name": "a1"', '"name": "a1", "device": "nowhere0"'),
               "there is no device nowhere0"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_said_and_nothing_begins(guard, name):
    make, said = MISTAKES[name]
    daemon = guard(policy(80), fast_path="required")
    result = vpcwall(daemon, "-", "--shadow", "--for", "1s", text=make())
    assert (result.returncode, result.stdout) == (2, "")
    assert said in result.stderr
    assert result.stderr.endswith("vpcwall: apply --shadow refused, nothing was tried\n")
    assert [line["event"] for line in audit(daemon)] == ["start"]
    assert daemon.status()["fast_path"]["active"] is True


def test_a_request_without_a_policy_is_an_error(guard):
    daemon = guard(policy(80))
    assert daemon.ask("shadow") == {"error": "the policy has to come as a file beside the request"}


def test_ranges_whose_packets_do_not_come_are_named(guard):
    daemon = guard(policy(80))
    candidate = policy(80)
    document = candidate.document()
    document["vpc"]["secondary_cidrs"] = ["10.7.0.0/16"]
    result = vpcwall(daemon, "-", "--shadow", "--for", "1s", text=json.dumps(document))
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("-- packets of 10.7.0.0/16 do not come here under the policy in force\n")


def test_text_stands_in_columns(vpc, guard):
    daemon = guard(policy(80, 81), fast_path="off")
    command = [program("VPCWALL"), "apply", "-", "--shadow", "--socket", str(daemon.socket_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            process.stdin.write(policy(80).text())
            process.stdin.close()
            titles = process.stdout.readline()
            inject(vpc.x, syn(81, 1000), syn(81, 1001))
            daemon.await_gate("sg-ingress", "new", packets=2)
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=60) == 1
        finally:
            process.kill()
        row, rest, summary = process.stdout.readline(), process.stdout.read(), process.stderr.read()
    assert titles.split() == ["PROTOCOL", "SOURCE", "DESTINATION", "IN", "FORCE", "CANDIDATE"]
    for title, cell in [("PROTOCOL", "tcp"), ("SOURCE", f"{X}:1000"), ("DESTINATION", f"{A1}:81"),
                        ("IN FORCE", "ACCEPT sg-ingress a1 rule ")]:
        assert row[titles.index(title):].startswith(cell)
    assert row.endswith("  DROP sg-ingress a1 implicit deny\n")
    assert "×2 in all\n" in rest
    assert " would have another verdict, in " in summary


def test_it_ends_by_itself_after_its_time(guard):
    daemon = guard(policy(80, 81))
    result = vpcwall(daemon, "-", "--shadow", "--for", "1s", text=policy(80).text())
    assert (result.returncode, result.stderr) == (0, "0 packets judged: none would have another verdict\n")
    assert result.stdout.split() == ["PROTOCOL", "SOURCE", "DESTINATION", "IN", "FORCE", "CANDIDATE"]
    assert audit(daemon)[-1]["event"] == "shadow end"


def test_options_that_do_not_go_together(guard):
    daemon = guard(policy(80))
    for options in (["--shadow", "--plan"], ["--shadow", "--confirm-within", "60s"], ["--for", "3s"]):
        result = vpcwall(daemon, "-", *options, text=policy(80).text())
        assert result.returncode == 2, options
    assert daemon.status()["generation"] == 1
