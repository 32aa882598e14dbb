"""Policies in the short notation of AWS's tables.

    Policy(
        members={"a1": ["web"]},
        groups={"web": (["tcp/443 0.0.0.0/0", "all sg:web"], ["all 0.0.0.0/0"])},    # ingress, egress
        acls={"A": (["100 tcp/443 0.0.0.0/0 allow"], ["100 tcp/1024-65535 0.0.0.0/0 allow"])},
    )

Only the interfaces named as members are guarded. A subnet without an ACL of its own has the default one, which lets
everything pass. Lists may be changed between two reloads: policy.groups["web"][0].append("udp/53 0.0.0.0/0").
"""

import copy
import json

from topology import HOSTS

SUBNETS = {
    "A": ("10.0.0.0/24", "2001:db8:1234:1a00::/64"),
    "B": ("10.0.1.0/24", "2001:db8:1234:1a01::/64"),
}
OUT_ALL = ["all 0.0.0.0/0", "all ::/0"]
ANY_IN = ["all 0.0.0.0/0", "all ::/0"]
EPHEMERAL = "100 tcp/1024-65535 0.0.0.0/0 allow"


def traffic(text):
    """tcp/443, icmp/8, all, 47"""
    protocol, _, detail = text.partition("/")
    found = {"protocol": int(protocol) if protocol.isdigit() else protocol}
    if detail:
        found.update({"type": int(detail)} if protocol.startswith("icmp") else {"ports": detail})
    return found


def group_rule(text, peer_key):
    what, peer = text.split()
    group = peer.removeprefix("sg:")
    return {**traffic(what), peer_key: peer if group == peer else {"group": group}}


def acl_entry(text):
    number, what, cidr, action = text.split()
    return {"rule": int(number), "action": action, **traffic(what), "cidr": cidr}


class Policy:
    def __init__(self, members, groups, acls=None, interfaces=None, **top_level):
        self.members = members
        self.groups = groups
        self.acls = acls or {}
        self.interfaces = interfaces or {}  # more keys of single interfaces
        self.top_level = top_level

    def copy(self):
        return copy.deepcopy(self)

    def document(self):
        subnets = []
        for name, (cidr, ipv6_cidr) in SUBNETS.items():
            acl = {"network_acl": f"{name}-acl"} if name in self.acls else {}
            subnets.append({"name": name, "cidr": cidr, "ipv6_cidr": ipv6_cidr, **acl})
        return {
            "version": 1,
            "vpc": {"cidr": "10.0.0.0/16", "ipv6_cidr": "2001:db8:1234:1a00::/56"},
            "security_groups": [
                {
                    "name": name,
                    "ingress": [group_rule(rule, "source") for rule in ingress],
                    "egress": [group_rule(rule, "destination") for rule in egress],
                }
                for name, (ingress, egress) in self.groups.items()
            ],
            "network_acls": [
                {
                    "name": f"{name}-acl",
                    "ingress": [acl_entry(entry) for entry in ingress],
                    "egress": [acl_entry(entry) for entry in egress],
                }
                for name, (ingress, egress) in self.acls.items()
            ],
            "subnets": subnets,
            "interfaces": [
                {
                    "name": name,
                    "subnet": name[0].upper(),
                    "addresses": HOSTS[name],
                    "security_groups": groups,
                    **self.interfaces.get(name, {}),
                }
                for name, groups in self.members.items()
            ],
            **self.top_level,
        }

    def text(self):
        return json.dumps(self.document(), indent=1)


def open_policy(**top_level):
    """a1 lets everything pass, without leaving state."""
    return Policy(members={"a1": ["open"]}, groups={"open": (list(ANY_IN), list(OUT_ALL))}, **top_level)
