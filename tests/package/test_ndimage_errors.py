"""Mistakes raise what SciPy raises for them, with a message that names the argument."""

import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import scipy.ndimage

import fastmath

IMAGE = np.arange(30, dtype=np.uint8).reshape(5, 6)
ALL = {
    "median_filter": (),
    "rank_filter": (1,),
    "percentile_filter": (20,),
    "minimum_filter": (),
    "maximum_filter": (),
}


class Raises:
    """As an index it raises."""

    def __index__(self) -> int:
        raise KeyError("no index today")


class RaisesAsArray:
    def __array__(self, *args: Any, **options: Any) -> np.ndarray:
        raise KeyError("no array today")


@dataclass
class Mistake:
    options: dict[str, Any]
    message: str
    image: Any = field(default_factory=lambda: IMAGE)
    names: tuple[str, ...] = tuple(ALL)


RANKED = ("median_filter", "rank_filter", "percentile_filter")
EXTREMES = ("minimum_filter", "maximum_filter")

READ_ONLY = np.zeros(IMAGE.shape)
READ_ONLY.flags.writeable = False

MISTAKES = [
    Mistake({}, "size: no footprint or filter size provided"),
    Mistake({"size": 0}, "size: expected at least 1, got 0", names=RANKED),
    Mistake({"size": (3, 0)}, "size: expected at least 1, got 0", names=RANKED),
    Mistake({"size": -1}, "size: negative dimensions .* got -1", names=RANKED),
    Mistake({"size": (3,)}, "size: .* expected 2, got 1"),
    Mistake({"size": (3, 3, 3)}, "size: .* expected 2, got 3"),
    Mistake({"size": 3.0}, "size: .*float.* integer", names=RANKED),
    Mistake({"size": (3, 3.0)}, "size: .*float.* integer", names=RANKED),
    Mistake({"size": (3, None)}, "size: .*NoneType.* integer"),
    Mistake({"size": True}, "size: an integer is required, got True", names=RANKED),
    Mistake({"size": "33"}, "size: .*str.* integer"),
    Mistake({"size": ((3, 3), (3, 3))}, "size: .*tuple.* integer"),
    Mistake({"size": Raises()}, "no index today", names=RANKED),
    Mistake({"size": 2**62}, "size: .* got", names=RANKED),
    Mistake({"size": 2**64}, "size: .* got", names=RANKED),
    Mistake({"footprint": []}, r"footprint: .*ndim \(1\) must match len\(axes\) \(2\)", names=RANKED),
    Mistake({"footprint": [1, 1]}, r"footprint: .*ndim \(1\) must match len\(axes\) \(2\)"),
    Mistake({"footprint": 1}, r"footprint: .*ndim \(0\) must match len\(axes\) \(2\)"),
    Mistake({"footprint": "abc"}, r"footprint: .*ndim \(0\) must match len\(axes\) \(2\)", names=RANKED),
    Mistake({"footprint": np.zeros((3, 3))}, "footprint: All-zero footprint"),
    Mistake({"footprint": np.ones((0, 3))}, "footprint: All-zero footprint", names=RANKED),
    Mistake({"footprint": [[1], [1, 2]]}, "footprint: .*inhomogeneous"),
    Mistake({"footprint": [[1, 1]], "axes": 0}, r"footprint: .*ndim \(2\) must match len\(axes\) \(1\)"),
    Mistake({"size": 3, "mode": "foo"}, "mode: .* expected one of reflect, .* got 'foo'"),
    Mistake({"size": 3, "mode": None}, "mode: .* got None"),
    Mistake({"size": 3, "mode": 3}, "mode: .* got 3"),
    Mistake({"size": 3, "mode": ["reflect", "wrap"]}, "mode: A sequence of modes is not supported", names=RANKED),
    Mistake({"footprint": np.eye(2), "mode": ["wrap", "wrap"]}, "mode: A sequence of modes is not supported"),
    Mistake({"size": 3, "mode": ["wrap"]}, "mode: .* expected 2, got 1", names=EXTREMES),
    Mistake({"size": 3, "mode": ["wrap", "foo"]}, "mode: .* got 'foo'", names=EXTREMES),
    Mistake({"size": 3, "cval": 1j}, "cval: must be real number, not complex"),
    Mistake({"size": 3, "cval": "1"}, "cval: must be real number, not str"),
    Mistake({"size": 3, "cval": None}, "cval: must be real number, not NoneType"),
    Mistake({"size": 3, "cval": [3]}, "cval: must be real number, not list"),
    Mistake({"size": 3, "origin": 2}, "origin: invalid origin 2 for a window of 3: expected -1 to 1"),
    Mistake({"size": 4, "origin": 2}, "origin: invalid origin 2 for a window of 4: expected -2 to 1"),
    Mistake({"size": 3, "origin": -2}, "origin: invalid origin -2"),
    Mistake({"size": (3, 1), "origin": 1}, "origin: invalid origin 1", names=("median_filter",)),
    Mistake({"size": 3, "origin": 2**64}, "origin: invalid origin"),
    Mistake({"size": 3, "origin": (1,)}, "origin: .* expected 2, got 1"),
    Mistake({"size": 3, "origin": 1.0}, "origin: .*float.* integer", names=RANKED),
    Mistake({"size": 3, "axes": (0, 0)}, r"axes: axes must be unique, got \(0, 0\)"),
    Mistake({"size": 3, "axes": (0, -2)}, r"axes: axes must be unique, got \(0, -2\)"),
    Mistake({"size": 3, "axes": (0, 2)}, "axes: axis 2 is out of range .* 2 dimensions"),
    Mistake({"size": 3, "axes": (-3, 0)}, "axes: axis -3 is out of range .* 2 dimensions"),
    Mistake({"size": 3, "axes": 1.0}, "axes: .*float.* integer"),
    Mistake({"size": 3, "axes": "a"}, "axes: .*str.* integer"),
    Mistake({"size": (3, 3), "axes": (0,)}, "size: .* expected 1, got 2"),
    Mistake({"size": 3, "output": np.zeros((5, 5))}, r"output: .*shape.* expected \(5, 6\), got \(5, 5\)"),
    Mistake({"size": 3, "output": [[1]]}, "output: .*shape.* got list"),
    Mistake({"size": 3, "output": 3}, "output: .*shape.* got int"),
    Mistake({"size": 3, "output": "floaty"}, "output: data type 'floaty' not understood"),
    Mistake({"size": 3, "output": READ_ONLY}, "output: .*read-only"),
    Mistake({"size": 3, "output": complex}, "output: .* got complex128"),
    Mistake({"size": 3, "output": object}, "output: .* got object"),
    Mistake({"size": 3, "output": "S3"}, "output: .* got |S3"),
    Mistake({"size": 3, "output": np.zeros((5, 6), complex)}, "output: .* got complex128"),
    Mistake({"size": 3}, "input: Complex type not supported", image=IMAGE + 0j),
    Mistake({"size": 3}, "input: .*inhomogeneous", image=[[1, 2], [3]]),
    Mistake({"size": 3}, "input: .* got <U3", image="abc", names=("median_filter",)),
    Mistake({"size": 3}, "no array today", image=RaisesAsArray()),
    Mistake({"size": 3, "mode": "foo"}, "mode: ", image=np.zeros((0, 3)), names=RANKED),
    Mistake({"rank": 9, "size": 3}, "rank: .* expected -9 to 8, got 9", names=("rank_filter",)),
    Mistake({"rank": -10, "size": 3}, "rank: .* expected -9 to 8, got -10", names=("rank_filter",)),
    Mistake({"rank": 1.0, "size": 3}, "rank: .*float.* integer", names=("rank_filter",)),
    Mistake({"rank": None, "size": 3}, "rank: .*NoneType.* integer", names=("rank_filter",)),
    Mistake({"rank": 1, "size": 3}, "rank: .* expected -1 to 0, got 1", image=5, names=("rank_filter",)),
    *[
        Mistake({"percentile": percentile, "size": 3}, f"percentile: {message}", names=("percentile_filter",))
        for percentile, message in [
            (100.5, "invalid percentile, .* got 100.5"),
            (-101, "invalid percentile, .* got -101"),
            (np.inf, "invalid percentile, .* got inf"),
            (np.nan, "expected .* got nan"),
            ("a", "must be real number, not str"),
            ("50", "must be real number, not str"),
            (None, "must be real number, not NoneType"),
            (1j, "must be real number, not complex"),
            ([50], "must be real number, not list"),
        ]
    ],
]


