"""dot_product: correctly rounded, for buffers and for sequences of ints and floats."""

import array
import decimal
import fractions
import itertools
import math
import random
import signal
import sys
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fastmath
from fastmath import _core, dot_product
from fastmath.bindings import pure

from sum_cases import HARD, all_exponents, exact_dot, exact_sum, finite, ill_conditioned, layouts, near, same

BOTH = pytest.mark.parametrize("route", [fastmath, pure], ids=["C", "pure"])
numbers = st.one_of(
    finite,
    near,
    st.integers(-(2**70), 2**70),
    st.integers(-100, 100),
    st.booleans(),
    st.sampled_from([2**53, 2**53 + 1, -(2**63), 2**63 - 1, 2**63, 2**64, 10**400, -(10**400)]),
)


def halves(values):
    return values[: len(values) // 2], values[len(values) // 2 : len(values) // 2 * 2]


def expected_dot(a, b):
    if a and all(x == 0 or y == 0 for x, y in zip(a, b)):
        return pure.dot_product(a, b)
    return exact_dot(a, b)


@given(st.lists(st.tuples(finite, finite), max_size=100), st.integers(1, 3))
def test_any_floats(pairs, copies):
    a, b = [x for x, _ in pairs] * copies, [y for _, y in pairs] * copies
    expected = expected_dot(a, b)
    assert same(dot_product(np.array(a, "d"), np.array(b, "d")), expected)
    assert same(dot_product(a, tuple(b)), expected)
    assert same(pure.dot_product(a, b), expected)


@given(st.lists(st.tuples(numbers, numbers), max_size=30))
def test_any_numbers(pairs):
    a, b = [x for x, _ in pairs], [y for _, y in pairs]
    expected = expected_dot(a, b)
    for first, second in ((a, b), (tuple(a), iter(b)), ((x for x in a), b)):
        assert same(dot_product(first, second), expected)


@given(st.lists(st.tuples(near, near), max_size=200), st.integers(0, 2**32 - 1))
def test_cancelling(pairs, seed):
    a, b = [x for x, _ in pairs], [y for _, y in pairs]
    rest = np.random.default_rng(seed).standard_normal(2)
    first = np.array([*a, rest[0], *(-x for x in a)])
    second = np.array([*b, rest[1], *b])
    order = np.random.default_rng(seed).permutation(len(first))
    expected = exact_dot([rest[0]], [rest[1]])
    assert dot_product(first[order], second[order]) == expected
    assert dot_product(first[order].tolist(), second[order].tolist()) == expected


@BOTH
@pytest.mark.parametrize("values", HARD, ids=range(len(HARD)))
def test_hard_sums(route, values):
    assert same(route.dot_product(values, [1] * len(values)), exact_sum(values))
    assert same(route.dot_product(np.array(values, "d"), np.ones(len(values))), exact_sum(values))


TINY = [
    ([2.0**-537], [2.0**-538]),  # half of the smallest number: a tie, to zero
    ([2.0**-537, 2.0**-1074], [2.0**-538, 2.0**-1074]),  # just above
    ([2.0**-537, -(2.0**-1074)], [2.0**-538, 2.0**-1074]),
    ([2.0**-600] * 4096, [2.0**-480] * 4096),
    ([3 * 2.0**-540] * 3000, [5 * 2.0**-540] * 3000),
    ([2.0**-537, -(2.0**-537)] * 40, [2.0**-538, 2.0**-539] * 40),
    ([1.0, 2.0**-600, 2.0**-53], [1.0, 2.0**-600, 1.0]),  # the product that underflows breaks the tie
    ([1.0, 2.0**-600, 2.0**-53] + [0.0] * 100, [1.0, -(2.0**-600), 1.0] + [7.0] * 100),
    ([1e200, 1e200, -1e200], [1e200, 1e100, 1e200]),  # a product beyond the range
    ([1e200] * 2, [1e200] * 2),
    ([2.0**1000, 2.0**1000] * 50, [2.0**-1000, 2.0**-1000] * 50),
    ([2.0**1023, -(2.0**1023), 1.0] * 50, [1.0, 1.0, 2.0**-1074] * 50),
]


@BOTH
@pytest.mark.parametrize("a, b", TINY, ids=range(len(TINY)))
def test_range_of_products(route, a, b):
    expected = exact_dot(a, b)
    assert same(route.dot_product(a, b), expected)
    assert same(route.dot_product(np.array(a), np.array(b)), expected)


@pytest.mark.parametrize("n", [1, 63, 64, 65, 1000, 2048, 2049, 5000, 40001])
@pytest.mark.parametrize(
    "make", [all_exponents, ill_conditioned, lambda n, seed: np.random.default_rng(seed).random(n)]
)
def test_sizes(make, n):
    a, b = make(n, seed=n)[:n], make(n, seed=n + 1)[:n]
    expected = pure.dot_product(a, b)
    assert same(dot_product(a, b), expected)
    assert same(dot_product(a.tolist(), b.tolist()), expected)


def test_paths():
    a, b = np.random.default_rng(0).random((2, 10000))
    assert _core.dot_paths(a, b) == {"fast"}
    signs = np.concatenate([a, [2.0**-100], -a])
    twice = np.concatenate([b, [1.0], b])
    assert _core.dot_paths(signs, twice) == {"fast", "bins"}
    assert dot_product(signs, twice) == 2.0**-100
    wide = all_exponents(5000)
    assert "bins" in _core.dot_paths(wide, wide[::-1].copy())
    a[77] = math.inf
    assert "special" in _core.dot_paths(a, b)


def test_paths_of_lists():
    """Ordinary lists are read the quick way, and only what it is not for by others."""
    a, b = np.random.default_rng(0).random((2, 10000)).tolist()
    for x, y in ((a, b), (tuple(a), b), ([1, 2, 3] * 3000, [0.5, True, 7] * 3000), ([2**53], [-(2**53)]), ([], [])):
        assert _core.list_dot_paths(x, y) == {"quick"}
    assert _core.list_dot_paths([*a, 2.0**-100, *[-x for x in a]], [*b, 1.0, *b]) == {"exact"}
    assert _core.list_dot_paths([*a, 2**60], [*b, 1]) == {"exact", "asking"}
    assert _core.list_dot_paths([fractions.Fraction(1, 2)], [1.0]) == {"exact", "asking"}
    assert "asking" in _core.list_dot_paths(iter(a), b)


@BOTH
def test_types_of_buffers(route):
    rng = np.random.default_rng(1)
    columns = []
    for type in "? b B h H i I l L q Q e f d".split():
        high = 2 if type == "?" else 100
        columns += [rng.integers(0, high, 210).astype(t) for t in (type, np.dtype(type).newbyteorder())]
    other = rng.standard_normal(210)
    for column in columns:
        expected = exact_dot(column.tolist(), other.tolist())
        for name, layout in layouts(column):
            if layout.ndim == 1:
                swapped = other[::-1] if "reversed" in name or "negative" in name else other
                if route is pure and name not in ("contiguous", "strided"):
                    continue
                assert route.dot_product(layout, other) == exact_dot(layout.tolist(), other.tolist()), name
                assert route.dot_product(swapped, layout) == exact_dot(swapped.tolist(), layout.tolist()), name
        assert route.dot_product(column, other) == expected


@BOTH
def test_integers_beyond_53_bits(route):
    cases = [
        (np.array([2**53 + 1, -(2**53)]), np.array([1.0, 1.0])),
        (np.array([2**63 - 1] * 70 + [-(2**63)]), np.array([1.0] * 70 + [70.0])),
        (np.array([2**64 - 1] * 3000, "u8"), np.array([2**64 - 1] * 3000, "u8")),
        (np.array([2**64 - 1, 1], "u8"), np.array([-(2**63), 2**63 - 1])),
        (np.array([2**63 - 1, 2**63 - 1, 0]), np.array([1.5, -1.5, 2.0**-1074])),
    ]
    for a, b in cases:
        expected = exact_dot(a.tolist(), b.tolist())
        assert route.dot_product(a, b) == route.dot_product(b, a) == expected
        assert route.dot_product(a.tolist(), b.tolist()) == expected
    assert route.dot_product([2**53 + 1, 2**53], [1, -1]) == 1.0
    assert route.dot_product([10**400, 1, -(10**400)], [1, 1.5, 1]) == 1.5
    assert route.dot_product([10**400], [1e-300]) == 1e100
    assert route.dot_product([10**400], [-1]) == -math.inf
    assert same(route.dot_product([10**400, 10**400], [1, -1]), 0.0)


@pytest.mark.parametrize("n", [1, 5, 1000, 4095, 4096, 4097, 9001])
@pytest.mark.parametrize("odd", [None, 0, -1])
def test_lists_of_numbers(n, odd):
    """Floats and small ints are read at several places at once; another number among them changes the way."""
    rng = np.random.default_rng(n)
    a, b = rng.standard_normal(n).tolist(), rng.integers(-1000, 1000, n).tolist()
    if odd is not None:
        a[odd] = fractions.Fraction(a[odd])
    assert dot_product(a, b) == exact_dot(a, b)
    cancelling = a + [-x for x in a] + [2.0**-500]
    assert dot_product(cancelling, b + b + [1.0]) == 2.0**-500
    assert dot_product(tuple(cancelling), b + b + [2**70]) == 2.0**-430


class Subclass(float):
    pass


@pytest.mark.parametrize("n", [2, 301, 5000])
def test_lists_of_all_kinds_of_numbers(n):
    """What is read in place, and ints just beyond it."""
    rng = random.Random(n)
    kinds = [
        rng.random, lambda: rng.randrange(-1000, 1000), lambda: rng.random() < 0.5, lambda: np.float64(rng.random()),
        lambda: rng.randrange(-(2**53), 2**53 + 1), lambda: 2**53, lambda: -(2**53),
        lambda: Subclass(rng.random()), lambda: 0,
    ]  # fmt: skip
    for beyond in ([], [lambda: 2**53 + 1, lambda: -(2**53) - 1, lambda: 2**60, lambda: rng.randrange(2**64)]):
        a, b = ([rng.choice(kinds + beyond)() for _ in range(n)] for _ in "ab")
        assert same(dot_product(a, b), exact_dot(a, b))
        assert same(dot_product(tuple(b), a), exact_dot(a, b))


@BOTH
def test_zero_times_a_large_int(route):
    for large in (2**53 + 1, 2**62, 2**63 - 1):
        for zero, expected in ((0.0, -0.0), (-0.0, 0.0)):
            assert same(route.dot_product([zero], [-large]), expected)
            assert same(route.dot_product(np.array([zero] * 70), np.array([-large] * 70)), expected)
            assert same(route.dot_product(np.array([-large]), np.array([zero])), expected)


SPECIALS = [
    ([], [], 0.0),
    ([0.0], [-1.0], -0.0),
    ([-0.0, 0], [1.0, -5], -0.0),
    ([-0.0, 0.0], [1.0, 1.0], 0.0),
    ([-(2.0**-600)], [2.0**-600], -0.0),
    ([math.nan], [0.0], math.nan),
    ([math.inf], [0.0], math.nan),
    ([math.inf], [0], math.nan),
    ([math.inf, 1e308], [2, -1e308], math.inf),
    ([math.inf], [-(2**60) - 1], -math.inf),
    ([math.inf], [-(10**400)], -math.inf),
    ([math.inf, math.inf], [1, -1], math.nan),
    ([10**400, math.inf], [1, -1], -math.inf),
    ([1e308, 1e308], [1e308, -1e308], 0.0),
    ([math.nan] + [1.0] * 5000, [1.0] * 5001, math.nan),
    ([-0.0] * 5000, [1.0] * 5000, -0.0),
]


@BOTH
@pytest.mark.parametrize("a, b, expected", SPECIALS)
def test_special_values(route, a, b, expected):
    if a == [-(2.0**-600)]:
        expected = exact_dot(a, b)
    assert same(route.dot_product(a, b), expected)
    assert same(route.dot_product(iter(a), b), expected)
    if 10**400 not in a and -(10**400) not in b:
        assert same(route.dot_product(np.array(a, "d"), np.array(b, "d")), expected)
    if b and all(type(y) is int and abs(y) < 2**63 for y in b) and 10**400 not in a:
        assert same(route.dot_product(np.array(a, "d"), np.array(b)), expected)


@BOTH
def test_other_numbers(route):
    assert route.dot_product([1, 2, 3], [4, 5, 6]) == 32.0
    assert type(route.dot_product([1], [1])) is float
    assert route.dot_product([fractions.Fraction(1, 2), decimal.Decimal("0.25")], [4, 8]) == 4.0
    assert route.dot_product([np.float32(0.5), np.int8(3)], (True, np.float64(2))) == 6.5
    assert route.dot_product(array.array("d", [1.5]), [2]) == 3.0
    assert route.dot_product({1: 0, 2: 0}, range(2)) == 2.0


ERRORS = [
    (lambda r: r.dot_product([1, 2], [1]), ValueError, "^dot_product: sequences must have the same length$"),
    (lambda r: r.dot_product(iter([1, 2]), [1]), ValueError, "^dot_product: sequences must have the same length$"),
    (lambda r: r.dot_product([1], iter([1, 2])), ValueError, "^dot_product: sequences must have the same length$"),
    (lambda r: r.dot_product(np.ones(2), np.ones(3)), ValueError, "^dot_product: sequences must have the same length$"),
    (
        lambda r: r.dot_product(np.ones((2, 2)), np.ones((2, 2))),
        ValueError,
        "expected arrays of one dimension, got one of 2",
    ),
    (lambda r: r.dot_product([1, "2"], [1, 2]), TypeError, "dot_product: expected a number at position 1, got str"),
    (lambda r: r.dot_product([1, 2], [1, 2j]), TypeError, "dot_product: expected a number at position 1, got complex"),
    (
        lambda r: r.dot_product([np.complex128(1)], [1]),
        TypeError,
        "expected a number at position 0, got numpy.complex128",
    ),
    (
        lambda r: r.dot_product([1, 2], (1, None)),
        TypeError,
        "dot_product: expected a number at position 1, got NoneType",
    ),
    (lambda r: r.dot_product(1, [1]), TypeError, "'int' object is not iterable"),
    (lambda r: r.dot_product([1]), TypeError, r"dot_product\(\) missing 1 required positional argument: 'b'"),
    (lambda r: r.dot_product(), TypeError, r"dot_product\(\) missing 2 required positional arguments: 'a' and 'b'"),
    (lambda r: r.dot_product([], [], []), TypeError, r"dot_product\(\) takes 2 positional arguments but 3 were given"),
    (lambda r: r.dot_product([], b=[]), TypeError, "argument"),
]


@BOTH
@pytest.mark.parametrize("call, error, text", ERRORS)
def test_errors(route, call, error, text):
    with pytest.raises(error, match=text):
        call(route)


class Trouble(Exception):
    pass


class Calling:
    def __init__(self, action):
        self.action = action

    def __float__(self):
        return self.action()


@BOTH
def test_lists_that_change_underway(route):
    def clear():
        a.clear(), b.clear()
        return 2.0

    def replace():
        a[:], b[:] = [0.5] * 4, [4.0] * 4
        return 2.0

    a, b = [1.0, Calling(clear), 3.0, 4.0], [1.0, 10.0, 100.0, 1000.0]
    assert route.dot_product(a, b) == 21.0
    a, b = [1.0, 2.0, 3.0, 4.0], [1.0, Calling(replace), 100.0, 1000.0]
    assert route.dot_product(a, b) == 1 + 4 + 2 + 2

    def shrink():
        del a[2:]
        return 2.0

    a, b = [1.0, Calling(shrink), 3.0], [1.0, 10.0, 100.0]
    with pytest.raises(ValueError, match="same length"):
        route.dot_product(a, b)


def test_endless_iterators_can_be_stopped():
    def stop(signum, frame):
        raise Trouble

    before = signal.signal(signal.SIGALRM, stop)
    try:
        for call in (
            lambda: dot_product(itertools.repeat(1.0), itertools.count()),
            lambda: fastmath.fast_sum(itertools.repeat(1)),
        ):
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            with pytest.raises(Trouble):
                call()
    finally:
        signal.signal(signal.SIGALRM, before)


@BOTH
def test_exceptions_pass(route):
    def trouble():
        raise Trouble

    for a in ([1, Calling(trouble)], iter([1, Calling(trouble)])):
        with pytest.raises(Trouble):
            route.dot_product(a, [1, 2])
    with pytest.raises(TypeError, match="float"):
        route.dot_product([Calling(lambda: "no float")], [1])


def test_no_leaks():
    def trouble():
        raise Trouble

    big, bad, wrong = 10**400, Calling(trouble), Calling(lambda: None)
    cases = [
        ([big, 1, bad], [1, 2, 3]),
        ([big, big], (1, -1)),
        ([2**60 + 1, big], [wrong, 1]),
        ([1], [1, 2]),
        ([big], ["x"]),
    ]

    def once():
        for a, b in cases:
            for first, second in ((a, b), (b, a), (iter(a), iter(b))):
                try:
                    dot_product(first, second)
                except (Trouble, TypeError, ValueError):
                    pass

    once()
    before = [sys.getrefcount(x) for x in (big, bad, wrong)]
    tracemalloc.start()
    once()
    first = tracemalloc.get_traced_memory()[0]
    for _ in range(200):
        once()
    grown = tracemalloc.get_traced_memory()[0] - first
    tracemalloc.stop()
    assert [sys.getrefcount(x) for x in (big, bad, wrong)] == before
    assert grown < 20000
