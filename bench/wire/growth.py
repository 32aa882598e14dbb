"""How the cost of a packet grows: with the rules, with the flows, with the workers. Small UDP, one sender."""

import statistics

import firewalls
import policy as policies
import workloads

ENTRIES = (10, 40, 200, 1000)  # ACL entries each way, and half as many group rules
FLOWS = (8, 1000, 10000)
WORKERS = (1, 2, 4)


def _with_workers(kind, count):
    class Counted(kind):
        settings = {"queues": {"count": count}}

    return Counted


def curves(topology, wire, build, measure, rounds, seconds):
    """{"rules": {"40": {"nft": Mpps, …}, …}, "flows": …, "workers": …}, medians; all of a round in turn."""
    kinds = (firewalls.Nft, firewalls.Queue, firewalls.FastPath)
    usual = policies.policy()
    points = [("rules", entries, kind, policies.policy(entries, entries // 2), 8) for entries in ENTRIES for kind in kinds]
    points += [("flows", flows, kind, usual, flows) for flows in FLOWS for kind in kinds]
    points += [("workers", count, _with_workers(kind, count), usual, 8) for count in WORKERS for kind in kinds[1:]]
    seen = {}
    for _ in range(rounds):
        for curve, value, kind, policy, flows in points:
            figures = measure(wire, kind(topology, build, policy), workloads.small_datagrams(flows), seconds)
            seen.setdefault(curve, {}).setdefault(str(value), {}).setdefault(kind.name, []).append(figures["value"])
    return {curve: {value: {name: statistics.median(found) for name, found in row.items()} for value, row in rows.items()}
            for curve, rows in seen.items()}


def table(curves):
    lines = ["| small UDP, Mpps | nftables | vpcwall, fast path off | vpcwall, fast path on |", "| --- | --- | --- | --- |"]
    for curve, rows in curves.items():
        for value, row in rows.items():
            cells = [f"{row[name]:.3f}" if name in row else "-" for name in ("nft", "queue", "fast_path")]
            lines.append(f"| {value} {curve} | " + " | ".join(cells) + " |")
    return "\n".join(lines)
