"""How far an image strays from its median, and replacing only what strays too far."""

import math
import sys
from typing import Any, Literal, NamedTuple, overload

import numpy as np
import numpy.typing as npt

from . import _arguments as arguments
from . import _core
from ._arguments import Array, Call
from ._documentation import documented
from ._filtering import Missing, as_line, read_window, shares_memory, with_mask, write_deviations
from ._wrapping import unwrap, unwrap_output
from .ndimage import MEDIAN, NanPolicy

__all__ = ["mad_filter", "remove_outliers"]

Which = Literal["both", "bright", "dark"]
Units = Literal["image", "mad"]

SIDES = {"both": 0, "bright": 1, "dark": 2}
UNITS = {"image": 0, "mad": 1}
MODES = {**arguments.MODES, "truncate": arguments.TRUNCATE}

LARGEST_DISTANCE = 2**64 - 1
"""Of two integers."""

NORMAL = 0.6744897501960817
"""The median absolute deviation of a normal distribution whose standard deviation is 1."""


@documented
def mad_filter(
    input: npt.ArrayLike,
    size: Any = None,
    footprint: npt.ArrayLike | None = None,
    output: Any = None,
    mode: Any = "reflect",
    cval: Any = 0.0,
    origin: Any = 0,
    *,
    axes: Any = None,
    workers: int | None = None,
    mask: npt.ArrayLike | None = None,
    nan_policy: NanPolicy = "last",
    keep_nan: bool = False,
    fill_value: float | None = None,
    scale: float | Literal["normal"] = 1.0,
) -> Array:
    """The median absolute deviation of a window around each element.

    It is the median of the distances of all elements of the window from the median of that same window, a
    measure of local noise that outliers hardly change.

    Parameters
    ----------
    {input}
    {options}
    scale : float or "normal", optional
        What deviations are divided by, as in `scipy.stats.median_abs_deviation`; "normal" makes the result an
        estimate of the standard deviation of normal noise. With a scale other than 1 integers give float64.

    Examples
    --------
    >>> import numpy as np
    >>> import fastmath
    >>> fastmath.mad_filter(np.array([1, 3, 9, 2, 2, 6]), size=3)
    array([0, 2, 1, 0, 0, 0], dtype=uint64)
    """
    divisor = NORMAL if isinstance(scale, str) and scale == "normal" else arguments.real(scale, "scale")
    if not 0 < divisor < math.inf:
        raise ValueError(f'scale: expected a positive number or "normal", got {scale}')
    unwrapped, rewrap = unwrap(input, "input")
    image, hidden = arguments.image_and_mask(unwrapped, mask, "input")
    window = read_window(MEDIAN.rank_in, image, size, footprint, mode, cval, origin, axes, arguments.ALL_MODES)
    policy = arguments.number_of(nan_policy, "nan_policy", arguments.NAN_POLICIES)
    threads = arguments.worker_count(workers)
    distance = arguments.distance_type(image.dtype)
    scaled = np.dtype(np.float64) if divisor != 1 and image.dtype.kind != "f" else distance
    given = unwrap_output(output)
    result = arguments.result_array(given, np.empty(0, scaled), arguments.result_shape(image.shape, window))
    if policy == arguments.RAISE:
        arguments.refuse_nans(image, hidden)
    empty = arguments.empty_element(fill_value, distance)
    missing = Missing(hidden, policy % arguments.RAISE, empty, MEDIAN.percent, MEDIAN.offset, False)
    keeps = keep_nan and image.dtype.kind == "f"
    spread = result if divisor == 1 and not keeps else np.empty(result.shape, distance)
    write_deviations(image, spread, window, threads, missing)
    if divisor != 1:
        spread = spread / divisor
    if keeps:
        np.copyto(spread, np.nan, where=np.isnan(image[arguments.centers(image.shape, window)]))
    if spread is not result:
        arguments.store(spread, result)
    if arguments.is_masked_array(unwrapped):
        answer = output if isinstance(output, np.ndarray) else result
        return with_mask(answer, unwrapped, image, window, threads, missing)
    if isinstance(given, np.ndarray):
        return output
    return rewrap(result) if rewrap else result


