"""The same work in two threads, by a function that keeps the GIL and by one that lets go of it.

    python examples/gil_and_threads.py

ctypes calls one C function in both ways: PyDLL keeps the GIL, CDLL releases it. On two cores two threads take
half as long in the second case; in the first they take turns.
"""

import ctypes
import sys
import time
from array import array
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from ctypes import POINTER, c_double, c_int
from importlib.resources import as_file, files

LIBRARY = "libfastmath.dylib" if sys.platform == "darwin" else "libfastmath.so"
N, CALLS, THREADS, ROUNDS = 1_000_000, 20, 2, 5
FIRST, SECOND = (array("d", range(N)) for _ in range(2))
EXPECTED = float(N * (N - 1) * (2 * N - 1) // 6)  # of the squares from 0 on; vec_dot rounds once, as float() does
Dot = Callable[[], float]


def dot_by(kind: type[ctypes.CDLL]) -> Dot:
    """vec_dot of our library over two long arrays, by a way of calling."""
    with as_file(files("fastmath") / LIBRARY) as path:
        vec_dot = kind(str(path)).vec_dot
    vec_dot.argtypes, vec_dot.restype = [POINTER(c_double), POINTER(c_double), c_int], c_double
    doubles = c_double * N
    a, b = doubles.from_buffer(FIRST), doubles.from_buffer(SECOND)
    return lambda: float(vec_dot(a, b, N))


def seconds(dot: Dot, threads: int) -> float:
    """How long the work takes that is shared among threads."""
    with ThreadPoolExecutor(threads) as pool:
        start = time.perf_counter()
        results = list(pool.map(lambda _: dot(), range(CALLS)))
        taken = time.perf_counter() - start
    assert set(results) == {EXPECTED}
    return taken


def main() -> None:
    for kind, what in ((ctypes.PyDLL, "GIL kept"), (ctypes.CDLL, "GIL released")):
        dot = dot_by(kind)
        rounds = [(seconds(dot, 1), seconds(dot, THREADS)) for _ in range(ROUNDS)]
        alone, shared = map(min, zip(*rounds))
        print(
            f"{what:13} 1 thread {alone * 1e3:6.1f} ms, {THREADS} threads {shared * 1e3:6.1f} ms: "
            f"{alone / shared:.2f} times as fast"
        )


if __name__ == "__main__":
    main()
