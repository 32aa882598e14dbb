"""client - one router per firewall - server, each in a network namespace of its own, on veth.

A router of its own for each firewall: what one leaves in the kernel's packet path must not slow the next one down.
"""

import os
import subprocess

CLIENT_ADDRESSES = [f"203.0.113.{last}" for last in range(2, 10)]
SERVER_ADDRESS = "10.0.2.10"
SINK_PORTS = "7000-7999"  # datagrams to these are counted at the server's device and go no further


def run(arguments, text=None):
    done = subprocess.run(arguments, input=text, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(arguments)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


class Topology:
    def __init__(self, routers):
        self.prefix = f"vpcwall-bench-{os.getpid()}"
        self.routers = routers
        self.names = ["client", "server", *routers]

    def __enter__(self):
        try:
            self._build()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for name in self.names:
            subprocess.run(["ip", "netns", "delete", self.namespace(name)], capture_output=True, check=False)

    def namespace(self, name):
        return f"{self.prefix}-{name}"

    def enter(self, name):
        """What has to stand before a command for it to run there; /sys stays that of the host."""
        return ["nsenter", f"--net=/run/netns/{self.namespace(name)}"]

    def inside(self, name, *arguments, text=None):
        return run([*self.enter(name), *arguments], text)

    def _build(self):
        for name in self.names:
            run(["ip", "netns", "add", self.namespace(name)])
            self.inside(name, "ip", "link", "set", "lo", "up")
        for address in CLIENT_ADDRESSES:
            self.inside("client", "ip", "address", "add", f"{address}/32", "dev", "lo")
        self.inside("server", "ip", "address", "add", f"{SERVER_ADDRESS}/32", "dev", "lo")
        for index, router in enumerate(self.routers):
            self._connect(index, router)
        for name in ("client", "server"):
            for setting in ("net.ipv4.conf.all.rp_filter=0", "net.ipv4.ip_local_port_range=1024 65535",
                            "net.ipv4.tcp_tw_reuse=1", "net.ipv4.tcp_max_tw_buckets=400000",
                            "net.ipv4.tcp_max_syn_backlog=65536", "net.core.somaxconn=65535"):
                self.inside(name, "sysctl", "--quiet", "--write", setting)
        chains = "".join(f'chain in{index} {{ type filter hook ingress device "r{index}" priority 0; '
                         f"udp dport {SINK_PORTS} counter drop\n }}\n" for index in range(len(self.routers)))
        self.inside("server", "nft", "-f", "-", text=f"table netdev sink {{\n{chains}}}\n")

    def _connect(self, index, router):
        there = self.namespace(router)
        for side, name, net in (("client", "c", 1), ("server", "s", 2)):
            run(["ip", "link", "add", f"r{index}", "netns", self.namespace(side), "type", "veth", "peer", "name",
                 f"{name}0", "netns", there])
            end, hop = f"169.254.{net}{index}.2", f"169.254.{net}{index}.1"
            self.inside(side, "ip", "address", "add", f"{end}/30", "dev", f"r{index}")
            self.inside(side, "ip", "link", "set", f"r{index}", "up")
            self.inside(router, "ip", "address", "add", f"{hop}/30", "dev", f"{name}0")
            self.inside(router, "ip", "link", "set", f"{name}0", "up")
            network = "203.0.113.0/24" if side == "client" else "10.0.2.0/24"
            self.inside(router, "ip", "route", "add", network, "via", end)
        for setting in ("net.ipv4.ip_forward=1", "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.c0.rp_filter=0",
                        "net.ipv4.conf.s0.rp_filter=0", "net.ipv4.conf.all.send_redirects=0"):
            self.inside(router, "sysctl", "--quiet", "--write", setting)

    def use(self, router):
        """All traffic takes this router from now on."""
        index = self.routers.index(router)
        self.inside("client", "ip", "route", "replace", "default", "via", f"169.254.1{index}.1", "src",
                    CLIENT_ADDRESSES[0])
        self.inside("server", "ip", "route", "replace", "default", "via", f"169.254.2{index}.1", "src", SERVER_ADDRESS)

    def segmentation_offload(self, router, state):
        """Whether the ends hand over packets larger than a frame."""
        device = f"r{self.routers.index(router)}"
        for name in ("client", "server"):
            self.inside(name, "ethtool", "--offload", device, "tso", state, "gso", state, "gro", state)

    def sunk(self):
        """Datagrams that reached the server."""
        words = self.inside("server", "nft", "list", "table", "netdev", "sink").split()
        return sum(int(words[i + 1]) for i, word in enumerate(words) if word == "packets")
