"""What `vpcwall test` reports to machines and about its own cases: JUnit, TAP, the order of parallel runs, coverage,
mutations. Through the command itself, on fixtures whose right answers are known, and on the examples that users copy."""

import json
import os
import pathlib
import re
import subprocess
import xml.etree.ElementTree as ElementTree

import pytest

VPCWALL = os.environ["VPCWALL"]
ROOT = pathlib.Path(__file__).parent.parent.parent
EXAMPLES = ROOT / "config" / "examples" / "scenarios"
CONFORMANCE = ROOT / "tests" / "conformance"

POLICY = """version: 1
vpc: {cidr: 10.0.0.0/16}
network_acls:
  - name: A
    ingress:
      - {rule: 100, action: allow, protocol: tcp, ports: 22, cidr: 0.0.0.0/0}
      - {rule: 200, action: deny, protocol: tcp, ports: 23, cidr: 0.0.0.0/0}
    egress: [{rule: 100, action: allow, protocol: all, cidr: 0.0.0.0/0}]
subnets: [{name: A, cidr: 10.0.0.0/24, network_acl: A}]
security_groups:
  - name: g
    ingress: [{protocol: tcp, ports: 22, source: 203.0.113.0/24}]
    egress: []
interfaces: [{name: a, subnet: A, addresses: [10.0.0.5], security_groups: [g]}]
"""
SCENARIOS = """version: 1
title: a small file
policy: policy.yaml
names: {x: 203.0.113.12}
cases:
  - id: right
    title: "what & who <is> right # 1"
    covers: [S-5]
    steps:
      - {packet: "tcp S x:40000 > a:22", expect: [acl-ingress A allow 100, sg-ingress a new g], verdict: accept}
      - {packet: "tcp SA a:22 > x:40000", expect: [sg-egress a tracked, acl-egress A allow 100], verdict: accept}
"""
WRONG = """  - id: wrong
    title: two steps of three are wrong
    steps:
      - {packet: "tcp S x:40000 > a:22", expect: [acl-ingress A deny 100], verdict: drop}
      - {packet: "tcp S x:40000 > a:80", expect: [acl-ingress A deny *], verdict: drop}
      - state: {flows: 7}
"""


def run(*arguments):
    return subprocess.run([VPCWALL, "test", *map(str, arguments)], capture_output=True, text=True, timeout=240, check=False)


@pytest.fixture(name="small")
def small_fixture(tmp_path):
    """A policy with a scenario file whose cases pass."""
    (tmp_path / "policy.yaml").write_text(POLICY, encoding="utf-8")
    (tmp_path / "small.yaml").write_text(SCENARIOS, encoding="utf-8")
    return tmp_path / "small.yaml"


@pytest.fixture(name="failing")
def failing_fixture(small):
    """The same with one case that fails."""
    small.write_text(SCENARIOS + WRONG, encoding="utf-8")
    return small


def test_junit_says_what_failed_and_where(failing, tmp_path):
    report = tmp_path / "report.xml"
    result = run("--junit", report, failing)
    assert result.returncode == 1
    assert result.stdout == run(failing).stdout
    root = ElementTree.parse(report).getroot()
    assert (root.tag, root.attrib) == (
        "testsuites", {"name": "vpcwall test", "tests": "2", "failures": "1", "errors": "0", "skipped": "0"})
    (suite,) = root
    assert (suite.tag, suite.attrib) == (
        "testsuite", {"name": str(failing), "file": str(failing), "tests": "2", "failures": "1", "errors": "0", "skipped": "0"})
    right, wrong = suite
    assert right.attrib == {"name": "right: what & who <is> right # 1", "classname": ".".join(failing.with_suffix("").parts[1:]),
                            "file": str(failing), "line": "6"}
    assert list(right) == []
    assert wrong.attrib["name"] == "wrong: two steps of three are wrong"
    (failure,) = wrong
    assert failure.tag == "failure"
    assert failure.attrib["type"] == "expectation"
    assert failure.attrib["message"] == f"{failing}:15:9: step 1: tcp S x:40000 > a:22: the gates differ (and 1 more)"
    assert f"{failing}:17:9: step 3: state: found 1 flows, 7 were expected" in failure.text
    assert "actual    accept: acl-ingress A allow 100, sg-ingress a new g (passed)" in failure.text


