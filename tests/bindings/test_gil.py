"""Other threads run, or do not, as each route says."""

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
