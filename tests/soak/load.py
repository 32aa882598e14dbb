"""What goes through the firewall while it is soaked: transfers that never end, and floods of packets made once."""

import contextlib
import random
import socket
import threading

from conditions import eventually
from scapy.layers.inet import IP, TCP, UDP
from topology import A1, B1, X, host_mac, router_mac
from traffic import mac
from transfers import Transfer

PAUSE = 0.02  # seconds between two blocks: a load that leaves the processors to others as well


class SteadyTransfer:
    """A transfer whose sender goes on by itself, and stands still between pause() and resume()."""

    def __init__(self, client, server, address, port):
        self._transfer = Transfer(client, server, address, port, seed=port)
        self._may_send = threading.Event()
        self._may_send.set()
        self._ended = threading.Event()
        self._sending = threading.Lock()
        self.failure = None
        self._thread = threading.Thread(target=self._send, daemon=True)
        self._thread.start()

    def _send(self):
        try:
            while not self._ended.is_set():
                self._may_send.wait()
                with self._sending:
                    if self._may_send.is_set():  # pause() may have come in between
                        self._transfer.send_block()
                self._ended.wait(PAUSE)  # the rate, not a wait for anything
        except OSError as failure:
            self.failure = failure

    @property
    def megabytes(self):
        return self._transfer.received / 1e6

    def await_flow(self):
        """Returns while bytes arrive."""
        before = self._transfer.received
        eventually(lambda: self.failure or self._transfer.received > before, "a transfer to go on", within=60)

    def pause(self):
        """Returns when all that was sent has arrived."""
        self._may_send.clear()
        with self._sending:
            pass
        eventually(lambda: self.failure or self._transfer.received == self._transfer.sent, "a transfer to settle", within=60)

    def resume(self):
        self._may_send.set()

    def finish(self):
        """Both ends must have seen the same bytes."""
        self._ended.set()
        self._may_send.set()
        self._thread.join()
        assert self.failure is None, f"a transfer broke: {self.failure}"
        self._transfer.finish()


def packets(kind, count, numbers):
    """Ready to be sent: so many of a kind."""
    port = lambda: numbers.randrange(20000, 22000)  # noqa: E731
    if kind == "allowed":  # a flow for each port
        return [IP(src=A1, dst=B1) / UDP(sport=port(), dport=7) / b"flood" for _ in range(count)]
    if kind == "refused":
        return [IP(src=X, dst=B1) / TCP(sport=port(), dport=80, flags="S") for _ in range(count)]
    # Headers that IP lets pass and we refuse: a TCP header that is cut, one that says it is longer than the packet.
    return [IP(src=X, dst=B1, proto=6) / numbers.randbytes(numbers.randrange(1, 20)) for _ in range(count)]


class Flood:
    """Frames of a host, built once, sent as fast as one thread can. A context manager."""

    def __init__(self, host, kind, count, numbers):
        head = mac(router_mac(host.number)) + mac(host_mac(host.number)) + b"\x08\x00"
        self.kind = kind
        self._frames = [head + bytes(packet) for packet in packets(kind, count, numbers)]
        self._wire = host.socket(socket.AF_PACKET, socket.SOCK_RAW)
        self._wire.bind(("eth0", 0))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._wire.close()

    def send(self, times):
        sent = 0
        for _ in range(times):
            for frame in self._frames:
                with contextlib.suppress(BlockingIOError, OSError):  # a full device: what was not sent is not counted
                    self._wire.send(frame)
                    sent += 1
        return sent


def floods(vpc, seed):
    numbers = random.Random(seed)
    hosts = {"allowed": vpc.a1, "refused": vpc.x, "malformed": vpc.x}
    return [Flood(host, kind, 1000, numbers) for kind, host in hosts.items()]
