"""`vpcwall reach` and `vpcwall diff` through the real command: golden output, classes of change, witnesses, mistakes."""

import difflib
import json
import os
import pathlib
import shlex
import subprocess
import sys
import xml.etree.ElementTree

import pytest

VPCWALL = os.environ.get("VPCWALL", "vpcwall")
FOLDER = pathlib.Path(__file__).parent
POLICIES = FOLDER / "policies"
GOLDEN = FOLDER / "golden"
EXAMPLES = FOLDER.parent.parent / "config" / "examples"

# What is run in the folder of policies, and the file that holds what it prints.
PRINTED = {
    "reach.txt": ["reach", "half-open.yaml"],
    "reach-all.txt": ["reach", "--all", "half-open.yaml"],
    "reach-windows.txt": ["reach", "--client", "windows", "ephemeral-ports-closed.yaml"],
    "reach-partly.txt": ["reach", "ephemeral-ports-closed.yaml"],
    "reach.json": ["reach", "--json", "half-open.yaml"],
    "reach.dot": ["reach", "--dot", "half-open.yaml"],
    "reach.svg": ["reach", "--svg", "/dev/stdout", "half-open.yaml"],
    "reach-from-address.txt": ["reach", "--from", "203.0.113.7", "--protocol", "tcp", "half-open.yaml"],
    "diff-rule-added.txt": ["diff", "start.yaml", "rule-added.yaml"],
    "diff-rule-added.json": ["diff", "--json", "start.yaml", "rule-added.yaml"],
    "diff-tracked-rule-removed.txt": ["diff", "start.yaml", "tracked-rule-removed.yaml"],
    "diff-untracked-rule-removed.txt": ["diff", "untracked.yaml", "untracked-rule-removed.yaml"],
    "diff-ephemeral-ports-closed.txt": ["diff", "start.yaml", "ephemeral-ports-closed.yaml"],
    "diff-ephemeral-ports-opened.txt": ["diff", "ephemeral-ports-closed.yaml", "start.yaml"],
    "diff-becomes-tracked.txt": ["diff", "untracked.yaml", "start.yaml"],
    "diff-interface-removed.txt": ["diff", "start.yaml", "interface-removed.yaml"],
    "diff-host-denied.txt": ["diff", "start.yaml", "host-denied.yaml"],
    "diff-reordered.txt": ["diff", "start.yaml", "reordered.yaml"],
}

# Before, after; for a witness (from, to, traffic): what changes, and what becomes of open connections.
CLASSES = [
    ("start", "rule-added", ("office", "web", "tcp", "8443"), "newly-allowed", "none"),
    ("start", "tracked-rule-removed", ("office", "web", "tcp", "22"), "newly-denied", "lives-on"),
    ("untracked", "untracked-rule-removed", ("internet", "web", "tcp", "443"), "newly-denied", "cut-onward"),
    ("start", "ephemeral-ports-closed", ("internet", "web", "tcp", "443"), "reply-newly-denied", "cut-backward"),
    ("ephemeral-ports-closed", "start", ("internet", "web", "tcp", "443"), "reply-newly-allowed", "none"),
    ("untracked", "start", ("internet", "web", "tcp", "443"), "cut", "cut-backward"),
    ("start", "interface-removed", ("web", "db", "tcp", "5432"), "newly-denied", "cut"),
    ("start", "host-denied", ("203.0.113.7/32", "web", "tcp", "22"), "newly-denied", "cut-onward"),
]


def run(*arguments):
    return subprocess.run(
        [VPCWALL, *arguments], cwd=POLICIES, capture_output=True, text=True, timeout=120, check=False
    )


def report(*arguments):
    result = run(*arguments)
    assert result.returncode in (0, 1), result.stderr
    return json.loads(result.stdout)


@pytest.mark.parametrize("name", PRINTED)
def test_output_is_as_written_down(name):
    expected = (GOLDEN / name).read_text(encoding="utf-8")
    printed = run(*PRINTED[name]).stdout
    difference = difflib.unified_diff(expected.splitlines(), printed.splitlines(), "golden", "printed", lineterm="")
    assert printed == expected, "\n".join(difference)