def call(filters: Any, name: str, mistake: Mistake) -> Any:
    options = dict(mistake.options)
    given = {"rank_filter": "rank", "percentile_filter": "percentile"}.get(name)
    positional = (options.pop(given),) if given in options else ALL[name]
    return getattr(filters, name)(mistake.image, *positional, **options)


@pytest.mark.parametrize(
    "name, mistake",
    [
        pytest.param(name, mistake, id=f"{name}-{i}-{re.split(':| ', mistake.message)[0]}")
        for i, mistake in enumerate(MISTAKES)
        for name in mistake.names
    ],
)
def test_mistakes_raise_as_in_scipy(name: str, mistake: Mistake) -> None:
    with pytest.raises(Exception, match=mistake.message) as ours:
        call(fastmath, name, mistake)
    with pytest.raises(Exception) as scipys:
        call(scipy.ndimage, name, mistake)
    assert issubclass(ours.type, scipys.type)


@pytest.mark.parametrize(
    "mistake, error",
    [
        # SciPy takes these for sizes of 1 or rounds them, in these two filters only.
        (Mistake({"size": 0}, "size: expected at least 1, got 0"), RuntimeError),
        (Mistake({"size": -1}, "size: negative dimensions"), ValueError),
        (Mistake({"size": 3.0}, "size: .*float.* integer"), TypeError),
        # SciPy's error is about something else.
        (Mistake({"size": 3, "axes": 0}, "axes: axis 0 is out of range", image=7), ValueError),
        (Mistake({"size": 3, "axes": 5}, "axes: axis 5 is out of range"), ValueError),
    ],
    ids=lambda value: value.message if isinstance(value, Mistake) else value.__name__,
)
@pytest.mark.parametrize("name", EXTREMES)
def test_mistakes_that_scipys_extremes_let_pass(name: str, mistake: Mistake, error: type[Exception]) -> None:
    with pytest.raises(error, match=mistake.message):
        call(fastmath, name, mistake)


