"""Every classic mistake: `vpcwall explain` names it and prints a fix, and with exactly that fix the same question passes.

A fixture is a policy whose first lines say what it is about, what to ask, which mistake is to be named ("-": none) and
which changes are to be printed (none: no rule helps).
"""

import json
import os
import pathlib
import shlex
import subprocess

import pytest
import yaml

VPCWALL = os.environ["VPCWALL"]
FIXTURES = sorted((pathlib.Path(__file__).parent / "fixtures").glob("*.yaml"))
NAMES = [path.stem for path in FIXTURES]

MISTAKES = {
    "no-ephemeral-server-egress-outside",
    "no-ephemeral-server-egress-inside",
    "no-ephemeral-client-ingress-outside",
    "no-ephemeral-client-ingress-inside",
    "service-port-repeated",
    "part-of-ephemeral-range",
    "allow-never-reached",
    "deny-never-reached",
    "other-family",
    "needs-private-address",
    "peer-not-in-group",
    "acl-inside-subnet",
}


class Fixture:
    def __init__(self, path):
        self.path = path
        lines = [line.removeprefix("# ") for line in path.read_text(encoding="utf-8").splitlines() if line[:2] == "# "]
        fields = [line.partition(": ") for line in lines[1:]]
        self.ask = shlex.split(next(value for key, _, value in fields if key == "ask"))
        self.mistake = next(value for key, _, value in fields if key == "mistake")
        self.fixes = [value for key, _, value in fields if key == "fix"]


def explain(policy, ask, *options):
    command = [VPCWALL, "explain", "--policy", str(policy), *ask, *options]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode in (0, 1), result.stderr
    return result


def story(policy, ask):
    result = explain(policy, ask, "--json")
    found = json.loads(result.stdout)
    assert found["schema"] == "vpcwall/explain/1"
    assert found["as_expected"] == (result.returncode == 0)
    return found


def named(objects, name):
    return next(one for one in objects if one["name"] == name)


def apply_by_hand(document, edit):
    """What a person would do with a printed edit: change the policy file there."""
    if "network_acl" in edit:
        entries = named(document["network_acls"], edit["network_acl"]).setdefault(edit["direction"], [])
        if edit["edit"] == "replace-entry":
            entries[:] = [entry for entry in entries if entry["rule"] != edit["entry"]["rule"]]
        entries.append(edit["entry"])
        return
    if edit["edit"] == "set-source-dest-check":
        named(document["interfaces"], edit["interface"])["source_dest_check"] = edit["source_dest_check"]
        return
    rules = named(document["security_groups"], edit["security_group"]).setdefault(edit["direction"], [])
    if edit["edit"] == "add-rule":
        rules.append(edit["rule"])
    else:
        assert edit["edit"] == "remove-rule"
        rules.remove({**edit["rule"], "ports": int(edit["rule"]["ports"])})


def test_every_mistake_has_a_fixture():
    assert {Fixture(path).mistake for path in FIXTURES} - {"-"} == MISTAKES


@pytest.mark.parametrize("path", FIXTURES, ids=NAMES)
def test_the_mistake_is_named_and_the_fix_is_printed(path):
    fixture = Fixture(path)
    found = story(path, fixture.ask)
    assert not found["as_expected"]
    assert [mistake["kind"] for mistake in found["mistakes"]] == ([] if fixture.mistake == "-" else [fixture.mistake])
    assert [edit["text"] for edit in found["fix"]["edits"]] == fixture.fixes
    assert found["fix"]["helps"] == bool(fixture.fixes)
    assert found["fix"]["one_is_enough"] == (len(fixture.fixes) == 1)
    text = explain(path, fixture.ask).stdout
    for expected in [*fixture.fixes, *(mistake["sentence"] for mistake in found["mistakes"])]:
        assert expected in text
    if len(fixture.fixes) != 1:
        assert ("One rule is not enough" if fixture.fixes else "No rule helps") in text


