"""The rank filter by the book: every window gathered and partitioned. And the C filter, called alike."""

import numpy as np
from fastmath import _core
from numpy.lib.stride_tricks import sliding_window_view

MODES = {"reflect": "symmetric", "constant": "constant", "nearest": "edge", "mirror": "reflect", "wrap": "wrap"}
"""Border modes in the order of their numbers in C, with NumPy's names."""

TYPES = sorted({np.dtype(code).str[1:] for code in "?" + np.typecodes["AllInteger"] + "efd"})


def keys_of(array: np.ndarray) -> np.ndarray:
    """Integers in the order of the elements: all NaNs above infinity, -0.0 below 0.0."""
    if array.dtype.kind != "f":
        return array
    bits = array.view(f"{array.dtype.byteorder}i{array.dtype.itemsize}").astype(f"i{array.dtype.itemsize}")
    bits[np.isnan(array)] = np.array(np.nan, array.dtype.newbyteorder("=")).view(bits.dtype)
    return np.where(bits < 0, bits ^ np.iinfo(bits.dtype).max, bits)


def elements_of(keys: np.ndarray, dtype: np.dtype) -> np.ndarray:
    if dtype.kind != "f":
        return keys.astype(dtype)
    bits = np.where(keys < 0, keys ^ np.iinfo(keys.dtype).max, keys)
    return bits.view(f"f{dtype.itemsize}").astype(dtype)


def expected(image, sizes, *, rank=None, footprint=None, mode="reflect", origins=None, cval=0):
    members = np.ones(sizes, bool) if footprint is None else footprint
    rank = members.sum() // 2 if rank is None else rank
    leads = [size // 2 + origin for size, origin in zip(sizes, origins or (0,) * image.ndim, strict=True)]
    keys = keys_of(image)
    for axis, name in enumerate([mode] * image.ndim if isinstance(mode, str) else mode):
        width = [(0, 0)] * image.ndim
        width[axis] = (leads[axis], sizes[axis] - 1 - leads[axis])
        fill = {"constant_values": keys_of(np.array([cval], image.dtype))[0]} if name == "constant" else {}
        keys = np.pad(keys, width, MODES[name], **fill)
    windows = sliding_window_view(keys, sizes)[..., members]
    return elements_of(np.partition(windows, rank, axis=-1)[..., rank], image.dtype)


def filtered(image, sizes, *, rank=None, footprint=None, mode="reflect", origins=None, cval=0, workers=1, output=None):
    members = np.prod(sizes) if footprint is None else footprint.sum()
    names = list(MODES)
    output = np.empty(image.shape, image.dtype) if output is None else output
    _core.rank_filter(
        image,
        output,
        tuple(sizes),
        tuple(origins or (0,) * image.ndim),
        footprint,
        int(members) // 2 if rank is None else rank,
        names.index(mode) if isinstance(mode, str) else tuple(names.index(name) for name in mode),
        np.array(cval, image.dtype.newbyteorder("=")).tobytes(),
        workers,
    )
    return output


def check(image, sizes, **options):
    """The filter's result has exactly the bits that brute force gives."""
    workers = options.pop("workers", 1)
    output = options.pop("output", None)
    got = filtered(image, sizes, **options, workers=workers, output=output)
    assert_same_bits(got, expected(image, sizes, **options))


def assert_same_bits(got, wanted):
    assert got.dtype == wanted.dtype
    if got.tobytes() != wanted.tobytes():
        np.testing.assert_array_equal(got, wanted)
        raise AssertionError("equal values, but the bits of zeros or NaNs differ")
