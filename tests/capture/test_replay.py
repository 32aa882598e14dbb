"""Verdicts: those of `vpcwall simulate` on the same packets, whatever kind of capture they stand in."""

import json

import pytest
from capture_bytes import FORMATS, LINKS, framed, pcap
from conftest import tool
from scapy.layers.inet import IP, TCP, UDP
from traffic import AFTERNOON, BEGUN, CLIENT, CLIENT_V6, POLICY, WEB, packets, step_packet, steps, to_web

DECISION = ("verdict", "reason", "gates")


def decisions(lines):
    return [{key: line[key] for key in DECISION} for line in lines]


def of_simulate(replay, *arguments, **named):
    return replay.simulate(steps(*arguments, **named))


def test_the_afternoon_meets_every_outcome_that_matters(replay):
    """Else the comparisons below would prove little."""
    found = of_simulate(replay)
    assert {one["reason"] for one in found} == {"passed", "acl-entry", "no-group-rule", "exempt"}
    outcomes = {gate["outcome"] for one in found for gate in one["gates"]}
    assert {"allow", "deny", "new", "tracked", "pmtud", "exempt"} <= outcomes
    at = {when: one["verdict"] for (when, _), one in zip(AFTERNOON, found, strict=True)}
    assert (at[170.0], at[360.0], at[400_000.0], at[900_000.0]) == ("accept", "drop", "accept", "drop")


@pytest.mark.parametrize("link", LINKS)
def test_every_link_type_gives_the_verdicts_of_simulate(replay, link):
    number = LINKS[link][0]
    capture = replay.file("capture.pcap", pcap(number, framed(link, packets())))
    lines, summary = replay.lines(capture)
    assert decisions(lines) == of_simulate(replay)
    assert [line["packet"] for line in lines] == [normal(step_packet(data)) for _, data in packets()]
    assert summary["policies"][0]["packets"]["judged"] == len(AFTERNOON)


def normal(packet):
    """Left out of JSON where it is zero, or says nothing."""
    return {key: value for key, value in packet.items() if not (key == "id" and value == 0)}


@pytest.mark.parametrize("name", FORMATS)
def test_every_file_format_gives_the_verdicts_of_simulate(replay, name):
    capture = replay.file("capture", FORMATS[name](1, framed("ethernet", packets())))
    lines, summary = replay.lines(capture)
    assert decisions(lines) == of_simulate(replay)
    assert [line["at"] for line in lines] == pytest.approx([at for at, _ in AFTERNOON])
    assert lines[1]["time"] == "2023-11-14T22:13:20.010000000Z"
    assert summary["capture"]["seconds"] == 900_000.0


def test_a_capture_that_another_program_wrote_gives_the_verdicts_of_simulate(replay):
    capture = replay.file("capture.pcap", pcap(1, framed("ethernet", packets())))
    tool("editcap", "-F", "pcapng", capture, replay.folder / "edited.pcapng")
    assert decisions(replay.lines(replay.folder / "edited.pcapng")[0]) == of_simulate(replay)


def test_a_capture_from_standard_input(replay):
    data = pcap(1, framed("ethernet", packets()))
    assert decisions(replay.lines("-", given=data)[0]) == of_simulate(replay)


@pytest.mark.parametrize("direction", ["ingress", "egress"])
def test_one_interface_and_one_direction(replay, direction):
    capture = replay.file("capture.pcap", pcap(1, framed("ethernet", packets())))
    lines, _ = replay.lines(capture, "--interface", "web", "--direction", direction)
    assert decisions(lines) == of_simulate(replay, path=lambda _: [{"direction": direction, "interface": "web"}])


def test_one_interface_and_the_direction_that_the_addresses_say(replay):
    own = [one for one in AFTERNOON if WEB in (one[1].src, one[1].dst)]
    capture = replay.file("capture.pcap", pcap(1, framed("ethernet", packets(own))))

    def path(data):
        return [{"direction": "egress" if step_packet(data)["source"] == WEB else "ingress", "interface": "web"}]

    lines, _ = replay.lines(capture, "--interface", "web")
    assert decisions(lines) == of_simulate(replay, own, path=path)
    assert {gate.get("interface", "web") for line in lines for gate in line["gates"]} == {"web"}


