"""What the firewall rests on goes away: hook rules that somebody else removes, devices that vanish and come back."""

import re
import subprocess

import pytest
from conditions import eventually
from daemon import program
from metrics import Scrape
from policies import ANY_IN, OUT_ALL, Policy
from scapy.layers.inet import IP, UDP
from test_changes import apply
from topology import A1, A2, B1, X
from traffic import Attempt, Capture, TcpEcho, connect, echoes, inject

OPEN = Policy(members={"a1": ["g"], "b1": ["g"]}, groups={"g": (ANY_IN, OUT_ALL)})
WEB = Policy(members={"a1": ["g"], "b1": ["h"]}, groups={"g": ([], OUT_ALL), "h": (["tcp/80 10.0.0.0/16"], [])})
WITHOUT_RULES = Policy(members={"a1": ["g"], "b1": ["h"]}, groups={"g": ([], []), "h": ([], [])})
REMOVALS = {
    "everything": ["nft flush ruleset"],
    "a table": ["nft delete table ip vpcwall"],
    "the rules of a hook": ["nft flush chain ip vpcwall forward"],
    "a chain": ["nft flush chain ip vpcwall enqueue"],
    "a rule of IPv6": ["nft replace rule ip6 vpcwall forward handle {ip6 saddr} accept"],
    "an accept before all": ["nft insert rule ip vpcwall forward accept"],
    "put to sleep": ["nft add table ip vpcwall { flags dormant ; }"],
    "all of ours, in order": ["nft flush table ip vpcwall", "nft delete table ip vpcwall"],
}


def run(namespace, command):
    result = namespace.run(*command.split())
    assert result.returncode == 0, f"{command}: {result.stdout}"


def rules(daemon):
    """Those of the daemon, without handles and who owns them."""
    return [line for family in ("ip", "ip6") for line in listed(daemon.namespace, family).splitlines() if "flags" not in line]


def listed(namespace, family, *options):
    return namespace.run("nft", *options, "list", "table", family, "vpcwall").stdout


def with_handles(namespace, command):
    """The handle of the first rule of ours that has these words stands for {words}."""
    words = re.search(r"\{(ip6 .+)\}", command)
    if not words:
        return command
    listing = listed(namespace, "ip6", "--handle")
    handle = re.search(rf"{words[1]} .* # handle (\d+)", listing)
    assert handle, listing
    return command.replace(words[0], handle[1])


def mended(daemon):
    return daemon.status()["hooks"]["reinstalled"]


@pytest.mark.parametrize("fast_path", ["off", "required"])
@pytest.mark.parametrize("commands", REMOVALS.values(), ids=REMOVALS)
def test_rules_that_somebody_else_removes_are_there_again(vpc, guard, commands, fast_path):
    before = vpc.router.rules()
    daemon = guard(WEB, fast_path=fast_path, own_tables=False)
    assert not daemon.status()["hooks"]["owned"]
    installed = rules(daemon)
    with TcpEcho(vpc.b1, 80), TcpEcho(vpc.b1, 81) as denied, connect(vpc.a1, B1, 80) as running:
        assert echoes(running)
        for command in commands:
            # The second of two may find that all is back already, and then it fails: no matter.
            vpc.router.run(*with_handles(vpc.router, command).split())
        eventually(lambda: mended(daemon) > 0 and rules(daemon) == installed, "the rules to be there again")
        assert daemon.status()["hooks"]["state"] == "whole"
        assert echoes(running)
        denials = daemon.counters().gate("sg-ingress", "deny")
        with Attempt(vpc.a1, B1, 81) as attempt:
            eventually(lambda: daemon.counters().gate("sg-ingress", "deny") > denials, "a SYN to be denied")
            assert not attempt.settled()
        assert denied.accepted == 0
    assert "somebody else removed or changed the hook rules" in daemon.log()
    shown = subprocess.run([program("VPCWALL"), "status", "--socket", str(daemon.socket_path)],
                           capture_output=True, text=True, check=True)
    assert f"installed again {mended(daemon)} times" in shown.stdout
    assert daemon.stop() == 0
    assert vpc.router.rules() == before


