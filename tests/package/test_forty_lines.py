"""The slow filter that the fast ones are measured against gives the same medians."""

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

import fastmath
from fastmath.bench import forty_lines

IMAGES = npst.arrays(np.int16, st.tuples(st.integers(1, 7), st.integers(1, 7)))


@given(image=IMAGES, size=st.integers(1, 18))
def test_it_equals_the_fast_filter(image: Any, size: int) -> None:
    result = forty_lines.median_filter(image.tolist(), size)
    assert np.array_equal(result, fastmath.median_filter(image, size))
