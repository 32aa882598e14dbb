"""What runs inside the guest: tests of the nft back end, without its fast path and with it. Prints a table and a last
line; the exit status is 0 only if everything passed and nothing was skipped. A step that takes too long is ended."""

import dataclasses
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

BUILD = Path(os.environ["VPCWALL_BUILD"])
MODULES = ["veth", "nf_tables", "nft_queue", "nft_hash", "nft_tproxy", "nft_compat", "nfnetlink_queue", "xt_bpf", "xt_socket",
           "xt_NFQUEUE", "ip_tables", "iptable_filter", "iptable_security", "iptable_nat", "ip6_tables", "ip6table_filter",
           "ip6table_security", "sch_ingress", "cls_bpf", "cls_matchall", "act_gact"]
SYSTEM = ["fast_path", "reload", "fail_modes", "counters", "gates", "host_mode", "tracking", "clock"]
SKIPPED = re.compile(r"\b\d+ (skipped|xfailed|deselected)|\[  SKIPPED \]")


@dataclasses.dataclass
class Step:
    name: str
    command: list
    seconds: int
    settings: dict = dataclasses.field(default_factory=dict)


def pytest(*files):
    return ["/usr/bin/python3", "-m", "pytest", "-q", "-x", "--no-header", "-p", "no:cacheprovider", *files]


def kernel(only):
    return [str(BUILD / "tests/kernel_tests"), f"--gtest_filter={only}", "--gtest_brief=1"]


def live(fast_path):
    return [str(BUILD / "cli/vpcwall"), "test", "--live", "--daemon", str(BUILD / "daemon/vpcwalld"), "--backend", "nft",
            "--fast-path", fast_path, "tests/conformance"]


def steps():
    system = [f"tests/system/test_{name}.py" for name in SYSTEM]
    nft = {"backend": "nft"}
    yield Step("nft hooks and the choice of a back end", kernel("NftHooks*:HookInstaller*"), 120)
    yield Step("programs at the devices", kernel("IngressPrograms*"), 120)
    yield Step("programs against the engine", kernel("KernelFastPathPrograms*"), 300)
    yield Step("the nft back end's fast path", pytest("tests/guest"), 300, nft)
    yield Step("system tests, nft, fast path where it can be", pytest(*system), 600, nft)
    yield Step("system tests, nft, no fast path", pytest(*[path for path in system if "fast_path" not in path]), 600,
               {**nft, "fast_path": "off"})
    yield Step("conformance with real packets, nft, no fast path", live("off"), 600)
    yield Step("conformance with real packets, nft, fast path", live("on"), 600)


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
    lines = [line for line in output.splitlines() if line.strip()]
    print("\n".join(lines[-6:] if outcome == "passed" else lines[-400:]), flush=True)
    return outcome, time.monotonic() - begin


def main():
    for module in MODULES:
        subprocess.run(["modprobe", module], check=True)
    print(f"Linux {os.uname().release}, {os.cpu_count()} processors", flush=True)
    only = os.environ.get("VPCWALL_GUEST_ONLY", "")
    results = [(step, *run(step)) for step in steps() if only in step.name]
    print("\nIn the guest:")
    for step, outcome, seconds in results:
        print(f"  {step.name:<52} {outcome:<12} {seconds:6.0f} s")
    failed = sum(outcome != "passed" for _, outcome, _ in results)
    print(f"{len(results) - failed} of {len(results)} steps passed" if failed == 0 else f"{failed} of {len(results)} steps failed")
    return 1 if failed or not results else 0


if __name__ == "__main__":
    sys.exit(main())
