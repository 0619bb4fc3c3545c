"""fast_exp: within 1 ulp, everywhere, the same bits from every route and layout."""

import math
from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fastmath
from fastmath import fast_exp
from fastmath.bindings import pure

from sum_cases import layouts, same

BOTH = pytest.mark.parametrize("route", [fastmath, pure], ids=["C", "pure"])


def error_in_ulps(x: float, result: float) -> float:
    with localcontext() as context:
        context.prec = 60
        context.Emin, context.Emax = -10000, 10000
        exact = Decimal(x).exp()
        if math.isinf(result):
            return 0.0 if exact > Decimal("1.797693134862315807e308") else math.inf
        return float(abs(Decimal(result) - exact) / Decimal(math.ulp(result)))


@given(st.floats(-746, 710))
def test_any(x):
    result = fast_exp(x)
    assert error_in_ulps(x, result) < 1
    assert same(result, pure.fast_exp(x))


def test_whole_range():
    rng = np.random.default_rng(0)
    groups = [
        rng.uniform(-746, 710, 3000),
        rng.uniform(-1, 1, 3000),
        rng.uniform(-746, -707, 2000),
        rng.uniform(709, 710, 300),
    ]
    multiples = np.arange(-1075, 1025) * math.log(2) / 2
    for x in [
        *groups,
        multiples,
        np.nextafter(multiples, 1e9),
        np.ldexp(rng.uniform(-1, 1, 500), rng.integers(-1070, 0, 500)),
    ]:
        result = fast_exp(x)
        assert max(map(error_in_ulps, x.tolist(), result.tolist())) < 0.95
        assert all(map(same, result.tolist(), map(pure.fast_exp, x.tolist())))


@BOTH
def test_values(route):
    assert route.fast_exp(0.5) == 1.6487212707001282
    assert route.fast_exp(0.0) == route.fast_exp(-0.0) == route.fast_exp(5e-324) == route.fast_exp(-1e-300) == 1.0
    assert route.fast_exp(1) == math.e
    assert route.fast_exp(True) == math.e
    assert same(route.fast_exp(math.nan), math.nan)
    assert (
        route.fast_exp(math.inf)
        == route.fast_exp(709.79)
        == route.fast_exp(1e300)
        == route.fast_exp(10**400)
        == math.inf
    )
    assert (
        same(route.fast_exp(-math.inf), 0.0)
        and same(route.fast_exp(-745.2), 0.0)
        and same(route.fast_exp(-(10**400)), 0.0)
    )
    assert route.fast_exp(-745.1) == 5e-324
    assert route.fast_exp(709.782712893384) < math.inf
    assert type(route.fast_exp(np.float64(1))) is float
    assert type(route.fast_exp(np.float32(0.5))) is float
    assert type(route.fast_exp(np.array(0.5))) is float


@BOTH
@pytest.mark.parametrize("type", ["d", "f", "e", ">d", ">f", ">e"])
def test_layouts(route, type):
    for n in (0, 1, 6, 210, 4620) if route is fastmath else (0, 1, 6):
        x = np.random.default_rng(n).uniform(-10, 5, n).astype(type)
        for name, layout in layouts(x):
            result = route.fast_exp(layout)
            assert result.dtype == x.dtype.newbyteorder("="), name
            assert result.shape == layout.shape
            with np.errstate(over="ignore"):
                expected = np.array([route.fast_exp(float(v)) for v in layout.ravel()]).astype(result.dtype)
            assert np.array_equal(result.ravel(), expected), name


@BOTH
def test_narrow_results_are_rounded_to_nearest(route):
    every = np.arange(2**16, dtype="u2").view("e")
    every = every if route is fastmath else every[::97]
    with np.errstate(over="ignore"):
        expected = np.array([route.fast_exp(float(x)) for x in every]).astype("e")
    assert np.array_equal(route.fast_exp(every), expected, equal_nan=True)


@BOTH
def test_out(route):
    x = np.linspace(-2, 2, 24).reshape(4, 6)
    expected = route.fast_exp(x)
    out = np.empty((4, 6))
    assert route.fast_exp(x, out=out) is out
    assert np.array_equal(out, expected)
    narrow = np.zeros((6, 4), ">f4").T
    assert route.fast_exp(x, out=narrow) is narrow
    assert np.array_equal(narrow, expected.astype("f"))
    assert np.array_equal(route.fast_exp(x[:, ::-1], out=out[:, ::-1])[:, ::-1], expected)
    same_memory = x.copy()
    route.fast_exp(same_memory, out=same_memory)
    assert np.array_equal(same_memory, expected)


@pytest.mark.parametrize("n", [10, 5000])
def test_out_overlaps(n):
    """As if x had been read first, wherever the results go."""
    base = np.linspace(-2, 2, n)
    for x, out in (
        (slice(1, None), slice(None, -1)),
        (slice(None, -1), slice(1, None)),
        (slice(None), slice(None, None, -1)),
    ):
        values = base.copy()
        fast_exp(values[x], out=values[out])
        assert np.array_equal(values[out], fast_exp(base[x]))


ERRORS = [
    (lambda r: r.fast_exp("1"), TypeError, "fast_exp: expected a float or a buffer of floats, got str"),
    (lambda r: r.fast_exp([1.0]), TypeError, "fast_exp: expected a float or a buffer of floats, got list"),
    (lambda r: r.fast_exp(1j), TypeError, "fast_exp: expected a float or a buffer of floats, got complex"),
    (
        lambda r: r.fast_exp(np.arange(3)),
        TypeError,
        "expected elements of type float64, float32 or float16, got format 'l'",
    ),
    (lambda r: r.fast_exp(b"12345678"), TypeError, "got format 'B'"),
    (lambda r: r.fast_exp(np.ones(3), out=np.ones(4)), ValueError, "fast_exp: out must have the shape of x"),
    (lambda r: r.fast_exp(np.ones(3), out=np.ones((3, 1))), ValueError, "fast_exp: out must have the shape of x"),
    (lambda r: r.fast_exp(np.ones(3), out=np.ones(3, int)), TypeError, "fast_exp: out: expected elements of type"),
    (lambda r: r.fast_exp(np.ones(3), out=[1, 2, 3]), TypeError, "fast_exp: out: expected an object with a buffer"),
    (lambda r: r.fast_exp(1.0, out=np.ones(1)), TypeError, "fast_exp: out goes with a buffer, not with a number"),
    (lambda r: r.fast_exp(), TypeError, r"fast_exp\(\) missing 1 required positional argument: 'x'"),
    (lambda r: r.fast_exp(1.0, 2.0), TypeError, r"fast_exp\(\) takes 1 positional argument but 2 were given"),
]


@BOTH
@pytest.mark.parametrize("call, error, text", ERRORS)
def test_errors(route, call, error, text):
    with pytest.raises(error, match=text):
        call(route)


def test_out_must_be_writable():
    frozen = np.ones(3)
    frozen.flags.writeable = False
    with pytest.raises((ValueError, BufferError)):
        fast_exp(np.ones(3), out=frozen)
