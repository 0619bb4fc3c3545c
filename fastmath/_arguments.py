"""What the arguments of the filters mean: SciPy's contract, checked and turned into plain values.

Errors have SciPy's types and key phrases, so that code which handles SciPy's handles these too.
"""

import functools
import math
import operator
import os
import sys
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Value = TypeVar("Value")

CONSTANT = 1

#: The borders, by the numbers that the kernels know them by.
MODES = {
    "reflect": 0,
    "grid-mirror": 0,
    "constant": CONSTANT,
    "grid-constant": CONSTANT,
    "nearest": 2,
    "mirror": 3,
    "wrap": 4,
    "grid-wrap": 4,
}

#: Those that end windows at the border, and those that keep windows away from it.
TRUNCATE, VALID = 5, 6
ALL_MODES = {**MODES, "truncate": TRUNCATE, "valid": VALID}

RAISE = 3
NAN_POLICIES = {"last": 0, "omit": 1, "propagate": 2, "raise": RAISE}

MIDDLES = {"upper": 0, "mean": 1}

#: The element types that the kernels know, by NumPy's characters.
ELEMENTS = frozenset("?bBhHiIlLqQefd")


class Window(NamedTuple):
    """The elements that one result is chosen from, over every axis of the image."""

    sizes: tuple[int, ...]
    footprint: Array | None
    """Which of them count; None: all."""
    elements: int
    """How many count."""


class Call(NamedTuple):
    """A window and its border as the kernels take them."""

    sizes: tuple[int, ...]
    origins: tuple[int, ...]
    members: Array | None
    elements: int
    rank: int
    modes: int | tuple[int, ...]
    fill: bytes


def integer(value: object, name: str) -> int:
    try:
        return operator.index(value)  # type: ignore[arg-type]
    except TypeError as error:
        raise TypeError(f"{name}: {error}") from None


def real(value: Any, name: str) -> float:
    if type(value) is float:
        return value
    if not isinstance(value, (str, bytes, bytearray)) and not np.iscomplexobj(value):
        try:
            return float(value)
        except TypeError:
            pass
    raise TypeError(f"{name}: must be real number, not {type(value).__name__}")


def number(value: Any, name: str) -> int | float:
    """A real number, exactly where it is an integer."""
    try:
        return operator.index(value)
    except TypeError:
        return real(value, name)


def worker_count(workers: object) -> int:
    """The number of threads that `workers` stands for."""
    if workers is None:
        return 1
    count = integer(workers, "workers")
    if count == -1:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if count < 1:
        raise ValueError(f"workers: expected a number of threads, or -1 for all cores, got {count}")
    return count


def image(array: npt.ArrayLike, name: str = "input") -> Array:
    """The argument as a plain array of a type that the kernels know."""
    plain = plain_array(array, name)
    if plain.dtype.kind == "c":
        raise TypeError(f"{name}: Complex type not supported, expected bool, integers or floats, got {plain.dtype}")
    if plain.dtype.char not in ELEMENTS:
        raise TypeError(f"{name}: expected bool, integers or floats of up to 64 bits, got {plain.dtype}")
    return plain


def plain_array(array: npt.ArrayLike, name: str) -> Array:
    """The argument as a NumPy array without a mask, of whatever type."""
    if _is_masked(array):
        raise TypeError(f"{name}: its mask would be ignored; pass {name}.filled(value) or {name}.data instead")
    return _as_array(array, name)


def image_and_mask(value: Any, mask: Any, name: str) -> tuple[Array, npt.NDArray[np.bool_] | None]:
    """The argument as a plain array, and which of its elements are masked, by itself or by `mask`."""
    hidden = None
    if is_masked_array(value):
        masked, value = np.ma.getmask(value), np.ma.getdata(value)
        hidden = None if masked is np.ma.nomask else np.asarray(masked)
    pixels = image(value, name)
    if mask is None:
        return pixels, hidden
    given = _as_array(mask, "mask")
    if given.dtype != bool:
        raise TypeError(f"mask: expected bools, True where an element does not count, got {given.dtype}")
    try:
        given = given if given.shape == pixels.shape else np.broadcast_to(given, pixels.shape)
    except ValueError:
        raise ValueError(
            f"mask: expected the shape of {name}, {pixels.shape}, or one that broadcasts to it, got {given.shape}"
        ) from None
    return pixels, given if hidden is None else hidden | given


def refuse_nans(pixels: Array, hidden: Array | None) -> None:
    if pixels.dtype.kind == "f" and bool(np.isnan(pixels if hidden is None else pixels[~hidden]).any()):
        raise ValueError("input: The input contains nan values")


def empty_element(fill_value: Any, dtype: np.dtype[Any]) -> bytes:
    """What a window gives that has nothing left."""
    value = fill_value if fill_value is not None else math.nan if dtype.kind == "f" else 0
    return fill_element(value, dtype, "fill_value")


