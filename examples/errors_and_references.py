"""What C code owes Python: an exception where it fails, and every reference it takes given back.

python examples/errors_and_references.py
"""

import ctypes
import sys
import tracemalloc
from array import array
from collections.abc import Callable

import fastmath

Py_IncRef = ctypes.PyDLL(None).Py_IncRef
Py_IncRef.argtypes, Py_IncRef.restype = [ctypes.py_object], None


def an_error_names_what_is_wrong() -> None:
    """The message says where; the exception comes from C and is an ordinary one."""
    try:
        fastmath.fast_sum([1, 2, 3.5])
    except TypeError as error:
        print("TypeError:", error)
        assert "position 2" in str(error)
    else:
        raise AssertionError("a float was taken for an integer")


def an_error_from_inside_passes_through() -> None:
    """An item may run Python code, and that code may fail: C stops and lets the exception pass."""

    class Broken:
        def __index__(self) -> int:
            raise LookupError("this item has no value")

    try:
        fastmath.fast_sum([1, Broken()])
    except LookupError as error:
        print("LookupError:", error)
    else:
        raise AssertionError("the exception was lost")


def references_come_back() -> None:
    """Two ways to end, well and badly: both leave the counts as they were."""
    item, numbers = 2**100, array("d", [1.0, 2.0])
    before = sys.getrefcount(item), sys.getrefcount(numbers)
    fastmath.fast_sum([item, item])
    fastmath.numpy_sum(numbers)
    try:
        fastmath.fast_sum([item, None])
    except TypeError:
        pass
    after = sys.getrefcount(item), sys.getrefcount(numbers)
    print("references before and after:", before, after)
    assert before == after
    numbers.append(3.0)  # impossible while somebody still holds the buffer


def leaky_sum(numbers: list[int]) -> int:
    """A function as it is when one Py_DECREF was forgotten: the list it looked at is never freed."""
    Py_IncRef(numbers)
    return fastmath.fast_sum(numbers)


def a_leak_is_found() -> None:
    """It shows in the count of one object, and in the memory that many calls take."""
    numbers = [1, 2, 3]
    before = sys.getrefcount(numbers)
    leaky_sum(numbers)
    print("one call of the leaky function: references", before, "->", sys.getrefcount(numbers))
    assert sys.getrefcount(numbers) == before + 1
    kept = {function.__name__: memory_kept_by(function) for function in (fastmath.fast_sum, leaky_sum)}
    print("bytes kept by 100 calls:", kept)
    assert kept["fast_sum"] < 10_000
    assert kept["leaky_sum"] > 100 * 8000


def memory_kept_by(function: Callable[[list[int]], int]) -> int:
    tracemalloc.start()
    for _ in range(100):
        function([0] * 1000)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return kept


if __name__ == "__main__":
    an_error_names_what_is_wrong()
    an_error_from_inside_passes_through()
    references_come_back()
    a_leak_is_found()
