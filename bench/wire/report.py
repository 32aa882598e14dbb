"""Figures -> ratios to nftables, a table, a picture, JSON."""

import statistics

LABELS = {"tcp1": "one TCP stream", "tcp1_mtu": "one TCP stream, MTU-sized frames", "tcp_bidir": "TCP both ways at once",
          "udp1": "small UDP, one sender", "udp_saturated": "small UDP, all CPUs saturated",
          "connections": "new TCP connections", "request_response": "32 request-response pairs",
          "flood_stream": "stream beside 100 k refused SYN/s", "flood_connections": "connections beside 100 k refused SYN/s",
          "flood_max_stream": "stream beside SYNs at full speed",
          "flood_max_connections": "connections beside SYNs at full speed", "rtt": "round trip, one core (less is better)"}
# What must be reached, as ratio to nftables: fast path off, on.
TARGETS = {"tcp1": (0.85, 1.0), "tcp1_mtu": (0.75, 1.4), "tcp_bidir": (0.70, 0.97), "udp1": (0.80, 1.45),
           "udp_saturated": (0.42, 1.5), "connections": (1.05, 1.2), "request_response": (0.60, 1.08),
           "flood_stream": (0.75, 1.1), "flood_connections": (0.3, 1.0), "flood_max_stream": (None, 1.05),
           "flood_max_connections": (None, 0.55), "rtt": (1.9, 0.9)}
LESS_IS_BETTER = {"rtt"}
MOST_LOSS = {"udp1": 0.001, "udp_saturated": 0.05}  # with the fast path off


class Results:
    def __init__(self):
        self.rounds = {}  # workload -> round -> firewall -> figures

    def add(self, workload, number, firewall, figures):
        self.rounds.setdefault(workload, {}).setdefault(number, {})[firewall] = figures

    def values(self, workload, firewall, key="value"):
        return [one[firewall][key] for one in self.rounds.get(workload, {}).values()
                if key in one.get(firewall, {})]

    def ratios(self, workload, firewall, base="nft"):
        """Of each round, to another firewall in the same round."""
        return [one[firewall]["value"] / one[base]["value"] for one in self.rounds.get(workload, {}).values()
                if "value" in one.get(firewall, {}) and one.get(base, {}).get("value")]

    def ratio(self, workload, firewall):
        found = self.ratios(workload, firewall)
        return statistics.median(found) if found else None


def verdict(results, workload, firewall):
    """Whether the target is met: True, False, or None where there is none."""
    target = TARGETS.get(workload, (None, None))[0 if firewall == "queue" else 1]
    ratio = results.ratio(workload, firewall)
    if firewall not in ("queue", "fast_path") or target is None or ratio is None:
        return None
    met = ratio <= target if workload in LESS_IS_BETTER else ratio >= target
    if firewall == "queue" and workload in MOST_LOSS:
        met = met and statistics.median(results.values(workload, firewall, "loss")) <= MOST_LOSS[workload]
    return met


def _cell(results, workload, firewall, base="nft"):
    ratios = results.ratios(workload, firewall, base)
    if not ratios:
        return "-"
    text = f"{statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})"
    losses = results.values(workload, firewall, "loss")
    if losses and statistics.median(losses) >= 0.0005:
        text += f", {100 * statistics.median(losses):.1f} % lost"
    return text


def table(results, firewalls):
    """Markdown: medians of the ratios of each round, with the smallest and the largest."""
    heads = ["workload", "nftables", *(one.label for one in firewalls if one.name != "nft"), "must reach: off", "on", "met"]
    lines = ["| " + " | ".join(heads) + " |", "|" + " --- |" * len(heads)]
    for workload, label in LABELS.items():
        base = results.values(workload, "nft")
        if not base:
            continue
        unit = next(iter(results.rounds[workload].values()))["nft"]["unit"]
        row = [label, f"{statistics.median(base):.3g} {unit}"]
        row += [_cell(results, workload, one.name) for one in firewalls if one.name != "nft"]
        sign = "<= " if workload in LESS_IS_BETTER else ""
        row += [f"{sign}{target}" if target is not None else "-" for target in TARGETS[workload]]
        answers = [verdict(results, workload, name) for name in ("queue", "fast_path")]
        row.append(" / ".join({True: "yes", False: "NO", None: "-"}[answer] for answer in answers))
        lines.append("| " + " | ".join(row) + " |")
    return "\n".join(lines)


