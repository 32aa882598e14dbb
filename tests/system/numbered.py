"""UDP packets with numbers, so many a second, from one thread; who got them is noted on another."""

import socket
import threading
import time

from conditions import eventually
from traffic import udp_socket

SO_RCVBUFFORCE = 33


class Numbered:
    """Packet n goes to ports[n % len(ports)] of `address`, until stop(). With `under_way` no more than so many have been
    sent and not arrived, so that a queue has room for them however long nobody judges. A context manager."""

    def __init__(self, sender, source, receiver, address, ports, a_second, under_way=None):
        self._to = [(address, port) for port in ports]
        self._rate, self._under_way = a_second, under_way
        self._ends = [udp_socket(receiver, address, port) for port in ports]
        for end in self._ends:
            end.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
            end.settimeout(0.2)
        self._source = udp_socket(sender, source)
        self.sent = 0  # final after stop()
        self.got = [[] for _ in ports]  # numbers, by port, as they arrived
        self._stopped, self._finished = threading.Event(), threading.Event()
        self._failure = None
        self._sender = threading.Thread(target=self._send, daemon=True)
        self._receivers = [threading.Thread(target=self._receive, args=(place,), daemon=True) for place in range(len(ports))]
        for thread in (self._sender, *self._receivers):
            thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stopped.set()
        self._finished.set()
        for thread in (self._sender, *self._receivers):
            thread.join()
        for end in (*self._ends, self._source):
            end.close()

    def _send(self):
        try:
            begin = time.monotonic()
            while not self._stopped.is_set():
                if self._under_way is not None and self.sent - self.arrived() >= self._under_way:
                    time.sleep(0.001)  # until there is room, or nobody wants more
                    begin = time.monotonic() - self.sent / self._rate  # what was not sent meanwhile is not made up for
                    continue
                self._source.sendto(self.sent.to_bytes(4, "big"), self._to[self.sent % len(self._to)])
                self.sent += 1
                if self.sent % 20 == 0:
                    ahead = begin + self.sent / self._rate - time.monotonic()
                    if ahead > 0:
                        time.sleep(ahead)  # the rate, not a wait for anything
        except OSError as failure:
            self._failure = failure

    def _receive(self, place):
        while True:
            finished = self._finished.is_set()
            try:
                self.got[place].append(int.from_bytes(self._ends[place].recv(16), "big"))
            except TimeoutError:
                if finished:
                    return

    def arrived(self):
        return sum(map(len, self.got))

    def await_arrivals(self, packets):
        """That so many have arrived in all."""
        try:
            eventually(lambda: self.arrived() >= packets, f"{packets} packets to arrive", within=60)
        except AssertionError as late:
            raise AssertionError(f"{self.arrived()} of {packets} packets arrived, {self.sent} were sent") from late

    def stop(self):
        """No packet is sent any more. How many were; they need not have arrived."""
        self._stopped.set()
        self._sender.join()
        if self._failure is not None:
            raise self._failure
        return self.sent
