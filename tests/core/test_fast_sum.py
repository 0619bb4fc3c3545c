"""fast_sum: exact, for any integers in any container."""

import array
import operator
import random
import sys
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fastmath
from fastmath import _core, fast_sum
from fastmath.bindings import pure

from sum_cases import layouts

BOTH = pytest.mark.parametrize("route", [fastmath, pure], ids=["C", "pure"])
sizes = [0, 1, -1, 255, 2**29, 2**30 - 1, 2**30, -(2**30), 2**60, 2**62, 2**63 - 1, 2**63, -(2**63), 2**64, 10**40]
integers = st.one_of(st.integers(), st.sampled_from(sizes), st.integers(-1000, 1000), st.booleans())


class Index:
    def __init__(self, value):
        self.value = value

    def __index__(self):
        return self.value


@given(st.lists(integers))
def test_lists(values):
    assert fast_sum(values) == fast_sum(tuple(values)) == fast_sum(iter(values)) == sum(values)
    assert type(fast_sum(values)) is int


@pytest.mark.parametrize("n", [16383, 16384, 16385, 50000])
def test_long_lists(n):
    """Compact ints are read at several places at once, whatever is among them."""
    values = [(i * 7919) % 2001 - 1000 for i in range(n)]
    assert fast_sum(values) == sum(values)
    for place in (0, 4095, 4096, 9000, 16382, n - 1):
        for odd in (2**62, 10**40, True, Index(5)):
            changed = values.copy()
            changed[place] = odd
            assert fast_sum(changed) == sum(values) - values[place] + (5 if isinstance(odd, Index) else odd)
    values[12345] = 1.5
    with pytest.raises(TypeError, match="fast_sum: expected an integer at position 12345, got float"):
        fast_sum(values)


def test_paths():
    """Ordinary lists are read the quick way, and only what it is not for by others."""
    ordinary = [n % 1001 for n in range(40000)]
    for values in (ordinary, tuple(ordinary), [-(2**30) + 1, 2**30 - 1] * 10000, [int(str(n)) for n in ordinary][::-1]):
        assert _core.list_paths(values) == {"compact"}
    assert _core.list_paths([2**40, -(2**100)] * 100) == {"digits"}
    assert _core.list_paths([True, False] * 100) == {"digits"}
    assert _core.list_paths(ordinary + [2**64]) == {"compact", "digits"}
    assert _core.list_paths([Index(1), 2**1000]) == {"other"}
    assert _core.list_paths([*ordinary, Index(1), 3]) == {"compact", "digits", "other"}
    assert _core.list_paths([]) == set()


class Subclass(int):
    def __index__(self):
        return 99  # not asked, as operator.index does not


@pytest.mark.parametrize("digits", [1, 2, 3, 5, 12, 13, 40])
@pytest.mark.parametrize("n", [1, 3, 1000, 20000])
def test_lists_of_large_ints(digits, n):
    """Ints of several digits of 30 bits are added digit by digit, up to a length, bools and subclasses too."""
    rng = random.Random(n)
    values = [rng.randrange(-(2 ** (30 * digits)), 2 ** (30 * digits)) for _ in range(n)]
    assert fast_sum(values) == sum(values)
    assert fast_sum([2 ** (30 * digits) - 1] * n) == n * (2 ** (30 * digits) - 1)
    assert fast_sum([-(2 ** (30 * digits))] * n) == -n * 2 ** (30 * digits)
    mixed = [rng.choice([v, v >> 30, v % 1000, v > 0, Subclass(v), Subclass(0)]) for v in values]
    assert fast_sum(mixed) == sum(map(operator.index, mixed))


