"""What moving the forty lines to C gives, and what the right algorithm adds."""

import importlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import fastmath
from fastmath.bench import forty_lines, straight
from fastmath.bench.slices import slice_or_noise
from fastmath.bench.table import Table
from fastmath.bench.timing import Effort, seconds_of

from .._arguments import Array

SIZE = 5
CLAIMS = {"Cython": "30 to 60", "ctypes": "20 to 50", "C API": "40 to 80"}
WRITTEN = {"Cython": "Python with types", "ctypes": "C, called with argtypes", "C API": "C with CPython's C API",
           "cffi API": "C, declared to cffi"}  # fmt: skip
MOVES = {"Cython": "CPython", "ctypes": "any Python", "C API": "CPython", "cffi API": "any Python"}
PEERS: dict[str, tuple[str, str]] = {
    "SciPy": ("scipy.ndimage", "scipy"),
    "OpenCV": ("cv2", "opencv-python-headless"),
}


def measure(effort: Effort) -> Iterator[Table]:
    """Fill the table; it comes back after each row."""
    image, what = slice_or_noise()
    columns = ["median", "ms", "times as fast as the forty lines", "tutorial", "written in", "runs on"]
    reading = (
        "The same algorithm in C is faster by one factor, whichever route leads to it: the call is nothing beside "
        "the work. What remains is the algorithm's, and there the other factor is to be had."
    )
    table = Table("median", f"Median {SIZE} x {SIZE} of a {what}, one thread", columns, reading)
    rows = image.tolist()
    expected: list[Any] = []
    plain = seconds_of(lambda: expected.append(forty_lines.median_filter(rows, SIZE)), Effort(1, 1, 1e-9))
    table.rows.append(["forty lines of Python", plain * 1e3, 1.0, None, "Python", "any Python"])
    yield table
    for name, call, facts in contestants(image, table.notes):
        if not np.array_equal(call(), expected[0]):
            table.notes.append(
                f"{name} gives other pixels at the border, where it extends the image differently."
            )
        seconds = seconds_of(call, effort)
        table.rows.append([name, seconds * 1e3, plain / seconds, *facts])
        yield table


Contestant = tuple[str, Callable[[], Array], tuple[str | None, str, str]]


def contestants(image: Array, notes: list[str]) -> Iterator[Contestant]:
    """The ports, the peers that are installed, and ours."""
    for route, port in straight.ports().items():
        facts = CLAIMS.get(route), WRITTEN[route], MOVES[route]
        yield f"straight port, {route}", _from_port(port, image), facts
    for name, (module, package) in PEERS.items():
        try:
            peer = importlib.import_module(module)
        except ModuleNotFoundError:
            notes.append(f"{name} is not installed: pip install {package}")
            continue
        yield name, _from_peer(peer, image), (None, "C or C++", "CPython")
    yield "fastmath", lambda: fastmath.median_filter(image, SIZE), (None, "C, another algorithm", "CPython")


def _from_port(port: straight.Port, image: Array) -> Callable[[], Array]:
    result = np.empty_like(image)

    def call() -> Array:
        port(image, result, SIZE)
        return result

    return call


def _from_peer(peer: Any, image: Array) -> Callable[[], Array]:
    if hasattr(peer, "medianBlur"):
        peer.setNumThreads(1)
        return lambda: peer.medianBlur(image, SIZE)
    return lambda: peer.median_filter(image, SIZE)
