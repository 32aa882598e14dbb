"""Every packet that the kernel hands over ends in exactly one counted place, also when there are far too many."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from policies import OUT_ALL, Policy
from topology import A1
from traffic import udp_socket

POLICY = Policy(members={"a1": ["g"]}, groups={"g": (["udp/1-65535 203.0.113.0/24"], OUT_ALL)})
# Counted by the kernel in front of our rules: an account that is not ours.
WITNESS = "*mangle\n-A FORWARD -d 10.0.0.0/8 -m comment --comment witness -j ACCEPT\nCOMMIT\n"


@pytest.fixture(name="witness")
def _witness(vpc):
    """Packets that were forwarded to the VPC since the beginning of the test."""
    with vpc.router.entered():
        subprocess.run(["iptables-nft-restore", "--noflush"], input=WITNESS, text=True, check=True)
    # Somebody listens there, so that no error comes back, which would be a packet as well.
    sink = udp_socket(vpc.a1, A1, 54)

    def packets():
        lines = vpc.router.run("iptables-nft-save", "-c", "-t", "mangle").stdout.splitlines()
        (line,) = [line for line in lines if "witness" in line]
        return int(line[1:].partition(":")[0])

    yield packets
    sink.close()
    vpc.router.run("iptables-nft", "-t", "mangle", "-F", "FORWARD")


def flood(vpc, seconds="2"):
    """As many as the machine can send, all to a port that a rule allows."""
    program = Path(os.environ["VPCWALL_BUILD"], "bench", "bench_traffic")
    result = vpc.x.run(str(program), "datagrams", "--to", A1, "--port", "54", "--flows", "8", "--seconds", seconds, within=60)
    assert result.returncode == 0, result.stdout
    return json.loads(result.stdout)


@pytest.mark.parametrize(
    ("name", "queues"),
    [
        ("queue_full", {"count": 1, "length": 64}),
        ("socket_full", {"count": 1, "length": 65535, "receive_buffer": 65536}),
        ("both_queues", {"count": 2, "length": 256}),
    ],
)
def test_the_equation_holds_under_overload(vpc, guard, witness, name, queues):
    daemon = guard(POLICY, fast_path="off", queues=queues)
    flood(vpc)
    daemon.suspend()  # so that even a slow sender is too fast
    flood(vpc, seconds="0.5")
    daemon.resume()
    flood(vpc, seconds="0.5")
    conserved = daemon.settled()
    print(conserved)
    assert conserved["handed"] == witness()
    lost = conserved["queue_full"] + conserved["socket_full"]
    assert lost > 0
    if name != "both_queues":
        assert conserved[name] == lost
    assert conserved["judged"] + lost == conserved["handed"]
    assert conserved["judged"] == sum(row["packets"] for row in daemon.counters().report["reasons"])


def test_what_the_kernel_answered_was_never_handed_over(vpc, guard, witness):
    daemon = guard(POLICY, fast_path="required")
    sent = flood(vpc, seconds="1")
    conserved = daemon.settled()
    print(sent, conserved)
    assert conserved["handed"] + conserved["by_kernel"] == witness()
    assert conserved["by_kernel"] > conserved["handed"]
    assert conserved["judged"] + conserved["by_record"] + conserved["by_kernel"] == sum(
        row["packets"] for row in daemon.counters().report["reasons"]
    ), "and each of them is counted for its reason"


def test_counters_of_a_process_before_are_not_its_own_packets(vpc, guard, witness):
    daemon = guard(POLICY, fast_path="off")
    flood(vpc, seconds="0.2")
    before = daemon.settled()
    assert daemon.hand_over() == 0
    daemon.start()
    conserved = daemon.settled()
    assert conserved["handed"] == conserved["judged"] == 0
    assert daemon.counters().reason("passed") >= before["judged"]
