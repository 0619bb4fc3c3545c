"""From the arguments of a filter to a call of the kernels, and from their result to the caller's."""

import functools
import os
import sys
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numpy import empty, ndarray

from . import _arguments as arguments
from . import _core
from ._arguments import ALL_MODES, CONSTANT, ELEMENTS, NAN_POLICIES, RAISE, TRUNCATE, VALID, Array, Call
from ._wrapping import unwrap, unwrap_output

Engine = Callable[..., None]
"""`fastmath._core.rank_filter`, or another function with its arguments."""


ZEROS = tuple(map(bytes, range(9)))
"""A border value that is not looked at, by its size."""

FILLS = {char: ZEROS[np.dtype(char).itemsize] for char in ELEMENTS}
"""The same by the character of a type that is filtered."""

PLAIN_MODES = {mode: number for mode, number in ALL_MODES.items() if number not in (CONSTANT, VALID)}
NO_ORIGIN = 0
LAST = "last"
UPPER = "upper"


class Choice(NamedTuple):
    """Which element of a window is chosen."""

    rank_in: Callable[[int], int]
    """Its rank among so many elements; raises where there is no such element."""
    percent: float
    offset: int = 0
    """The same for the kernels: of n elements the rank is int(n * percent / 100) + offset, within 0 to n - 1."""


def apply(
    engine: Engine,
    choice: Choice,
    input: Any,
    size: Any,
    footprint: Any,
    output: Any,
    mode: Any,
    cval: Any,
    origin: Any,
    axes: Any,
    workers: Any,
    mask: Any = None,
    nan_policy: Any = LAST,
    keep_nan: Any = False,
    fill_value: Any = None,
    even: Any = UPPER,
) -> Any:
    """What a filter does with its arguments, with the pixels worked on by `engine`.

    An engine other than `fastmath._core.rank_filter` knows what SciPy knows, and no more.
    """
    if (
        type(input) is ndarray
        and type(size) is int
        and type(mode) is str
        and type(cval) is float
        and origin is NO_ORIGIN
        and fill_value is footprint is axes is None
        and (mask is None or type(mask) is ndarray)
        and (nan_policy is LAST or type(nan_policy) is str)
        and even is UPPER
        and keep_nan is False
        and (output is None or type(output) is ndarray)
        and (workers is None or (type(workers) is int and workers == 1))
    ):
        result = _apply_plain(engine, choice, input, size, mode, output, mask, nan_policy)
        if result is not None:
            return result
    ours = engine is _core.rank_filter
    unwrapped, rewrap = unwrap(input, "input") if ours else (input, None)
    image, hidden = arguments.image_and_mask(unwrapped, mask, "input") if ours else (arguments.image(input), None)
    modes = arguments.ALL_MODES if ours else arguments.MODES
    window = read_window(choice.rank_in, image, size, footprint, mode, cval, origin, axes, modes)
    policy = arguments.number_of(nan_policy, "nan_policy", arguments.NAN_POLICIES)
    mean = bool(arguments.number_of(even, "even", arguments.MIDDLES))
    threads = arguments.worker_count(workers)
    given = unwrap_output(output) if ours else output
    result = arguments.result_array(given, image, arguments.result_shape(image.shape, window))
    if policy == arguments.RAISE:
        arguments.refuse_nans(image, hidden)
    if result.dtype.kind == "f" and image.dtype.kind != "f" and (mean or hidden is not None):
        image, window = _as_floats(image, window, np.dtype(np.float64) if mean else result.dtype)
    empty = arguments.empty_element(fill_value, image.dtype)
    missing = Missing(hidden, policy % arguments.RAISE, empty, choice.percent, choice.offset, mean)
    values = _values(engine, image, result, window, threads, missing, bool(keep_nan))
    if values is not result:
        arguments.store(values, result)
    if ours and arguments.is_masked_array(unwrapped):
        answer = output if isinstance(output, np.ndarray) else result
        return with_mask(answer, unwrapped, image, window, threads, missing)
    if isinstance(given, np.ndarray):
        return output
    return rewrap(result) if rewrap else result


def _as_floats(image: Array, window: Call, dtype: np.dtype[Any]) -> tuple[Array, Call]:
    """An image of integers as floats, so that there are halves, and NaN where nothing is left."""
    native = dtype.newbyteorder("=")
    with np.errstate(over="ignore"):
        fill = np.frombuffer(window.fill, image.dtype.newbyteorder("=")).astype(native)
        return image.astype(native), window._replace(fill=fill.tobytes())