@pytest.mark.parametrize("name", ALL)
def test_size_and_footprint_together_warn(name: str) -> None:
    footprint = [[1, 0, 1]]
    for size in (3, "not even looked at"):
        with pytest.warns(UserWarning, match="ignoring size because footprint is set") as caught:
            result = getattr(fastmath, name)(IMAGE, *ALL[name], size, footprint)
        assert caught[0].filename == __file__
    expected = getattr(fastmath, name)(IMAGE, *ALL[name], footprint=footprint)
    np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize("name", EXTREMES)
def test_extremes_leave_axes_of_size_1_alone(name: str) -> None:
    result = getattr(fastmath, name)(IMAGE, size=(1, 3), origin=1)
    np.testing.assert_array_equal(result, getattr(scipy.ndimage, name)(IMAGE, size=(1, 3), origin=1))


@pytest.mark.parametrize(
    "workers, error",
    [(0, ValueError), (-2, ValueError), (1.0, TypeError), ("2", TypeError), (Raises(), KeyError)],
)
@pytest.mark.parametrize("name", ALL)
def test_workers_are_counted(name: str, workers: Any, error: type[Exception]) -> None:
    with pytest.raises(error) as caught:
        getattr(fastmath, name)(IMAGE, *ALL[name], 3, workers=workers)
    if error is not KeyError:
        assert str(caught.value).startswith("workers: ")