def test_junit_of_the_conformance_cases(tmp_path):
    report = tmp_path / "report.xml"
    assert run("--junit", report, CONFORMANCE).returncode == 0
    root = ElementTree.parse(report).getroot()
    assert int(root.attrib["tests"]) == 226
    assert sum(int(suite.attrib["tests"]) for suite in root) == len(root.findall("testsuite/testcase")) == 226
    assert root.findall(".//failure") == []
    keys = [(case.attrib["classname"], case.attrib["name"]) for case in root.iter("testcase")]
    assert len(set(keys)) == len(keys)


def test_junit_that_cannot_be_written(small, tmp_path):
    result = run("--junit", tmp_path / "missing" / "report.xml", small)
    assert result.returncode == 1
    assert "report.xml cannot be written" in result.stderr
    assert result.stdout == ""


# XML has no way to say a control character; YAML has.
def test_junit_is_xml_whatever_a_title_says(small, tmp_path):
    small.write_text(SCENARIOS.replace('"what & who', '"\\u0001\\u001b what & who'), encoding="utf-8")
    report = tmp_path / "report.xml"
    assert run("--junit", report, small).returncode == 0
    assert ElementTree.parse(report).getroot().find("testsuite/testcase").attrib["name"].endswith(" what & who <is> right # 1")


def test_tap_line_by_line(failing):
    result = run("--tap", failing)
    assert result.returncode == 1
    lines = result.stdout.splitlines()
    assert lines[0] == "TAP version 14"
    assert lines[1] == f"ok 1 - {failing}: right: what & who <is> right \\# 1"
    assert lines[2] == f"not ok 2 - {failing}: wrong: two steps of three are wrong"
    assert lines[3:11] == [
        "  ---",
        '  message: "tcp S x:40000 > a:22: the gates differ"',
        "  severity: fail",
        "  at:",
        f'    file: "{failing}"',
        "    line: 15",
        "    column: 9",
        "  failures:",
    ]
    failures = [json.loads(line.removeprefix("    - ")) for line in lines[11:13]]
    assert [(one["step"], one["line"]) for one in failures] == [(1, 15), (3, 17)]
    assert failures[0]["expected"] == {"verdict": "drop", "gates": ["acl-ingress A deny 100"]}
    assert failures[0]["actual"]["gates"] == ["acl-ingress A allow 100", "sg-ingress a new g"]
    assert lines[13:] == ["  ...", "1..2"]


def test_tap_numbers_every_case(tmp_path):
    lines = run("--tap", CONFORMANCE).stdout.splitlines()
    assert lines[0] == "TAP version 14"
    assert [line.split(" - ")[0] for line in lines[1:-1]] == [f"ok {number}" for number in range(1, 227)]
    assert lines[-1] == "1..226"
    # Whatever a case is called, it is neither skipped nor to be done.
    assert [line for line in lines if re.search(r"(?<!\\)#", line)] == []


@pytest.mark.parametrize("form", [["--json"], ["--tap"], [], ["--coverage"], ["--coverage", "--json"]], ids=" ".join)
def test_more_jobs_say_the_same_byte_for_byte(failing, tmp_path, form):
    alone, together = tmp_path / "1.xml", tmp_path / "8.xml"
    one = run("--jobs", "1", "--junit", alone, *form, failing, CONFORMANCE, EXAMPLES)
    many = run("--jobs", "8", "--junit", together, *form, failing, CONFORMANCE, EXAMPLES)
    assert (one.returncode, one.stdout, one.stderr) == (many.returncode, many.stdout, many.stderr)
    assert one.returncode == 1
    assert alone.read_bytes() == together.read_bytes()


def test_more_jobs_notice_the_same_mutations():
    one = run("--mutate", "--json", "--jobs", "1", CONFORMANCE / "01-ephemeral-port.yaml")
    many = run("--mutate", "--json", "--jobs", "8", CONFORMANCE / "01-ephemeral-port.yaml")
    assert one.stdout == many.stdout
    assert json.loads(one.stdout)["schema"] == "vpcwall/mutate/1"