def test_totals_are_the_sums_of_the_verdicts(replay):
    capture = replay.file("capture.pcap", pcap(1, framed("ethernet", packets())))
    lines, summary = replay.lines(capture)
    counted = summary["policies"][0]
    assert counted["packets"]["accepted"] == sum(line["verdict"] == "accept" for line in lines)
    assert counted["packets"]["dropped"] == sum(line["verdict"] == "drop" for line in lines)
    for reason in counted["reasons"]:
        assert reason["packets"] == sum(line["reason"] == reason["reason"] for line in lines), reason
    for gate in counted["gates"]:
        met = [(one["gate"], one["outcome"]) for line in lines for one in line["gates"]]
        assert gate["packets"] == met.count((gate["gate"], gate["outcome"])), gate
    conversations = counted["conversations"]["listed"]
    assert counted["conversations"]["total"] == len(conversations)
    assert sum(one["packets"] for one in conversations) == len(lines)
    assert sum(one["bytes"] for one in conversations) == sum(line["packet"]["length"] for line in lines)
    web = next(one for one in conversations if one["conversation"] == f"tcp {CLIENT}:40000 - {WEB}:443")
    assert (web["packets"], web["accepted"], web["dropped"], web["first"], web["last"]) == (6, 5, 1, 0.0, 900_000.0)


def test_only_what_was_refused(replay):
    capture = replay.file("capture.pcap", pcap(1, framed("ethernet", packets())))
    refused = [i + 1 for i, one in enumerate(of_simulate(replay)) if one["verdict"] == "drop"]
    lines, summary = replay.lines(capture, "--denied")
    assert [line["number"] for line in lines] == refused
    assert all(one["dropped"] > 0 for one in summary["policies"][0]["conversations"]["listed"])
    text, _ = replay.run(capture, "--denied")
    assert [int(line.split()[0]) for line in text.splitlines()[1 : 1 + len(refused)]] == refused


def test_text_for_people(replay):
    capture = replay.file("capture.pcap", pcap(1, framed("ethernet", packets())))
    text, said = replay.run("capture.pcap", "--packets")
    assert said == ""
    lines = text.splitlines()
    assert lines[1].split() == [
        "1", "0.000000", "tcp", f"{CLIENT}:40000", "->", f"{WEB}:443", "[S]", "accept,", "passed:", "acl-ingress", "A",
        "allow", "100,", "sg-ingress", "web", "new", "web",
    ]
    assert lines[6].endswith("drop, acl-entry: acl-ingress A deny 90")
    assert "capture.pcap: 33 packets, Ethernet, from 2023-11-14T22:13:20.000000000Z, 900000.000000 s" in lines
    assert "\033" not in text
    short, _ = replay.run(capture, "--limit", 2)
    assert "and 16 more conversations; --limit shows more" in short


def test_what_is_not_ip_is_counted_and_not_judged(replay):
    arp = bytes(12) + b"\x08\x06" + bytes(28)
    frames = [(BEGUN, arp), *framed("ethernet", packets()), (BEGUN + 900_001 * 10**9, arp)]
    lines, summary = replay.lines(replay.file("capture.pcap", pcap(1, frames)))
    assert [line["number"] for line in lines if line["reason"] == "not-ip"] == [1, 35]
    assert (lines[0]["verdict"], lines[0]["link_protocol"]) == ("none", 0x0806)
    assert decisions(lines[1:-1]) == of_simulate(replay)
    assert summary["policies"][0]["packets"]["not_ip"] == 2


def test_damaged_packets_are_dropped_and_counted(replay):
    whole = bytes(to_web(TCP(sport=40000, dport=443, flags="S")))
    liars = [b"\x4f" + whole[1:], whole[:2] + b"\xff\xff" + whole[4:], b"\x65" + whole[1:]]
    frames = [(BEGUN, bytes(12) + b"\x08\x00" + data) for data in liars]
    lines, summary = replay.lines(replay.file("capture.pcap", pcap(1, frames)))
    assert [line["error"] for line in lines] == ["bad-header-length", "bad-total-length", "bad-version"]
    assert {(line["verdict"], line["reason"]) for line in lines} == {("drop", "malformed")}
    counted = summary["policies"][0]["packets"]
    assert (counted["judged"], counted["damaged"], counted["dropped"]) == (0, 3, 3)