@pytest.mark.parametrize("commands", REMOVALS.values(), ids=REMOVALS)
def test_rules_that_are_owned_cannot_be_removed(vpc, guard, commands):
    before = vpc.router.rules()
    daemon = guard(WEB)
    if not daemon.status()["hooks"]["owned"]:
        return  # Linux before 6.9: the test above is all there is
    installed = rules(daemon)
    with TcpEcho(vpc.b1, 80), connect(vpc.a1, B1, 80) as running:
        for command in commands:
            vpc.router.run(*with_handles(vpc.router, command).split())
        assert rules(daemon) == installed
        assert echoes(running)
    assert mended(daemon) == 0
    assert Scrape(vpc.router).value("vpcwall_hooks_owned") == Scrape(vpc.router).value("vpcwall_hooks_whole") == 1
    assert daemon.stop() == 0
    assert vpc.router.rules() == before


def test_iptables_neither_sees_nor_saves_our_rules(vpc, guard):
    tools = ("iptables-nft-save", "ip6tables-nft-save", "iptables-legacy-save", "ip6tables-legacy-save")
    before = [vpc.router.run(tool).stdout for tool in tools]
    guard(WEB)
    assert [vpc.router.run(tool).stdout for tool in tools] == before


def test_a_native_rule_in_a_table_of_iptables_changes_nothing(vpc, guard):
    """The tools of iptables cannot read such a table; we need not."""
    chain = "{ type filter hook forward priority 150; policy accept; ct state established,related accept; }"
    run(vpc.router, "nft add table ip security")
    try:
        assert vpc.router.run("nft", f"add chain ip security FORWARD {chain}").returncode == 0
        before = vpc.router.rules()
        for _ in range(3):
            daemon = guard(WEB)
            with TcpEcho(vpc.b1, 80), connect(vpc.a1, B1, 80) as connection:
                assert echoes(connection)
            assert daemon.stop() == 0
            assert vpc.router.rules() == before
    finally:
        run(vpc.router, "nft delete table ip security")


def test_rules_are_there_again_beside_very_many_of_others(vpc, guard):
    """Only our own tables are looked at."""
    elements = ",".join(f"10.{i >> 16}.{i >> 8 & 255}.{i & 255}" for i in range(1, 120_000))
    daemon = guard(WEB, own_tables=False)
    installed = rules(daemon)
    big = daemon.folder / "big.nft"
    big.write_text(
        f"add table inet kube\nadd set inet kube big {{ type ipv4_addr; }}\nadd element inet kube big {{ {elements} }}\n",
        encoding="ascii",
    )
    try:
        run(vpc.router, f"nft --file {big}")
        for times in range(1, 4):
            run(vpc.router, "nft delete table ip vpcwall")
            eventually(lambda: mended(daemon) >= times and rules(daemon) == installed, "the rules to be there again")
    finally:
        run(vpc.router, "nft delete table inet kube")


def test_what_others_do_to_their_own_rules_is_left_alone(vpc, guard):
    daemon = guard(WEB, own_tables=False)
    installed = rules(daemon)
    try:
        run(vpc.router, "nft add table inet somebody")
        run(vpc.router, "iptables -w -t security -A FORWARD -s 192.0.2.77 -j DROP")
        # Looked at in the order of what happened: once this one is mended, those before were seen and left.
        run(vpc.router, REMOVALS["a chain"][0])
        eventually(lambda: mended(daemon) > 0, "the rules to be there again")
        assert mended(daemon) == 1
        assert "192.0.2.77" in vpc.router.rules()
    finally:
        run(vpc.router, "iptables -w -t security -D FORWARD -s 192.0.2.77 -j DROP")
        run(vpc.router, "nft delete table inet somebody")
    assert rules(daemon) == installed