@pytest.mark.parametrize("path", [path for path in FIXTURES if Fixture(path).fixes], ids=lambda path: path.stem)
def test_with_the_printed_fix_the_same_question_passes(path, tmp_path):
    fixture = Fixture(path)
    before = path.read_bytes()
    fixed = tmp_path / "fixed.yaml"
    assert explain(path, fixture.ask, "--write-fixed", str(fixed)).returncode == 1
    assert path.read_bytes() == before
    assert explain(fixed, fixture.ask).returncode == 0
    assert story(fixed, fixture.ask)["fix"] is None

    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    for edit in story(path, fixture.ask)["fix"]["edits"]:
        apply_by_hand(document, edit)
    by_hand = tmp_path / "by-hand.json"
    by_hand.write_text(json.dumps(document), encoding="utf-8")
    assert explain(by_hand, fixture.ask).returncode == 0


@pytest.mark.parametrize("path", [path for path in FIXTURES if len(Fixture(path).fixes) > 1], ids=lambda path: path.stem)
def test_no_change_of_a_set_can_be_left_out(path, tmp_path):
    fixture = Fixture(path)
    edits = story(path, fixture.ask)["fix"]["edits"]
    if any(edit["edit"] == "replace-entry" for edit in edits):
        edits = edits[:1]  # what makes room for it keeps the deny in force, and lets nothing pass
    for left_out in range(len(edits)):
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        for number, edit in enumerate(edits):
            if number != left_out:
                apply_by_hand(document, edit)
        partly = tmp_path / "partly.json"
        partly.write_text(json.dumps(document), encoding="utf-8")
        assert explain(partly, fixture.ask).returncode == 1, edits[left_out]["text"]


def test_a_file_is_replaced_whole_and_keeps_its_mode(tmp_path):
    path = FIXTURES[NAMES.index("service-port-repeated")]
    policy = tmp_path / "policy.yaml"
    policy.write_bytes(path.read_bytes())
    policy.chmod(0o640)
    link = tmp_path / "link.yaml"
    link.symlink_to(policy)
    assert explain(link, Fixture(path).ask, "--write-fixed", str(link)).returncode == 1
    assert link.is_symlink()
    assert policy.stat().st_mode & 0o777 == 0o640
    assert explain(policy, Fixture(path).ask).returncode == 0
    assert sorted(one.name for one in tmp_path.iterdir()) == ["link.yaml", "policy.yaml"]


def test_nothing_is_written_where_no_rule_helps(tmp_path):
    path = FIXTURES[NAMES.index("network-acl-full")]
    result = explain(path, Fixture(path).ask, "--write-fixed", str(tmp_path / "fixed.yaml"))
    assert "no rule helps" in result.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--destination", "wbe:443"], 'did you mean "web"?'),
        (["--destination", "web"], "the destination needs a port"),
        (["--destination", "web:443", "--client", "beos"], "expected linux, windows, nat, elb or custom:LOW-HIGH"),
        (["--destination", "web:443", "--client", "custom:5-4"], "expected linux, windows"),
        (["--destination", "[2001:db8::1]:443"], "one address family"),
        (["--destination", "web:443", "--enters", "nobody"], "expected an interface of the policy"),
        (["--destination", "web:443", "--protocol", "tpc"], "expected tcp, udp, icmp, icmpv6 or 0-255"),
        (["--destination", "web:443", "--expect", "maybe"], "maybe"),
    ],
)
def test_wrong_usage_says_what_is_wrong(options, said):
    command = [VPCWALL, "explain", "--policy", str(FIXTURES[0]), "--source", "203.0.113.12", *options]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 2
    assert said in result.stderr
    assert result.stdout == ""


def test_a_source_port_must_be_one_of_the_client():
    command = [VPCWALL, "explain", "--policy", str(FIXTURES[0]), "--source", "203.0.113.12:80", "--destination", "web:443"]
    result = subprocess.run([*command, "--client", "linux"], capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 2
    assert "32768-60999" in result.stderr
