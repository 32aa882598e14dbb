"""A VPC made of network namespaces, and the world outside of it.

    a1 10.0.0.5  ─┐           As in a VPC there is no shared segment: every host has addresses of its own and one
    a2 10.0.0.6  ─┤ router    route, to the router, so each packet between two of them is forwarded there, also
    b1 10.0.1.5  ─┤           inside a subnet. Neighbours are fixed: no ARP, no neighbour discovery, no waiting for
    x  203.0.113.12 ┘         duplicate address detection.
"""

from namespaces import Namespace

HOSTS = {
    "a1": ["10.0.0.5", "10.0.0.55", "2001:db8:1234:1a00::5"],
    "a2": ["10.0.0.6", "2001:db8:1234:1a00::6"],
    "b1": ["10.0.1.5", "2001:db8:1234:1a01::5"],
    "x": ["203.0.113.12", "203.0.113.1", "198.51.100.77", "2001:db8:ffff::12"],
}
A1, A1_V6 = HOSTS["a1"][0], HOSTS["a1"][2]
A2 = HOSTS["a2"][0]
B1 = HOSTS["b1"][0]
X, Y, X_V6 = HOSTS["x"][0], HOSTS["x"][2], HOSTS["x"][3]

GATEWAYS = {4: ("169.254.0.1", "169.254.0.2"), 6: ("fe80::1", "fe80::2")}  # the router's end, the host's end


def family_of(address):
    return 6 if ":" in address else 4


def host_prefix(address):
    return f"{address}/{128 if ':' in address else 32}"


def router_mac(number):
    return f"02:00:00:00:{number:02x}:01"


def host_mac(number):
    return f"02:00:00:00:{number:02x}:02"


class Host(Namespace):
    def __init__(self, name, number):
        super().__init__(name)
        self.number = number
        self.addresses = []

    def attach(self, addresses):
        """The host's half of the link to the router."""
        self.addresses = addresses
        commands = ["link set eth0 up"]
        for address in addresses:
            nodad = "nodad" if family_of(address) == 6 else ""
            commands.append(f"address add {host_prefix(address)} dev eth0 {nodad}")
        for family in sorted({family_of(address) for address in addresses}):
            first = next(address for address in addresses if family_of(address) == family)
            gateway = GATEWAYS[family][0]
            commands.append(f"neighbour add {gateway} lladdr {router_mac(self.number)} dev eth0 nud permanent")
            everywhere = "::/0" if family == 6 else "0.0.0.0/0"
            commands.append(f"route add {everywhere} via {gateway} dev eth0 onlink src {first}")
        self.ip("\n".join(commands))


class Vpc:
    """router and hosts by name; the router's device towards a host has the host's name."""

    def __init__(self, router=None):
        self.namespaces = []
        try:
            self.router = self._keep(router or Namespace("router"))
            self.router.configure(
                {
                    "ipv4/ip_forward": 1,
                    "ipv6/conf/all/forwarding": 1,
                    "ipv4/conf/all/send_redirects": 0,
                    "ipv4/conf/default/send_redirects": 0,
                }
            )
            for number, (name, addresses) in enumerate(HOSTS.items(), start=1):
                host = self._keep(Host(name, number))
                self._link(host, name)
                host.attach(addresses)
                self._route(host, name)
                setattr(self, name, host)
        except BaseException:
            self.remove()
            raise

    def _keep(self, namespace):
        self.namespaces.append(namespace)
        return namespace

    def _link(self, host, device):
        self.router.ip(
            f"link add {device} address {router_mac(host.number)} type veth"
            f" peer name eth0 address {host_mac(host.number)} netns {host.name}\nlink set {device} up"
        )

    def _route(self, host, device):
        commands = []
        for family in sorted({family_of(address) for address in host.addresses}):
            gateway = GATEWAYS[family][1]
            commands.append(f"neighbour add {gateway} lladdr {host_mac(host.number)} dev {device} nud permanent")
        for address in host.addresses:
            gateway = GATEWAYS[family_of(address)][1]
            commands.append(f"route add {host_prefix(address)} via {gateway} dev {device} onlink")
        self.router.ip("\n".join(commands))

    def unplug(self, name):
        """The link of a host is gone, both ends of it."""
        self.router.ip(f"link delete {name}")

    def plug(self, name):
        """As at the beginning: for the kernel, other devices of the same names."""
        host = getattr(self, name)
        self._link(host, name)
        host.attach(HOSTS[name])
        self._route(host, name)

    def remove(self):
        for namespace in self.namespaces:
            namespace.remove()