def test_a_header_that_the_capture_has_not_kept_is_not_judged(replay):
    """What is missing there was not missing in the packet."""
    sent = [(0.0, to_web(TCP(sport=40000, dport=443, flags="S"))), (0.1, to_web(UDP(sport=1, dport=5000) / bytes(90)))]
    kept = pcap(1, framed("ethernet", packets(sent)), snap=14 + 28)
    lines, summary = replay.lines(replay.file("capture.pcap", kept))
    assert [(line["verdict"], line["reason"]) for line in lines] == [("none", "cut"), ("accept", "passed")]
    assert lines[1]["packet"]["length"] == 118
    assert summary["policies"][0]["packets"]["cut"] == 1
    text, _ = replay.run(replay.folder / "capture.pcap")
    assert "1 cut by the capture before the end of their headers" in text


def test_time_that_runs_backwards(replay):
    """A packet is judged at the time of the latest one before it, and it is said."""
    hello, answer = to_web(UDP(sport=6000, dport=5000) / b"a"), IP(src=WEB, dst=CLIENT) / UDP(sport=5000, dport=6000)
    sent = [(0.0, hello), (40.0, to_web(UDP(sport=6001, dport=5000))), (20.0, answer), (41.0, answer)]
    lines, summary = replay.lines(replay.file("capture.pcap", pcap(1, framed("ethernet", packets(sent)))))
    assert [line["at"] for line in lines] == [0.0, 40.0, 40.0, 41.0]
    assert [line["verdict"] for line in lines] == ["accept", "accept", "drop", "drop"]
    assert (summary["capture"]["set_back"], summary["capture"]["farthest_back_seconds"]) == (1, 20.0)
    text, _ = replay.run(replay.folder / "capture.pcap")
    assert "1 packet has a time stamp before that of an earlier one (at most 20.000000 s)" in text


def test_two_policies(replay):
    capture = replay.file("capture.pcap", pcap(1, framed("ethernet", packets())))
    other = replay.folder / "other.yaml"
    other.write_text(POLICY.replace("ports: 443, source: 203.0.113.0/24", "ports: 22, source: 203.0.113.0/24"), encoding="utf-8")
    before, after = of_simulate(replay), replay.simulate(steps(), other)
    differing = [i + 1 for i, (a, b) in enumerate(zip(before, after, strict=True)) if a["verdict"] != b["verdict"]]
    assert len(differing) == 7
    lines, summary = replay.lines(capture, "--against", other, status=1)
    assert [line["number"] for line in lines] == differing
    for line in lines:
        first, second = line["decisions"]
        assert (first["policy"], second["policy"]) == (str(replay.policy), str(other))
        assert decisions([first, second]) == [before[line["number"] - 1], after[line["number"] - 1]]
    assert summary["differences"] == {
        "packets": 7,
        "only_first_accepts": 6,
        "only_second_accepts": 1,
        "conversations": [
            {"conversation": f"tcp {CLIENT}:40000 - {WEB}:443", "packets": 6, "differing": 5, "accepted": [5, 0]},
            {"conversation": f"tcp {CLIENT}:40001 - {WEB}:22", "packets": 1, "differing": 1, "accepted": [0, 1]},
            {"conversation": f"tcp {CLIENT}:40009 - {WEB}:443", "packets": 1, "differing": 1, "accepted": [1, 0]},
        ],
    }
    text, _ = replay.run(capture, "--against", other, "--limit", 1, status=1)
    assert "and 6 more packets that are judged differently; --packets shows all" in text
    assert "7 packets are judged differently: 6 accepted only by" in text


def test_two_policies_that_agree(replay):
    capture = replay.file("capture.pcap", pcap(1, framed("ethernet", packets())))
    text, _ = replay.run(capture, "--against", replay.policy)
    assert "Both policies give every packet the same verdict." in text
    lines, summary = replay.lines(capture, "--against", replay.policy)
    assert (lines, summary["differences"]["packets"]) == ([], 0)


def test_json_without_packets_is_one_document(replay):
    capture = replay.file("capture.pcap", pcap(1, framed("ethernet", packets())))
    document = json.loads(replay.run(capture, "--json")[0])
    assert (document["schema"], document["kind"]) == ("vpcwall/replay/1", "summary")
    assert document == replay.lines(capture)[1]


def test_ipv6_stands_in_brackets(replay):
    capture = replay.file("capture.pcap", pcap(101, framed("raw", packets())))
    assert f"tcp [{CLIENT_V6}]:40000 - [2001:db8:1234:1a00::5]:443" in replay.run(capture)[0]


def test_a_file_name_that_is_no_utf8(replay):
    name = replay.folder / "captur\udce9.pcap"
    name.write_bytes(pcap(1, framed("ethernet", packets())))
    assert replay.lines(name)[1]["capture"]["file"].endswith("captur\ufffd.pcap")
