"""A host that guards eth0, its neighbour on that wire, a wire that is not guarded, and a container on the host.

    container 172.17.0.2 ── docker0 ┐
                                    │ host ── eth0, guarded: A1 ──── eth0: X, Y ── peer
                                    └────── eth1: 192.0.2.1 ─────── eth1: 192.0.2.2 ┘

What the host forwards of the container it translates, as container engines do.
"""

import contextlib

from daemon import Daemon
from namespaces import Namespace
from policies import Policy
from topology import A1, A1_V6, X, X_V6, Y

HOST_MAC, PEER_MAC = "02:00:00:00:01:02", "02:00:00:00:02:02"
CONTAINER, FREE_HOST, FREE_PEER = "172.17.0.2", "192.0.2.1", "192.0.2.2"


class GuardedHost:
    def __init__(self):
        self.host, self.peer, self.container = Namespace("host"), Namespace("peer"), Namespace("container")
        self.host.ip(
            f"link add eth0 address {HOST_MAC} type veth peer name eth0 address {PEER_MAC} netns {self.peer.name}\n"
            f"link add eth1 type veth peer name eth1 netns {self.peer.name}\n"
            f"link add docker0 type bridge\n"
            f"link add veth1 type veth peer name eth0 netns {self.container.name}\n"
            f"link set veth1 master docker0 up\nlink set docker0 up\naddress add 172.17.0.1/16 dev docker0"
        )
        self.attach_host()
        self.host.ip(f"link set eth1 up\naddress add {FREE_HOST}/30 dev eth1")
        self.peer.ip(
            f"link set eth0 up\nlink set eth1 up\naddress add {FREE_PEER}/30 dev eth1\naddress add {X}/32 dev eth0\n"
            f"address add {Y}/32 dev eth0\naddress add {X_V6}/128 dev eth0 nodad\n"
            f"route add {A1} dev eth0 src {X}\nroute add {A1_V6} dev eth0 src {X_V6}"
        )
        self.container.ip(
            f"link set eth0 up\naddress add {CONTAINER}/16 dev eth0\nroute add default via 172.17.0.1 dev eth0"
        )
        self.host.configure({"ipv4/ip_forward": 1})

    def attach_host(self, device="eth0"):
        """Its half of the guarded link, by whatever device it has its address."""
        self.host.ip(
            f"link set {device} up\naddress replace {A1}/32 dev {device}\naddress replace {A1_V6}/128 dev {device} nodad\n"
            f"route replace {X} dev {device} src {A1}\nroute replace {Y} dev {device} src {A1}\n"
            f"route replace {X_V6} dev {device} src {A1_V6}"
        )

    def run(self, *command):
        result = self.host.run(*command)
        assert result.returncode == 0, result.stdout
        return result.stdout

    @contextlib.contextmanager
    def with_rules(self, *rules):
        """Of somebody else: arguments of iptables with -A, taken away again."""
        added = []
        try:
            for rule in rules:
                self.run("iptables", "-w", *rule.split())
                added.append(rule)
            yield
        finally:
            for rule in reversed(added):
                self.run("iptables", "-w", *rule.replace("-A ", "-D ", 1).split())

    def guard(self, ingress, egress, **settings):
        policy = Policy(members={"a1": ["g"]}, groups={"g": (ingress, egress)})
        return Daemon(self.host, policy, mode="host", devices={"a1": "eth0"}, **settings)

    def remove(self):
        for namespace in (self.container, self.host, self.peer):
            namespace.remove()
