"""Something that goes on while a test does something else."""

import threading


class Background:
    """Work on a thread of its own, again and again until it is told to stop; what it raised comes out at the end."""

    def __init__(self, work):
        self.rounds = 0
        self._work = work
        self._stop = threading.Event()
        self._failure = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        try:
            while not self._stop.is_set():
                self._work()
                self.rounds += 1
        except BaseException as failure:  # handed to the thread that asks
            self._failure = failure

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()
        if self._failure:
            raise self._failure