@overload
def remove_outliers(
    image: npt.ArrayLike,
    size: Any,
    threshold: float,
    *,
    which: Which = "both",
    units: Units = "image",
    output: Any = None,
    mode: Any = "reflect",
    cval: Any = 0.0,
    axes: Any = None,
    workers: int | None = None,
    mask: npt.ArrayLike | None = None,
    nan_policy: NanPolicy = "last",
    return_mask: Literal[False] = False,
) -> Array: ...
@overload
def remove_outliers(
    image: npt.ArrayLike,
    size: Any,
    threshold: float,
    *,
    which: Which = "both",
    units: Units = "image",
    output: Any = None,
    mode: Any = "reflect",
    cval: Any = 0.0,
    axes: Any = None,
    workers: int | None = None,
    mask: npt.ArrayLike | None = None,
    nan_policy: NanPolicy = "last",
    return_mask: Literal[True],
) -> tuple[Array, npt.NDArray[np.bool_]]: ...
def remove_outliers(
    image: npt.ArrayLike,
    size: Any,
    threshold: float,
    *,
    which: Which = "both",
    units: Units = "image",
    output: Any = None,
    mode: Any = "reflect",
    cval: Any = 0.0,
    axes: Any = None,
    workers: int | None = None,
    mask: npt.ArrayLike | None = None,
    nan_policy: NanPolicy = "last",
    return_mask: bool = False,
) -> Array | tuple[Array, npt.NDArray[np.bool_]]:
    """Replace the elements that differ too much from the median of the window around them.

    Parameters
    ----------
    image : array_like
        Elements of bool, an integer or a floating-point type of up to 64 bits, as for `median_filter`.
    size : int or sequence of int
        The width of the window on every filtered axis, or on each.
    threshold : float
        An element is replaced by the median if it differs from it by more than this. At least 0; infinity
        replaces nothing.
    which : {"both", "bright", "dark"}, optional
        Replace only elements above their median ("bright"), only those below it ("dark"), or both.
    units : {"image", "mad"}, optional
        What the threshold is given in: the units of the image, or the median absolute deviation of the window,
        as `mad_filter` gives it (Hampel's filter). For normal noise, one standard deviation is 1.4826 of these.
    output, mode, cval, axes, workers, mask, nan_policy : optional
        As for `median_filter`; the mode cannot be "valid". `output` may be `image` itself, to repair it in
        place. Masked elements do not count and stay as they are.
    return_mask : bool, optional
        Whether to return also where elements were replaced.

    Returns
    -------
    result : numpy.ndarray
        The repaired image, of the type and byte order of `image` unless `output` says otherwise. Masked arrays,
        labelled arrays and tensors come back as what they were, as for `median_filter`.
    replaced : numpy.ndarray of bool
        Where `result` has the median. Only if `return_mask` is true. For labelled arrays and tensors it is one of
        their kind, too.

    Raises
    ------
    TypeError
        For a threshold that is no real number, and as `median_filter`.
    ValueError
        For a threshold that is negative or NaN, another value of `which` or `units`, and as `median_filter`.
    RuntimeError
        As `median_filter`.

    Notes
    -----
    Differences of integers are exact, also of unsigned ones and of those that the type could not hold;
    differences of floats are those of doubles. Multiples of deviations are doubles, and so is what is compared with
    them. A NaN differs from nothing: it stays where it is, and where the median is NaN the element stays. An infinity
    differs from every finite median.
    Where the deviation is 0, every element that is not the median differs by more than any multiple of it.

    Takes the time of `median_filter`, or of `mad_filter` for its units, and a little more: elements are compared as
    soon as there are some medians, with no image in between, unless `output` overlaps `image` or is of another type.

    Examples
    --------
    >>> import numpy as np
    >>> import fastmath
    >>> row = np.array([10, 11, 250, 12, 0, 11], dtype=np.uint8)
    >>> fastmath.remove_outliers(row, 3, threshold=50)
    array([10, 11, 12, 12,  0, 11], dtype=uint8)
    >>> fastmath.remove_outliers(row, 3, threshold=5, which="dark")
    array([ 10,  11, 250,  12,  11,  11], dtype=uint8)
    >>> fastmath.remove_outliers(row, 5, threshold=3, units="mad")
    array([10, 11, 11, 12, 11, 11], dtype=uint8)
    """
    side = arguments.number_of(which, "which", SIDES)
    by_deviations = bool(arguments.number_of(units, "units", UNITS))
    limit = arguments.number(threshold, "threshold")
    if not limit >= 0:
        raise ValueError(f"threshold: expected a number of at least 0, got {limit}")
    unwrapped, rewrap = unwrap(image, "image")
    pixels, hidden = arguments.image_and_mask(unwrapped, mask, "image")
    window = read_window(MEDIAN.rank_in, pixels, size, None, mode, cval, 0, axes, MODES)
    policy = arguments.number_of(nan_policy, "nan_policy", arguments.NAN_POLICIES)
    threads = arguments.worker_count(workers)
    given = unwrap_output(output)
    result = arguments.result_array(given, pixels, pixels.shape)
    if policy == arguments.RAISE:
        arguments.refuse_nans(pixels, hidden)
    replaced = np.empty(pixels.shape, bool) if return_mask else None
    if pixels.size:
        missing = Missing(hidden, policy % arguments.RAISE, b"", MEDIAN.percent, MEDIAN.offset, False)
        _clean(pixels, result, window, threads, missing, Outliers(side, by_deviations, limit), replaced)
    repaired: Any = output if isinstance(given, np.ndarray) else result
    if arguments.is_masked_array(unwrapped) and not arguments.is_masked_array(repaired):
        repaired = np.ma.MaskedArray(result, np.ma.getmask(unwrapped))
    elif rewrap and repaired is result:
        repaired = rewrap(result)
    if replaced is None:
        return repaired
    return repaired, rewrap(replaced) if rewrap else replaced


