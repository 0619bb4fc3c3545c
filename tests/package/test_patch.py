"""patch_scipy replaces SciPy's filters inside its block, for everybody, and leaves no trace."""

import copy
import doctest
import inspect
import os
import pickle
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import scipy.ndimage

import fastmath
from fastmath import _core, _patch, ndimage

IMAGE = np.random.default_rng(0).integers(0, 255, (40, 30), dtype=np.uint8)
SCIPYS = {name: getattr(scipy.ndimage, name) for name in ndimage.__all__}
CALLS = {
    "median_filter": (3,),
    "rank_filter": (2, 3),
    "percentile_filter": (20, 3),
    "minimum_filter": (3,),
    "maximum_filter": (3,),
}


@pytest.fixture(autouse=True)
def no_trace() -> Iterator[None]:
    yield
    assert {name: getattr(scipy.ndimage, name) for name in SCIPYS} == SCIPYS


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What fastmath's core was asked to do."""
    seen = []
    rank_filter = _core.rank_filter

    def recording(*call: Any) -> None:
        seen.append(call)
        rank_filter(*call)

    monkeypatch.setattr(_core, "rank_filter", recording)
    return seen


@pytest.mark.parametrize("name", SCIPYS)
def test_each_filter_is_replaced(name: str, calls: list[Any]) -> None:
    expected = SCIPYS[name](IMAGE, *CALLS[name])
    with fastmath.patch_scipy():
        result = getattr(scipy.ndimage, name)(IMAGE, *CALLS[name])
        assert len(calls) == 1
        assert inspect.signature(getattr(scipy.ndimage, name)) == inspect.signature(SCIPYS[name])
    np.testing.assert_array_equal(result, expected, strict=True)
    getattr(scipy.ndimage, name)(IMAGE, *CALLS[name])
    assert len(calls) == 1


def test_scikit_images_median_is_reached(calls: list[Any]) -> None:
    filters = pytest.importorskip("skimage.filters")
    expected = filters.median(IMAGE)
    with fastmath.patch_scipy():
        np.testing.assert_array_equal(filters.median(IMAGE), expected)
    assert len(calls) == 1


def test_replacements_equal_scipys() -> None:
    """So that comparisons and tables serve, such as those of SciPy's own tests."""
    with fastmath.patch_scipy():
        for name, scipys in SCIPYS.items():
            ours = getattr(scipy.ndimage, name)
            assert ours == scipys and scipys == ours and {scipys: 1}[ours] == 1
        assert scipy.ndimage.minimum_filter != scipy.ndimage.maximum_filter


def test_replacements_are_sent_by_name() -> None:
    with fastmath.patch_scipy():
        ours = scipy.ndimage.median_filter
        sent = pickle.dumps(ours)
        assert pickle.loads(sent) is ours and copy.deepcopy(ours) is ours
    assert pickle.loads(sent) is scipy.ndimage.median_filter


KEPT = """
import numpy, scipy.ndimage, array_api_strict, fastmath
seen = []
engine = fastmath._core.rank_filter
fastmath._core.rank_filter = lambda *call: seen.append(call) or engine(*call)
image = array_api_strict.asarray([[4, 1, 9], [1, 2, 2], [8, 3, 1]])
with fastmath.patch_scipy():
    result = scipy.ndimage.median_filter(image, 3)
    assert type(result) is type(image), type(result)
    assert type(scipy.ndimage.median_filter([1, 2, 3], 3)) is numpy.ndarray
    assert len(seen) == 2
    for mixed in ({"footprint": numpy.ones((3, 3))}, {"size": 3, "output": numpy.zeros((3, 3))}):
        try:
            scipy.ndimage.median_filter(image, **mixed)
        except TypeError as error:
            assert "namespace" in str(error), error
        else:
            raise AssertionError(mixed)
    try:
        scipy.ndimage.median_filter(numpy.ma.masked_array([1, 2], [0, 1]), 3)
    except TypeError as error:
        assert "MaskedArray" in str(error), error
    else:
        raise AssertionError("SciPy refuses masked arrays")
"""


def test_arrays_of_other_libraries_are_kept_where_scipy_keeps_them() -> None:
    pytest.importorskip("array_api_strict")
    environment = {**os.environ, "SCIPY_ARRAY_API": "1"}
    subprocess.run([sys.executable, "-P", "-c", KEPT], env=environment, check=True)


def test_masks_and_labels_are_ignored_as_ever(calls: list[Any]) -> None:
    masked = np.ma.masked_array(IMAGE, IMAGE > 100)
    with fastmath.patch_scipy():
        for given in ({"input": masked, "size": 3}, {"input": Labelled(), "size": 3}):
            result = scipy.ndimage.median_filter(**given)
            assert type(result) is np.ndarray
            np.testing.assert_array_equal(result, SCIPYS["median_filter"](IMAGE, 3), strict=True)
    assert len(calls) == 2