class Missing(NamedTuple):
    """The last arguments of `fastmath._core.rank_filter_missing`."""

    mask: Array | None
    nan_policy: int
    empty: bytes
    percent: float
    offset: int
    mean: bool


def _values(
    engine: Engine, image: Array, result: Array, window: Call, threads: int, missing: Missing, keep_nan: bool
) -> Array:
    """The filtered image: written to `result`, if that can be, or another array."""
    values = result
    if _all_there(image, window, missing) and window.elements == 1 and window.members is None:
        values = image
    elif not arguments.same_elements(image, result) or shares_memory(result, image, missing.mask):
        values = np.empty(result.shape, image.dtype)
    if values.size and values is not image:
        _run(engine, image, values, window, threads, missing)
    if keep_nan and image.dtype.kind == "f" and values is not image:
        inside = image[arguments.centers(image.shape, window)]
        np.copyto(values, np.nan, where=np.isnan(inside))
    return values


def shares_memory(result: Array, image: Array, mask: Array | None) -> bool:
    """Whether what is read may be overwritten meanwhile."""
    return np.may_share_memory(image, result) or (mask is not None and np.may_share_memory(mask, result))


def _run(engine: Engine, image: Array, values: Array, window: Call, threads: int, missing: Missing) -> None:
    if image.ndim == 0:  # the kernels know no such arrays
        image, values = image[None], values[None]
        window, missing = as_line(window, missing)
    sizes, origins, members, elements, rank, modes, fill = window
    if _all_there(image, window, missing):
        engine(image, values, sizes, origins, members, rank, modes, fill, threads)
    else:
        _core.rank_filter_missing(image, values, sizes, origins, members, modes, fill, threads, *missing)


def as_line(window: Call, missing: Missing) -> tuple[Call, Missing]:
    """What goes with an image of no dimensions that was given one."""
    mask = None if missing.mask is None else missing.mask[None]
    return window._replace(sizes=(1,), origins=(0,), members=None), missing._replace(mask=mask)


def _all_there(image: Array, window: Call, missing: Missing) -> bool:
    """Whether the plain filter will do."""
    truncates = arguments.TRUNCATE in (window.modes if isinstance(window.modes, tuple) else (window.modes,))
    heeds_nans = missing.nan_policy != 0 and image.dtype.kind == "f"
    averages = missing.mean and window.elements % 2 == 0
    return missing.mask is None and not truncates and not heeds_nans and not averages


def with_mask(answer: Any, masked: Any, image: Array, window: Call, threads: int, missing: Missing) -> Any:
    """The result for a masked array: masked where that is, and where a window has nothing left."""
    nothing = _nothing_left(answer.shape, image, window, threads, missing)
    nothing |= np.ma.getmaskarray(masked)[arguments.centers(image.shape, window)]
    if arguments.is_masked_array(answer):
        answer.mask = nothing
        return answer
    return np.ma.MaskedArray(answer, nothing)


def _nothing_left(
    shape: tuple[int, ...], image: Array, window: Call, threads: int, missing: Missing
) -> npt.NDArray[np.bool_]:
    """Where no element of a window counts, because the least of its mask is True."""
    omits = missing.nan_policy == arguments.NAN_POLICIES["omit"] and image.dtype.kind == "f"
    hidden = missing.mask
    if omits:
        nans = np.isnan(image)
        hidden = nans if hidden is None else hidden | nans
    nothing = np.zeros(shape, bool)
    if hidden is None or not nothing.size:
        return nothing
    outside = omits and bool(np.isnan(np.frombuffer(window.fill, image.dtype.newbyteorder("="))[0]))
    modes = window.modes if isinstance(window.modes, tuple) else (window.modes,) * image.ndim
    if arguments.TRUNCATE in modes and CONSTANT in modes and not outside:
        elements = Missing(hidden, 0, b"\1", 0.0, 0, False)
        _run(_core.rank_filter, np.zeros_like(hidden), nothing, window._replace(fill=b"\0"), threads, elements)
        return nothing
    outside = outside or arguments.TRUNCATE in modes
    modes = tuple(CONSTANT if mode == arguments.TRUNCATE else mode for mode in modes)
    least = window._replace(rank=0, modes=modes, fill=b"\1" if outside else b"\0")
    _run(_core.rank_filter, hidden, nothing, least, threads, Missing(None, 0, b"", 0.0, 0, False))
    return nothing


