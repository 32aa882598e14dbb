"""The conformance cases with real packets: `vpcwall test --live`, on every back end that this kernel offers, with the fast
path and without it."""

import json
import os
import pathlib
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree

from daemon import program

CASES = pathlib.Path(__file__).parents[1] / "conformance"
# The kernel drops a packet from 0.0.0.0 to a single host before any hook, and fills in the source of one that a program
# sends from there; a real DHCP client passes by the hooks.
NOT_SENT = {("T-159", 1), ("T-197", 1), ("T-218", 4),
            ("T-374", 3)}  # a host has one wire


def live(folder, lab_folder, *options):
    environment = {**os.environ, "VPCWALL_LAB_DIR": str(lab_folder)}
    return subprocess.run(
        [program("VPCWALL"), "test", "--live", "--daemon", program("VPCWALLD"), *options, str(folder)],
        capture_output=True, text=True, check=False, timeout=500, env=environment)


def namespaces():
    return {path.name for path in pathlib.Path("/run/netns").glob("vpcwall-test-*")}


def test_every_packet_case_with_real_packets(tmp_path):
    before = namespaces()
    result = live(CASES, tmp_path, "--json")
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr
    report = json.loads(result.stdout)
    offered = [backend for backend in report["backends"] if "not_offered" not in backend]
    assert offered, report["backends"]
    ways = {(backend["backend"], backend["fast_path"]) for backend in offered}
    assert {("xt", True), ("xt", False)} <= ways, "the fast path was not tried"
    for backend in offered:
        assert backend["passed"] == backend["cases"] == 207, backend
        assert backend["packets_sent"] == 636, backend
        assert (backend["answered_by_kernel"] > 100) == backend["fast_path"], backend
    not_sent = {(case["id"], step["step"]) for case in report["cases"] for step in case["not_sent"]}
    assert not_sent == NOT_SENT
    assert namespaces() == before


def test_a_wrong_expectation_fails_on_real_packets(tmp_path):
    """What the daemon says, and whether the packet arrived, decide; not what the scenario says."""
    text = (CASES / "01-ephemeral-port.yaml").read_text(encoding="utf-8")
    cases = tmp_path / "cases"
    cases.mkdir()
    shutil.copy(CASES / "lab.yaml", cases)
    wrong = text.replace("expect: [acl-ingress A allow 100, sg-ingress a1 untracked]\n        verdict: accept",
                         "expect: [acl-ingress A allow 100, sg-ingress a1 deny]\n        verdict: drop", 1)
    assert wrong != text
    (cases / "wrong.yaml").write_text(wrong, encoding="utf-8")
    result = live(cases, tmp_path / "lab", "--backend", "auto", "--fast-path", "off", "--only", "T-001")
    assert result.returncode == 1, result.stderr
    assert "expected  drop: acl-ingress A allow 100, sg-ingress a1 deny" in result.stdout
    assert "actual    accept: acl-ingress A allow 100, sg-ingress a1 untracked g" in result.stdout


def test_reports_of_real_packets(tmp_path):
    """JUnit and TAP say of a live run what they say of a simulated one, back end by back end, and how long it took."""
    report = tmp_path / "report.xml"
    result = live(CASES, tmp_path / "lab", "--backend", "auto", "--fast-path", "off", "--tap", "--junit", str(report),
                  "--only", "T-001", "--only", "T-250")
    assert result.returncode == 0, result.stdout + result.stderr
    lines = result.stdout.splitlines()
    assert lines[0] == "TAP version 14"
    assert lines[1].startswith(f"ok 1 - auto, fast path off: {CASES}/01-ephemeral-port.yaml: T-001: ")
    assert lines[2].startswith(f"ok 2 - auto, fast path off: {CASES}/13-configuration.yaml: T-250: ")
    assert lines[2].endswith(" # SKIP it has no packets")
    assert lines[3].startswith("# backend auto, fast path off: 1 of 1 cases passed, ")
    assert lines[4:] == ["1..2"]
    root = ElementTree.parse(report).getroot()
    assert (root.attrib["tests"], root.attrib["failures"], root.attrib["skipped"]) == ("2", "0", "1")
    sent, skipped = root.iter("testcase")
    assert sent.attrib["classname"].startswith("auto.fast-path-off.")
    assert float(sent.attrib["time"]) > 0
    assert "time" not in skipped.attrib
    assert skipped.find("skipped").attrib == {"message": "it has no packets"}
