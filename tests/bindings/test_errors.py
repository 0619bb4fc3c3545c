"""The same exceptions with the same texts, whatever a caller comes up with."""

from array import array
from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from routes import ROUTES, agree, outcome

from fastmath.bindings import pure


class Text:
    """An index that is none."""

    def __index__(self) -> Any:
        return "seven"


class Failing:
    def __index__(self) -> int:
        raise LookupError("no index today")

    __float__ = __index__  # type: ignore[assignment]


def failing() -> Iterator[int]:
    yield 1
    raise LookupError("no more")


READ_ONLY = np.zeros(3)
READ_ONLY.flags.writeable = False

#: The function, and what makes its arguments.
REFUSED: dict[str, tuple[str, Callable[[], tuple[Any, ...]]]] = {
    "add float": ("add", lambda: (1, 2.0)),
    "add text": ("add", lambda: ("1", 2)),
    "add decimal": ("add", lambda: (Decimal(1), 2)),
    "add too large": ("add", lambda: (2**31, 0)),
    "add too small": ("add", lambda: (0, -(2**31) - 1)),
    "add huge": ("add", lambda: (10**30, 1.5)),
    "add failing": ("add", lambda: (Failing(), 1)),
    "sum of float": ("fast_sum", lambda: ([1, 2, 3.0],)),
    "sum of text": ("fast_sum", lambda: ("abc",)),
    "sum of None": ("fast_sum", lambda: ((1, None),)),
    "sum of number": ("fast_sum", lambda: (5,)),
    "sum of floats": ("fast_sum", lambda: (array("d", [1]),)),
    "sum of decimals": ("fast_sum", lambda: ([Decimal(1)],)),
    "sum of failing items": ("fast_sum", lambda: ([1, Failing()],)),
    "sum of failing iterator": ("fast_sum", lambda: (failing(),)),
    "sum of 0-d": ("fast_sum", lambda: (np.array(3),)),
    "dot of lengths": ("dot_product", lambda: ([1, 2], [1])),
    "dot of array lengths": ("dot_product", lambda: (np.ones(2), np.ones(3))),
    "dot of iterator lengths": ("dot_product", lambda: (iter([1, 2]), [1])),
    "dot of text": ("dot_product", lambda: (["1"], [2])),
    "dot of None": ("dot_product", lambda: ([1, 2.5], [1, None])),
    "dot of numbers": ("dot_product", lambda: (1, 2)),
    "dot of complex": ("dot_product", lambda: ([1j], [1])),
    "dot of failing": ("dot_product", lambda: ([1.0], [Failing()])),
    "dot of images": ("dot_product", lambda: (np.ones((2, 2)), np.ones(2))),
    "dot of complex arrays": ("dot_product", lambda: (np.ones(2, complex), np.ones(2))),
    "numpy_sum of list": ("numpy_sum", lambda: ([1.0],)),
    "numpy_sum of ints": ("numpy_sum", lambda: (np.arange(3),)),
    "numpy_sum of bytes": ("numpy_sum", lambda: (b"12345678",)),
    "numpy_sum of complex": ("numpy_sum", lambda: (np.ones(3, complex),)),
    "numpy_sum of records": ("numpy_sum", lambda: (np.zeros(2, "f8,f8"),)),
    "numpy_sum of long doubles": ("numpy_sum", lambda: (np.ones(2, np.longdouble),)),
    "numpy_sum of objects": ("numpy_sum", lambda: (np.array([None]),)),
    "numpy_sum of dates": ("numpy_sum", lambda: (np.zeros(2, "M8[s]"),)),
    "parallel_sum of list": ("parallel_sum", lambda: ([1.0],)),
    "parallel_sum of odd bytes": ("parallel_sum", lambda: (b"123456789",)),
    "parallel_sum of every second byte": ("parallel_sum", lambda: (memoryview(bytes(32))[::2],)),
    "parallel_sum of ints": ("parallel_sum", lambda: (np.arange(3),)),
    "exp of text": ("fast_exp", lambda: ("1",)),
    "exp of None": ("fast_exp", lambda: (None,)),
    "exp of complex": ("fast_exp", lambda: (1j,)),
    "exp of list": ("fast_exp", lambda: ([1.0],)),
    "exp of ints": ("fast_exp", lambda: (np.arange(3),)),
    "exp of bytes": ("fast_exp", lambda: (b"12345678",)),
    "exp of failing": ("fast_exp", lambda: (Failing(),)),
    "median of text": ("median_filter", lambda: ("abc", 3)),
    "median of complex": ("median_filter", lambda: (np.ones(3, complex), 3)),
    "median without size": ("median_filter", lambda: (np.ones(3),)),
    "median of size 0": ("median_filter", lambda: (np.ones(3), 0)),
    "median of float size": ("median_filter", lambda: (np.ones(3), 1.5)),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(route: str, case: str) -> None:
    name, make = REFUSED[case]
    kind, text = agree(route, name, make)
    assert issubclass(kind, Exception)
    assert text


@pytest.mark.parametrize("workers", [0, -1, -(2**70), 1.5, "2", Failing(), Text()])
def test_workers(route: str, workers: Any) -> None:
    kind, _ = agree(route, "parallel_sum", lambda: (bytes(8),), workers=workers)
    assert issubclass(kind, Exception)


@pytest.mark.parametrize(
    ("x", "out"),
    [
        (1.0, np.zeros(1)),
        (np.zeros(2), np.zeros(3)),
        (np.zeros(2), np.zeros(2, int)),
        (np.zeros(2), [0, 0]),
        (np.zeros(3), READ_ONLY),
        (array("d", [1] * 4), bytes(32)),
    ],
)
def test_out_of_fast_exp(route: str, x: Any, out: Any) -> None:
    kind, _ = agree(route, "fast_exp", lambda: (x,), out=out)
    assert issubclass(kind, Exception)


@pytest.mark.parametrize("arguments", [(), (1, 2, 3)])
@pytest.mark.parametrize("name", ["add", "fast_exp", "fast_sum", "dot_product", "numpy_sum", "parallel_sum"])
def test_number_of_arguments(route: str, name: str, arguments: tuple[int, ...]) -> None:
    with pytest.raises(TypeError):
        getattr(ROUTES[route], name)(*arguments)


@pytest.mark.parametrize("name", ["fast_exp", "numpy_sum", "parallel_sum"])
def test_unknown_keywords(route: str, name: str) -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'tempo'"):
        getattr(ROUTES[route], name)(np.ones(2), tempo=1)


class Shrinking:
    """Empties the list it is in when it is asked for its value."""

    def __init__(self, home: list[Any]) -> None:
        self.home = home

    def __index__(self) -> int:
        self.home.clear()
        return 1


def test_a_list_that_shrinks(route: str) -> None:
    def shrinking() -> list[Any]:
        numbers: list[Any] = [2, 2**80]
        numbers[1:1] = [Shrinking(numbers)]
        return numbers

    assert agree(route, "fast_sum", lambda: (shrinking(),)) == (int, 3)
    agree(route, "dot_product", lambda: (shrinking(), [1, 2, 3]))


def test_a_buffer_is_let_go(route: str) -> None:
    """An array that is still held could not grow."""
    numbers, doubles = array("q", range(50)), array("d", range(50))
    module = ROUTES[route]
    module.fast_sum(numbers)
    module.dot_product(doubles, doubles)
    module.numpy_sum(doubles)
    module.parallel_sum(doubles)
    module.fast_exp(doubles, out=doubles)
    for bad in (lambda: module.numpy_sum(numbers), lambda: module.fast_exp(doubles, out=numbers)):
        assert outcome(bad)[0] is TypeError
    numbers.append(1)
    doubles.append(1)


def test_pure_is_no_exception() -> None:
    assert outcome(pure.add, 1, Fraction(2))[0] is TypeError
