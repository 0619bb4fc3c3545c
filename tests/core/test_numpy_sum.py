"""numpy_sum and parallel_sum: correctly rounded, whatever the numbers and however they lie."""

import array
import ctypes
import math
import platform
import random
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastmath
from fastmath import _core, numpy_sum, parallel_sum
from fastmath.bindings import pure

from sum_cases import HARD, LARGEST, all_exponents, anderson, exact_sum, float_lists, ill_conditioned, layouts, same

BOTH = pytest.mark.parametrize("route", [fastmath, pure], ids=["C", "pure"])


@BOTH
@pytest.mark.parametrize("values", HARD, ids=range(len(HARD)))
def test_hard_cases(route, values):
    expected = exact_sum(values)
    for _ in range(5):
        assert same(route.numpy_sum(np.array(values, "d")), expected)
        values = random.sample(values, len(values))


@given(float_lists)
def test_any_floats(values):
    assert same(numpy_sum(np.array(values, "d")), exact_sum(values))


@given(float_lists, st.integers(0, 70))
def test_any_floats_among_many(values, padding):
    """Enough company for the vector loops and, at 2048, for more than one chunk."""
    filler = np.random.default_rng(padding).standard_normal(1000 + padding)
    whole = np.concatenate([filler, values, -filler[::-1]])
    assert same(numpy_sum(whole), exact_sum([0.0, *values]))


@pytest.mark.parametrize("type", ["f", "e"])
@given(data=st.data())
def test_narrow_floats(type, data):
    width = {"f": 32, "e": 16}[type]
    values = data.draw(st.lists(st.floats(width=width, allow_nan=False, allow_infinity=False), max_size=80))
    assert same(numpy_sum(np.array(values, type)), exact_sum(values))


@pytest.mark.parametrize("type", ["f", "e"])
def test_narrow_floats_are_rounded_once(type):
    """Rounding to the type of the elements on the way would lose the last one."""
    one, tiny = np.array([1], type), np.array([np.finfo(type).smallest_subnormal], type)
    values = np.concatenate([one, tiny])
    assert numpy_sum(values) == exact_sum([1.0, float(tiny[0])])
    every = np.arange(2**16, dtype="u2").view("e") if type == "e" else np.geomspace(1e-45, 3e38, 20000, dtype="f")
    every = every[np.isfinite(every)]
    assert numpy_sum(every) == exact_sum(every.tolist())
    assert numpy_sum(every[every > 0]) == exact_sum(every[every > 0].tolist())


@pytest.mark.parametrize("n", [1, 31, 32, 33, 255, 256, 257, 1000, 2047, 2048, 2049, 5000, 65535, 65536, 65537, 200003])
@pytest.mark.parametrize("make", [anderson, ill_conditioned, all_exponents])
def test_sizes(make, n):
    values = make(n, seed=n)
    expected = pure.numpy_sum(values)
    assert same(numpy_sum(values), expected)
    assert same(parallel_sum(values, workers=3), expected)


PATHS = {
    "ordinary": (lambda n: np.random.default_rng(0).random(n), {"fast"}),
    "cancelling": (anderson, {"fast", "levels"}),
    "100 orders of magnitude": (ill_conditioned, {"fast", "levels"}),
    "all exponents": (all_exponents, {"fast"}),
    "all exponents, cancelling": (
        lambda n: np.concatenate([all_exponents(n), -all_exponents(n), [1.0]]),
        {"fast", "bins"},
    ),
    "a NaN": (lambda n: np.append(np.ones(n), math.nan), {"fast", "special"}),
    "a tie": (lambda n: np.append(np.full(n - n % 2, 2.0), [2.0**53, 1.0]), {"fast", "levels"}),
}


@pytest.mark.parametrize("name", PATHS)
def test_paths(name):
    make, expected = PATHS[name]
    values = make(20000)
    paths = _core.sum_paths(values)
    assert expected <= paths
    if name == "ordinary":
        assert paths == {"fast"}
        assert _core.sum_paths(values[:100]) == {"fast"}
        assert _core.sum_paths(values.astype("f")) <= {"fast"}
    assert same(numpy_sum(values), pure.numpy_sum(values))


