"""Every conformance case through `vpcwall simulate`: verdict and every gate of every packet."""

import json
import os
import subprocess

import pytest

import case_translation

VPCWALL = os.environ["VPCWALL"]
DOCUMENT = case_translation.load()


def simulate(policy, lines):
    text = "".join(json.dumps(line) + "\n" for line in lines)
    run = subprocess.run([VPCWALL, "simulate", str(policy)], input=text, capture_output=True, text=True, timeout=60,
                         check=False)
    assert run.returncode == 0, run.stderr
    return [json.loads(line) for line in run.stdout.splitlines()]


@pytest.mark.parametrize("case", DOCUMENT["cases"], ids=lambda case: case["id"])
def test_case(case, tmp_path):
    translated = case_translation.Case(DOCUMENT, case, tmp_path)
    policy = translated.write_policy()
    steps = list(translated.steps())
    answers = simulate(policy, [line for line, _ in steps])
    packets = [step for _, step in steps if step is not None]
    assert len(answers) == len(packets)
    for number, (step, answer) in enumerate(zip(packets, answers), 1):
        where = f"{case['id']}.{number} {case['title']}: {step['packet']}"
        gates = [case_translation.comparable(gate) for gate in answer["gates"]]
        assert gates == case_translation.expected_gates(step["expect"]), where
        assert answer["verdict"] == {"PASS": "accept", "DROP": "drop"}[step["verdict"]], where


def test_no_case_was_lost():
    packets = [step for case in DOCUMENT["cases"] for step in case["steps"] if "packet" in step]
    assert (len(DOCUMENT["cases"]), len(packets)) == (164, 507)