def write_deviations(image: Array, result: Array, window: Call, threads: int, missing: Missing) -> None:
    """Write the median absolute deviation of each window, which is unsigned for integers, to `result`."""
    wanted = arguments.distance_type(image.dtype)
    if image.dtype == np.float16:  # doubles hold the differences of such numbers exactly
        fill, empty = (arguments.widened(element, image.dtype) for element in (window.fill, missing.empty))
        image, window, missing = image.astype(float), window._replace(fill=fill), missing._replace(empty=empty)
        wanted = image.dtype
    values = result
    if result.dtype.newbyteorder("=") != wanted.newbyteorder("=") or shares_memory(result, image, missing.mask):
        values = np.empty(result.shape, wanted)
    if values.size:
        spread = values
        if image.ndim == 0:
            image, spread = image[None], spread[None]
            window, missing = as_line(window, missing)
        sizes, origins, members, _, _, modes, fill = window
        mask, policy, empty = missing[:3]
        _core.mad_filter(image, spread, sizes, origins, members, modes, fill, threads, mask, policy, empty, None)
    if values is not result:
        arguments.store(values, result)


def _callers_level() -> int:
    """How many calls above the function that asks the code is that called fastmath."""
    frame, level, package = sys._getframe(1), 1, os.path.dirname(__file__) + os.sep
    while frame.f_back and frame.f_code.co_filename.startswith(package):
        frame, level = frame.f_back, level + 1
    return level


def read_window(
    rank_in: Callable[[int], int],
    image: Array,
    size: Any,
    footprint: Any,
    mode: Any,
    cval: Any,
    origin: Any,
    axes: Any,
    known_modes: dict[str, int],
) -> Call:
    if type(size) is int and type(mode) is str and type(cval) is float and type(origin) is int and origin == 0:
        number = known_modes.get(mode, CONSTANT)
        if footprint is axes is None and number != CONSTANT:
            sizes, origins, count = _box(size, image.ndim)
            return Call(sizes, origins, None, count, rank_in(count), number, ZEROS[image.itemsize])
    if footprint is not None and size is not None:
        warnings.warn("ignoring size because footprint is set", UserWarning, stacklevel=_callers_level())
    filtered = arguments.filtered_axes(axes, image.ndim)
    sizes, members, count = arguments.window(size, footprint, filtered, image.ndim)
    rank = rank_in(count)
    separable = members is None and rank in (0, count - 1)
    origins = arguments.window_origins(origin, filtered, sizes, separable)
    modes = arguments.border_modes(mode, filtered, image.ndim, separable, known_modes)
    return Call(sizes, origins, members, count, rank, modes, arguments.fill_element(cval, image.dtype))


def _apply_plain(
    engine: Engine,
    choice: Choice,
    image: Array,
    size: int,
    mode: str,
    output: Array | None,
    mask: Array | None,
    nan_policy: str,
) -> Array | None:
    """The usual call, in as few steps as it takes; None if it is not that usual.

    Small images are filtered in about a microsecond: reading every argument takes longer than that.
    """
    number = PLAIN_MODES.get(mode)
    policy = 0 if nan_policy is LAST else NAN_POLICIES.get(nan_policy, RAISE)
    dtype = image.dtype
    fill = FILLS.get(dtype.char)
    if number is None or fill is None or policy == RAISE or (number == TRUNCATE and engine is not _core.rank_filter):
        return None
    sizes, origins, count = _box(size, image.ndim)
    if count == 1 or (mask is not None and not _fits(mask, image)):
        return None
    if output is None:
        output = empty(image.shape, dtype)
    elif (
        output.shape != image.shape
        or output.dtype != dtype
        or not output.flags.writeable
        or np.may_share_memory(image, output)
        or (mask is not None and np.may_share_memory(mask, output))
    ):
        return None
    rank = choice.rank_in(count)
    if mask is None and number != TRUNCATE and (policy == 0 or dtype.kind != "f"):
        engine(image, output, sizes, origins, None, rank, number, fill, 1)
    else:
        missing = mask, policy, _empty(dtype), choice.percent, choice.offset, False
        _core.rank_filter_missing(image, output, sizes, origins, None, number, fill, 1, *missing)
    return output


def _fits(mask: Array, image: Array) -> bool:
    return mask.dtype == bool and mask.shape == image.shape


@functools.lru_cache
def _empty(dtype: np.dtype[Any]) -> bytes:
    """What a window gives that has nothing left, unless told."""
    return arguments.empty_element(None, dtype)


@functools.lru_cache
def _box(size: int, ndim: int) -> tuple[tuple[int, ...], tuple[int, ...], int]:
    """The sizes and origins of a plain box, and its number of elements."""
    sizes, _, count = arguments.window(size, None, tuple(range(ndim)), ndim)
    return sizes, (0,) * ndim, count