def bound_table(results):
    """Markdown: vpcwall against the most that its way through the kernel allows; the empty text where that was not measured."""
    lines = ["| workload | fast path off, to a queue that decides nothing | fast path on, to one nftables rule |",
             "| --- | --- | --- |"]
    for workload, label in LABELS.items():
        cells = [_cell(results, workload, *pair) for pair in (("queue", "bare_queue"), ("fast_path", "one_rule"))]
        if cells != ["-", "-"]:
            lines.append("| " + " | ".join([label, *cells]) + " |")
    return "\n".join(lines) + "\n\n" if len(lines) > 2 else ""


def cost_table(results, firewalls):
    """CPU of the whole machine, and the time a connection or a request takes."""
    lines = ["| workload | firewall | CPUs busy | CPU of its process | CPU per packet | p50 | p99 | p99.9 |",
             "| --- | --- | --- | --- | --- | --- | --- | --- |"]

    def median(workload, name, key):
        found = results.values(workload, name, key)
        return statistics.median(found) if found else None

    def show(value, form):
        return "-" if value is None else form.format(value)

    for workload, label in LABELS.items():
        for one in firewalls:
            if median(workload, one.name, "busy") is None:
                continue
            per_packet = median(workload, one.name, "cpu_us_per_packet")
            lines.append("| " + " | ".join(
                [label, one.label, show(median(workload, one.name, "busy"), "{:.2f}"),
                 show(median(workload, one.name, "own_cpu"), "{:.2f}"), show(per_packet, "{:.2f} us"),
                 *(show(median(workload, one.name, key), "{:.0f} us") for key in ("p50_us", "p99_us", "p999_us"))]) + " |")
    return "\n".join(lines)


def as_json(results, firewalls, facts):
    ratios = {workload: {one.name: round(results.ratio(workload, one.name), 4) for one in firewalls
                         if results.ratio(workload, one.name) is not None} for workload in results.rounds}
    return {"schema": "vpcwall/bench/1", **facts, "ratio_to_nft": ratios, "rounds": results.rounds}


COLOURS = {"none": "#9aa0a6", "one_rule": "#d2c6a5", "iptables": "#c5a3d9", "naive": "#e0a800", "bare_queue": "#a8c7fa",
           "queue": "#4c8bf5", "fast_path": "#188038"}


def svg(results, firewalls):
    """Bars: one group per workload, one bar per firewall, nftables as the line at 1."""
    shown = [one for one in firewalls if one.name != "nft"]
    workloads = [name for name in LABELS if results.ratio(name, "nft")]
    bar, gap, left, scale, key = 14, 18, 270, 260, 160
    width = max(left + 2 * scale + 90, 10 + key * len(shown))
    height = len(workloads) * (bar * len(shown) + gap) + 70
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
             'font-family="sans-serif" font-size="12">', '<rect width="100%" height="100%" fill="white"/>']
    for index, one in enumerate(shown):
        parts.append(f'<rect x="{10 + key * index}" y="10" width="12" height="12" fill="{COLOURS[one.name]}"/>'
                     f'<text x="{26 + key * index}" y="20">{one.label}</text>')
    top = 40
    for workload in workloads:
        middle = top + bar * len(shown) / 2 + 4
        parts.append(f'<text x="{left - 8}" y="{middle}" text-anchor="end">{LABELS[workload]}</text>')
        for index, one in enumerate(shown):
            ratio = results.ratio(workload, one.name)
            if ratio is None:
                continue
            y = top + index * bar
            parts.append(f'<rect x="{left}" y="{y}" width="{min(ratio, 2) * scale:.1f}" height="{bar - 2}" '
                         f'fill="{COLOURS[one.name]}"/>'
                         f'<text x="{left + min(ratio, 2) * scale + 4:.1f}" y="{y + bar - 4}">{ratio:.2f}</text>')
        top += bar * len(shown) + gap
    parts.append(f'<line x1="{left + scale}" y1="34" x2="{left + scale}" y2="{top}" stroke="black" stroke-dasharray="4"/>'
                 f'<text x="{left + scale}" y="{top + 16}" text-anchor="middle">nftables = 1</text></svg>')
    return "\n".join(parts) + "\n"
