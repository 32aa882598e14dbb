"""The capture with comments: other programs read it, and every packet is as it was."""

import os
import stat

import pytest
from capture_bytes import LINKS, framed, pcap
from conftest import tool
from scapy.layers.inet import fragment
from scapy.utils import RawPcapNgReader
from test_fragments import datagram
from traffic import POLICY, packets

COMMENT, NUMBER, TIME, LENGTH, CAPTURED = "frame.comment", "frame.number", "frame.time_epoch", "frame.len", "frame.cap_len"


def comments_of(lines):
    """The comments that the packets should carry."""
    comments = []
    for line in lines:
        gates = [
            " ".join([gate["gate"], gate.get("subnet") or gate["interface"], gate["outcome"],
                      *([gate["group"]] if "group" in gate else [gate["rule"]] if "rule" in gate else [])])
            if gate["gate"] != "exempt" else "exempt"
            for gate in line["gates"]
        ]
        comments.append(f"vpcwall: {line['verdict']}, {line['reason']}" + (": " + ", ".join(gates) if gates else ""))
    return comments


@pytest.mark.parametrize("link", LINKS)
def test_tshark_shows_each_decision_as_its_packets_comment(replay, tshark, link):
    frames = framed(link, packets())
    capture = replay.file("capture.pcap", pcap(LINKS[link][0], frames, nanoseconds=True))
    written = replay.folder / "annotated.pcapng"
    lines, _ = replay.lines(capture, "--write", written)
    rows = tshark(written, NUMBER, TIME, LENGTH, CAPTURED, COMMENT)
    assert [row[4] for row in rows] == comments_of(lines)
    assert rows[0][4] == "vpcwall: accept, passed: acl-ingress A allow 100, sg-ingress web new web"
    assert rows[5][4] == "vpcwall: drop, acl-entry: acl-ingress A deny 90"
    assert [row[:4] for row in rows] == tshark(capture, NUMBER, TIME, LENGTH, CAPTURED)
    assert [data for data, _ in RawPcapNgReader(str(written))] == [data for _, data in frames]
    assert tshark(written, "frame.protocols") == tshark(capture, "frame.protocols")


def test_capinfos_knows_where_it_comes_from(replay):
    capture = replay.file("capture.pcap", pcap(1, framed("ethernet", packets())))
    replay.run(capture, "--write", "annotated.pcapng")
    said = tool("capinfos", replay.folder / "annotated.pcapng")
    assert "File encapsulation:  Ethernet" in said
    assert f"Number of packets:   {len(packets())}" in said
    assert "Capture application: vpcwall " in said
    assert f"judged by vpcwall with {replay.policy}" in said
    assert "Name = capture.pcap" in said
    assert "nanoseconds (9)" in said


def test_it_can_be_replayed_again(replay):
    capture = replay.file("capture.pcap", pcap(113, framed("cooked", packets())))
    first, _ = replay.lines(capture, "--write", "annotated.pcapng")
    second, _ = replay.lines(replay.folder / "annotated.pcapng")
    assert second == first


def test_packets_that_are_not_judged_say_so(replay, tshark):
    frames = [(10**9, bytes(12) + b"\x08\x06" + bytes(28)),
              *framed("ethernet", [(10**9, bytes(piece)) for piece in fragment(datagram(), fragsize=1600)])]
    replay.run(replay.file("capture.pcap", pcap(1, frames)), "--write", "annotated.pcapng")
    assert [row[0] for row in tshark(replay.folder / "annotated.pcapng", COMMENT)] == [
        "vpcwall: not judged, not IP (0x0806)",
        "vpcwall: held, waits for the other fragments of its datagram",
        "vpcwall: accept, passed: acl-ingress A allow 100, sg-ingress web new web",
    ]


def test_what_a_capture_left_out_stays_out(replay, tshark):
    capture = replay.file("capture.pcap", pcap(1, framed("ethernet", packets()), snap=54))
    replay.run(capture, "--write", "annotated.pcapng")
    assert tshark(replay.folder / "annotated.pcapng", LENGTH, CAPTURED) == tshark(capture, LENGTH, CAPTURED)


def test_two_policies_write_a_comment_each(replay, tshark):
    (replay.folder / "other.yaml").write_text(POLICY.replace("rule: 90, action: deny", "rule: 90, action: allow"), encoding="utf-8")
    capture = replay.file("capture.pcap", pcap(1, framed("ethernet", packets()[5:6])))
    replay.run(capture, "--write", "annotated.pcapng", "--against", "other.yaml", policy="policy.yaml")
    assert tshark(replay.folder / "annotated.pcapng", COMMENT) == [[
        "vpcwall policy.yaml: drop, acl-entry: acl-ingress A deny 90,"
        "vpcwall other.yaml: drop, no-group-rule: acl-ingress A allow 90, sg-ingress web deny"
    ]]


def test_what_stood_there_stays_until_the_new_file_is_whole(replay):
    old = replay.file("annotated.pcapng", b"old")
    replay.run(replay.folder / "missing.pcap", "--write", old, status=2)
    assert old.read_bytes() == b"old"
    replay.run(replay.file("capture.pcap", pcap(1, framed("ethernet", packets()))), "--write", old)
    assert old.read_bytes()[:4] == b"\x0a\x0d\x0d\x0a"
    assert sorted(path.name for path in replay.folder.iterdir()) == ["annotated.pcapng", "capture.pcap", "policy.yaml"]


def test_it_may_be_read_by_whom_the_mask_says(replay):
    before = os.umask(0o027)
    try:
        replay.run(replay.file("capture.pcap", pcap(1, [])), "--write", "annotated.pcapng")
    finally:
        os.umask(before)
    assert stat.S_IMODE((replay.folder / "annotated.pcapng").stat().st_mode) == 0o640


def test_where_it_cannot_be_written(replay):
    capture = replay.file("capture.pcap", pcap(1, framed("ethernet", packets())))
    (replay.folder / "folder").mkdir()
    for path, problem in [
        ("nowhere/annotated.pcapng", "cannot be written: No such file or directory"),
        ("folder", "cannot be written: no regular file"),
        ("capture.pcap", "is the capture itself"),
    ]:
        assert problem in replay.run(capture, "--write", path, status=2)[1]
    assert list((replay.folder / "folder").iterdir()) == []
