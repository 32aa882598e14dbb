"""One afternoon at a web server: what is sent, and the same as steps of `vpcwall simulate`."""

import json

from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6EchoRequest, ICMPv6PacketTooBig, IPv6
from scapy.packet import Raw

BEGUN = 1_700_000_000 * 10**9  # of every capture, nanoseconds since 1970
WEB, WEB_V6 = "10.0.0.5", "2001:db8:1234:1a00::5"
DB = "10.0.1.5"
CLIENT, CLIENT_V6 = "203.0.113.12", "2001:db8:ffff::12"

POLICY = """\
version: 1
vpc: {cidr: 10.0.0.0/16, ipv6_cidr: "2001:db8:1234:1a00::/56"}
security_groups:
  - name: web
    ingress:
      - {protocol: tcp, ports: 443, source: 203.0.113.0/24}
      - {protocol: tcp, ports: 443, source: "2001:db8:ffff::/64"}
      - {protocol: udp, ports: 5000, source: 203.0.113.0/24}
      - {protocol: udp, ports: 5000, source: "2001:db8:ffff::/64"}
      - {protocol: icmp, type: 8, source: 0.0.0.0/0}
      - {protocol: icmpv6, type: 128, source: "::/0"}
    egress:
      - {protocol: tcp, ports: 5432, destination: {group: db}}
      - {protocol: udp, ports: 53, destination: 203.0.113.0/24}
  - name: db
    ingress:
      - {protocol: tcp, ports: 5432, source: {group: web}}
    egress: []
network_acls:
  - name: open
    ingress:
      - {rule: 90, action: deny, protocol: tcp, ports: 23, cidr: 0.0.0.0/0}
      - {rule: 100, action: allow, protocol: all, cidr: 0.0.0.0/0}
      - {rule: 110, action: allow, protocol: all, cidr: "::/0"}
    egress:
      - {rule: 100, action: allow, protocol: all, cidr: 0.0.0.0/0}
      - {rule: 110, action: allow, protocol: all, cidr: "::/0"}
subnets:
  - {name: A, cidr: 10.0.0.0/24, ipv6_cidr: "2001:db8:1234:1a00::/64", network_acl: open}
  - {name: B, cidr: 10.0.1.0/24, network_acl: open}
interfaces:
  - {name: web, subnet: A, addresses: [10.0.0.5, "2001:db8:1234:1a00::5"], security_groups: [web]}
  - {name: db, subnet: B, addresses: [10.0.1.5], security_groups: [db]}
auto_tracked: [198.51.100.7/32]
"""


def to_web(layer):
    return IP(src=CLIENT, dst=WEB) / layer


def from_web(layer):
    return IP(src=WEB, dst=CLIENT) / layer


def to_web_v6(layer):
    return IPv6(src=CLIENT_V6, dst=WEB_V6) / layer


def from_web_v6(layer):
    return IPv6(src=WEB_V6, dst=CLIENT_V6) / layer


QUESTION = from_web(UDP(sport=5353, dport=53) / b"?")

