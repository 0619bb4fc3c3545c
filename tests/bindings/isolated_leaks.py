"""No call leaks, be it one that succeeds or one that fails; and the detector does detect.

Run by test_leaks.py, because the leak detector needs a process of its own.
"""

from array import array
from collections.abc import Callable
from typing import Any

import numpy as np
import psleak
from routes import ROUTES, outcome

from fastmath import bindings

FLOATS, STRIDED = np.linspace(0, 1, 50), np.linspace(0, 1, 100)[::-2]
IMAGE = np.arange(30, dtype=">u2").reshape(5, 6)

#: For each function calls that succeed and calls that fail.
CALLS: dict[str, list[tuple[Any, ...]]] = {
    "add": [(2**30, 2**30), (2**31, 1), (1, "2")],
    "fast_exp": [(0.5,), (STRIDED,), (2**2000,), ("1",), (b"12345678",)],
    "fast_sum": [([2**40] * 20,), ([2**80, True],), (array("i", [1, 2]),), ([1, 2.5],)],
    "dot_product": [
        ([1.5] * 9, [2.5] * 9),
        ([2**80], [0.5]),
        (FLOATS, STRIDED),
        ([1], [1, 2]),
        ([None], [1]),
    ],
    "numpy_sum": [(FLOATS,), (STRIDED,), (b"12345678",), ([1.0],)],
    "parallel_sum": [(FLOATS,), (bytes(80),), (b"123",)],
    "median_filter": [(IMAGE, 3), (IMAGE[::-1], 2), (IMAGE, 0), ("image", 3)],
}


def _call_all(function: Callable[..., Any], calls: list[tuple[Any, ...]]) -> Callable[[], None]:
    def call_all() -> None:
        for arguments in calls:
            outcome(function, *arguments)

    return call_all


class Leaks(psleak.MemoryLeakTestCase):
    """One test for each function of each route."""

    times = 2000
    tolerance = 24_000  # bytes: malloc's blocks vary in size, but an object lost in each call is at least 32,000
    checkers = psleak.Checkers.only("memory")

    @classmethod
    def auto_generate(cls) -> dict[str, Any]:
        return {
            f"{route}_{name}": psleak.LeakTest(_call_all(getattr(module, name), calls))
            for route, module in ROUTES.items()
            if route != "pure"
            for name, calls in CALLS.items()
        }

    def test_no_function_is_left_out(self) -> None:
        assert set(bindings.FUNCTIONS) == CALLS.keys()

    def test_a_leak_is_found(self) -> None:
        kept: list[bytes] = []
        with self.assertRaises(psleak.MemoryLeakError):
            self.execute(lambda: kept.append(bytes(10_000)))
