"""What moving the forty lines to C gives, and what the right algorithm adds."""

import functools
import importlib
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import fastmath
from fastmath.bench import forty_lines, straight
from fastmath.bench.slices import ADVICE, CT, slice_or_noise
from fastmath.bench.table import Table
from fastmath.bench.timing import Effort, Measured, measure, stability
from fastmath.bench.worker import Statement, call

from .._arguments import Array

SIZE = 5
PLAIN, OURS = "forty lines of Python", "fastmath"
CLAIMS = {"Cython": "30 to 60", "ctypes": "20 to 50", "C API": "40 to 80"}
#: What a route asks of its author, and where its result runs.
ROUTES = {
    "C API": ("C, references counted", "CPython"),
    "Cython": ("typed Python", "CPython"),
    "cffi API": ("C, its header", "CPython, PyPy"),
    "cffi ABI": ("C, its header", "any Python"),
    "ctypes": ("C, its types again", "any Python"),
}
#: Modules and packages of peers.
PEERS = {
    "SciPy": ("scipy.ndimage", "scipy"),
    "OpenCV": ("cv2", "opencv-python-headless"),
    "scikit-image": ("skimage.filters.rank", "scikit-image"),
    "SimpleITK": ("SimpleITK", "SimpleITK"),
}
READING = (
    "The same algorithm in C is faster by one factor, whichever route leads to it: the call is nothing beside "
    "the work. What remains is the algorithm's, and there the other factor is to be had. What runs on CPython has "
    "to be built for each platform and version; what is C alone, for each platform."
)


def tables(effort: Effort) -> Iterator[Table]:
    """Fill the table; it comes back after each row."""
    image, what, *_ = slice_or_noise()
    columns = ["median", "ms", "times as fast", "± %", "tutorial", "written in", "runs on"]
    table = Table("median", f"Median {SIZE} x {SIZE}, one thread, {what}", columns, READING)
    if what != CT:
        table.notes.append(ADVICE)
    expected = np.array(forty_lines.median_filter(image.tolist(), SIZE))
    once = measure("medians", PLAIN, Effort(effort.processes, 1, 1e-3), "--loops=1", "--warmups=0")[PLAIN]
    table.rows.append([PLAIN, once.seconds * 1e3, 1.0, once.spread * 100, None, "Python", "any Python"])
    yield table
    seen: list[Measured] = [once]
    for name in _contestants(table.notes):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # scikit-image's that it is slow: that is measured
            different = np.argwhere(np.asarray(_filter(name, image)()) != expected)
        if len(different):
            inside = ((different >= SIZE // 2) & (different < np.array(image.shape) - SIZE // 2)).all(axis=1).any()
            where = "in the image" if inside else "at the border, where it extends the image differently"
            table.notes.append(f"{name} gives other pixels {where}.")
        m = measure("medians", name, effort)[name]
        seen.append(m)
        route = name.removeprefix("straight port, ")
        written, runs = ROUTES.get(route, ("C or C++", "CPython"))
        times = once.seconds / m.seconds
        table.rows.append([name, m.seconds * 1e3, times, m.spread * 100, CLAIMS.get(route), written, runs])
        yield table
    table.notes.append(stability(seen))
    yield table


def _contestants(notes: list[str]) -> Iterator[str]:
    """The ports, the peers that are installed, and ours."""
    found = straight.ports()
    for route in ROUTES:
        if route in found:
            yield f"straight port, {route}"
        else:
            notes.append(f"straight port, {route}, is left out: pip install cffi")
    for name, (module, package) in PEERS.items():
        try:
            importlib.import_module(module)
        except ModuleNotFoundError:
            notes.append(f"{name} is not installed: pip install {package}")
        else:
            yield name
    yield OURS


def _filter(name: str, image: Array) -> Callable[[], Any]:
    """The call that filters an image by one of the contestants."""
    if name == PLAIN:
        return functools.partial(forty_lines.median_filter, image.tolist(), SIZE)
    if name == OURS:
        return functools.partial(fastmath.median_filter, image, SIZE)
    if name in PEERS:
        return _from_peer(name, importlib.import_module(PEERS[name][0]), image)
    port, result = straight.ports()[name.removeprefix("straight port, ")], np.empty_like(image)

    def ported() -> Array:
        port(image, result, SIZE)
        return result

    return ported


def _from_peer(name: str, peer: Any, image: Array) -> Callable[[], Any]:
    """On one thread, as all are."""
    if name == "OpenCV":
        peer.setNumThreads(1)
        return functools.partial(peer.medianBlur, image, SIZE)
    if name == "scikit-image":
        return functools.partial(peer.median, image, np.ones((SIZE, SIZE)))
    if name == "SimpleITK":
        peer.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
        source = peer.GetImageFromArray(image)
        return lambda: peer.GetArrayViewFromImage(peer.Median(source, [SIZE // 2] * 2))
    return functools.partial(peer.median_filter, image, SIZE)


def statements(name: str) -> dict[str, Statement]:
    """The call of a contestant."""
    return {name: call(_filter(name, slice_or_noise().pixels))}
