"""UDP packets with numbers, so many a second, from one thread; who got them is counted on another."""

import socket
import threading
import time

from traffic import udp_socket

SO_RCVBUFFORCE = 33


class Numbered:
    """Packet n goes to ports[n % len(ports)] of `address`. join() ends it: after `packets`, or at once with stop()."""

    def __init__(self, sender, source, receiver, address, ports, packets, a_second):
        self._to = [(address, port) for port in ports]
        self._packets, self._rate = packets, a_second
        self._ends = [udp_socket(receiver, address, port) for port in ports]
        for end in self._ends:
            end.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
            end.settimeout(0.2)
        self._source = udp_socket(sender, source)
        self.sent = 0
        self.got = [[] for _ in ports]  # numbers, by port
        self._done, self._stop = threading.Event(), threading.Event()
        works = [(self._receive, place) for place in range(len(ports))]
        self._threads = [threading.Thread(target=work, args=(place,), daemon=True) for work, place in works]
        self._threads.append(threading.Thread(target=self._send, daemon=True))
        for thread in self._threads:
            thread.start()

    def _send(self):
        begin = time.monotonic()
        while self.sent < self._packets and not self._stop.is_set():
            self._source.sendto(self.sent.to_bytes(4, "big"), self._to[self.sent % len(self._to)])
            self.sent += 1
            if self.sent % 20 == 0:
                ahead = begin + self.sent / self._rate - time.monotonic()
                if ahead > 0:
                    time.sleep(ahead)  # the rate, not a wait for anything
        self._done.set()

    def _receive(self, place):
        while True:
            done = self._done.is_set()
            try:
                self.got[place].append(int.from_bytes(self._ends[place].recv(16), "big"))
            except TimeoutError:
                if done:
                    return

    def stop(self):
        self._stop.set()

    def join(self):
        for thread in self._threads:
            thread.join()
        for end in (*self._ends, self._source):
            end.close()
        return self
