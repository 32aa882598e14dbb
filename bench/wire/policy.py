"""The policy that every firewall of the benchmark enforces, and its translations.

One policy, as vpcwall reads it: a server in a subnet with 40 ACL entries each way, of which the 20th lets the client in,
and a group of 20 rules, of which the 10th does. The rules of nftables and iptables are made from it, entry by entry and
in its order, with a counter each, and conntrack for the state that a group keeps.
"""

CLIENT, SERVER = "203.0.113.0/24", "10.0.2.10"
OPEN_PORTS, DENIED_PORT = (5000, 9999), 99
ENTRIES, RULES = 40, 20


def acl_entries(count):
    """The client's entry in the middle; before and behind it, others that its packets do not match."""
    for position in range(1, count + 1):
        number = 10 * position
        if position == count // 2:
            yield {"rule": number, "action": "allow", "protocol": "all", "cidr": CLIENT}
        elif position % 2:
            first = 1000 + 10 * (position % 400)
            yield {"rule": number, "action": "deny", "protocol": "tcp", "ports": f"{first}-{first + 9}",
                   "cidr": f"198.18.{position % 250}.0/24"}
        else:
            first = 200 + position % 400 * 2
            yield {"rule": number, "action": "deny", "protocol": "tcp", "ports": f"{first}-{first + 1}", "cidr": CLIENT}


def group_rules(count):
    for position in range(1, count + 1):
        if position == count // 2:
            for protocol in ("tcp", "udp"):
                yield {"protocol": protocol, "ports": "{}-{}".format(*OPEN_PORTS), "source": CLIENT}
        else:
            yield {"protocol": "tcp", "ports": str(3000 + position), "source": f"198.19.{position % 250}.0/24"}


def policy(entries=ENTRIES, rules=RULES):
    """Per-object limits of AWS are raised where a growth curve needs more."""
    both = list(acl_entries(entries))
    return {
        "version": 1,
        "vpc": {"cidr": "10.0.0.0/16"},
        "quotas": {"entries_per_acl": max(entries, 40), "rules_per_group": max(rules + 1, 60)},
        "network_acls": [{"name": "acl", "ingress": both, "egress": both}],
        "subnets": [{"name": "b", "cidr": "10.0.2.0/24", "network_acl": "acl"}],
        "security_groups": [{"name": "g", "ingress": list(group_rules(rules)),
                             "egress": [{"protocol": "tcp", "ports": "443", "destination": "0.0.0.0/0"}]}],
        "interfaces": [{"name": "server", "subnet": "b", "addresses": [SERVER], "security_groups": ["g"]}],
    }


def one_rule():
    """For nftables: the flood is refused, and nothing else looked at."""
    return f"table ip bench {{\nchain forward {{\ntype filter hook forward priority 0\ntcp dport {DENIED_PORT} drop\n}}\n}}\n"


def nft(policy):
    """The same for native nftables: the ACL for every packet, the group for new connections."""
    acl, group = policy["network_acls"][0], policy["security_groups"][0]

    def match(rule, field, peer):
        words = [f"ip {field} {rule[peer]}"] if rule[peer] != "0.0.0.0/0" else []
        if rule["protocol"] != "all":
            words.append(f"{rule['protocol']} dport {rule['ports']}")
        return " ".join(words)

    def chain(name, lines):
        return f"chain {name} {{\n" + "\n".join(lines) + "\n}\n"

    def entries(direction, field):
        lines = [f"{match(entry, field, 'cidr')} counter {'return' if entry['action'] == 'allow' else 'drop'}"
                 for entry in acl[direction]]
        return [*lines, "counter drop"]

    def rules(direction, field, peer):
        return [*(f"{match(rule, field, peer)} counter accept" for rule in group[direction]), "counter drop"]

    return "table ip bench {\n" + chain("acl_in", entries("ingress", "saddr")) + chain(
        "acl_out", entries("egress", "daddr")) + chain("group_in", rules("ingress", "saddr", "source")) + chain(
            "group_out", rules("egress", "daddr", "destination")) + chain("forward", [
                "type filter hook forward priority 0; policy drop;",
                f"ip daddr {SERVER} jump acl_in",
                f"ip saddr {SERVER} jump acl_out",
                "ct state established,related counter accept",
                f"ct state new ip daddr {SERVER} goto group_in",
                f"ct state new ip saddr {SERVER} goto group_out",
            ]) + "}\n"


def iptables(policy):
    """The same for iptables, as input of iptables-restore."""
    acl, group = policy["network_acls"][0], policy["security_groups"][0]
    lines = ["*filter", ":FORWARD DROP [0:0]"]

    def add(chain, matches, rules, peer, option):
        lines.append(f":{chain} - [0:0]")
        for rule in rules:
            words = ["-A", chain]
            if rule[peer] != "0.0.0.0/0":
                words += [option, rule[peer]]
            if rule["protocol"] != "all":
                words += ["-p", rule["protocol"], "--dport", rule["ports"].replace("-", ":")]
            lines.append(" ".join([*words, "-j", matches(rule)]))
        lines.append(f"-A {chain} -j DROP")

    def by_action(entry):
        return "RETURN" if entry["action"] == "allow" else "DROP"

    add("acl_in", by_action, acl["ingress"], "cidr", "-s")
    add("acl_out", by_action, acl["egress"], "cidr", "-d")
    add("group_in", lambda rule: "ACCEPT", group["ingress"], "source", "-s")
    add("group_out", lambda rule: "ACCEPT", group["egress"], "destination", "-d")
    # Chains first, then what jumps to them.
    chains = [line for line in lines if line.startswith((":", "*"))]
    rest = [line for line in lines if not line.startswith((":", "*"))]
    return "\n".join([*chains, *rest, f"-A FORWARD -d {SERVER} -j acl_in", f"-A FORWARD -s {SERVER} -j acl_out",
                      "-A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT",
                      f"-A FORWARD -m conntrack --ctstate NEW -d {SERVER} -g group_in",
                      f"-A FORWARD -m conntrack --ctstate NEW -s {SERVER} -g group_out", "COMMIT", ""])
