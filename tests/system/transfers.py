"""A long TCP transfer, one way, hashed at both ends."""

import hashlib
import random
import socket
import threading

from traffic import connect

BLOCK_SIZE = 1 << 20


class Transfer:
    """Its receiver runs on a thread until the sender is done; hashing and sockets leave both ends to work at once."""

    def __init__(self, client, server, address, port, seed=1):
        with server.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((address, port))
            listener.listen()
            self.sender = connect(client, address, port)
            self.receiver, _ = listener.accept()
        # A window of other bytes each time: a block that is lost, doubled or out of place changes the digest.
        self._bytes = memoryview(random.Random(seed).randbytes(2 * BLOCK_SIZE))
        self._blocks = 0
        self._sent, self._received = hashlib.sha256(), hashlib.sha256()
        self.sent = self.received = 0
        self._failure = None
        self._thread = threading.Thread(target=self._receive, daemon=True)
        self._thread.start()

    def _receive(self):
        room = memoryview(bytearray(BLOCK_SIZE))
        try:
            while size := self.receiver.recv_into(room):
                self._received.update(room[:size])
                self.received += size
        except OSError as failure:
            self._failure = failure

    def send_block(self):
        offset = self._blocks * 4099 % BLOCK_SIZE
        block = self._bytes[offset : offset + BLOCK_SIZE]
        self.sender.sendall(block)
        self._sent.update(block)
        self._blocks += 1
        self.sent += BLOCK_SIZE

    def finish(self):
        """Ends the connection; both ends must have seen the same bytes."""
        try:
            self.sender.shutdown(socket.SHUT_WR)
            self._thread.join()
        finally:
            self.sender.close()
            self.receiver.close()
        assert self._failure is None, self._failure
        assert (self.received, self._received.hexdigest()) == (self.sent, self._sent.hexdigest())