def test_coverage_names_what_no_case_exercises(small):
    result = run("--coverage", small)
    assert result.returncode == 0
    policy = small.parent / "policy.yaml"
    assert result.stdout.splitlines()[-6:] == [
        f"{policy}: 3 of 7 rules exercised, 42.8 %",
        f"  never  {policy}:4:5   network ACL A, ingress *: deny all 0.0.0.0/0",
        f"  never  {policy}:7:9   network ACL A, ingress 200: deny tcp 23 0.0.0.0/0",
        f"  never  {policy}:11:5  security group g, ingress *: deny all",
        f"  never  {policy}:11:5  security group g, egress *: deny all",
        "all files: 3 of 7 rules exercised, 42.8 %",
    ]


def test_coverage_as_json(failing):
    result = run("--coverage", "--json", failing)
    assert result.returncode == 1, "a case fails"
    report = json.loads(result.stdout)
    assert report["schema"] == "vpcwall/coverage/1"
    assert (report["exercised"], report["total"], report["percent"], report["cases"]) == (4, 7, 57.1, 2)
    assert [(one["file"], one["id"]) for one in report["failed"]] == [(str(failing), "wrong")]
    (file,) = report["files"]
    assert file["file"] == str(failing.parent / "policy.yaml")
    rules = {(one["kind"], one["direction"], one["line"], one["rule"] if one["kind"] != "group-rule" else "rule"):
             (one["state"], one["cases"]) for one in file["rules"]}
    assert rules == {
        ("acl-default", "ingress", 4, "*"): ("exercised", 1),
        ("acl-default", "egress", 4, "*"): ("cannot-decide", 0),
        ("acl-entry", "ingress", 6, "100"): ("exercised", 2),
        ("acl-entry", "ingress", 7, "200"): ("never", 0),
        ("acl-entry", "egress", 8, "100"): ("exercised", 1),
        ("group-default", "ingress", 11, "*"): ("never", 0),
        ("group-default", "egress", 11, "*"): ("never", 0),
        ("group-rule", "ingress", 12, "rule"): ("exercised", 2),
    }


@pytest.mark.parametrize(("minimum", "status"), [("42.8", 0), ("42.9", 1), ("100", 1), ("0", 0)])
def test_coverage_below_the_minimum_fails(small, minimum, status):
    result = run("--coverage", "--coverage-min", minimum, small)
    assert result.returncode == status
    assert (f"expected at least {minimum} %" in result.stderr) == (status == 1)


def test_two_scenario_files_cover_one_policy_together(small):
    second = small.parent / "second.yaml"
    second.write_text(SCENARIOS.split("cases:")[0].replace("policy.yaml", "./policy.yaml") + """cases:
  - id: telnet
    steps: [{packet: "tcp S x:40000 > a:23", expect: [acl-ingress A deny 200], verdict: drop}]
""", encoding="utf-8")
    report = json.loads(run("--coverage", "--json", small, second).stdout)
    assert [(file["file"], file["exercised"]) for file in report["files"]] == [(str(small.parent / "policy.yaml"), 4)]


def test_mutations_that_no_case_notices(small):
    result = run("--mutate", "--json", small)
    assert result.returncode == 1
    report = json.loads(result.stdout)
    policy = str(small.parent / "policy.yaml")
    assert report["schema"] == "vpcwall/mutate/1"
    assert {one["file"] for one in report["survivors"]} == {policy}
    assert [(one["line"], one["change"]) for one in report["survivors"]] == [
        (6, "ports 22 widened to 21-22"),
        (6, "ports 22 widened to 22-23"),
        (7, "deleted"),
        (7, "deny flipped to allow"),
        (7, "ports 23 widened to 23-24"),
        (12, "203.0.113.0/24 widened to 203.0.112.0/23"),
    ]
    # Entry 100 takes port 22 before entry 200 is asked, and lets no other port in to the group.
    assert [(one["line"], one["change"]) for one in report["masked"]] == [
        (7, "ports 23 widened to 22-23"),
        (12, "ports 22 widened to 21-22"),
        (12, "ports 22 widened to 22-23"),
    ]
    assert (report["mutations"], report["noticed"], report["not_tried"]) == (15, 6, 0)