def widened(element: bytes, dtype: np.dtype[Any]) -> bytes:
    """A float16 in native byte order as a float64."""
    return np.frombuffer(element, dtype.newbyteorder("=")).astype(np.float64).tobytes()


def distance_type(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The type that holds every distance between two elements, in the same byte order."""
    return np.dtype(f"{dtype.byteorder}u{dtype.itemsize}") if dtype.kind == "i" else dtype


def number_of(value: Any, name: str, known: dict[str, int]) -> int:
    if isinstance(value, str) and value in known:
        return known[value]
    raise ValueError(f"{name}: expected one of {', '.join(map(repr, known))}, got {value!r}")


def result_shape(shape: tuple[int, ...], call: Call) -> tuple[int, ...]:
    """The shape of the result: smaller along axes of mode ``"valid"``."""
    return tuple(
        max(length - size + 1, 0) if mode == VALID else length
        for length, size, mode in zip(shape, call.sizes, _each(call.modes, len(shape)))
    )


def centers(shape: tuple[int, ...], call: Call) -> tuple[slice, ...]:
    """Where in the image the elements of the result are."""
    leads = [
        size // 2 + origin if mode == VALID else 0
        for size, origin, mode in zip(call.sizes, call.origins, _each(call.modes, len(shape)))
    ]
    return tuple(slice(lead, lead + length) for lead, length in zip(leads, result_shape(shape, call)))


def _each(modes: int | tuple[int, ...], count: int) -> tuple[int, ...]:
    return (modes,) * count if isinstance(modes, int) else modes


def _as_array(value: npt.ArrayLike, name: str) -> Array:
    try:
        return np.asarray(value)
    except (RuntimeError, TypeError, ValueError) as error:
        raise type(error)(f"{name}: {error}") from None


def is_masked_array(array: object) -> bool:
    """NumPy loads its masked arrays when first asked for them, which takes longer than many a filter."""
    ma = sys.modules.get("numpy.ma")
    return ma is not None and isinstance(array, ma.MaskedArray)


def _is_masked(array: object) -> bool:
    """Whether elements are masked; a masked array without any is as good as a plain one."""
    return is_masked_array(array) and bool(np.ma.is_masked(array))


def result_array(output: Any, like: Array, shape: tuple[int, ...]) -> Array:
    """The array that `output` asks for: of this shape and, unless told, of the type of `like`."""
    if output is None:
        return np.empty(shape, like.dtype)
    if isinstance(output, (type, np.dtype, str)):
        dtype = _output_dtype(output)
        _check_output_dtype(dtype)
        return np.empty(shape, dtype)
    if not isinstance(output, np.ndarray):
        raise RuntimeError(
            f"output: output shape not correct: expected an array of shape {shape}, a dtype or the name "
            f"of one, got {type(output).__name__}"
        )
    if output.shape != shape:
        raise RuntimeError(f"output: output shape not correct: expected {shape}, got {output.shape}")
    _check_output_dtype(output.dtype)
    if not output.flags.writeable:
        raise ValueError("output: output array is read-only, expected one that can be written to")
    if _is_masked(output):
        raise TypeError("output: its mask would hide results; pass output.data instead")
    return np.asarray(output)


def same_elements(a: Array, b: Array) -> bool:
    """Whether two arrays have one type, be it in different byte orders."""
    return a.dtype.kind == b.dtype.kind and a.dtype.itemsize == b.dtype.itemsize


def store(values: Array, result: Array) -> None:
    with np.errstate(all="ignore"):
        np.copyto(result, values, casting="unsafe")


def _output_dtype(output: Any) -> np.dtype[Any]:
    try:
        dtype: np.dtype[Any] = np.dtype(output)
        return dtype
    except TypeError as error:
        raise TypeError(f"output: {error}") from None


def _check_output_dtype(dtype: np.dtype[Any]) -> None:
    if dtype.kind not in "biuf":
        raise RuntimeError(f"output: array type not supported, expected bool, integers or floats, got {dtype}")


def filtered_axes(axes: Any, ndim: int) -> tuple[int, ...]:
    """The axes to filter, none of them negative, in the order given."""
    if axes is None:
        return tuple(range(ndim))
    given = tuple(integer(axis, "axes") for axis in (axes if _is_iterable(axes) else (axes,)))
    for axis in given:
        if not -ndim <= axis < ndim:
            raise np.exceptions.AxisError(f"axes: axis {axis} is out of range for an array of {ndim} dimensions")
    counted = tuple(axis % ndim for axis in given)
    if len(set(counted)) != len(counted):
        raise ValueError(f"axes: axes must be unique, got {given}")
    return counted


def window(size: Any, footprint: Any, axes: tuple[int, ...], ndim: int) -> Window:
    """The window over all axes of the image, one element wide where it is not filtered."""
    if footprint is not None:
        return _window_of_footprint(footprint, axes, ndim)
    if size is None:
        raise RuntimeError("size: no footprint or filter size provided, expected an integer or one for each axis")
    sizes = [1] * ndim
    for axis, width in zip(axes, for_each(size, "size", _width, len(axes))):
        sizes[axis] = width
    count = math.prod(sizes)
    if count > sys.maxsize:
        raise ValueError(f"size: expected a window that memory can hold, got {count} elements")
    return Window(tuple(sizes), None, count)


def _window_of_footprint(footprint: Any, axes: tuple[int, ...], ndim: int) -> Window:
    """As SciPy has it, the axes of a footprint are in the image's order, whatever the order of `axes`."""
    given = _as_array(footprint, "footprint")
    if given.ndim != len(axes):
        raise RuntimeError(
            f"footprint: footprint.ndim ({given.ndim}) must match len(axes) ({len(axes)}): "
            f"a sequence argument must have length equal to input rank"
        )
    sizes = [1] * ndim
    for axis, width in zip(sorted(axes), given.shape):
        sizes[axis] = width
    # A copy that nobody else can change, of bytes that are 0 or 1 whatever the view they came from.
    truth = given.astype(bool).view(np.uint8)
    members = np.array(truth != 0, order="C").reshape(sizes)
    count = int(np.count_nonzero(members))
    return Window(tuple(sizes), None if count == members.size else members, count)


def _width(value: object, name: str) -> int:
    if isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name}: an integer is required, got {value}")
    width = integer(value, name)
    if width == 0:
        raise RuntimeError(f"{name}: expected at least 1, got 0")
    if width < 0:
        raise ValueError(f"{name}: negative dimensions are not allowed, got {width}")
    return width


