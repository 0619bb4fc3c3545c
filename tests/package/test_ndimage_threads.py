"""The number of threads, inside and around a call, does not show in the result."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import fastmath

IMAGE = np.random.default_rng(5).integers(0, 60000, (300, 200), dtype=np.uint16)


@pytest.mark.parametrize("workers", [1, 2, 3, 7, 64, -1])
@pytest.mark.parametrize("size", [3, 5, 12])
def test_any_number_of_workers_gives_the_same(workers: int, size: int) -> None:
    for image in (IMAGE, IMAGE.astype(">f4"), IMAGE[::-2, ::3], IMAGE[:1], IMAGE.reshape(30, 50, 40)[:9]):
        expected = fastmath.median_filter(image, size)
        np.testing.assert_array_equal(fastmath.median_filter(image, size, workers=workers), expected)
    np.testing.assert_array_equal(
        fastmath.remove_outliers(IMAGE, 3, 1000, workers=workers), fastmath.remove_outliers(IMAGE, 3, 1000)
    )


@pytest.mark.parametrize("workers", [1, 2])
def test_many_python_threads_at_once(workers: int) -> None:
    sizes = [2, 3, 4, 5, 6, 9] * 8
    expected = {size: fastmath.median_filter(IMAGE, size) for size in set(sizes)}
    with ThreadPoolExecutor(8) as pool:
        results = pool.map(lambda size: fastmath.median_filter(IMAGE, size, workers=workers), sizes)
        for size, result in zip(sizes, results):
            np.testing.assert_array_equal(result, expected[size])
