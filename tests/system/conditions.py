"""Waiting for something to become true, never for time to pass."""

import time


def eventually(condition, what, within=10.0):
    """The first true value of condition(); fails if there is none in so many seconds, nor at a look after them."""
    end = time.monotonic() + within
    while True:
        late = time.monotonic() > end
        value = condition()
        if value:
            return value
        if late:
            raise AssertionError(f"waited {within} s for {what}")
        time.sleep(0.005)