def window_origins(origin: Any, axes: tuple[int, ...], sizes: tuple[int, ...], separable: bool) -> tuple[int, ...]:
    """The shift of the window on each axis of the image.

    A separable filter leaves axes of size 1 alone, with whatever origin they have.
    """
    origins = [0] * len(sizes)
    for axis, shift in zip(axes, for_each(origin, "origin", integer, len(axes))):
        size = sizes[axis]
        if separable and size == 1:
            continue
        if not 0 <= size // 2 + shift < size:
            raise ValueError(
                f"origin: invalid origin {shift} for a window of {size}: expected {-(size // 2)} to {(size - 1) // 2}"
            )
        origins[axis] = shift
    return tuple(origins)


def border_modes(
    mode: Any, axes: tuple[int, ...], ndim: int, separable: bool, known: dict[str, int] = MODES
) -> int | tuple[int, ...]:
    """The number of the border mode, or of each axis's where a sequence was given."""
    if isinstance(mode, str) or not isinstance(mode, Iterable):
        return _mode(mode, "mode", known)
    if not separable:
        raise RuntimeError(
            f"mode: A sequence of modes is not supported for non-separable footprints or "
            f"by non-separable rank filters: expected one mode, got {mode!r}"
        )
    known_mode = functools.partial(_mode, known=known)
    modes = [0] * ndim
    for axis, number in zip(axes, for_each(mode, "mode", known_mode, len(axes))):
        modes[axis] = number
    return tuple(modes)


def _mode(mode: object, name: str, known: dict[str, int]) -> int:
    if isinstance(mode, str) and mode in known:
        return known[mode]
    raise RuntimeError(f"{name}: boundary mode not supported: expected one of {', '.join(known)}, got {mode!r}")


def fill_element(cval: Any, dtype: np.dtype[Any], name: str = "cval") -> bytes:
    """One element of a value in the machine's byte order, wrapped into the range of integers."""
    value = number(cval, name)
    # SciPy converts a border value to bool as it does to a byte: 0.5 is False.
    stored = np.dtype(np.uint8) if dtype.kind == "b" else dtype.newbyteorder("=")
    if stored.kind == "f" or (isinstance(value, float) and not math.isfinite(value)):
        with np.errstate(all="ignore"):
            element = np.array(float(value)).astype(stored)
    else:
        wrapped = math.trunc(value) & (1 << 8 * stored.itemsize) - 1
        element = np.array(wrapped, dtype=f"u{stored.itemsize}").view(stored)
    return (element != 0 if dtype.kind == "b" else element).tobytes()


def for_each(
    value: Any,
    name: str,
    convert: Callable[[Any, str], Value],
    count: int,
    wrong_length: type[Exception] = RuntimeError,
) -> list[Value]:
    """`value` for each of `count` axes: one for all, or a sequence of them."""
    if isinstance(value, str) or not _is_iterable(value):
        return [convert(value, name)] * count
    values = [convert(item, name) for item in value]
    if len(values) != count:
        raise wrong_length(
            f"{name}: sequence argument must have length equal to input rank, "
            f"or to the number of axes: expected {count}, got {len(values)}"
        )
    return values


def _is_iterable(value: object) -> bool:
    try:
        iter(value)  # type: ignore[call-overload]
    except TypeError:
        return False
    return True
