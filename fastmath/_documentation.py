"""The parts that the docstrings of the filters share."""

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])

INPUT = """\
input : array_like
    Elements of bool, an integer or a floating-point type of up to 64 bits, in either byte order, of any
    shape and strides. An array with masked elements is refused: its mask would be ignored."""

OPTIONS = """\
size : int or sequence of int, optional
    The width of the window on every filtered axis, or on each. This or `footprint` is needed.
footprint : array_like of bool, optional
    The shape of the window: which elements of a box count. One dimension for each filtered axis, in the
    order that the axes have in the image. It goes before `size`.
output : array or dtype, optional
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

Returns
-------
numpy.ndarray
    An array of the shape of `input` and, unless `output` says otherwise, of its type and byte order; or
    `output`, if that is an array.

Raises
------
TypeError
    For elements of another type, such as complex, or an argument of a wrong type.
ValueError
    For an origin that puts an element outside its window, axes that repeat or do not exist, a negative
    size, or an output that is read-only.
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
the window."""


def documented(function: Function) -> Function:
    """Fill in ``{input}`` and ``{options}`` in the docstring."""
    if function.__doc__:
        text = inspect.cleandoc(function.__doc__)
        function.__doc__ = text.replace("{input}", INPUT).replace("{options}", OPTIONS)
    return function