class Labelled:
    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return IMAGE

    def __array_wrap__(self, *result: Any) -> Any:
        raise AssertionError("SciPy gives plain arrays")


@pytest.mark.parametrize(
    "options", [{"mode": "truncate"}, {"mode": "valid"}, {"nan_policy": "omit"}, {"mask": IMAGE > 3}, {"even": "mean"}]
)
def test_what_only_fastmath_has_is_a_mistake_as_ever(options: dict[str, Any], calls: list[Any]) -> None:
    with pytest.raises((RuntimeError, TypeError)) as scipys:
        SCIPYS["median_filter"](IMAGE, 3, **options)
    with fastmath.patch_scipy(), pytest.raises(scipys.type, match=re.escape(str(scipys.value))):
        scipy.ndimage.median_filter(IMAGE, 3, **options)
    assert not calls


def test_what_fastmath_refuses_goes_to_scipy(calls: list[Any]) -> None:
    with fastmath.patch_scipy():
        np.testing.assert_array_equal(scipy.ndimage.minimum_filter(IMAGE, 3.0), SCIPYS["minimum_filter"](IMAGE, 3))
        objects = np.array([1, 2, None])
        np.testing.assert_array_equal(scipy.ndimage.median_filter(objects, 1), SCIPYS["median_filter"](objects, 1))
        with pytest.raises(TypeError, match="^Complex type not supported$"):
            scipy.ndimage.median_filter(IMAGE + 0j, 3)
        with pytest.raises(RuntimeError, match="^no footprint or filter size provided$"):
            scipy.ndimage.median_filter(IMAGE)
        with pytest.raises(TypeError, match="unexpected keyword argument 'workers'"):
            scipy.ndimage.median_filter(IMAGE, 3, workers=2)
    assert not calls


def test_an_interrupt_is_not_answered_by_scipy(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*call: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(_core, "rank_filter", interrupted)
    with fastmath.patch_scipy(), pytest.raises(KeyboardInterrupt):
        scipy.ndimage.median_filter(IMAGE, 3)


def test_blocks_nest_and_end_on_errors(calls: list[Any]) -> None:
    with pytest.raises(ZeroDivisionError), fastmath.patch_scipy():
        with fastmath.patch_scipy():
            scipy.ndimage.median_filter(IMAGE, 3)
        scipy.ndimage.median_filter(IMAGE, 3)
        raise ZeroDivisionError
    scipy.ndimage.median_filter(IMAGE, 3)
    assert len(calls) == 2


def test_it_decorates_functions(calls: list[Any]) -> None:
    @fastmath.patch_scipy()
    def clean() -> Any:
        return scipy.ndimage.median_filter(IMAGE, 3)

    clean(), clean()
    assert len(calls) == 2


def test_blocks_in_threads_overlap(calls: list[Any]) -> None:
    entered, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with fastmath.patch_scipy():
            entered.set()
            leave.wait(60)

    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(hold)
        assert entered.wait(60)
        with fastmath.patch_scipy():
            pass
        scipy.ndimage.median_filter(IMAGE, 3)
        assert len(calls) == 1
        leave.set()
        held.result()
    scipy.ndimage.median_filter(IMAGE, 3)
    assert len(calls) == 1


def test_many_threads_in_and_out() -> None:
    expected = SCIPYS["median_filter"](IMAGE, 3)

    def work(_: int) -> bool:
        with fastmath.patch_scipy():
            return bool((scipy.ndimage.median_filter(IMAGE, 3) == expected).all())

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(400)))


def test_a_replacement_on_top_of_ours_is_left_alone(calls: list[Any]) -> None:
    block = fastmath.patch_scipy()
    block.__enter__()
    ours = scipy.ndimage.median_filter
    theirs = scipy.ndimage.median_filter = lambda *call: ours(*call)
    block.__exit__(None, None, None)
    assert scipy.ndimage.median_filter is theirs
    theirs(IMAGE, 3)
    assert not calls
    scipy.ndimage.median_filter = SCIPYS["median_filter"]


def test_examples() -> None:
    failed, attempted = doctest.testmod(_patch)
    assert not failed and attempted


def test_warnings_point_at_the_caller() -> None:
    with fastmath.patch_scipy(), pytest.warns(UserWarning, match="ignoring size") as caught:
        scipy.ndimage.median_filter(IMAGE, 3, footprint=np.ones((3, 3)))
    assert [warning.filename for warning in caught] == [__file__]
