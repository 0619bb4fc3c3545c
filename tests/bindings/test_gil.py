"""Other threads run, and Ctrl-C comes through, or they do not, as each route says."""

import subprocess
import sys
import threading
from collections.abc import Iterator

import numpy as np
import pytest
from routes import ROUTES

IMAGE = np.random.default_rng(1).integers(0, 60000, (700, 700)).astype("u2")


@pytest.fixture
def no_forced_switches() -> Iterator[None]:
    """A thread that waits for the GIL gets it only from one that gives it away."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(100)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.skipif(not getattr(sys, "_is_gil_enabled", lambda: True)(), reason="there is no GIL")
def test_gil(route: str, no_forced_switches: None) -> None:
    image, size = (IMAGE[:20, :20], 3) if route == "pure" else (IMAGE, 61)
    start, ran = threading.Lock(), threading.Event()
    start.acquire()

    def wait() -> None:
        with start:
            ran.set()

    thread = threading.Thread(target=wait)
    thread.start()
    start.release()
    ROUTES[route].median_filter(image, size)
    ran_meanwhile = ran.is_set()
    thread.join()
    assert ran_meanwhile == ROUTES[route].FEATURES.gil.startswith("released")


STOPPED = """
import signal
import numpy as np
from fastmath.bindings import {route} as route

def handler(number, frame):
    raise LookupError("a signal")

signal.signal(signal.SIGALRM, handler)
image = np.random.default_rng(1).integers(1, 60000, {shape}).astype("u2")
result = np.zeros_like(image)
signal.setitimer(signal.ITIMER_REAL, 0.1)
try:
    route.median_filter(image, {size}, output=result)
except LookupError:
    print("stopped" if not result[-1].any() else "ran to the end")
"""


def test_signals(route: str) -> None:
    """What a signal's handler raises stops a filter of seconds at once, where FEATURES say so, or follows it."""
    shape, size = ((90, 90), 9) if route == "pure" else ((6000, 6000), 61)
    program = STOPPED.format(route=route, shape=shape, size=size)
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True)
    assert done.stdout == ("stopped\n" if ROUTES[route].FEATURES.interrupts else "ran to the end\n"), done.stderr