@pytest.mark.parametrize("exponent", [-1074, -1060, -1000, -540, -511, -460, -30, 0, 400, 459, 520, 900, 960, 1010])
@pytest.mark.parametrize("n", [3, 100, 9000])
def test_magnitudes(exponent, n):
    """Units are scaled at the ends of the range, and sums of the largest numbers overflow on the way."""
    rng = np.random.default_rng(n)
    for spread in (1, 13):
        values = np.ldexp(rng.random(n) - 0.4, exponent + rng.integers(0, spread, n))
        for given in (values, np.repeat(values, 2)[::2], np.append(values, -values[1:])):
            assert same(numpy_sum(given), pure.numpy_sum(given))


@pytest.mark.parametrize("n", [31, 2047, 8191, 8192, 8193, 16385])
@pytest.mark.parametrize("bits", [1, 20, 40, 90])
def test_floats_of_32_bits(n, bits):
    """Doubles add them exactly, until their exponents are too far apart."""
    rng = np.random.default_rng(bits)
    values = np.ldexp(rng.standard_normal(n), rng.integers(-bits, bits, n)).astype("f")
    for given in (values, np.append(values, -values[1:]), np.append(values, np.float32(2.0**-149))):
        assert same(numpy_sum(given), pure.numpy_sum(given))


ENVIRONMENT = """
import ctypes, ctypes.util, sys
import numpy as np
import fastmath

libm = ctypes.CDLL(ctypes.util.find_library("m"))
x, y = np.random.default_rng(0).standard_normal((2, 300000))
single, half = x.astype("f"), x.astype("e")
wide = np.ldexp(single, np.arange(300000) % 90 - 45).astype("f")
a, b = x[:5000].tolist(), y[:5000].tolist()
cancelling = np.concatenate([x, -x[1:]])
all_exponents = np.ldexp(x, np.arange(300000) % 2000 - 1000)


def results():
    values = [fastmath.numpy_sum(v) for v in (x, single, wide, cancelling, x[:7], half, all_exponents)]
    assert float(single[0]) * 2.0**-1070 != 0  # subnormal numbers are not lost afterwards
    values += fastmath.numpy_sum(x.reshape(300, 1000), axis=0).tolist()
    values += [fastmath.parallel_sum(x, workers=2), fastmath.dot_product(x, y), fastmath.dot_product(a, b)]
    values += [fastmath.dot_product(a + [2**70 + 1], b + [3]), fastmath.fast_exp(0.3)]
    values += fastmath.fast_exp(x[:50]).tolist()
    return [value.hex() for value in values]


expected = []
for mode in map(int, sys.argv[1:]):
    assert libm.fesetround(mode) == 0
    found = results()
    assert libm.fegetround() == mode
    assert libm.fesetround(int(sys.argv[1])) == 0
    expected = expected or found
    assert found == expected, mode
"""


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="the modes' numbers are those of x86")
def test_callers_may_round_otherwise():
    """Upward, downward, to zero: first to nearest, in a process of its own."""
    modes = ["0", "1024", "2048", "3072", "0"]
    subprocess.run([sys.executable, "-P", "-c", ENVIRONMENT, *modes], check=True)


GUARDED = """
import ctypes, mmap
import numpy as np
import fastmath

page = mmap.PAGESIZE
memory = mmap.mmap(-1, 5 * page)
raw = np.frombuffer(memory, "u1")
libc = ctypes.CDLL(None, use_errno=True)
protect = libc.mprotect
protect.argtypes = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int
assert protect(raw.ctypes.data + 4 * page, page, 0) == 0  # no access at all
for type in ("d", "f", "e"):
    values = raw[: 4 * page].view(type)
    values[:] = 1
    for n in range(1, 140):
        for stride in (1, 2, 3, -1, -2):
            assert fastmath.numpy_sum(values[-1 :: -abs(stride)][:n][:: -1 if stride > 0 else 1]) == n
        assert fastmath.dot_product(values[-n:], values[-n:]) == n
    assert fastmath.numpy_sum(values[1::2]) == len(values) // 2
    assert fastmath.numpy_sum(values[-600:].reshape(30, 20), axis=0).tolist() == [30.0] * 20
"""


