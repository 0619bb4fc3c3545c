"""The parts that the docstrings of the filters share."""

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])

INPUT = """\
input : array_like
    Elements of bool, an integer or a floating-point type of up to 64 bits, in either byte order, of any
    shape and strides. Masked arrays, arrays of xarray and pandas, and tensors in the memory of the CPU give
    results of their own kind (see Notes)."""

OPTIONS = """\
size : int or sequence of int, optional
    The width of the window on every filtered axis, or on each. This or `footprint` is needed.
footprint : array_like of bool, optional
    The shape of the window: which elements of a box count. One dimension for each filtered axis, in the
    order that the axes have in the image. It goes before `size`.
output : array, tensor or dtype, optional
    Where to write, of the shape of `input`; it may be `input` itself or overlap it. Or the type of the new
    array. Values are cast as C casts them: integers wrap.
mode : str or sequence of str, optional
    What lies beyond the border, shown here for the image ``a b c d``:

    ``"reflect"``, ``"grid-mirror"``
        ``d c b a | a b c d | d c b a`` (the default)
    ``"mirror"``
        ``d c b | a b c d | c b a``
    ``"nearest"``
        ``a a a a | a b c d | d d d d``
    ``"wrap"``, ``"grid-wrap"``
        ``a b c d | a b c d | a b c d``
    ``"constant"``, ``"grid-constant"``
        ``k k k k | a b c d | k k k k``, where k is `cval`
    ``"truncate"``
        nothing: windows end at the border and have fewer elements there
    ``"valid"``
        nothing: only windows that lie inside give a result, which is smaller by ``size - 1``

    One for each filtered axis is possible where the window is a box and the filter chooses its smallest or
    largest element.
cval : float, optional
    The value beyond the border for mode ``"constant"``, wrapped into the range of an integer type.
origin : int or sequence of int, optional
    Shifts the window: it starts at ``i - (size // 2 + origin)``, and has to contain ``i``.
axes : int or sequence of int, optional
    The axes to filter, by default all. Sequences in other arguments have one entry for each of these.
workers : int, optional
    Threads to work with, by default 1; -1 for every core that this process may use. The result does not
    depend on it. Other Python threads can run meanwhile.
mask : array_like of bool, optional
    True where an element does not count in any window; of the shape of `input`, or one that broadcasts to it.
    A masked array has its mask besides.
nan_policy : {"last", "omit", "propagate", "raise"}, optional
    What a NaN is: larger than any number (the default, and what SciPy makes of most of them), an element
    that does not count, what makes each window that has one give NaN, or a mistake.
keep_nan : bool, optional
    Whether to leave the NaNs of the input where they are.
fill_value : float, optional
    The result of a window in which no element counts, by default NaN, or 0 where the result is of integers or bool.

Returns
-------
numpy.ndarray
    An array of the shape of `input` and, unless `output` says otherwise, of its type and byte order; or
    `output`, if that is an array. For a masked array, a masked array; see Notes.

Raises
------
TypeError
    For elements of another type, such as complex, a tensor that is not in the memory of the CPU, or an
    argument of a wrong type.
ValueError
    For a NaN that `nan_policy` forbids, a mask of another shape, an origin that puts an element outside its
    window, axes that repeat or do not exist, a negative size, an output that is read-only, or another value
    of an argument that takes one of a few.
RuntimeError
    For an unknown mode, no size and no footprint, a size of 0, a sequence of a wrong length, an output of a
    wrong shape, or a footprint without a true element (the extremes raise ValueError for that one).

Warns
-----
UserWarning
    Where both `size` and `footprint` are given.

Notes
-----
Elements are compared as what they are: integers exactly, a NaN as larger than anything else, so that it is
chosen only where the rank reaches the NaNs of the window. The time for an element does not grow with the
value of `workers`, the layout or the byte order; for a box it grows slower than the number of elements in
the window.

Where elements do not count, a median or percentile is that of the others. A rank counts among the others, too,
from the lowest or, if it is negative, from the highest; where they are too few it is the last of them. Such
windows take longer, depending on how many there are: see docs/scipy.md.

A masked array gives a masked array, masked where the input is and where nothing counts; below the mask of the
input are the values of the others around. Arrays with ``__array_wrap__`` (xarray) and those of pandas keep
their labels, if the result has their shape. Objects with ``__dlpack__``, such as PyTorch's tensors, are read
without a copy, and the result is made one of them by the library's ``from_dlpack``."""


def documented(function: Function) -> Function:
    """Fill in ``{input}`` and ``{options}`` in the docstring."""
    if function.__doc__:
        text = inspect.cleandoc(function.__doc__)
        options, rest = OPTIONS.split("\n\nReturns\n")
        own, examples = text.split("\n\nExamples\n")
        own = own.replace("{input}", INPUT).replace("{options}", options)
        function.__doc__ = f"{own}\n\nReturns\n{rest}\n\nExamples\n{examples}"
    return function
