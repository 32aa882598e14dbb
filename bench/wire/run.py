"""scripts/bench: every firewall under every load, in turn, so that a slow moment of the machine meets all of them."""

import argparse
import json
import os
import platform
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import firewalls  # noqa: E402
import growth  # noqa: E402
import policy as policies  # noqa: E402
import report  # noqa: E402
import workloads  # noqa: E402
from topology import Topology  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]


def busy_seconds():
    """What all CPUs have worked."""
    fields = Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()
    user, nice, system, _idle, _wait, irq, softirq = (int(field) for field in fields[1:8])
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


def measure(wire, firewall, workload, seconds):
    firewall.up()
    try:
        wire.topology.use(firewall.name)
        if workload is workloads.rtt:
            firewall.pin(0)
        busy, own, start = busy_seconds(), firewall.seconds_of_cpu(), time.monotonic()
        figures = workload(wire, seconds, firewall.name)
        elapsed = time.monotonic() - start
        cost = {"busy": (busy_seconds() - busy) / elapsed, "own_cpu": (firewall.seconds_of_cpu() - own) / elapsed}
    finally:
        firewall.down()
    for one in [figures] if "value" in figures else figures.values():
        one.update(cost)
        if one.get("packets"):
            one["cpu_us_per_packet"] = cost["busy"] * elapsed * 1e6 / one["packets"]
    return figures


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2, help="of each measurement")
    parser.add_argument("--workloads", default=",".join(workloads.ALL), metavar="A,B,…")
    parser.add_argument("--firewalls", default=",".join(one.name for one in firewalls.ALL), metavar="A,B,…")
    parser.add_argument("--growth", action="store_true", help="also how packets get dearer with rules, flows, workers")
    parser.add_argument("--json", metavar="FILE", help="all figures")
    parser.add_argument("--svg", metavar="FILE", help="a picture of the ratios")
    parser.add_argument("--build", default=str(ROOT / "build" / "release"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    names = options.workloads.split(",")
    chosen = [one for one in firewalls.ALL if one.name in options.firewalls.split(",") or one.name == "nft"]
    unknown = set(names) - set(workloads.ALL) | set(options.firewalls.split(",")) - {one.name for one in firewalls.ALL}
    if unknown:
        there = f"workloads are {', '.join(workloads.ALL)}; firewalls {', '.join(one.name for one in firewalls.ALL)}"
        parser.error(f"unknown: {', '.join(sorted(unknown))}; {there}")
    build, policy, results = Path(options.build), policies.policy(), report.Results()
    with Topology([one.name for one in chosen]) as topology, workloads.Wire(topology, build) as wire:
        all_firewalls = [one(topology, build, policy) for one in chosen]
        for name in names:
            for number in range(options.rounds):
                for firewall in all_firewalls if number % 2 == 0 else reversed(all_firewalls):
                    figures = measure(wire, firewall, workloads.ALL[name], options.seconds)
                    for workload, one in ({name: figures} if "value" in figures else figures).items():
                        results.add(workload, number, firewall.name, one)
            print(f"{name} measured", file=sys.stderr, flush=True)
        grown = growth.curves(topology, wire, build, measure, options.rounds, 1) if options.growth else {}
    print(f"Ratios to nftables with the same policy; median of {options.rounds} interleaved rounds of "
          f"{options.seconds} s (smallest-largest). {os.cpu_count()} CPUs, Linux {platform.release()}.\n")
    print(report.table(results, chosen) + "\n\n" + report.bound_table(results) + report.cost_table(results, chosen))
    if grown:
        print("\n" + growth.table(grown))
    facts = {"growth": grown, "rounds_of_each": options.rounds, "seconds": options.seconds, "cpus": os.cpu_count(),
             "kernel": platform.release()}
    if options.json:
        Path(options.json).write_text(json.dumps(report.as_json(results, chosen, facts), indent=1), encoding="utf-8")
    if options.svg:
        Path(options.svg).write_text(report.svg(results, chosen), encoding="utf-8")


if __name__ == "__main__":
    main()
