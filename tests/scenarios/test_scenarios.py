"""Our own scenario files, and those of the example policies, through `vpcwall test`."""

import json
import os
import pathlib
import subprocess

import pytest

VPCWALL = os.environ["VPCWALL"]
OWN = pathlib.Path(__file__).parent
EXAMPLES = OWN.parent.parent / "config" / "examples"

# What a policy can set, and the beginnings of the cases that try it: one for each way in which it can stand.
KNOBS = {
    "tcp-midstream": 2,
    "icmp-related": 2,
    "flows-per-interface": 2,
    "auto-tracked": 2,
    "sg-identity": 4,
    "source-dest-check": 2,
    "tracking": 2,
    "router-mac": 2,
}


def report(path):
    """What `vpcwall test --json` says of a file or a folder."""
    result = subprocess.run(
        [VPCWALL, "test", "--json", str(path)], capture_output=True, text=True, timeout=120, check=False
    )
    assert result.returncode in (0, 1), result.stderr
    return json.loads(result.stdout)


def cases(path):
    return [case for file in report(path)["files"] for case in file["cases"]]


@pytest.mark.parametrize("folder", [OWN, EXAMPLES / "scenarios"], ids=["own", "examples"])
def test_every_case_passes_and_names_its_facts(folder):
    found = cases(folder)
    assert found
    assert [(case["id"], case["failures"]) for case in found if not case["passed"]] == []
    assert [case["id"] for case in found if not case["covers"]] == []


def test_every_setting_is_tried_in_each_of_its_ways():
    ids = [case["id"] for case in cases(OWN / "knobs.yaml")]
    assert {knob: sum(one.startswith(knob) for one in ids) for knob in KNOBS} == KNOBS
    assert len(ids) == sum(KNOBS.values())


def test_every_example_has_a_scenario_file_that_runs_it():
    examples = sorted(path.name for path in EXAMPLES.glob("*.yaml"))
    assert examples
    assert sorted(path.name for path in (EXAMPLES / "scenarios").glob("*.yaml")) == examples
    for name in examples:
        lines = (EXAMPLES / "scenarios" / name).read_text(encoding="utf-8").splitlines()
        assert f"policy: ../{name}" in lines


def test_a_mistake_in_an_example_is_found(tmp_path):
    """The examples' cases depend on their policies: without its entry for replies, the web server's fail."""
    (tmp_path / "scenarios").mkdir()
    policy = (EXAMPLES / "web-server.yaml").read_text(encoding="utf-8")
    entry = "      - {rule: 100, action: allow, protocol: tcp, ports: 1024-65535, cidr: 0.0.0.0/0}\n"
    assert entry in policy
    (tmp_path / "web-server.yaml").write_text(policy.replace(entry, ""), encoding="utf-8")
    scenario = (EXAMPLES / "scenarios" / "web-server.yaml").read_text(encoding="utf-8")
    # The last case takes that entry away itself.
    (tmp_path / "scenarios" / "web-server.yaml").write_text(scenario.split("  - id: without-the-entry")[0], encoding="utf-8")
    failed = {case["id"] for case in cases(tmp_path / "scenarios") if not case["passed"]}
    assert failed == {"web", "ssh", "redirection", "ephemeral-ports"}
