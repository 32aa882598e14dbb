"""Turns a conformance case into a policy document and steps for `vpcwall simulate`, and expectations into gates."""

import copy
import json
import pathlib
import re

CASES = pathlib.Path(__file__).with_name("cases.json")

# What the prose of some cases says beyond their notation: entries and rules that were created with a port range
# which their protocol ignores.
IGNORED_PORTS = {"T-026": "22", "T-027": "5000", "T-054": "22", "T-192": "5000"}

GATES = {"NI": "acl-ingress", "NO": "acl-egress", "SI": "sg-ingress", "SO": "sg-egress", "SD": "source-dest-check"}
GROUP_OUTCOMES = {"+new": "new", "+st": "tracked", "+u": "untracked", "+r": "no-state", "+e": "pmtud",
                  "-": "deny", "-full": "table-full"}


def load():
    return json.loads(CASES.read_text())


def traffic(text, ignored_ports=None):
    """`tcp/443`, `icmp 8/0`, `-1`, `47` -> the keys of a rule or entry."""
    words = text.split()
    name, _, ports = words[0].partition("/")
    if name == "-1":
        keys = {"protocol": "all"}
    elif name in ("icmp", "icmpv6"):
        keys = {"protocol": name}
        if words[1] == "*":
            keys["type"] = "all"
        else:
            icmp_type, _, code = words[1].partition("/")
            keys["type"] = "all" if icmp_type == "-1" else int(icmp_type)
            if code not in ("", "-1"):
                keys["code"] = int(code)
    else:
        keys = {"protocol": name if name in ("tcp", "udp") else int(name)}
    if ports:
        keys["ports"] = ports
    elif ignored_ports and keys["protocol"] not in ("tcp", "udp", "icmp", "icmpv6"):
        keys["ports"] = ignored_ports
    return keys


def peer(text, deleted):
    kind, _, name = text.partition(":")
    if kind == "sg":
        return deleted[name] if name in deleted else {"group": name}
    if kind == "pl":
        return {"prefix_list": name}
    return text