@pytest.mark.skipif(sys.platform != "linux", reason="mprotect as Linux has it")
def test_memory_behind_the_last_element_is_not_read():
    subprocess.run([sys.executable, "-P", "-c", GUARDED], check=True)


@BOTH
@pytest.mark.parametrize("type", ["d", "f", "e", ">d", "<d", ">f", "<f", ">e", "<e"])
def test_layouts(route, type):
    rng = np.random.default_rng(1)
    for n in (0, 1, 6, 210, 6300) if route is fastmath else (0, 1, 6, 210):
        values = (rng.standard_normal(n) * 2.0 ** rng.integers(-8, 8, n)).astype(type)
        expected = exact_sum(values.tolist())
        for name, layout in layouts(values):
            assert same(route.numpy_sum(layout), expected), name
            assert same(route.parallel_sum(layout, workers=2), expected), name


def test_many_dimensions():
    values = np.random.default_rng(2).standard_normal((2,) * 12)
    assert numpy_sum(values) == exact_sum(values.ravel().tolist())
    assert numpy_sum(values.transpose(5, 3, 0, 1, 2, 4, 11, 10, 9, 8, 7, 6)) == numpy_sum(values)
    assert numpy_sum(values[::-1, ..., ::-1, :]) == numpy_sum(values)
    assert numpy_sum(np.broadcast_to(np.array([1.5, 2.5]), (1000, 2))) == 4000
    assert numpy_sum(np.array(3.5)) == 3.5
    assert numpy_sum(np.empty((3, 0, 2))) == 0.0


def test_other_buffers():
    assert numpy_sum(array.array("d", [1.5, 2.0])) == 3.5
    assert numpy_sum(array.array("f", [1.5, 2.0])) == 3.5
    assert numpy_sum(memoryview(bytes(16)).cast("d")) == 0.0
    assert numpy_sum(memoryview(array.array("d", range(10)))[::-3]) == 18


def test_ctypes_arrays():
    """Their buffers have no strides."""
    rows = ((ctypes.c_double * 3) * 2)((1, 2, 3), (4, 5, 6))
    assert numpy_sum(rows) == 21
    assert numpy_sum(rows, axis=0).tolist() == [5, 7, 9]
    assert numpy_sum((ctypes.c_float.__ctype_be__ * 3)(1, 2, 3.5)) == 6.5
    assert fastmath.fast_sum((ctypes.c_int16 * 3)(1, -2, 3)) == 2
    assert fastmath.dot_product((ctypes.c_int16 * 3)(1, -2, 3), (ctypes.c_double * 3)(1, 1, 0.5)) == 0.5
    assert fastmath.fast_exp((ctypes.c_double * 2)(0, 1)).tolist() == [1, math.e]


def test_indirect_buffers():
    """Rows behind pointers, as PIL stores images: suboffsets."""
    testbuffer = pytest.importorskip("_testbuffer")
    values = [float(i * i) for i in range(12)]
    rows = testbuffer.ndarray(values, shape=[3, 4], format="d", flags=testbuffer.ND_PIL)
    assert any(s >= 0 for s in rows.suboffsets)
    assert numpy_sum(rows) == pure.numpy_sum(rows) == sum(values)
    assert numpy_sum(rows[::-1, ::2]) == sum(values[0::2])
    assert numpy_sum(rows, axis=0).tolist() == np.reshape(values, (3, 4)).sum(axis=0).tolist()
    assert numpy_sum(rows, axis=1).tolist() == np.reshape(values, (3, 4)).sum(axis=1).tolist()