@pytest.mark.parametrize("n", [130, 16384, 70001])
def test_lists_scattered_in_memory(n):
    values = [1000 + i for i in range(n)]
    random.Random(n).shuffle(values)
    assert fast_sum(values) == sum(values)
    values[n // 3] = 2**40
    values[n // 2] = Index(10**40)
    assert fast_sum(values) == sum(map(operator.index, values))


def test_other_items_in_a_row():
    """A list whose items are all read by calls, some of which change it, over more than one look for signals."""
    values = [np.int16(3)] * 1_050_000 + [1, Index(2), 2**70, np.uint8(5)]
    assert fast_sum(values) == 3 * 1_050_000 + 8 + 2**70


@BOTH
def test_containers(route):
    values = [3, True, -5, 2**70, Index(4), np.int16(7), np.uint64(2**64 - 1)]
    total = 3 + 1 - 5 + 2**70 + 4 + 7 + 2**64 - 1
    for make in (
        list,
        tuple,
        iter,
        lambda v: (x for x in v),
        lambda v: dict.fromkeys(v),
        lambda v: np.array(v, object),
    ):
        assert route.fast_sum(make(values)) == total
    assert route.fast_sum({1, 2, 3}) == 6
    assert route.fast_sum(b"\x01\xff") == 256
    assert route.fast_sum([]) == route.fast_sum(()) == route.fast_sum(range(0)) == route.fast_sum(b"") == 0

    class Doubled(list):
        def __iter__(self):
            return (2 * x for x in super().__iter__())

    assert route.fast_sum(Doubled([1, 2])) == 6


@given(integers, st.integers(-50, 50), st.integers(-9, 9).filter(bool))
def test_ranges(start, count, step):
    numbers = range(int(start), int(start) + count * step, step)
    assert fast_sum(numbers) == pure.fast_sum(numbers) == sum(numbers)


def test_long_ranges():
    assert fast_sum(range(10**30)) == 10**30 * (10**30 - 1) // 2
    assert fast_sum(range(2**70, -(2**70), -3)) == pure.fast_sum(range(2**70, -(2**70), -3))


@pytest.mark.parametrize("type", "? b B h H i I l L q Q".split())
def test_buffers(type):
    rng = np.random.default_rng(0)
    limits = (0, 1) if type == "?" else (np.iinfo(type).min, np.iinfo(type).max)
    for n in (0, 1, 6, 210, 2310, 70000):
        values = rng.integers(limits[0], limits[1], n, np.dtype(type), endpoint=True)
        for name, layout in layouts(values):
            assert fast_sum(layout) == sum(values.tolist()), name
        for extreme in limits:
            assert fast_sum(np.full(n, extreme, type)) == n * int(extreme)
    assert pure.fast_sum(values[:100:3].astype(np.dtype(type).newbyteorder())) == sum(values[:100:3].tolist())


def test_buffers_add_up_beyond_64_bits():
    n = 300000
    assert fast_sum(np.full(n, 2**64 - 1, "u8")) == n * (2**64 - 1)
    assert fast_sum(np.full(n, -(2**63), "i8")) == -n * 2**63
    assert fast_sum(array.array("Q", [2**64 - 1] * 5)) == 5 * (2**64 - 1)
    assert fast_sum(memoryview(array.array("q", range(10)))[::-2]) == 25
    mixed = np.tile(np.array([-(2**63), 2**63 - 1, 2**32, -(2**32)], "i8"), 50001)
    assert fast_sum(mixed) == -50001
    assert fast_sum(np.array([[1, 2], [3, 4]]).T) == 10


def test_bool_bytes_other_than_one():
    assert fast_sum(np.array([0, 1, 2, 255], "u1").view("?")) == 3


ERRORS = [
    ([1, 2, 1.5], TypeError, "fast_sum: expected an integer at position 2, got float"),
    ((1, "2"), TypeError, "fast_sum: expected an integer at position 1, got str"),
    (iter([1, None]), TypeError, "fast_sum: expected an integer at position 1, got NoneType"),
    ("12", TypeError, "fast_sum: expected an integer at position 0, got str"),
    (np.array([1.5, 2]), TypeError, "fast_sum: expected an integer at position 0, got numpy.float64"),
    (3, TypeError, "'int' object is not iterable"),
    (np.int64(3), TypeError, "not iterable"),
    ([1, Index("x")], TypeError, "__index__ returned non-int"),
    ([1, Index(1.0)], TypeError, "__index__ returned non-int"),
]


@BOTH
@pytest.mark.parametrize("numbers, error, text", ERRORS)
def test_errors(route, numbers, error, text):
    with pytest.raises(error, match=text):
        route.fast_sum(iter([1, None]) if hasattr(numbers, "__next__") else numbers)


@BOTH
def test_arity(route):
    for arguments in ((), ([1], [2])):
        with pytest.raises(TypeError):
            route.fast_sum(*arguments)
    with pytest.raises(TypeError):
        route.fast_sum(numbers=[1])


class Trouble(Exception):
    pass


@BOTH
@pytest.mark.parametrize("change", ["clear", "pop", "append", "replace", "delete"])
def test_lists_that_change_underway(route, change):
    class Hostile:
        def __index__(self):
            if change == "clear":
                numbers.clear()
            elif change == "pop":
                del numbers[5:]
            elif change == "append":
                numbers.extend([1] * 1000 if len(numbers) < 5000 else [])
            elif change == "replace":
                numbers[:] = [10**30] * len(numbers)
            else:
                del numbers[0]
            return 7

    numbers = [1, 2, Hostile(), 3, Hostile(), 4] + [10**30 + i for i in range(100)]
    copy = list(numbers)
    result = route.fast_sum(numbers)
    numbers[:] = copy
    if change in ("clear", "replace", "pop"):
        expected = {"clear": 10, "pop": 1 + 2 + 7 + 3 + 7, "replace": 10 + 103 * 10**30}[change]
        assert result == expected
    else:
        other = pure if route is fastmath else fastmath
        assert result == other.fast_sum(numbers)


@BOTH
def test_exceptions_pass(route):
    class Raising:
        def __index__(self):
            raise Trouble

    def generate():
        yield 1
        raise Trouble

    for numbers in ([1, Raising()], (2**80, Raising()), generate()):
        with pytest.raises(Trouble):
            route.fast_sum(numbers)


def test_no_leaks():
    class Raising:
        def __index__(self):
            raise Trouble

    big, bad = 2**100, Raising()
    cases = [[big, 1, bad], (big, bad), [big, 1.5], range(big, big + 9), [big, big, True], np.arange(5), np.ones(3)]

    def once():
        for numbers in cases:
            for given in (numbers, iter(numbers)):
                try:
                    fast_sum(given)
                except (Trouble, TypeError):
                    pass

    once()
    before = [sys.getrefcount(x) for x in (big, bad)]
    tracemalloc.start()
    once()
    first = tracemalloc.get_traced_memory()[0]
    for _ in range(200):
        once()
    grown = tracemalloc.get_traced_memory()[0] - first
    tracemalloc.stop()
    assert [sys.getrefcount(x) for x in (big, bad)] == before
    assert grown < 20000
