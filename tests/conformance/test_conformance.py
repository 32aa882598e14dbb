"""Every conformance case through `vpcwall test`, and none of them lost."""

import json
import os
import pathlib
import subprocess

VPCWALL = os.environ["VPCWALL"]
FOLDER = pathlib.Path(__file__).parent

# The numbers of the cases, file by file: one that disappears would otherwise pass in silence.
SECTIONS = {
    "01-ephemeral-port": [*range(1, 17)],
    "02-acl-order": [*range(20, 39)],
    "03-security-groups": [*range(40, 60)],
    "04-connection-tracking": [*range(60, 103)],
    "05-icmp-errors": [*range(110, 121), 366],
    "06-gates-and-subnets": [*range(130, 146), 367, 373],
    "07-exempt-traffic": [*range(150, 165), *range(362, 366), 374],
    "08-ipv6": [*range(170, 180)],
    "09-other-protocols": [*range(190, 199)],
    "10-fragments": [*range(200, 210)],
    "11-flow-log": [*range(210, 225)],
    "12-published-tables": [*range(230, 240)],
    "13-configuration": [*range(250, 265)],
    "14-audit": [*range(270, 275)],
    "15-unreadable-headers": [360, 361],
    "16-unlisted-addresses": [368, 369],
}


def run(*arguments):
    return subprocess.run([VPCWALL, "test", *arguments], capture_output=True, text=True, timeout=120, check=False)


def report():
    result = run("--json", str(FOLDER))
    assert result.returncode in (0, 1), result.stderr
    return json.loads(result.stdout)


def test_every_case_passes():
    failed = [(case["id"], case["failures"]) for file in report()["files"] for case in file["cases"]
              if not case["passed"]]
    assert failed == []


def test_no_case_was_lost():
    found = {pathlib.Path(file["file"]).stem: [case["id"] for case in file["cases"]] for file in report()["files"]}
    assert found == {name: [f"T-{number:03}" for number in numbers] for name, numbers in SECTIONS.items()}
    assert sum(len(numbers) for numbers in SECTIONS.values()) == 226


def test_every_case_names_its_facts():
    assert [case["id"] for file in report()["files"] for case in file["cases"] if not case["covers"]] == []


def test_a_wrong_expectation_fails(tmp_path):
    text = (FOLDER / "01-ephemeral-port.yaml").read_text(encoding="utf-8")
    wrong = text.replace("sg-ingress a1 untracked", "sg-ingress a1 new", 1)
    assert wrong != text
    (tmp_path / "wrong.yaml").write_text(wrong, encoding="utf-8")
    (tmp_path / "lab.yaml").write_text((FOLDER / "lab.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    result = run(str(tmp_path))
    assert result.returncode == 1
    assert "15 of 16 cases passed" in result.stdout
    assert "actual    accept: acl-ingress A allow 100, sg-ingress a1 untracked g (passed)" in result.stdout
