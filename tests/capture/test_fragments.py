"""Datagrams in pieces: put together before they are judged, as the kernel does it (C-64)."""

import pytest
from capture_bytes import framed, pcap
from scapy.layers.inet import IP, TCP, UDP, fragment
from scapy.layers.inet6 import IPv6, IPv6ExtHdrFragment, fragment6
from traffic import BEGUN, CLIENT, CLIENT_V6, WEB, WEB_V6, step_packet
from traffic import steps as steps_of

DECISION = ("verdict", "reason", "gates")


def datagram(port=5000, size=2000):
    return IP(src=CLIENT, dst=WEB, id=4711) / UDP(sport=6000, dport=port) / bytes(size)


def datagram_v6(port=5000, size=3000):
    return IPv6(src=CLIENT_V6, dst=WEB_V6) / IPv6ExtHdrFragment(id=4711) / UDP(sport=6000, dport=port) / bytes(size)


def pieces(whole, size=800):
    return [bytes(piece) for piece in fragment(whole, fragsize=size)]


def pieces_v6(whole, size=1280):
    return [bytes(piece) for piece in fragment6(whole, size)]


def in_turn(packets, step=0.1):
    """One after the other, from the beginning of the capture."""
    return [(BEGUN + round(i * step * 10**9), packet) for i, packet in enumerate(packets)]


def lines_of(replay, frames, **arguments):
    return replay.lines(replay.file("capture.pcap", pcap(1, framed("ethernet", frames))), **arguments)


def verdicts(lines):
    return [line["verdict"] for line in lines]


@pytest.mark.parametrize("port", [5000, 5001])
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_the_last_piece_carries_the_verdict_that_simulate_gives_the_datagram(replay, order, port):
    whole = datagram(port)
    cut = pieces(whole)
    assert len(cut) == 3
    lines, summary = lines_of(replay, in_turn([cut[i] for i in order]))
    expected = replay.simulate(steps_of([(0.2, IP(bytes(whole)))]))[0]
    assert verdicts(lines) == ["held", "held", expected["verdict"]]
    assert {key: lines[2][key] for key in DECISION} == expected
    assert (lines[2]["packet"], lines[2]["fragments"]) == (step_packet(bytes(whole)), 3)
    counted = summary["policies"][0]["packets"]
    assert (counted["judged"], counted["fragments_held"], counted["fragments_left_over"]) == (1, 2, 0)


@pytest.mark.parametrize("port", [5000, 5001])
def test_ipv6(replay, port):
    cut = pieces_v6(datagram_v6(port))
    assert len(cut) == 3
    lines, _ = lines_of(replay, in_turn([cut[2], cut[0], cut[1]]))
    whole = IPv6(src=CLIENT_V6, dst=WEB_V6) / UDP(sport=6000, dport=port) / bytes(3000)
    expected = replay.simulate(steps_of([(0.2, whole)]))[0]
    assert verdicts(lines) == ["held", "held", expected["verdict"]]
    assert {key: lines[2][key] for key in DECISION} == expected
    assert lines[2]["packet"] == step_packet(bytes(whole))


def test_a_transport_header_in_two_pieces(replay):
    whole = IP(src=CLIENT, dst=WEB, id=1) / TCP(sport=40000, dport=443, flags="S")
    cut = pieces(whole, 8)
    assert len(cut) == 3
    lines, _ = lines_of(replay, in_turn(cut))
    assert verdicts(lines) == ["held", "held", "accept"]
    assert lines[2]["packet"] == step_packet(bytes(whole))


def test_a_fragment_header_on_a_whole_packet_changes_nothing(replay):
    packet = datagram_v6(size=100)
    lines, _ = lines_of(replay, in_turn([bytes(packet)]))
    assert verdicts(lines) == ["accept"]
    assert "fragments" not in lines[0]


def test_pieces_that_come_twice_are_left_out(replay):
    cut = pieces(datagram())
    lines, summary = lines_of(replay, in_turn([cut[0], cut[0], cut[1], cut[1], cut[2]]))
    assert verdicts(lines) == ["held"] * 4 + ["accept"]
    assert lines[4]["fragments"] == 3
    assert summary["policies"][0]["packets"]["fragments_left_over"] == 0


def test_pieces_that_overlap_end_their_datagram(replay):
    cut = pieces(datagram())
    overlapping = bytes(fragment(datagram(), fragsize=1600)[0])
    lines, summary = lines_of(replay, in_turn([cut[1], overlapping, cut[0], cut[2]]))
    assert verdicts(lines) == ["held", "drop", "held", "held"]
    assert (lines[1]["reason"], lines[1]["error"]) == ("fragment", "fragment")
    counted = summary["policies"][0]["packets"]
    assert (counted["judged"], counted["fragments_left_over"]) == (0, 3)


@pytest.mark.parametrize(("cut", "patience"), [(pieces(datagram()), 30), (pieces_v6(datagram_v6()), 60)])
def test_a_datagram_waits_for_its_last_piece_and_not_longer(replay, cut, patience):
    def judged(late):
        frames = [(BEGUN, cut[0]), (BEGUN, cut[1]), (BEGUN + round(late * 10**9), cut[2])]
        return verdicts(lines_of(replay, frames)[0])

    assert judged(patience - 0.1) == ["held", "held", "accept"]
    assert judged(patience) == ["held", "held", "held"]


def test_what_never_became_whole_is_said(replay):
    text, _ = replay.run(
        replay.file("capture.pcap", pcap(1, framed("ethernet", in_turn(pieces(datagram())[:2]))))
    )
    assert "2 fragments of datagrams that never became whole (dropped by the kernel)" in text


def test_datagrams_are_told_apart(replay):
    """By addresses, number and, under IPv4, protocol."""
    one, two = datagram(), datagram()
    two[IP].id = 4712
    three = IP(src=CLIENT, dst=WEB, id=4711) / TCP(sport=40000, dport=443, flags="S") / bytes(1988)
    cuts = [pieces(one), pieces(two), pieces(three)]
    lines, _ = lines_of(replay, in_turn([cut[i] for i in range(3) for cut in cuts], step=0.01))
    assert verdicts(lines) == ["held"] * 6 + ["accept"] * 3
    assert [line["packet"]["protocol"] for line in lines[6:]] == ["udp", "udp", "tcp"]
