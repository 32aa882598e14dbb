"""Captures that are not as they should be: the error says what, where and at which packet; what came before it counts."""

import struct

import pytest
from capture_bytes import framed, pcap, pcapng
from traffic import AFTERNOON, BEGUN, packets, steps


@pytest.fixture
def good():
    return pcap(1, framed("ethernet", packets()))


def judged_before(replay, data, expected, **arguments):
    """Replays a capture that is damaged after so many packets; what is said about it."""
    lines, summary = replay.lines(replay.file("capture", data), status=2, **arguments)
    assert [line["verdict"] for line in lines] == [one["verdict"] for one in replay.simulate(steps(AFTERNOON[:expected]))]
    said = replay.run(replay.folder / "capture", status=2)[1]
    assert summary["capture"]["damage"] == said.splitlines()[0]
    assert f"error: packet {expected + 1}: " in said
    assert f"the {expected} packets before it are reported" in said
    return said


def cut_at(packet, frames, inside):
    """How many bytes of a pcap file there are up to `inside` the record of a packet, counted from 1."""
    return 24 + sum(16 + len(frame) for _, frame in frames[: packet - 1]) + inside


@pytest.mark.parametrize("inside", [1, 15, 16, 40])
def test_a_file_that_ends_inside_a_packet(replay, good, inside):
    size = cut_at(5, framed("ethernet", packets()), inside)
    assert "truncated dump file" in judged_before(replay, good[:size], 4)


def test_a_pcapng_file_that_ends_inside_a_packet(replay):
    data = pcapng(1, framed("ethernet", packets()))
    last = 12 + 20 + len(framed("ethernet", packets())[-1][1])
    assert "truncated" in judged_before(replay, data[: -last // 2], len(AFTERNOON) - 1)


def test_a_length_that_no_packet_has(replay, good):
    place = cut_at(3, framed("ethernet", packets()), 8)
    damaged = good[:place] + struct.pack("<I", 0x7FFFFFFF) + good[place + 4 :]
    assert "2147483647" in judged_before(replay, damaged, 2)


def test_a_time_stamp_that_no_clock_shows(replay):
    frames = framed("ethernet", packets()[:3])
    frames[2] = (1 << 73, frames[2][1])
    assert "found a time stamp of" in judged_before(replay, pcapng(1, frames), 2)


def test_a_capture_after_2038(replay):
    """pcap's seconds have 32 bits, and no sign."""
    late = [(at - BEGUN + 3_000_000_000 * 10**9, packet) for at, packet in packets()]
    lines, _ = replay.lines(replay.file("capture", pcap(1, framed("ethernet", late))))
    assert lines[0]["time"] == "2065-01-24T05:20:00.000000000Z"
    assert lines[-1]["at"] == 900_000.0


def test_interfaces_of_different_link_types(replay):
    """libpcap reads files of one link type only; it is said, with what came before."""
    data = pcapng(1, framed("ethernet", packets()[:2])) + pcapng(101, framed("raw", packets()[2:]))
    assert "different" in judged_before(replay, data, 2)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "truncated dump file"),
        (b"this is no capture, whatever its name is", "unknown file format; expected a capture file, pcap or pcapng"),
        (pcap(105, []), "found link type 802.11, expected Ethernet, Linux cooked, raw IP or loopback"),
    ],
)
def test_what_is_no_capture_that_can_be_read(replay, data, problem):
    output, said = replay.run(replay.file("capture", data), status=2)
    assert (output, said.startswith(f"{replay.folder}/capture: error: "), problem in said) == ("", True, True), said


def test_a_capture_without_packets(replay):
    lines, summary = replay.lines(replay.file("capture", pcap(1, [])))
    assert (lines, summary["capture"]["frames"], summary["capture"]["begun"]) == ([], 0, None)


def test_what_is_written_of_a_damaged_capture_is_whole_up_to_there(replay, good, tshark):
    capture = replay.file("capture", good[: cut_at(5, framed("ethernet", packets()), 20)])
    replay.run(capture, "--write", "annotated.pcapng", status=2)
    assert [row[0] for row in tshark(replay.folder / "annotated.pcapng", "frame.number")] == ["1", "2", "3", "4"]


def test_wrong_usage(replay, good):
    capture = replay.file("capture", good)
    for options, problem in [
        (("--interface", "nobody"), "expected the name or id of an interface"),
        (("--direction", "egress"), "--direction requires --interface"),
        (("--interface", "web", "--direction", "north"), "--direction"),
        (("--denied", "--against", replay.policy), "excludes"),
        (("--against", "-"), ""),
        (("--against", replay.folder / "missing.yaml"), "missing.yaml"),
    ]:
        output, said = replay.run(capture, *options, status=2, given=b"no policy")
        assert (output, problem in said) == ("", True), said
    assert "standard input is read once" in replay.run("-", "--against", "-", status=2)[1]
    assert "capture:1:1" in replay.run(capture, policy=capture, status=2)[1]