# (seconds, packet)
AFTERNOON = [
    (0.0, to_web(TCP(sport=40000, dport=443, flags="S"))),
    (0.01, from_web(TCP(sport=443, dport=40000, flags="SA"))),
    (0.02, to_web(TCP(sport=40000, dport=443, flags="A"))),
    (0.03, to_web(TCP(sport=40000, dport=443, flags="PA") / b"GET / HTTP/1.1\r\n\r\n")),
    (0.04, to_web(TCP(sport=40001, dport=22, flags="S"))),
    (0.05, to_web(TCP(sport=40001, dport=23, flags="S"))),
    (0.06, to_web(TCP(sport=40009, dport=443, flags="A"))),
    (1.0, to_web(UDP(sport=6000, dport=5000) / b"a")),
    (1.1, from_web(UDP(sport=5000, dport=6000) / b"b")),
    (1.15, to_web(UDP(sport=6000, dport=5000) / b"c")),
    (1.16, from_web(UDP(sport=5000, dport=6000) / b"d")),
    (1.2, QUESTION),
    (1.3, IP(src="192.0.2.1", dst=WEB) / ICMP(type=3, code=4, nexthopmtu=1280) / Raw(bytes(QUESTION)[:28])),
    (1.4, IP(src="192.0.2.1", dst=WEB) / ICMP(type=3, code=1) / Raw(bytes(QUESTION)[:28])),
    (1.5, IP(src="192.0.2.1", dst=WEB) / ICMP(type=3, code=4) / Raw(bytes(IP(src=WEB, dst="198.51.100.7") / UDP())[:28])),
    (2.0, to_web(ICMP(type=8, id=7) / b"ping")),
    (2.1, from_web(ICMP(type=0, id=7) / b"ping")),
    (2.2, from_web(ICMP(type=0, id=8) / b"ping")),
    (2.3, IP(src=CLIENT, dst=WEB, proto=47) / Raw(b"GRE, perhaps")),
    (3.0, IP(src=WEB, dst=DB) / TCP(sport=50000, dport=5432, flags="S")),
    (3.1, IP(src=DB, dst=WEB) / TCP(sport=5432, dport=50000, flags="SA")),
    (3.2, IP(src=DB, dst=CLIENT) / TCP(sport=50000, dport=443, flags="S")),
    (3.3, IP(src="169.254.169.254", dst=WEB) / UDP(sport=123, dport=123) / b"time"),
    (4.0, to_web_v6(TCP(sport=40000, dport=443, flags="S"))),
    (4.1, from_web_v6(TCP(sport=443, dport=40000, flags="SA"))),
    (4.2, to_web_v6(ICMPv6EchoRequest(id=9))),
    (4.3, from_web_v6(ICMPv6EchoReply(id=9))),
    (4.4, to_web_v6(ICMPv6PacketTooBig(mtu=1280) / Raw(bytes(from_web_v6(TCP(sport=443, dport=40000, flags="A")))))),
    (4.5, to_web_v6(UDP(sport=6000, dport=5001) / b"c")),
    # The UDP flow has been idle for less than its time, then for more.
    (170.0, from_web(UDP(sport=5000, dport=6000) / b"d")),
    (360.0, from_web(UDP(sport=5000, dport=6000) / b"e")),
    # The TCP connection lives for days, also over midnight.
    (400_000.0, from_web(TCP(sport=443, dport=40000, flags="PA") / b"HTTP/1.1 200 OK\r\n")),
    (900_000.0, from_web(TCP(sport=443, dport=40000, flags="A"))),
]


def packets(afternoon=None):
    """(nanoseconds since 1970, bytes) of each packet, as captured."""
    return [(BEGUN + round(at * 10**9), bytes(packet)) for at, packet in afternoon or AFTERNOON]


def transport(layer, packet):
    if TCP in packet:
        return {"protocol": "tcp", "source_port": packet[TCP].sport, "destination_port": packet[TCP].dport,
                "flags": "".join(letter for letter in "SAFRPU" if letter in str(packet[TCP].flags))}
    if UDP in packet:
        return {"protocol": "udp", "source_port": packet[UDP].sport, "destination_port": packet[UDP].dport}
    return {"protocol": layer.proto if layer.version == 4 else layer.nh}


def echo(name, message):
    return {"protocol": name, "type": message.type, "code": message.code, "id": message.id}


def step_packet(data):
    """What `simulate` is told of a packet, as scapy reads it."""
    layer = IP(data) if version_of(data) == 4 else IPv6(data)
    step = {"source": layer.src, "destination": layer.dst, "length": len(data),
            "hop_limit": layer.ttl if layer.version == 4 else layer.hlim}
    if ICMP in layer and layer[ICMP].type in (0, 8):
        return step | echo("icmp", layer[ICMP])
    if ICMP in layer:
        return step | {"protocol": "icmp", "type": layer[ICMP].type, "code": layer[ICMP].code,
                       "quoted": quoted(data[28:])}
    for message in (ICMPv6EchoRequest, ICMPv6EchoReply):
        if message in layer:
            return step | echo("icmpv6", layer[message])
    if ICMPv6PacketTooBig in layer:
        return step | {"protocol": "icmpv6", "type": 2, "code": 0, "quoted": quoted(data[48:])}
    return step | transport(layer, layer)


def quoted(data):
    layer = IP(data) if version_of(data) == 4 else IPv6(data)
    ports = {"protocol": "udp"} if 17 in (getattr(layer, "proto", 0), getattr(layer, "nh", 0)) else {"protocol": "tcp"}
    header = data[20:24] if layer.version == 4 else data[40:44]
    return {"source": layer.src, "destination": layer.dst, **ports,
            "source_port": int.from_bytes(header[:2], "big"), "destination_port": int.from_bytes(header[2:], "big")}


def version_of(data):
    return data[0] >> 4


def steps(afternoon=None, path=None):
    """The same packets as lines for `vpcwall simulate`."""
    lines = []
    for at, packet in afternoon or AFTERNOON:
        step = {"at": at, "packet": step_packet(bytes(packet))}
        if path:
            step["path"] = path(bytes(packet))
        lines.append(json.dumps(step))
    return "\n".join(lines) + "\n"