class Case:
    """One case in the making: its state of configuration, and the steps that came of it."""

    def __init__(self, document, case, directory):
        self.lab = document["lab"]
        self.case = copy.deepcopy(case)
        self.directory = pathlib.Path(directory)
        self.deleted = {name: f"sg-0dead{number:04x}" for number, name in enumerate(case.get("deleted_groups", []))}
        self.ports = IGNORED_PORTS.get(case["id"])
        self.files = 0
        self.now = 0.0

    def rule(self, text, side):
        words, who = text.rsplit(" ", 1)
        return {**traffic(words, self.ports), side: peer(who, self.deleted)}

    def entry(self, text):
        number, rest = text.split(" ", 1)
        words, cidr, action = rest.rsplit(" ", 2)
        return {"rule": int(number), "action": action, **traffic(words, self.ports), "cidr": cidr}

    def policy(self):
        case, lab = self.case, self.lab
        used = {lab["interfaces"][name]["subnet"] for name in case["interfaces"]}
        used |= {name for name in lab["subnets"] if name in case["acls"] or name in case.get("associations", {})}
        knobs = case.get("knobs", {})
        behavior = {key: knobs[key] for key in ("tcp_midstream", "icmp_related") if key in knobs}
        if "limit" in knobs:
            behavior["flows_per_interface"] = knobs["limit"]
        ranges = lab["vpc"]
        document = {
            "version": 1,
            "vpc": {"cidr": ranges[0], "ipv6_cidr": ranges[1]},
            "prefix_lists": [{"name": name, "max_entries": 10, "entries": [{"cidr": cidr} for cidr in entries]}
                             for name, entries in case.get("prefix_lists", {}).items()],
            "security_groups": [{"name": name,
                                 "ingress": [self.rule(text, "source") for text in rules["in"]],
                                 "egress": [self.rule(text, "destination") for text in rules["out"]]}
                                for name, rules in case["groups"].items()],
            "network_acls": [{"name": name, "ingress": [self.entry(text) for text in lists["in"]],
                              "egress": [self.entry(text) for text in lists["out"]]}
                             for name, lists in case["acls"].items()],
            "subnets": [self.subnet(name) for name in sorted(used)],
            "interfaces": [self.interface(name, groups) for name, groups in case["interfaces"].items()],
            "behavior": behavior,
        }
        if case.get("auto_tracked"):
            document["auto_tracked"] = [f"{address}/32" for address in case["auto_tracked"]]
        return document

    def subnet(self, name):
        ranges = self.lab["subnets"][name]
        subnet = {"name": name, "cidr": ranges[0]}
        if len(ranges) > 1:
            subnet["ipv6_cidr"] = ranges[1]
        acl = self.case.get("associations", {}).get(name, name)
        if acl in self.case["acls"]:
            subnet["network_acl"] = acl
        return subnet

    def interface(self, name, groups):
        facts = self.lab["interfaces"][name]
        interface = {"name": name, "subnet": facts["subnet"], "addresses": facts["addresses"],
                     "security_groups": groups,
                     "source_dest_check": self.case.get("source_dest_check", {}).get(name, True)}
        established = self.case.get("knobs", {}).get("timeouts", {}).get(name, {}).get("est")
        if established:
            interface["tracking"] = {"tcp_established": established}
        return interface

    def write_policy(self):
        path = self.directory / f"{self.case['id']}-{self.files}.json"
        path.write_text(json.dumps(self.policy(), indent=1))
        self.files += 1
        return path

    def change(self, change):
        operation, case = change["op"], self.case
        if operation == "add_acl_entry":
            case["acls"][change["acl"]][change["direction"]].append(change["entry"])
        elif operation == "remove_acl_entry":
            entries = case["acls"][change["acl"]][change["direction"]]
            kept = [text for text in entries if int(text.split()[0]) != change["number"]]
            assert len(kept) == len(entries) - 1, change
            entries[:] = kept
        elif operation == "associate_subnet":
            case.setdefault("associations", {})[change["subnet"]] = change["acl"]
        elif operation == "set_interface_groups":
            case["interfaces"][change["interface"]] = change["groups"]
        elif operation == "set_prefix_list":
            case["prefix_lists"][change["list"]] = change["entries"]
        elif operation == "add_rule":
            case["groups"][change["group"]][change["direction"]].append(change["rule"])
        elif operation == "remove_rule":
            case["groups"][change["group"]][change["direction"]].remove(change["rule"])
        else:
            raise AssertionError(f"unknown change {operation}")

    def address(self, text):
        text = text.strip("[]")
        return self.lab["addresses"].get(text, text)

    def endpoint(self, text, ports):
        if not ports:
            return self.address(text), None
        host, port = text.rsplit(":", 1)
        return self.address(host), int(port)

    def packet(self, text):
        text, _, quoted = text.partition(" quoting ")
        words = text.split()
        protocol = words.pop(0)
        packet = {"protocol": protocol}
        if protocol.startswith("proto"):
            packet["protocol"] = int(protocol[len("proto"):])
        elif protocol == "tcp":
            packet["flags"] = words.pop(0)
        elif protocol in ("icmp", "icmpv6"):
            icmp_type, code = words.pop(0).split("/")
            packet.update(type=int(icmp_type), code=int(code))
            if words[0].startswith("id"):
                packet["id"] = int(words.pop(0)[2:])
        if words[-1].startswith("hl="):
            packet["hop_limit"] = int(words.pop()[3:])
        assert len(words) == 1, text
        source, destination = words[0].split(">")
        ports = protocol in ("tcp", "udp")
        packet["source"], source_port = self.endpoint(source, ports)
        packet["destination"], destination_port = self.endpoint(destination, ports)
        if ports:
            packet.update(source_port=source_port, destination_port=destination_port)
        if quoted:
            packet["quoted"] = self.packet(quoted.strip("<>"))
            packet["quoted"].pop("flags", None)
        return packet

    def steps(self):
        """Yields (line for simulate, None or the step it must answer)."""
        for step in self.case["steps"]:
            if "wait_seconds" in step:
                self.now += step["wait_seconds"]
            elif "change" in step:
                self.change(step["change"])
                yield {"at": self.now, "policy": str(self.write_policy())}, None
            else:
                line = {"at": self.now, "packet": self.packet(step["packet"])}
                if "path" in step:
                    line["path"] = [{"direction": {"in": "ingress", "out": "egress"}[side["direction"]],
                                     "interface": side["interface"]} for side in step["path"]]
                yield line, step


def expected_gates(text):
    gates = []
    for token in text.split():
        if token == "EX":
            gates.append({"gate": "exempt", "outcome": "exempt"})
            continue
        kind, place, outcome = re.fullmatch(r"(\w\w)\((\w+)\)(.*)", token).groups()
        gate = {"gate": GATES[kind]}
        if kind in ("NI", "NO"):
            gate.update(subnet=place, outcome="allow" if outcome[0] == "+" else "deny", rule=outcome[1:])
        else:
            gate.update(interface=place, outcome=GROUP_OUTCOMES[outcome])
        gates.append(gate)
    return gates


def comparable(gate):
    """What the notation of the cases can speak of."""
    keys = ("gate", "subnet", "interface", "outcome") + (("rule",) if "acl" in gate else ())
    return {key: gate[key] for key in keys if key in gate}
