"""What runs inside the guest. Prints a table and a last line; the exit status is 0 only if everything
passed, nothing was skipped and no step was without tests. A step that takes too long is ended."""

import dataclasses
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

BUILD = Path(os.environ["VPCWALL_BUILD"])
# The kernel loads the rest by itself as it is asked for.
MODULES = ["veth", "nfnetlink_queue"]
SKIPPED = re.compile(r"\b\d+ (skipped|xfailed)|\[  SKIPPED \]")
NOTHING = re.compile(r"\b0 tests from\b")  # GoogleTest is content with a filter that fits no test


@dataclasses.dataclass
class Step:
    name: str
    command: list
    seconds: int
    settings: dict = dataclasses.field(default_factory=dict)


def pytest(*files):
    return ["/usr/bin/python3", "-m", "pytest", "-q", "--no-header", "--tb=short", "-p", "no:cacheprovider", *files]


def kernel(tests):
    """What stands behind a minus is left out."""
    return [str(BUILD / "tests/kernel_tests"), f"--gtest_filter={tests}", "--gtest_brief=1"]


def live(backend, fast_path):
    return [str(BUILD / "cli/vpcwall"), "test", "--live", "--daemon", str(BUILD / "daemon/vpcwalld"), "--backend", backend,
            "--fast-path", fast_path, "tests/conformance"]


def system(name, settings):
    """Each file is a step: what takes too long is seen by its name. test_live.py is the conformance cases once more."""
    for path in sorted(Path("tests/system").glob("test_*.py")):
        if path.stem != "test_live":
            yield Step(f"system tests, {name}: {path.stem.removeprefix('test_')}", pytest(str(path)), 900, settings)


def steps():
    hooks, programs = "*Hooks*:*HookBackEnds*:HookInstaller*", "KernelFastPathPrograms*"
    yield Step("hook rules and the choice of a back end", kernel(hooks), 300)
    yield Step("programs against the engine", kernel(programs), 300)
    yield Step("queues, privileges and what else there is", kernel(f"-{hooks}:{programs}"), 300)
    for backend in ("nft", "xt"):
        for fast_path in ("off", "on"):
            yield Step(f"conformance with real packets, {backend}, fast path {fast_path}", live(backend, fast_path), 1800)
    yield from system("nft, fast path", {"backend": "nft", "fast_path": "required"})
    yield from system("xt", {"backend": "xt"})


def run(step):
    print(f"== {step.name}", flush=True)
    environment = {**os.environ, "VPCWALL_TEST_SETTINGS": json.dumps(step.settings), "VPCWALL_KERNEL_STEPS": "5000",
                   "VPCWALL": str(BUILD / "cli/vpcwall"), "VPCWALLD": str(BUILD / "daemon/vpcwalld"),
                   "PYTHONDONTWRITEBYTECODE": "1"}
    begin = time.monotonic()
    try:
        result = subprocess.run(step.command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                timeout=step.seconds, check=False)
        output, outcome = result.stdout, "passed" if result.returncode == 0 else f"FAILED ({result.returncode})"
    except subprocess.TimeoutExpired as late:
        output, outcome = (late.stdout or b"").decode(errors="replace"), f"FAILED (not done in {step.seconds} s)"
    if outcome == "passed" and SKIPPED.search(output):
        outcome = "FAILED (skipped tests)"
    if outcome == "passed" and NOTHING.search(output):
        outcome = "FAILED (no tests)"
    lines = [line for line in output.splitlines() if line.strip()]
    print("\n".join(lines[-6:] if outcome == "passed" else lines[-600:]), flush=True)
    return outcome, time.monotonic() - begin


def main():
    for module in MODULES:
        subprocess.run(["modprobe", module], check=True)
    print(f"Linux {os.uname().release}, {os.cpu_count()} processors", flush=True)
    only = os.environ.get("VPCWALL_GUEST_ONLY", "")
    results = [(step, *run(step)) for step in steps() if re.search(only, step.name)]
    print("\nIn the guest:")
    for step, outcome, seconds in results:
        print(f"  {step.name:<52} {outcome:<12} {seconds:6.0f} s")
    failed = sum(outcome != "passed" for _, outcome, _ in results)
    print(f"{len(results) - failed} of {len(results)} steps passed" if failed == 0 else f"{failed} of {len(results)} steps failed")
    return 1 if failed or not results else 0


if __name__ == "__main__":
    sys.exit(main())
