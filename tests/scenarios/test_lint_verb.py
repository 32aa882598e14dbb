"""`vpcwall lint` as a user meets it: what it prints, and its exit status."""

import json
import os
import subprocess

VPCWALL = os.environ["VPCWALL"]
VPC = "version: 1\nvpc: {cidr: 10.0.0.0/16}\n"
UNUSED = VPC + "security_groups:\n  - {name: default, ingress: [], egress: []}\n  - {name: spare}\n"


def lint(*arguments, text=None):
    command = [VPCWALL, "lint", *arguments]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=False, timeout=60)


def test_findings_make_the_status_1_and_none_make_it_0():
    found = lint("--only", "VW007", "-", text=UNUSED)
    assert found.returncode == 1
    assert found.stdout == (
        "-:5:5: low: security group spare: no interface carries it, and no rule of another group names it "
        "[VW007 group-unused]\n    remove it\n-: 1 finding (1 low)\n")
    clean = lint("--only", "VW009", "-", text=UNUSED)
    assert (clean.returncode, clean.stdout) == (0, "-: no findings\n")


def test_what_is_below_the_threshold_counts_for_nothing():
    below = lint("--only", "VW007", "--severity", "medium", "-", text=UNUSED)
    assert (below.returncode, below.stdout) == (0, "-: no findings\n")


def test_suppressed_findings_are_counted_and_do_not_fail():
    text = UNUSED + "lint:\n  suppress:\n    - {check: group-unused, object: spare, reason: wanted next week}\n"
    run = lint("--only", "vpcwall", "-", text=text)
    assert (run.returncode, run.stdout) == (0, "-: no findings, 1 suppressed\n")
    document = json.loads(lint("--only", "vpcwall", "--json", "-", text=text).stdout)
    assert document["schema"] == "vpcwall/lint/1"
    assert [one["suppressed"]["reason"] for one in document["files"][0]["findings"]] == ["wanted next week"]


def test_mistakes_make_the_status_2():
    assert lint().returncode == 2
    assert lint("--only", "nothing-like-it", "-", text=UNUSED).returncode == 2
    assert lint("--parameter", "authorizedTcpPorts=many", "-", text=UNUSED).returncode == 2
    assert lint("--severity", "huge", "-", text=UNUSED).returncode == 2
    broken = lint("-", text="version: 1\n")
    assert broken.returncode == 2 and "error:" in broken.stderr
    unknown = UNUSED + "lint: {suppress: [{check: VW0O7, object: spare, reason: r}]}\n"
    for verb in ("lint", "check"):
        run = subprocess.run([VPCWALL, verb, "-"], input=unknown, capture_output=True, text=True, check=False, timeout=60)
        assert run.returncode == 2, verb
        assert 'did you mean "VW007"?' in run.stderr, verb


def test_parameters_reach_their_check():
    text = VPC + "security_groups:\n  - {name: api, ingress: [{protocol: tcp, ports: 8443, source: 0.0.0.0/0}]}\n"
    assert lint("--only", "EC2.18", "-", text=text).returncode == 1
    assert lint("--only", "EC2.18", "--parameter", "authorizedTcpPorts=443,8443", "-", text=text).returncode == 0


def test_sarif_is_one_document_for_all_files(tmp_path):
    paths = [tmp_path / "a.yaml", tmp_path / "b.yaml"]
    for path in paths:
        path.write_text(UNUSED, encoding="utf-8")
    run = lint("--only", "VW007", "--format", "sarif", *map(str, paths))
    assert run.returncode == 1
    log = json.loads(run.stdout)
    assert log["version"] == "2.1.0"
    results = log["runs"][0]["results"]
    uris = [one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for one in results]
    assert uris == [path.as_uri() for path in paths]


def test_list_names_the_checks_and_those_that_cannot_be_answered():
    run = lint("--list")
    assert run.returncode == 0
    for wanted in ("VW004  reply-blocked", "INCOMING_SSH_DISABLED", "EC2.19", "ec2_networkacl_unused",
                   "not applicable: a policy file does not say where flow logs go"):
        assert wanted in run.stdout
    document = json.loads(lint("--list", "--json", "--only", "security-hub").stdout)
    assert document["schema"] == "vpcwall/lint-checks/1"
    assert {one["catalogue"] for one in document["checks"]} == {"security-hub"}
