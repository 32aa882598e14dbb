"""Both ends of conversations, held by one process: connections, servers, packets as they arrive, packets made by hand."""

import contextlib
import select
import socket
import threading

from conditions import eventually
from scapy.layers.inet import IP
from scapy.layers.inet6 import IPv6
from topology import family_of, host_mac, router_mac

PATIENCE = 10.0  # seconds for what must happen; never waited out unless it fails
ETH_P_ALL, ETH_P_ARP = 3, 0x0806


def socket_family(address):
    return socket.AF_INET6 if family_of(address) == 6 else socket.AF_INET


def tcp_socket(host, address):
    connection = host.socket(socket_family(address), socket.SOCK_STREAM)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def connect(host, address, port, source=None):
    """An established connection."""
    connection = tcp_socket(host, address)
    connection.settimeout(PATIENCE)
    if source:
        connection.bind((source, 0))
    connection.connect((address, port))
    return connection


class Attempt:
    """A connection being opened, for as long as the kernel likes to try; its IPv6 packets carry these options."""

    def __init__(self, host, address, port, destination_options=b""):
        self.socket = tcp_socket(host, address)
        if destination_options:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_DSTOPTS, destination_options)
        self.socket.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            self.socket.connect((address, port))

    def settled(self):
        """Whether there was any answer: accepted, refused, unreachable."""
        return bool(select.select([], [self.socket], [], 0)[1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


def receive_exactly(connection, size):
    data = bytearray()
    while len(data) < size:
        piece = connection.recv(size - len(data))
        assert piece, f"the connection ended after {len(data)} of {size} bytes"
        data += piece
    return bytes(data)


def echoes(connection, data=b"are you there?"):
    connection.sendall(data)
    return receive_exactly(connection, len(data)) == data


class TcpEcho:
    """A server that sends back what it gets, on any number of connections. A context manager."""

    def __init__(self, host, port, address="::"):
        self.listener = host.socket(socket_family(address), socket.SOCK_STREAM)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((address, port))
        self.listener.listen(128)
        self.accepted = 0
        self._end, self._wake = socket.socketpair()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._wake.close()
        self._thread.join()
        self._end.close()
        self.listener.close()

    def _serve(self):
        connections = []
        while True:
            ready, _, _ = select.select([self.listener, self._end, *connections], [], [])
            if self._end in ready:
                break
            if self.listener in ready:
                connections.append(self.listener.accept()[0])
                self.accepted += 1
            for connection in [one for one in ready if one in connections]:
                try:
                    data = connection.recv(65536)
                except OSError:
                    data = b""
                if data:
                    connection.sendall(data)
                else:
                    connections.remove(connection)
                    connection.close()
        for connection in connections:
            connection.close()


def udp_socket(host, address, port=0):
    """A bound datagram socket."""
    end = host.socket(socket_family(address), socket.SOCK_DGRAM)
    end.settimeout(PATIENCE)
    end.bind((address, port))
    return end


def is_silent(end):
    """Nothing has arrived at a socket. Ask when the verdict is known, for instance by a counter."""
    return not select.select([end], [], [], 0)[0]


class Capture:
    """What arrives at a device of a namespace, as IP packets. A context manager."""

    def __init__(self, namespace, device="eth0"):
        self.socket = namespace.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self.socket.bind((device, ETH_P_ALL))
        self.socket.setblocking(False)
        self._seen = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def arrived(self):
        """All that has arrived so far, oldest first."""
        while True:
            try:
                data, (_, protocol, kind, _, _) = self.socket.recvfrom(1 << 17)
            except BlockingIOError:
                return self._seen
            if kind != socket.PACKET_OUTGOING and data and protocol != ETH_P_ARP:
                packet = IP(data) if data[0] >> 4 == 4 else IPv6(data)
                if not packet.dst.startswith("ff02:"):  # what the router's kernel says on every link, now and then
                    self._seen.append(packet)

    def arrived_from(self, source):
        return [packet for packet in self.arrived() if packet.src == source]

    def await_from(self, source, count=1):
        return eventually(
            lambda: len(self.arrived_from(source)) >= count and self.arrived_from(source), f"{count} packets from {source}"
        )


def inject(host, *packets):
    """Sends packets as they are, over the wire to the router: the host's own kernel has no say in them."""
    with host.socket(socket.AF_PACKET, socket.SOCK_RAW) as wire:
        wire.bind(("eth0", 0))
        for packet in packets:
            data = bytes(packet)
            kind = b"\x86\xdd" if data[0] >> 4 == 6 else b"\x08\x00"
            wire.send(mac(router_mac(host.number)) + mac(host_mac(host.number)) + kind + data)


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def ping(host, address):
    """Whether one echo request is answered."""
    return host.run("ping", "-n", "-c", "1", "-W", f"{PATIENCE:.0f}", address).returncode == 0


def is_unanswered(host, address):
    """Whether one echo request has no answer for a second. Ask a counter as well where there is one."""
    return host.run("ping", "-n", "-c", "1", "-W", "1", address).returncode == 1
