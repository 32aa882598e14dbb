"""Capture files, byte by byte: link headers, pcap and pcapng in either byte order."""

import struct

ETHERTYPE = {4: 0x0800, 6: 0x86DD}
MACS = bytes.fromhex("020000000002020000000001")


def version(packet):
    return packet[0] >> 4


def ether_type(packet):
    return struct.pack(">H", ETHERTYPE[version(packet)])


# What stands in front of an IP packet, by the number of the link type.
LINKS = {
    "ethernet": (1, lambda packet: MACS + ether_type(packet)),
    "vlan": (1, lambda packet: MACS + b"\x81\x00\x20\x07" + ether_type(packet)),
    "vlan in vlan": (1, lambda packet: MACS + b"\x88\xa8\x00\x09\x81\x00\x20\x07" + ether_type(packet)),
    "cooked": (113, lambda packet: struct.pack(">HHH8s", 4, 1, 6, MACS[:6]) + ether_type(packet)),
    "cooked with vlan": (
        113, lambda packet: struct.pack(">HHH8s", 4, 1, 6, MACS[:6]) + b"\x81\x00\x00\x07" + ether_type(packet)
    ),
    "cooked v2": (276, lambda packet: ether_type(packet) + struct.pack(">HIHBB8s", 0, 3, 1, 0, 6, MACS[:6])),
    "raw": (101, lambda packet: b""),
    "raw as libpcap calls it": (12, lambda packet: b""),
    "null": (0, lambda packet: struct.pack("<I", 2 if version(packet) == 4 else 30)),
    "null, other byte order": (0, lambda packet: struct.pack(">I", 2 if version(packet) == 4 else 10)),
    "loop": (108, lambda packet: struct.pack(">I", 2 if version(packet) == 4 else 24)),
}


def framed(link, packets):
    """The packets (nanoseconds, bytes of IP) behind the link's header."""
    header = LINKS[link][1]
    return [(at, header(packet) + packet) for at, packet in packets]


def pcap(link_type, frames, order="<", nanoseconds=False, snap=262144):
    unit, scale = (10**9, 1) if nanoseconds else (10**6, 10**3)
    data = struct.pack(order + "IHHiIII", 0xA1B23C4D if nanoseconds else 0xA1B2C3D4, 2, 4, 0, 0, snap, link_type)
    for at, frame in frames:
        ticks = at // scale
        kept = frame[:snap]
        data += struct.pack(order + "IIII", ticks // unit, ticks % unit, len(kept), len(frame)) + kept
    return data


def block(order, kind, body):
    body += bytes(-len(body) % 4)
    length = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + length + body + length


def pcapng(link_type, frames, order="<"):
    data = block(order, 0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1))
    data += block(order, 1, struct.pack(order + "HHI", link_type, 0, 0))
    for at, frame in frames:
        ticks = at // 10**3
        head = struct.pack(order + "IIIII", 0, ticks >> 32, ticks & 0xFFFFFFFF, len(frame), len(frame))
        data += block(order, 6, head + frame)
    return data


FORMATS = {
    "pcap": lambda link_type, frames: pcap(link_type, frames),
    "pcap, big-endian": lambda link_type, frames: pcap(link_type, frames, order=">"),
    "pcap, nanoseconds": lambda link_type, frames: pcap(link_type, frames, nanoseconds=True),
    "pcap, big-endian, nanoseconds": lambda link_type, frames: pcap(link_type, frames, order=">", nanoseconds=True),
    "pcapng": lambda link_type, frames: pcapng(link_type, frames),
    "pcapng, big-endian": lambda link_type, frames: pcapng(link_type, frames, order=">"),
}
