"""What both routes through cffi share: with ffi and lib at hand they are used alike.

``ffi.from_buffer`` takes memory that is contiguous. What is not is copied, here, before C sees it.
"""

from typing import Any

import numpy as np

from .._arguments import Array
from .._axes import sum_axes
from . import _reading as reading
from . import pure


def without_cffi(route: str) -> ModuleNotFoundError:
    """What to raise where cffi is missing."""
    advice = f"fastmath.bindings.{route}: needs the package cffi: pip install 'fastmath-native[cffi]'"
    return ModuleNotFoundError(advice, name="cffi")


class Calls:
    """The functions of a route.

    cffi checks numbers against the types of C, raises OverflowError itself and releases the GIL in every call.
    Looking a function up in lib takes as long as calling some, and so does reading a declaration: both are done
    once, here.
    """

    def __init__(self, ffi: Any, lib: Any) -> None:
        self.ffi, self.lib, self.null = ffi, lib, ffi.NULL
        self.fm_add_i32, self.fm_exp = lib.fm_add_i32, lib.fm_exp
        self.fm_sum, self.fm_sum_int, self.fm_dot = lib.fm_sum, lib.fm_sum_int, lib.fm_dot
        self.new, self.from_buffer = ffi.new, ffi.from_buffer
        self.bytes, self.sizes = ffi.typeof("char[]"), ffi.typeof("ptrdiff_t[]")
        self.fm_array, self.fm_int128 = ffi.typeof("fm_array *"), ffi.typeof("fm_int128 *")
        self.double = ffi.typeof("double *")

    def add(self, a: int, b: int, /) -> int:
        """The sum of two integers of 32 bits."""
        if type(a) is type(b) is int:
            try:
                return self.fm_add_i32(a, b)
            except OverflowError:
                pass
        return self.fm_add_i32(*reading.int32_pair(a, b))

    def fast_exp(self, x: Any, /, *, out: Any = None) -> Any:
        """As `fastmath.fast_exp`."""
        if type(x) is float and out is None:
            return self.fm_exp(x)
        arrays = reading.exponents(x, out)
        if arrays is None:
            return self.fm_exp(reading.exponent(x, out))
        if arrays.out[0].c_contiguous:
            source, target = self.array(arrays.x), self.array(arrays.out, True)
            reading.raise_for(self.lib.fm_exp_array(source[0], target[0], self.null))
        else:
            view = arrays.out[0]
            np.asarray(arrays.result)[...] = self.fast_exp(x, out=np.empty(view.shape, view.format))
        return arrays.result

    def fast_sum(self, numbers: Any, /) -> int:
        """As `fastmath.fast_sum`."""
        integers = reading.integers(numbers)
        if integers is None:
            return pure.fast_sum(numbers)
        array, total = self.array(integers), self.new(self.fm_int128)
        reading.raise_for(self.fm_sum_int(array[0], self.null, total))
        return (total.high << 64) + total.low

    def dot_product(self, a: Any, b: Any, /) -> float:
        """As `fastmath.dot_product`."""
        factors = reading.factors(a, b)
        if factors is None:
            return pure.dot_product(a, b)
        first, second, result = self.array(factors[0]), self.array(factors[1]), self.new(self.double)
        reading.raise_for(self.fm_dot(first[0], second[0], self.null, result, self.null))
        return result[0]

    def numpy_sum(self, array: Any, /, *, axis: Any = None, keepdims: Any = False) -> Any:
        """As `fastmath.numpy_sum`."""
        floats = reading.floats(array, "numpy_sum")
        if keepdims or axis is not None:
            return sum_axes(array, axis, keepdims, self.sum_into)
        return self.sum_of(floats, 1)

    def parallel_sum(self, buffer: Any, /, *, workers: int | None = None) -> float:
        """As `fastmath.parallel_sum`."""
        count = reading.worker_count(workers)
        return self.sum_of(reading.doubles(buffer), count)

    def sum_of(self, floats: reading.Elements, workers: int) -> float:
        array, result = self.array(floats), self.new(self.double)
        reading.raise_for(self.fm_sum(array[0], workers, self.null, result, self.null))
        return result[0]

    def sum_into(self, array: Any, result: Any) -> None:
        source = self.array(reading.floats(array, "numpy_sum"))
        target = self.array(reading.floats(result, "result"), True)
        reading.raise_for(self.lib.fm_sum_axes(source[0], target[0], 1, self.null))

    def rank_filter(
        self,
        input: Array,
        output: Array,
        sizes: tuple[int, ...],
        origins: tuple[int, ...],
        footprint: Array | None,
        rank: int,
        modes: int | tuple[int, ...],
        cval: bytes,
        workers: int,
    ) -> None:
        if not output.flags.c_contiguous:
            plain = np.empty(output.shape, output.dtype)
            self.rank_filter(input, plain, sizes, origins, footprint, rank, modes, cval, workers)
            output[...] = plain
            return
        # a structure keeps nothing alive: what its pointers point to has to have a name until the call is over
        size, origin = self.new(self.sizes, sizes), self.new(self.sizes, origins)
        mode = self.ffi.new("fm_mode[]", reading.mode_tuple(modes, input.ndim))
        members = self.null if footprint is None else self.from_buffer("unsigned char[]", footprint)
        fill = self.from_buffer(self.bytes, cval)
        window = self.ffi.new("fm_window *", [size, origin, mode, members, rank, fill])
        source = self.array(reading.elements(input, "input"))
        target = self.array(reading.elements(output, "output"), True)
        threads = min(workers, reading.MOST_WORKERS)
        reading.raise_for(self.lib.fm_rank_filter(source[0], target[0], window, threads, self.null))

    def array(self, elements: reading.Elements, writable: bool = False) -> tuple[Any, Any, Any]:
        """An fm_array, and what it points to: hold all of it for as long as C reads it."""
        view, kind, swapped = elements
        shape, strides, ndim = view.shape or (), view.strides or (), view.ndim
        if view.c_contiguous:
            data = self.from_buffer(self.bytes, view, writable)
        else:
            data, strides = self.from_buffer(self.bytes, view.tobytes()), reading.packed_strides(view)
        sizes = self.new(self.sizes, shape + strides)
        array = self.new(self.fm_array, (data, kind, swapped, ndim, sizes, sizes + ndim, self.null))
        return array, data, sizes