def test_a_witness_pasted_into_the_file_notices(small):
    """Every survivor says what to send. A file with all of that has no survivors, and its cases pass."""
    before = json.loads(run("--mutate", "--json", small).stdout)
    text = SCENARIOS
    for number, one in enumerate(before["survivors"]):
        text += f"  - id: witness-{number}\n    steps:\n"
        text += "".join(f"      - {json.dumps(step)}\n" for step in one["witness"]["steps"])
    small.write_text(text, encoding="utf-8")
    result = run("--mutate", "--json", small)
    after = json.loads(result.stdout)
    assert (result.returncode, after["survivors"]) == (0, [])
    assert after["noticed"] == before["noticed"] + len(before["survivors"])
    assert after["masked"] == before["masked"]


@pytest.mark.parametrize("policy", sorted(EXAMPLES.parent.glob("*.yaml")), ids=lambda path: path.stem)
def test_witnesses_alone_notice_every_mutation(tmp_path, policy):
    """Both families, ICMP, bare protocols, replies: begun with a file that tests nothing, one round is enough."""
    scenarios = tmp_path / "scenarios.yaml"
    head = f"version: 1\npolicy: {policy}\ncases:\n  - {{id: nothing, steps: []}}\n"
    scenarios.write_text(head, encoding="utf-8")
    before = json.loads(run("--mutate", "--json", scenarios).stdout)
    assert before["noticed"] == 0
    assert before["survivors"]
    cases = [{"id": f"w-{number}", "steps": one["witness"]["steps"]} for number, one in enumerate(before["survivors"])]
    scenarios.write_text(head + "".join(f"  - {json.dumps(case)}\n" for case in cases), encoding="utf-8")
    result = run("--mutate", "--json", scenarios)
    assert result.returncode == 0, result.stdout + result.stderr
    after = json.loads(result.stdout)
    assert after["survivors"] == []
    assert after["masked"] == before["masked"]


def test_the_steps_shown_as_text_are_steps(small):
    lines = run("--mutate", small).stdout.splitlines()
    steps = [line for line in lines if line.startswith("  - {packet: ")]
    assert steps
    small.write_text(SCENARIOS + "".join(f"  - id: w-{number}\n    steps:\n    {step}\n" for number, step in enumerate(steps)),
                     encoding="utf-8")
    assert run(small).returncode == 0
    assert run("--mutate", small).stdout.count("survived") == 1, "in the last line only"


def test_mutations_are_bounded(small):
    report = json.loads(run("--mutate", "--mutations", "5", "--json", small).stdout)
    everything = json.loads(run("--mutate", "--json", small).stdout)
    assert report["mutations"] <= 5
    assert report["not_tried"] > 0
    assert everything["not_tried"] == 0


def test_mutations_need_cases_that_pass(failing):
    result = run("--mutate", failing)
    assert result.returncode == 1
    assert result.stdout == ""
    assert "1 cases fail without any mutation: mend them first" in result.stderr
    assert f"{failing}:15:9: step 1" in result.stderr


@pytest.mark.parametrize("arguments", [
    ["--tap", "--json"], ["--coverage", "--mutate"], ["--coverage", "--live"], ["--mutate", "--tap"], ["--jobs", "0"],
    ["--jobs", "2", "--live"], ["--coverage-min", "50"], ["--coverage", "--coverage-min", "101"], ["--mutations", "3"],
], ids=" ".join)
def test_options_that_do_not_go_together(small, arguments):
    result = run(*arguments, small)
    assert result.returncode == 2
    assert result.stdout == ""
    assert "see `vpcwall --help`" in result.stderr


def test_the_examples_exercise_every_rule():
    result = run("--coverage", "--coverage-min", "100", EXAMPLES)
    assert result.returncode == 0, result.stdout


def test_the_examples_notice_every_mutation():
    result = run("--mutate", EXAMPLES)
    assert result.returncode == 0, result.stdout
