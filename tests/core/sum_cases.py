"""What the tests of sums share: exact references, hard cases, and arrays of every layout."""

import math
from fractions import Fraction

import numpy as np
from hypothesis import strategies as st

LARGEST = Fraction(float.fromhex("0x1.fffffffffffffp1023"))


def nearest(value: Fraction) -> float:
    """The double nearest to a rational number, found by comparing neighbours."""
    try:
        guess = float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
    candidates = [math.nextafter(guess, -math.inf), guess, math.nextafter(guess, math.inf)]
    errors = [abs(Fraction(c) - value) if math.isfinite(c) else None for c in candidates]
    best = min(e for e in errors if e is not None)
    assert errors[1] == best
    return guess


def exact_sum(values) -> float:
    """The correctly rounded sum of finite floats."""
    if values and all(v == 0 and math.copysign(1, v) < 0 for v in values):
        return -0.0
    return nearest(sum(map(Fraction, values), Fraction()))


def exact_dot(a, b) -> float:
    """The correctly rounded sum of products of ints and finite floats, not all of them -0.0."""
    return nearest(sum((Fraction(x) * Fraction(y) for x, y in zip(a, b)), Fraction()))


def same(a: float, b: float) -> bool:
    """Equal to the bit; any NaN is as good as another."""
    return (a != a and b != b) or (a == b and math.copysign(1, a) == math.copysign(1, b))


def anderson(n: int, seed: int = 0) -> np.ndarray:
    """Random numbers less their mean: the sum cancels almost completely."""
    values = np.random.default_rng(seed).random(n)
    return values - values.mean()


def ill_conditioned(n: int, bits: int = 100, seed: int = 0) -> np.ndarray:
    """Numbers over `bits` binary orders of magnitude that cancel but for 1."""
    rng = np.random.default_rng(seed)
    half = rng.standard_normal(n // 2) * 2.0 ** rng.integers(0, bits, n // 2)
    return rng.permutation(np.concatenate([half, -half, [1.0]]))


def all_exponents(n: int, seed: int = 0) -> np.ndarray:
    """Finite doubles of uniformly random bits."""
    bits = np.random.default_rng(seed).integers(0, 2**64, n, dtype="u8")
    values = bits.view("d")
    return np.where(np.isfinite(values), values, 0.0) / 4


HARD = [
    [],
    [1.0],
    [1e100, 1.0, -1e100],
    [1.0, 2.0**-53],  # a tie, to even: down
    [1.0 + 2.0**-52, 2.0**-53],  # a tie, to even: up
    [1.0, 2.0**-53, 2.0**-1074],  # just above a tie
    [1.0, 2.0**-53, -(2.0**-1074)],  # just below
    [1.0, 2.0**-53, 2.0**-106, -(2.0**-106)],
    [2.0**53, 1.0, 1.0],
    [2.0**-1074] * 3,
    [2.0**-1022, -(2.0**-1074)],
    [1.7e308, 1.7e308, -1.7e308],  # a partial sum overflows
    [float(LARGEST), 2.0**969],  # below halfway to 2**1024
    [float(LARGEST), 2.0**970],  # halfway: infinity
    [float(LARGEST), 2.0**970, -(2.0**-1074)],
    [-float(LARGEST)] * 3,
    [float(LARGEST), -float(LARGEST), 2.0**-1074],
    [2.0**1021, 2.0**1022, -(2.0**1021), -(2.0**1022), 3.0],
    [0.1] * 10,
    [1e16, 1.0, -1e16, 1e-300] * 5,
]

finite = st.floats(allow_nan=False, allow_infinity=False)
near = st.floats(-1e3, 1e3)  # exponents close to each other
ties = st.builds(
    lambda m, e, t, f: [math.ldexp(m, e), math.ldexp(1, e - 1)] + [math.ldexp(t, e - 1 - f)],
    st.integers(2**52, 2**53 - 1),
    st.integers(-400, 400),
    st.sampled_from([-1, 0, 1]),
    st.integers(1, 300),
)
float_lists = st.one_of(
    st.lists(finite, max_size=60),
    st.lists(near, max_size=300),
    st.lists(near, max_size=100).map(lambda x: x + [-v for v in x]),
    ties,
    st.tuples(ties, st.lists(finite, max_size=20)).map(lambda t: t[0] + t[1] + [-v for v in t[1]]),
)


def layouts(values: np.ndarray):
    """The same numbers in many layouts, each with its name."""
    n = len(values)
    spread = np.zeros(3 * n + 5, values.dtype)
    spread[2 : 3 * n + 2 : 3] = values
    shifted = np.zeros(n * values.itemsize + 1, "u1")
    unaligned = shifted[1:].view(values.dtype)
    unaligned[:] = values
    yield "contiguous", values
    yield "reversed", values[::-1]
    yield "strided", spread[2 : 3 * n + 2 : 3]
    yield "negative strides", spread[2 : 3 * n + 2 : 3][::-1]
    yield "unaligned", unaligned
    yield "swapped", values.astype(values.dtype.newbyteorder())
    yield "swapped and strided", spread.astype(values.dtype.newbyteorder())[2 : 3 * n + 2 : 3]
    yield "read-only", np.frombuffer(values.tobytes(), values.dtype)
    for rows in (r for r in (2, 3, 5, 7) if n and n % r == 0):
        grid = values.reshape(rows, -1)
        padded = np.zeros((rows, n // rows + 3), values.dtype)
        padded[:, : n // rows] = grid
        yield f"{rows} rows, Fortran", np.asfortranarray(grid)
        yield f"{rows} rows, transposed", grid.T
        yield f"{rows} rows, padded", padded[:, : n // rows]
        yield f"{rows} rows, padded, flipped", padded[::-1, : n // rows][:, ::-1]
        interleaved = np.zeros((rows, n // rows, 3), values.dtype)
        interleaved[:, :, 1] = grid
        yield f"{rows} rows, one channel of three", interleaved[:, :, 1]
