"""The programs, and a policy to replay against."""

import json
import os
import subprocess

import pytest
from traffic import POLICY

VPCWALL = os.environ["VPCWALL"]


class Replay:
    """`vpcwall replay` in a folder of its own, in which a policy lies."""

    def __init__(self, folder):
        self.folder = folder
        self.policy = folder / "policy.yaml"
        self.policy.write_text(POLICY, encoding="utf-8")

    def run(self, capture, *options, policy=None, status=0, given=None):
        """What it wrote to standard output and standard error."""
        command = [VPCWALL, "replay", str(policy or self.policy), str(capture), *map(str, options)]
        result = subprocess.run(command, input=given, capture_output=True, timeout=60, check=False, cwd=self.folder)
        assert result.returncode == status, result.stderr.decode()
        return result.stdout.decode(), result.stderr.decode()

    def lines(self, capture, *options, **arguments):
        """The documents of --packets --json, the last one being the summary."""
        output = self.run(capture, "--packets", "--json", *options, **arguments)[0]
        documents = [json.loads(line) for line in output.splitlines()]
        assert {document["schema"] for document in documents} == {"vpcwall/replay/1"}
        assert [document["kind"] for document in documents] == ["packet"] * (len(documents) - 1) + ["summary"]
        return documents[:-1], documents[-1]

    def file(self, name, data):
        path = self.folder / name
        path.write_bytes(data)
        return path

    def simulate(self, steps, policy=None):
        result = subprocess.run([VPCWALL, "simulate", str(policy or self.policy)], input=steps, capture_output=True,
                                text=True, timeout=60, check=True)
        return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture
def replay(tmp_path):
    return Replay(tmp_path)


def tool(*command):
    """What a program of others says; it must succeed."""
    result = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.fixture
def tshark():
    """The fields of every packet of a capture, as tshark reads it."""

    def fields(capture, *names):
        options = [word for name in names for word in ("-e", name)]
        output = tool("tshark", "-n", "-r", capture, "-T", "fields", "-E", "separator=/t", *options)
        return [line.split("\t") for line in output.splitlines()]

    return fields