@pytest.mark.parametrize(("before", "after", "traffic", "change", "connections"), CLASSES)
def test_every_class_of_change(before, after, traffic, change, connections):
    lines = report("diff", "--json", f"{before}.yaml", f"{after}.yaml")["traffic"]
    found = [one for one in lines if (one["from"], one["to"], one["protocol"], one.get("ports")) == traffic]
    assert [(one["change"], one["connections"]) for one in found if one["family"] == "ipv4"] == [(change, connections)]


def witnesses():
    """Each line of every report with what `explain` must say of its witness: 0 both ways pass, 1 one does not."""
    for name in ("half-open", "start", "ephemeral-ports-closed", "untracked"):
        for line in report("reach", "--all", "--json", f"{name}.yaml")["reaches"]:
            if line["reply"] in ("passes", "blocked"):
                yield line, 0 if line["reply"] == "passes" else 1
    for before, after, *_ in CLASSES:
        for line in report("diff", "--json", f"{before}.yaml", f"{after}.yaml")["traffic"]:
            if line["after"] != "absent" and line.get("type") in (None, "8", "128"):
                yield line, 0 if line["after"] == "answered" else 1


def test_explain_says_the_same_of_every_witness():
    seen = set()
    for line, status in witnesses():
        command = shlex.split(line["witness"]["explain"])
        assert command[0] == "vpcwall"
        result = run(*command[1:])
        assert result.returncode == status, (line, result.stdout, result.stderr)
        seen.add(status)
    assert seen == {0, 1}


def test_diff_says_with_its_exit_status_whether_there_is_a_difference():
    assert run("diff", "start.yaml", "start.yaml").returncode == 0
    assert run("diff", "start.yaml", "reordered.yaml").returncode == 0
    assert run("diff", "start.yaml", "rule-added.yaml").returncode == 1
    assert run("diff", "--text-only", "start.yaml", "rule-added.yaml").returncode == 1
    assert run("diff", "--semantic-only", "--protocol", "udp", "start.yaml", "rule-added.yaml").returncode == 0


def test_mistakes_are_told_with_what_to_do():
    for arguments, part in [
        (["reach", "wrong.yaml"], "wrong.yaml:2:"),
        (["reach", "nowhere.yaml"], "nowhere.yaml"),
        (["reach", "--from", "wep", "start.yaml"], 'did you mean "web"?'),
        (["reach", "--client", "60000-50000", "start.yaml"], "expected linux, windows, nat, elb or FIRST-LAST"),
        (["reach", "--protocol", "tpc", "start.yaml"], "expected tcp, udp, icmp, icmpv6 or 0-255"),
        (["reach", "--json", "--dot", "start.yaml"], "excludes"),
        (["diff", "start.yaml", "wrong.yaml"], "wrong.yaml:2:"),
        (["diff", "wrong.yaml", "start.yaml"], "wrong.yaml:2:"),
        (["diff", "--to", "wep", "start.yaml", "start.yaml"], 'did you mean "web"?'),
        (["diff", "--text-only", "--semantic-only", "start.yaml", "start.yaml"], "excludes"),
        (["diff", "start.yaml"], "AFTER"),
    ]:
        result = run(*arguments)
        assert (result.returncode, result.stdout) == (2, ""), arguments
        assert part in result.stderr, result.stderr
    assert run("reach", "--svg", "/nowhere/at/all.svg", "start.yaml").returncode == 1


def test_pictures_are_well_formed(tmp_path):
    for example in sorted(EXAMPLES.glob("*.yaml")):
        picture = tmp_path / "reach.svg"
        assert run("reach", "--svg", str(picture), str(example)).returncode == 0
        assert xml.etree.ElementTree.parse(picture).getroot().tag.endswith("svg")


def test_examples_can_be_asked_about():
    examples = sorted(EXAMPLES.glob("*.yaml"))
    assert examples
    for example in examples:
        assert report("reach", "--json", str(example))["reaches"], example
        assert report("diff", "--json", str(example), str(example))["summary"]["rules"] == 0


if __name__ == "__main__" and sys.argv[1:] == ["--write"]:
    VPCWALL = str(pathlib.Path(VPCWALL).resolve())
    for name, arguments in PRINTED.items():
        (GOLDEN / name).write_text(run(*arguments).stdout, encoding="utf-8")