class Outliers(NamedTuple):
    """What makes an element an outlier."""

    side: int
    by_deviations: bool
    threshold: int | float


def _clean(
    image: Array, result: Array, window: Call, threads: int, missing: Missing, outliers: Outliers,
    replaced: Array | None,
) -> None:  # fmt: skip
    """Write the image without its outliers to `result`, whatever its type, which may overlap it."""
    source, target = image, result
    if outliers.by_deviations and image.dtype == np.float16:  # doubles hold such numbers and their differences exactly
        source = image.astype(np.float64)
        window = window._replace(fill=arguments.widened(window.fill, image.dtype))
    if not arguments.same_elements(source, result):
        target = np.empty(image.shape, source.dtype)
    elif source is image and shares_memory(result, image, missing.mask):
        source = image.copy()
        missing = missing._replace(mask=None if missing.mask is None else missing.mask.copy())
    pixels, cleaned, where = source, target, replaced
    if image.ndim == 0:  # the kernels know no such arrays
        pixels, cleaned, where = source[None], target[None], None if replaced is None else replaced[None]
        window, missing = as_line(window, missing)
    limit = outliers.threshold
    _core.remove_outliers(
        pixels, cleaned, window.sizes, window.origins, None, window.modes, window.fill, threads, missing.mask,
        missing.nan_policy, bytes(source.itemsize), outliers.side, outliers.by_deviations,
        float(limit) if limit <= sys.float_info.max else math.inf,
        math.floor(limit) if limit < LARGEST_DISTANCE else LARGEST_DISTANCE, where,
    )  # fmt: skip
    if target is not result:
        arguments.store(target, result)