@pytest.mark.parametrize("fast_path", ["off", "required"])
def test_a_device_that_comes_back_is_judged_as_before(vpc, guard, fast_path):
    daemon = guard(OPEN, devices={"a1": "a1"}, fast_path=fast_path)
    installed = rules(daemon)
    for _ in range(3):
        vpc.unplug("a1")
        try:
            eventually(lambda: daemon.log().count(" is gone:") > daemon.log().count(" is here:"), "the daemon to miss it")
            daemon.ask("rules")
        finally:
            vpc.plug("a1")
        eventually(lambda: daemon.log().count(" is here:") == daemon.log().count(" is gone:"), "the daemon to find it")
        counted = daemon.counters().gate("source-dest-check", "deny")
        datagram = UDP(sport=1000, dport=2000) / b"who am I?"
        with Capture(vpc.x) as at_x, Capture(vpc.b1) as at_b1:
            inject(vpc.a1, IP(src="192.0.2.99", dst=X) / datagram, IP(src=A2, dst=B1) / datagram)
            daemon.await_gate("source-dest-check", "deny", packets=counted + 2)
            inject(vpc.a1, IP(src=A1, dst=X) / datagram)
            at_x.await_from(A1)
            assert at_x.arrived_from("192.0.2.99") == at_b1.arrived_from(A2) == []
    if fast_path == "off":  # otherwise rules name the class of the device, and that is another one
        assert rules(daemon) == installed


@pytest.mark.parametrize("fast_path", ["off", "required"])
def test_connections_go_on_when_their_device_is_back(vpc, guard, fast_path):
    daemon = guard(WEB, devices={"a1": "a1", "b1": "b1"}, fast_path=fast_path)
    with TcpEcho(vpc.b1, 80), connect(vpc.a1, B1, 80) as running:
        assert echoes(running)
        daemon.reload(WITHOUT_RULES)  # from now on only state lets anything pass
        assert echoes(running)
        for name in ("a1", "b1"):
            vpc.unplug(name)
        try:
            eventually(lambda: daemon.log().count(" is gone:") == 2, "the daemon to miss both")
        finally:
            for name in ("a1", "b1"):
                vpc.plug(name)
        eventually(lambda: daemon.log().count(" is here:") == 2, "the daemon to find both")
        assert echoes(running)
        assert len(daemon.flows()) == 2
        with Attempt(vpc.a1, B1, 80) as attempt:
            daemon.await_gate("sg-egress", "deny")
            assert not attempt.settled()


def test_a_start_awaits_a_device_that_is_not_here_yet(vpc, guard):
    """A host that boots makes its devices one by one, and is guarded before it has them all."""
    vpc.unplug("a1")
    try:
        daemon = guard(WEB, devices={"a1": "a1", "b1": "b1"})
        assert "there is no device a1 here yet" in daemon.log()
        assert daemon.status()["awaited_devices"] == ["a1"]
        assert Scrape(vpc.router).value("vpcwall_awaited_devices") == 1
    finally:
        vpc.plug("a1")
    eventually(lambda: "device a1 of interface" in daemon.log() and " is here:" in daemon.log(), "the daemon to find it")
    assert daemon.status()["awaited_devices"] == []
    with TcpEcho(vpc.b1, 80), connect(vpc.a1, B1, 80) as connection:
        assert echoes(connection)
    inject(vpc.a1, IP(src="192.0.2.99", dst=X) / UDP(sport=1000, dport=2000))
    daemon.await_gate("source-dest-check", "deny")


def test_what_was_not_confirmed_goes_also_while_a_device_is_absent(vpc, guard):
    """That the device is gone may be the very thing that is to be undone."""
    daemon = guard(OPEN, devices={"a1": "a1"})
    assert apply(daemon, WITHOUT_RULES, confirm_within_seconds=1)["accepted"]
    vpc.unplug("a1")
    try:
        eventually(lambda: "unconfirmed" not in daemon.status()["policy_in_force"], "the deadline")
        with TcpEcho(vpc.b1, 80), connect(vpc.x, B1, 80) as connection:
            assert echoes(connection)
    finally:
        vpc.plug("a1")
    eventually(lambda: daemon.status()["awaited_devices"] == [], "the daemon to find it")


def test_a_reload_is_refused_while_a_device_is_absent_and_works_when_it_is_back(vpc, guard):
    daemon = guard(OPEN, devices={"a1": "a1"})
    vpc.unplug("a1")
    try:
        eventually(lambda: " is gone:" in daemon.log(), "the daemon to miss it")
        answer = daemon.ask("reload")
        assert not answer["accepted"]
        assert any("there is no device a1" in line for line in answer["diagnostics"])
        with TcpEcho(vpc.b1, 80), connect(vpc.x, B1, 80) as connection:
            assert echoes(connection), "the others are judged as before"
    finally:
        vpc.plug("a1")
    eventually(lambda: " is here:" in daemon.log(), "the daemon to find it")
    daemon.reload(OPEN)