SPECIALS = [
    ([], 0.0),
    ([0.0], 0.0),
    ([-0.0], -0.0),
    ([-0.0] * 5000, -0.0),
    ([-0.0] * 4999 + [0.0], 0.0),
    ([1.0, -1.0], 0.0),
    ([-1.0, 1.0, -0.0], 0.0),
    ([math.nan], math.nan),
    ([1.0] * 3000 + [math.nan], math.nan),
    ([math.nan, math.inf], math.nan),
    ([math.inf], math.inf),
    ([-math.inf, 1e308], -math.inf),
    ([math.inf] * 2, math.inf),
    ([math.inf] + [1.0] * 5000 + [-math.inf], math.nan),
    ([1e308] * 2, math.inf),
    ([-1e308] * 5000, -math.inf),
    ([1e308] * 3000 + [-1e308] * 2999, 1e308),
]


@BOTH
@pytest.mark.parametrize("values, expected", SPECIALS)
def test_special_values(route, values, expected):
    assert same(route.numpy_sum(np.array(values, "d")), expected)
    assert same(route.parallel_sum(np.array(values, "d"), workers=2), expected)
    if not any(1e30 < abs(v) < math.inf for v in values):
        for type in ("f", "e", ">d", ">f", ">e"):
            assert same(route.numpy_sum(np.array(values, type)), expected)


@BOTH
@pytest.mark.parametrize("type", ["d", "f", ">d"])
@pytest.mark.parametrize("shape", [(6,), (5, 7), (4, 3, 5), (40, 1, 3), (0, 3), (3, 0), (2, 3, 4, 5)])
def test_axes(route, type, shape):
    rng = np.random.default_rng(3)
    values = np.round(rng.standard_normal(shape) * 2**10).astype(type)
    for transposed in (values, values.T, values[::-1], np.asfortranarray(values)):
        for axis in [None, *range(-values.ndim, values.ndim), (), (0, -1)]:
            if axis == (0, -1) and values.ndim == 1:
                continue
            for keepdims in (False, True):
                result = route.numpy_sum(transposed, axis=axis, keepdims=keepdims)
                expected = np.sum(transposed, axis=axis, keepdims=keepdims, dtype="d")
                assert np.shape(result) == np.shape(expected)
                assert np.array_equal(result, expected)
                assert isinstance(result, np.ndarray if np.ndim(expected) else float)


@pytest.mark.parametrize("make", [anderson, ill_conditioned, all_exponents])
@pytest.mark.parametrize("type", ["d", "f"])
def test_axes_round_correctly(make, type):
    with np.errstate(over="ignore", invalid="ignore"):
        values = make(2100 * 9)[: 2100 * 9].reshape(2100, 9).astype(type)
    values[np.isinf(values)] = 0
    values[:, 6] = -0.0
    values[[5, 2099, 7, 9], [3, 4, 7, 7]] = math.nan, math.inf, math.inf, -math.inf
    for rows in (1, 7, 8, 100, 2047, 2100):
        for grid in (values[:rows], np.asfortranarray(values[:rows])):
            for result, lines in ((numpy_sum(grid, axis=0), grid.T), (numpy_sum(grid, axis=1), grid)):
                for i in {*range(0, len(lines), 97), *range(min(9, len(lines)))}:
                    assert same(result[i], pure.numpy_sum(lines[i])), (rows, i)


def column_sums(grid):
    """By math.fsum, which rounds correctly too, and is quick."""
    if not np.isfinite(grid).all():
        return [pure.numpy_sum(np.ascontiguousarray(column)) for column in grid.T]
    minus_zero = np.all((grid == 0) & np.signbit(grid), axis=0)
    return [-0.0 if zero else math.fsum(column) for zero, column in zip(minus_zero, grid.T.tolist(), strict=True)]


COLUMNS = {
    "ordinary": lambda rng, shape: rng.standard_normal(shape),
    "ties": lambda rng, shape: rng.integers(2**52, 2**53, shape) * rng.choice([-1.0, 1.0, 0.5], shape),
    "integers": lambda rng, shape: rng.integers(-100, 100, shape).astype("d"),
    "zeros": lambda rng, shape: rng.choice([0.0, -0.0], shape) if shape[0] < 3 else np.full(shape, -0.0),
    "cancelling": lambda rng, shape: (
        np.repeat(rng.standard_normal((shape[0], -(-shape[1] // 2))), 2, axis=1)[:, : shape[1]]
        * np.where(np.arange(shape[0]) % 2, 1.0, -1.0)[:, None]
    ),
    "less their means": lambda rng, shape: (x := rng.random(shape)) - x.mean(axis=0),
    "growing": lambda rng, shape: np.ldexp(rng.standard_normal(shape), np.arange(shape[0])[:, None] % 400),
    "far apart": lambda rng, shape: np.ldexp(rng.standard_normal(shape), rng.integers(-900, 900, shape)),
    "tiny": lambda rng, shape: np.ldexp(rng.standard_normal(shape), rng.integers(-1080, -1000, shape)),
    "large": lambda rng, shape: np.ldexp(rng.standard_normal(shape), 1005),
    "specials": lambda rng, shape: np.where(rng.random(shape) < 0.1, rng.choice([np.nan, np.inf, -np.inf], shape), 1.5),
}


@pytest.mark.parametrize("name", COLUMNS)
@pytest.mark.parametrize("rows", [1, 2, 3, 4, 5, 8, 9, 31, 33, 255, 4095, 4096, 4097, 8193])
def test_columns(name, rows):
    """Many results are made side by side, those of few rows or of narrow rows too."""
    rng = np.random.default_rng(rows)
    for columns in (8, 9, 255, 257, 511, 513, 1030) if rows < 40 else (8, 11, 30):
        grid = COLUMNS[name](rng, (rows, columns))
        expected = column_sums(grid)
        swapped, spread = grid.astype(">d"), np.zeros((columns, rows, 3))
        spread[:, ::-1, 1] = grid.T
        for given, axis in ((grid, 0), (np.ascontiguousarray(grid.T), 1), (swapped, 0), (spread[..., 1], 1)):
            assert all(map(same, numpy_sum(given, axis=axis), expected)), (columns, axis)


@pytest.mark.parametrize("type", ["d", "f", "e", ">f"])
def test_axes_of_many_shapes(type):
    """Which elements lie side by side, and how many, decides how they are added."""
    rng = np.random.default_rng(5)
    several = [
        (3, 70, 3),
        (70, 3, 3),
        (3, 3, 70),
        (2, 40, 300),
        (40, 2, 300),
        (300, 40, 2),
        (5, 4, 3, 20),
        (1, 9, 1, 40),
    ]
    for shape in several:
        values = (rng.standard_normal(shape) * 2.0 ** rng.integers(-9, 3, shape)).astype(type)
        for given in (values, values.transpose(1, 0, *range(2, values.ndim)), values.T, values[::-1, ..., ::-1]):
            for axes in ((0,), (1,), (2,), (0, 1), (1, 2), (0, 2)):
                rows = np.moveaxis(given.astype("d"), axes, range(len(axes))).reshape(
                    math.prod(given.shape[a] for a in axes), -1
                )
                assert numpy_sum(given, axis=axes).ravel().tolist() == column_sums(rows), (shape, axes)


@BOTH
def test_axis_errors(route):
    values = np.ones((2, 3))
    with pytest.raises(ValueError, match="axis 2 is out of bounds"):
        route.numpy_sum(values, axis=2)
    with pytest.raises(ValueError, match="repeated axis"):
        route.numpy_sum(values, axis=(0, 0))
    with pytest.raises(TypeError):
        route.numpy_sum(values, axis=0.5)
    with pytest.raises((ValueError, OverflowError)):
        route.numpy_sum(values, axis=10**30)


def test_axis_errors_begin_with_its_name():
    for axis in (0.5, "x", {0}, (0, None)):
        with pytest.raises(TypeError, match="^axis: expected None, an int or a tuple of ints, got"):
            numpy_sum(np.ones((2, 3)), axis=axis)
    for axis in (10**30, (0, -3)):
        with pytest.raises(np.exceptions.AxisError, match="^axis .* is out of bounds for array of dimension 2"):
            numpy_sum(np.ones((2, 3)), axis=axis)


@pytest.mark.parametrize("workers", [1, 2, 7, 64, 10**30, None])
@pytest.mark.parametrize("make", [anderson, ill_conditioned, all_exponents])
def test_workers_give_equal_bits(workers, make):
    values = make(2_000_001)
    assert same(parallel_sum(values, workers=workers), numpy_sum(values))
    assert same(parallel_sum(values[1::2], workers=workers), numpy_sum(values[1::2]))


@BOTH
def test_raw_bytes(route):
    data = array.array("d", [1.5, -0.25, 1e300])
    for raw in (data.tobytes(), bytearray(data.tobytes()), memoryview(data).cast("B")):
        assert route.parallel_sum(raw) == 1e300
    assert route.parallel_sum(memoryview(b"x" + data.tobytes())[1:]) == 1e300
    with pytest.raises(ValueError, match="the length of raw bytes must be a multiple of 8, got 7"):
        route.parallel_sum(b"1234567")
    with pytest.raises(ValueError, match="raw bytes must be contiguous"):
        route.parallel_sum(memoryview(bytes(64))[::2])


ERRORS = [
    (
        lambda r: r.numpy_sum([1.0]),
        TypeError,
        "numpy_sum: expected an object with a buffer, such as an array, got list",
    ),
    (lambda r: r.numpy_sum(b"12345678"), TypeError, "got format 'B'"),
    (
        lambda r: r.numpy_sum(np.arange(3)),
        TypeError,
        "expected elements of type float64, float32 or float16, got format 'l'",
    ),
    (
        lambda r: r.numpy_sum(np.ones(2, "D")),
        TypeError,
        "expected elements of a bool, integer or float type, got format 'Zd'",
    ),
    (lambda r: r.numpy_sum(np.ones(2, "g")), TypeError, "got format 'g'"),
    (lambda r: r.numpy_sum(1.5), TypeError, "got float"),
    (lambda r: r.numpy_sum(), TypeError, r"numpy_sum\(\) missing 1 required positional argument: 'array'"),
    (lambda r: r.numpy_sum(np.ones(2), 0), TypeError, r"numpy_sum\(\) takes 1 positional argument but 2 were given"),
    (
        lambda r: r.numpy_sum(np.ones(2), dtype="f"),
        TypeError,
        r"numpy_sum\(\) got an unexpected keyword argument 'dtype'",
    ),
    (lambda r: r.parallel_sum(np.arange(3)), TypeError, "got format 'l'"),
    (lambda r: r.parallel_sum(np.ones(2), workers=0), ValueError, "parallel_sum: workers must be at least 1, got 0"),
    (lambda r: r.parallel_sum(np.ones(2), workers=-(10**30)), ValueError, "at least 1, got -1000000000"),
    (lambda r: r.parallel_sum(np.ones(2), workers=1.5), TypeError, "workers must be an integer or None, got float"),
]


@BOTH
@pytest.mark.parametrize("call, error, text", ERRORS)
def test_errors(route, call, error, text):
    with pytest.raises(error, match=text):
        call(route)


def test_buffers_are_released():
    values = bytearray(800)
    for call in (numpy_sum, parallel_sum, fastmath.fast_exp, fastmath.fast_sum):
        for view in (memoryview(values).cast("d"), memoryview(values).cast("i"), memoryview(values)[:7]):
            try:
                call(view)
            except (TypeError, ValueError):
                pass
            view.release()
    values.extend(b"free to grow")


@settings(max_examples=20)
@given(st.integers(0, 5000))
def test_no_reading_past_the_end(n):
    """The bytes around the elements are NaNs."""
    raw = np.full(n + 20, math.nan)
    raw[10 : n + 10] = 1.0
    assert numpy_sum(raw[10 : n + 10]) == n
    assert numpy_sum(raw.astype("f")[10 : n + 10]) == n
    assert numpy_sum(raw.astype("e")[10 : n + 10]) == n
    assert parallel_sum(raw[10 : n + 10]) == n


def test_results_are_not_kept():
    values = np.random.default_rng(0).random(100)
    before = sys.getrefcount(values)
    for _ in range(100):
        numpy_sum(values), numpy_sum(values, axis=0), parallel_sum(values)
    assert sys.getrefcount(values) == before
